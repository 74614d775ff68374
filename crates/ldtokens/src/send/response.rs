//! A response, read to its end.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::Operation;

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, HeaderMap::new(), Bytes::new())
    }

    /// Whether the body can be the API's JSON, and not a gateway's page or nothing.
    pub(crate) fn can_be_json(&self) -> bool {
        let body = self.body.trim_ascii();
        matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
    }

    /// The response as the generated code takes it: with the one status of success that it knows for the operation. The
    /// headers move there.
    pub(crate) fn for_generated(&mut self, operation: Operation) -> http::Response<Bytes> {
        let status = match operation.success_status() {
            Some(documented) if self.status.is_success() => documented,
            _ => self.status,
        };
        let mut response = http::Response::new(self.body.clone());
        *response.status_mut() = status;
        *response.headers_mut() = std::mem::take(&mut self.headers);
        response
    }
}

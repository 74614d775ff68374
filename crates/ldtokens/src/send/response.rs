//! A response, read to its end.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::send::api_error::ApiError;
use crate::send::operation::Operation;

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    /// Stands for the response to a deletion that is done although its own response was lost.
    pub(crate) fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, HeaderMap::new(), Bytes::new())
    }

    /// What the generated code gets when there is no response for it. It refuses this status.
    pub(crate) fn none() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new())
    }

    /// An error as the API itself would send it.
    pub(crate) fn of_error(error: &ApiError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let body = serde_json::json!({ "code": error.code, "message": error.message, "id": error.id });
        Self::new(status, HeaderMap::new(), body.to_string().into())
    }

    /// Whether the body can be the API's JSON, and not a gateway's page or nothing.
    pub(crate) fn can_be_json(&self) -> bool {
        let body = self.body.trim_ascii();
        matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
    }

    /// The response as the generated code takes it: with the one status of success that it knows for the operation, and
    /// for a deletion without a body.
    pub(crate) fn into_reqwest(self, operation: Operation) -> reqwest::Response {
        let status = match operation.success_status() {
            Some(documented) if self.status.is_success() => documented,
            _ => self.status,
        };
        let mut response = http::Response::new(if status == StatusCode::NO_CONTENT { Bytes::new() } else { self.body });
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        response.into()
    }
}

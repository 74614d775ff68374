use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use progenitor_client::ClientInfo;
use reqwest::Request;

use crate::Operation;

/// The result of a request: a response that is read to its end, or the reason why there is none.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = reqwest::Result<Response<Bytes>>> + Send + 'a>>;

/// Sends every request of the generated [`Client`](crate::Client).
///
/// The generated client builds requests and decodes responses. The transport adds the credential, waits and retries.
pub trait Transport: Debug + Send + Sync {
    /// Sends `request` for `operation`.
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: Operation, request: Request) -> Exchange<'a>;
}

/// A transport that clones of a [`Client`](crate::Client) share.
pub type SharedTransport = Arc<dyn Transport>;

/// Sends a request of the generated client. `operation` is the method's name, such as `get_token`. It replaces the generator's
/// own hook, which returns a response of reqwest.
pub(crate) fn exchange<'a>(
    client: &'a impl ClientInfo<SharedTransport>,
    request: Request,
    operation: &'static str,
) -> Exchange<'a> {
    client.inner().exchange(client.client(), operation.into(), request)
}

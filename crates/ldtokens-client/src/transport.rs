use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use crate::Client;

/// What becomes of a request: an answer, or the reason why there is none.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send + 'a>>;

/// The one door through which every request of the generated [`Client`] leaves.
///
/// The generated client builds requests and reads answers; who stamps the credential on them, waits and tries again is up
/// to the transport.
pub trait Transport: Debug + Send + Sync {
    /// Sends `request` for the operation that the generated code calls `operation` (`"get_token"`).
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a>;
}

/// A transport that clones of a [`Client`] share.
pub type SharedTransport = Arc<dyn Transport>;

impl ClientHooks<SharedTransport> for Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        self.inner().exchange(self.client(), info.operation_id, request).await
    }
}

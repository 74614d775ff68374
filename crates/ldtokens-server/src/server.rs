use std::net::SocketAddr;

use axum::{Router, ServiceExt};
use ldtokens_client::Secret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Layer;

use crate::builder::ServerBuilder;
use crate::routes::untunnel;
use crate::start_error::StartError;

/// A local LaunchDarkly at work. Dropping it ends it; [`stop`](Self::stop) also waits for the requests under way.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    url: String,
    owner_secret: Option<Secret>,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Begins a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// A server with a new account in memory, on a free port of loopback.
    ///
    /// # Errors
    /// [`StartError`] if loopback can't be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    pub(crate) fn serve(listener: TcpListener, addr: SocketAddr, app: Router, owner_secret: Option<Secret>) -> Self {
        let (stopping, mut stopped) = watch::channel(false);
        // Before routing, which goes by the method.
        let app = axum::middleware::map_request(async |request| untunnel(request)).layer(app);
        let serving = tokio::spawn(async move {
            let stop = async move {
                let _ = stopped.wait_for(|stopping| *stopping).await;
            };
            if let Err(error) = axum::serve(listener, app.into_make_service()).with_graceful_shutdown(stop).await {
                tracing::error!(%error, "the server failed");
            }
        });
        Self { addr, url: format!("http://{addr}"), owner_secret, stopping, serving }
    }

    /// Where it is, without the API's path: `http://127.0.0.1:8765`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The secret of the owner's token, if the store was new. The store keeps only its hash.
    pub fn owner_secret(&self) -> Option<&Secret> {
        self.owner_secret.as_ref()
    }

    /// Takes no more requests, finishes those under way, and closes the store.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
    }
}

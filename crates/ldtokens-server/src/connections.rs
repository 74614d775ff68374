//! Connections: how many there may be, how long a client may take to send and to read, and how they end.

pub(crate) mod bodies;
pub(crate) mod places;
mod slots;
mod watched;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::connections::slots::{Activity, ConnectionSlots, State};
use crate::connections::watched::{WatchedBody, WatchedStream};

/// The maximum for the head of a request, in bytes. Beyond it the response is 431.
const MAX_HEAD: usize = 32 * 1024;

/// How long requests may take to finish once the server stops.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait after a connection could not be accepted, as when the process has too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// How many connections there may be besides those whose requests are being handled, so that there is always one for the health
/// check.
const EXTRA_CONNECTIONS: usize = 64;

/// The address that a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Marks a response that is not sent: the connection is dropped instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DropConnection;

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// How many requests are handled at once. Further ones wait.
    pub(crate) requests: usize,
    /// How long a head may take to arrive, and a body.
    pub(crate) read_timeout: Duration,
    /// How long a client may take to read the next part of a response.
    pub(crate) write_timeout: Duration,
}

/// Serves until `stopping` is true, and then finishes the requests in progress.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: ConnectionLimits,
    in_progress: Arc<()>,
    mut stopping: watch::Receiver<bool>,
) {
    let slots = ConnectionSlots::new(for_connections(limits.requests.saturating_add(EXTRA_CONNECTIONS)));
    let permits = Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop_requested(&mut stopping) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                slots.make_room();
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let slot = tokio::select! {
            () = stop_requested(&mut stopping) => break,
            slot = slots.take() => slot,
        };
        let client = Client {
            peer,
            app: app.clone(),
            turn: Turn { permits: permits.clone(), activity: slot.holder.clone() },
            in_progress: in_progress.clone(),
        };
        let stopping = stopping.clone();
        connections.spawn(async move {
            connection(stream, client, limits, stopping).await;
            drop(slot);
        });
    }
    drop(listener);
    let finished = tokio::time::timeout(STOP_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(left = connections.len(), "requests that did not finish in time were aborted");
        connections.shutdown().await;
    }
}

/// Files that are kept free, for the store's files that SQLite opens when it needs them, and for what else the program does.
#[cfg(unix)]
const KEPT_FREE: usize = 24;

/// As many of `wanted` connections as the process can have open now, and at least one.
#[cfg(unix)]
fn for_connections(wanted: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let open = std::fs::read_dir("/dev/fd").map_or(0, Iterator::count);
    let left = limit.saturating_sub(open).saturating_sub(KEPT_FREE).max(1);
    if left < wanted {
        tracing::warn!(
            wanted,
            left,
            "the limit on open files leaves room for fewer connections; `ulimit -n` raises it"
        );
    }
    wanted.min(left)
}

/// As many as are wanted: this system has no such limit.
#[cfg(not(unix))]
fn for_connections(wanted: usize) -> usize {
    wanted
}

/// Waits until `stopping` is true, or its sender is gone.
pub(crate) async fn stop_requested(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// What the requests of one connection share.
#[derive(Clone)]
struct Client {
    peer: SocketAddr,
    app: Router,
    turn: Turn,
    /// There is a weak reference for each request in progress.
    in_progress: Arc<()>,
}

/// The right of a request to wait for its turn.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    permits: Arc<Semaphore>,
    activity: Arc<Activity>,
}

async fn connection(stream: TcpStream, client: Client, limits: ConnectionLimits, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let activity = client.turn.activity.clone();
    let stream = WatchedStream::new(stream, activity.clone(), limits.write_timeout);
    let service = service_fn(move |request| response(client.clone(), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.read_timeout)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = activity.close.notified() => {
            tracing::debug!("a connection was closed to make room");
            return;
        }
        () = stop_requested(&mut stopping) => {
            if !activity.had_request() {
                return;
            }
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

async fn response(client: Client, request: hyper::Request<Incoming>) -> Result<Response, ConnectionDropped> {
    let Client { peer, app, turn, in_progress } = client;
    let _in_progress = Arc::downgrade(&in_progress);
    let activity = turn.activity.clone();
    activity.set(State::Handling);
    let mut request = request.map(|body| Body::new(WatchedBody::new(body, activity.clone())));
    request.extensions_mut().insert(Peer(peer.ip()));
    request.extensions_mut().insert(turn);
    // Before routing, which depends on the method.
    override_method(&mut request);
    let response = app.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    activity.set(State::Client);
    if response.extensions().get::<DropConnection>().is_some() { Err(ConnectionDropped) } else { Ok(response) }
}

/// Sets the method that a POST gives in `X-HTTP-Method-Override`.
fn override_method(request: &mut Request<Body>) {
    let header = request.headers().get("x-http-method-override").and_then(|method| method.to_str().ok());
    let method = match header.map(str::to_ascii_uppercase).as_deref() {
        Some("PATCH") => Method::PATCH,
        Some("DELETE") => Method::DELETE,
        Some("PUT") => Method::PUT,
        _ => return,
    };
    if request.method() == Method::POST {
        *request.method_mut() = method;
    }
}

impl Turn {
    /// Waits until the request may be handled. None if it is refused to make room for another connection. Nothing that waits for
    /// the client may happen while the permit is held.
    pub(crate) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        self.activity.set(State::Queued);
        let permit = tokio::select! {
            permit = self.permits.clone().acquire_owned() => permit.ok(),
            () = self.activity.refuse.notified() => None,
        };
        self.activity.set(State::Handling);
        permit
    }
}

/// Makes hyper drop the connection.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped by a fault")]
struct ConnectionDropped;

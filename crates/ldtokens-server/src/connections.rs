//! Connections: how many at once, how long a client may take to send and to read, and how they end.

pub(crate) mod slots;
pub(crate) mod watched;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
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
use crate::http::middleware::{Dropped, Peer};
use crate::http::response::ApiError;
use crate::http::routes::{HEALTH, override_method};
use axum::response::{IntoResponse, Response};

/// The longest head of a request that is taken, in bytes. Beyond that the response is 431.
const LONGEST_HEAD: usize = 32 * 1024;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(30);

/// How long to wait before accepting again where the system has no more files to open.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// How many connections there may be beside those whose requests are worked on: there is always room to ask for the server's
/// health.
const RESERVE: usize = 64;

/// What the server allows its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The requests of so many connections are worked on at once; those of further ones wait.
    pub(crate) connections: usize,
    /// For a head to arrive, and for a body.
    pub(crate) read_timeout: Duration,
    /// For a client to take the next part of a response.
    pub(crate) write_timeout: Duration,
}

/// Serves until `stopping` says so, and then finishes the requests under way.
pub(crate) async fn serve(listener: TcpListener, app: Router, bounds: Bounds, mut stopping: watch::Receiver<bool>) {
    let slots = ConnectionSlots::new(bounds.connections.saturating_add(RESERVE));
    let turns = Arc::new(Semaphore::new(bounds.connections.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = told(&mut stopping) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(OUT_OF_FILES).await;
                continue;
            }
        };
        let slot = tokio::select! {
            () = told(&mut stopping) => break,
            slot = slots.take() => slot,
        };
        let client = Client { peer, app: app.clone(), turns: turns.clone(), activity: slot.activity().clone() };
        let stopping = stopping.clone();
        connections.spawn(async move {
            connection(stream, client, bounds, stopping).await;
            drop(slot);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(left = connections.len(), "requests under way were given up");
        connections.shutdown().await;
    }
}

/// Waits to be told to stop, or for there to be nobody who could tell.
async fn told(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Who is at the other end, and what answers them.
#[derive(Clone)]
struct Client {
    peer: SocketAddr,
    app: Router,
    turns: Arc<Semaphore>,
    activity: Arc<Activity>,
}

async fn connection(stream: TcpStream, client: Client, bounds: Bounds, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let activity = client.activity.clone();
    let stream = WatchedStream::new(stream, activity.clone(), bounds.write_timeout);
    let service = service_fn(move |request| response(client.clone(), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.read_timeout)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = activity.ended() => {
            tracing::debug!("a connection was closed to make room");
            return;
        }
        () = told(&mut stopping) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn response(client: Client, request: hyper::Request<Incoming>) -> Result<Response, NoAnswer> {
    let Client { peer, app, turns, activity } = client;
    let mut request = request.map(|body| Body::new(WatchedBody::new(body, activity.clone())));
    let turn = if request.uri().path() == HEALTH { None } else { Some(turn(&turns, &activity).await) };
    let response = match turn {
        Some(None) => ApiError::unavailable("Too many requests are under way").retry_after(Some(1)).into_response(),
        Some(Some(_)) | None => {
            activity.set(State::Work);
            request.extensions_mut().insert(Peer(peer.ip()));
            // Before routing, which goes by the method.
            override_method(&mut request);
            app.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {})
        }
    };
    activity.set(State::Client);
    if response.extensions().get::<Dropped>().is_some() { Err(NoAnswer) } else { Ok(response) }
}

/// Waits to be worked for. None if others need the room.
async fn turn(turns: &Arc<Semaphore>, activity: &Activity) -> Option<OwnedSemaphorePermit> {
    if let Ok(turn) = turns.clone().try_acquire_owned() {
        return Some(turn);
    }
    activity.set(State::Turn);
    tokio::select! {
        turn = turns.clone().acquire_owned() => turn.ok(),
        () = activity.refused() => None,
    }
}

/// Makes hyper drop the connection.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped, as was asked for")
    }
}

impl std::error::Error for NoAnswer {}

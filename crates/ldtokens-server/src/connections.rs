//! Connections: how many at once, how long a sender may take, and how they end.

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
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::answer::Answer;
use crate::middleware::{Dropped, Peer};
use crate::routes::untunnel;

/// The longest head of a request that is taken, in bytes. Beyond that the answer is 431.
const LONGEST_HEAD: usize = 32 * 1024;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(30);

/// How long to wait before accepting again where the system has no more files to open.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// What the server allows its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Beyond so many, further ones wait.
    pub(crate) connections: usize,
    /// For a head to arrive, and for a body.
    pub(crate) read_timeout: Duration,
}

/// Serves until `stopping` says so, and then finishes the requests under way.
pub(crate) async fn serve(listener: TcpListener, app: Router, bounds: Bounds, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = told(&mut stopping) => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let (app, stopping) = (app.clone(), stopping.clone());
                connections.spawn(async move {
                    connection(stream, peer, app, bounds, stopping).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(OUT_OF_FILES).await;
            }
        }
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

type Place = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> std::io::Result<(TcpStream, SocketAddr, Place)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: Bounds,
    mut stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(app.clone(), peer, request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.read_timeout)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = told(&mut stopping) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn answer(app: Router, peer: SocketAddr, request: hyper::Request<Incoming>) -> Result<Answer, NoAnswer> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer.ip()));
    // Before routing, which goes by the method.
    untunnel(&mut request);
    let answer = app.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    if answer.extensions().get::<Dropped>().is_some() { Err(NoAnswer) } else { Ok(answer) }
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

//! The admin endpoint, on a port of its own: it changes the injected faults while the server runs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::faults::Faults;
use crate::faults::fault::Fault;
use crate::http::hosts::Hosts;

/// `GET /faults` lists the faults that are left, `POST /faults` adds those in its body, and `DELETE /faults` removes all. Each
/// fault is a line. Requests from web pages are refused.
pub(crate) fn router(faults: Arc<Faults>, hosts: Hosts) -> Router {
    Router::new()
        .route("/faults", get(list).post(add).delete(clear))
        .fallback(async || (StatusCode::NOT_FOUND, "not found; the only path is /faults\n"))
        .layer(axum::middleware::from_fn_with_state(hosts, refuse_web_pages))
        .with_state(faults)
}

async fn refuse_web_pages(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        (StatusCode::FORBIDDEN, "requests from web pages are refused\n").into_response()
    } else if !hosts.allow(&request) {
        (StatusCode::FORBIDDEN, "the Host header names a host other than localhost\n").into_response()
    } else {
        next.run(request).await
    }
}

async fn list(State(faults): State<Arc<Faults>>) -> String {
    faults.left().iter().map(|fault| format!("{fault}\n")).collect()
}

async fn add(State(faults): State<Arc<Faults>>, body: String) -> (StatusCode, String) {
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    let read: Result<Vec<Fault>, _> = lines.map(str::parse).collect();
    match read.and_then(|read| faults.add(read)) {
        Ok(()) => (StatusCode::OK, list(State(faults)).await),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

async fn clear(State(faults): State<Arc<Faults>>) -> StatusCode {
    faults.clear();
    StatusCode::NO_CONTENT
}

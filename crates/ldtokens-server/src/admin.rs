//! The admin endpoint, on a port of its own: what goes wrong, told while the server serves.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;

use crate::fault::Fault;
use crate::faults::Faults;

/// `GET /faults` lists the faults that are still to strike, a line each; `POST /faults` adds those in its body, a line each;
/// `DELETE /faults` ends them all.
pub(crate) fn router(faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/faults", get(list).post(add).delete(clear))
        .fallback(async || (StatusCode::NOT_FOUND, "there is only /faults here\n"))
        .with_state(faults)
}

async fn list(State(faults): State<Arc<Faults>>) -> String {
    faults.left().iter().map(|fault| format!("{fault}\n")).collect()
}

async fn add(State(faults): State<Arc<Faults>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    if headers.contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "no web page may do this\n".to_owned());
    }
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

//! What goes around every answer: the date, and a line in the log.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;

use crate::answer::Answer;
use crate::routes::Service;

/// Stamps the answer with the server's own time, and logs it. What is logged has no header and no query.
pub(crate) async fn around(State(service): State<Arc<Service>>, request: Request, next: Next) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let mut answer = next.run(request).await;
    let date = httpdate::fmt_http_date(service.clock.now().to_system_time());
    if let Ok(date) = HeaderValue::from_str(&date) {
        answer.headers_mut().insert(header::DATE, date);
    }
    tracing::info!(%method, path, status = answer.status().as_u16(), took_us = begun.elapsed().as_micros() as u64, "answered");
    answer
}

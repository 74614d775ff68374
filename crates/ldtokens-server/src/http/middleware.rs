//! What is done around every request. Before it, in this order: the check of the host, CORS preflight, the body, the wait for its
//! turn, rate limits, and faults.
//! After it: the date and CORS headers, and the access log.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::connections::{DropConnection, Peer, Turn, bodies, stop_requested};
use crate::faults::fault::Effect;
use crate::http::limits::Counted;
use crate::http::request_head::{API_PATH, HEALTH_PATH, operation_id};
use crate::http::service::{ReceivedBody, Service};
use crate::response::{ApiError, SupportId};
use crate::secrets::is_id;

/// The maximum for a body, in bytes.
const MAX_BODY: usize = 256 * 1024;

const METHODS: [&str; 9] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/// Requests that match no operation are counted under this name.
const OTHER_ROUTE: &str = "other";

pub(crate) async fn handle(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let line = tracing::enabled!(tracing::Level::INFO).then(|| LogLine::of(&request));
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_api = request.uri().path().starts_with(API_PATH);
    let mut response = if request.uri().path() != HEALTH_PATH && !service.hosts.allow(&request) {
        ApiError::HOST_NOT_ALLOWED.into_response()
    } else if is_api {
        service.run_with_limits(request, next).await
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if is_api {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
        // A cache must not give the response for one site to another.
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    let date = httpdate::fmt_http_date(service.clock.now().to_system_time());
    headers.extend(HeaderValue::from_str(&date).map(|date| (header::DATE, date)));
    if let Some(line) = line {
        line.write(&response, started);
    }
    response
}

impl Service {
    async fn run_with_limits(self: &Arc<Self>, request: Request, next: Next) -> Response {
        if request.method() == Method::OPTIONS {
            return preflight();
        }
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let operation = operation_id(&request);
        let (request, is_received) = match operation {
            Some(_) => self.receive(request, peer).await,
            None => (request, true),
        };
        let turn = request.extensions().get::<Turn>().cloned();
        let _permit = match &turn {
            Some(turn) => match turn.wait().await {
                Some(permit) => Some(permit),
                None => return ApiError::unavailable("Too many requests at once").retry_after(Some(1)).into_response(),
            },
            None => None,
        };
        // A request whose credential does not work does not count toward the limits of the account.
        let token = if self.limiter.has_families() { self.token_of(request.headers()).await } else { None };
        let counted = token.map(|token| Counted { route: operation.unwrap_or(OTHER_ROUTE), token });
        let count = self.limiter.count(peer, counted, &self.clock);
        let mut response = match &count.error {
            Some(error) => error.clone().into_response(),
            None => self.run_with_faults(operation, request, next).await,
        };
        count.write(response.headers_mut());
        if !is_received {
            // The client must not send another request behind the rest of the body.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Reads the body of `request`, for [`Service::perform`]. Only a body whose sender has a working credential is read, within a
    /// budget, and before the request takes the place of another one. Returns whether the whole body was read.
    async fn receive(self: &Arc<Self>, request: Request, peer: Option<IpAddr>) -> (Request, bool) {
        let (mut head, body) = request.into_parts();
        let (received, is_whole) = if body.is_end_stream() {
            (Ok(Bytes::new()), true)
        } else if self.token_of(&head.headers).await.is_none() {
            (Ok(Bytes::new()), false)
        } else {
            let received = self.read_body(body, peer).await;
            let is_whole = received.is_ok();
            (received, is_whole)
        };
        head.extensions.insert(ReceivedBody(received));
        (Request::from_parts(head, Body::empty()), is_whole)
    }

    async fn read_body(&self, body: Body, peer: Option<IpAddr>) -> Result<Bytes, ApiError> {
        let place = bodies::place(&self.bodies, peer).await;
        let arriving = tokio::time::timeout(self.read_timeout, to_bytes(body, MAX_BODY));
        let received = tokio::select! {
            received = arriving => received.map_err(|_| ApiError::REQUEST_TIMEOUT)?,
            () = place.holder.give_up.notified() => return Err(ApiError::REQUEST_TIMEOUT),
        };
        received.map_err(|_| ApiError::invalid_request(format!("The body is cut off, or larger than {MAX_BODY} bytes")))
    }

    async fn run_with_faults(&self, operation: Option<&'static str>, request: Request, next: Next) -> Response {
        let injected = self.faults.inject(operation);
        if !injected.delay.is_zero() {
            // A server that stops waits no longer.
            let mut stopping = self.stopping.clone();
            tokio::select! {
                () = tokio::time::sleep(injected.delay) => {}
                () = stop_requested(&mut stopping) => {}
            }
        }
        match injected.effect {
            None | Some(Effect::Delay(_)) => next.run(request).await,
            Some(Effect::Status { status, retry_after }) => error_response(status, retry_after),
            Some(Effect::BareStatus(status)) => injected_status(status).into_response(),
            Some(Effect::StatusAfter { status, retry_after }) => {
                next.run(request).await;
                error_response(status, retry_after)
            }
            Some(Effect::DropBefore) => drop_connection(),
            Some(Effect::DropAfter) => {
                next.run(request).await;
                drop_connection()
            }
            Some(Effect::CutBody) => cut_body(next.run(request).await).await,
        }
    }
}

/// The response to a CORS preflight, as the vendor has it.
fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Content-Type, Content-Length, Accept-Encoding, Authorization"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "OPTIONS, GET, DELETE, PATCH, POST"),
        (header::ACCESS_CONTROL_MAX_AGE, "300"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn injected_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn error_response(status: u16, retry_after: Option<u64>) -> Response {
    ApiError::of_status(injected_status(status)).retry_after(retry_after).into_response()
}

fn drop_connection() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(DropConnection);
    response
}

/// Sends the first half of the body, or of its first chunk, and breaks off; a Content-Length is that of the whole body. If
/// there is no body, the connection is dropped.
async fn cut_body(response: Response) -> Response {
    let (mut head, mut body) = response.into_parts();
    let length = body.size_hint().exact();
    let first = body.frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    if first.is_empty() {
        return drop_connection();
    }
    head.headers.extend(length.map(|length| (header::CONTENT_LENGTH, length.into())));
    let half = first.slice(..first.len() / 2);
    let body = futures_util::stream::unfold(Some(half), async |half: Option<Bytes>| match half {
        Some(half) => Some((Ok(half), None)),
        None => {
            // Lets hyper send the first half.
            tokio::task::yield_now().await;
            Some((Err(std::io::Error::other("the body is cut off by a fault")), None))
        }
    });
    Response::from_parts(head, Body::from_stream(body))
}

/// A line in the access log. Any other part of a request may be a secret in the wrong place, so the line has only the matched
/// route, a method that HTTP has, and an ID of a token.
struct LogLine {
    method: &'static str,
    route: String,
    token_id: Option<String>,
}

impl LogLine {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
        let mut parts = request.uri().path().split('/');
        let token_id = parts.find(|part| is_id(part) && route.contains("{tokenId}")).map(str::to_owned);
        let method = METHODS.into_iter().find(|method| method == request.method()).unwrap_or("-");
        Self { method, route: route.to_owned(), token_id }
    }

    fn write(&self, response: &Response, started: Instant) {
        let Self { method, route, token_id } = self;
        let token_id = token_id.as_deref();
        let support_id = response.extensions().get::<SupportId>().map(|id| id.0.as_str());
        let status = response.extensions().get::<DropConnection>().map_or(response.status().as_u16(), |_| 0);
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(method, route, token_id, status, took_us, support_id, "answered");
    }
}

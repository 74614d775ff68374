//! What goes around every request, in this order: the host, preflight, rate limits, faults; and then the date, CORS, and the log.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::faults::fault::Effect;
use crate::http::response::{ApiError, SupportId, no_content};
use crate::http::routes::{API, HEALTH, Service, operation};
use crate::secrets::is_id;
use axum::response::{IntoResponse, Response};

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Marks a response in whose place the connection is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped;

const METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PATCH,
    Method::DELETE,
    Method::PUT,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// The name that requests to no operation are counted under.
const ELSEWHERE: &str = "elsewhere";

pub(crate) async fn around(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let line = tracing::enabled!(tracing::Level::INFO).then(|| LogLine::of(&request));
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_api = request.uri().path().starts_with(API);
    let mut response = if request.uri().path() != HEALTH && !service.hosts.allow(&request) {
        ApiError::foreign_host().into_response()
    } else if is_api {
        service.limited(request, next).await
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if is_api {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
        // What a cache keeps of one site's response is not for another's.
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    let date = httpdate::fmt_http_date(service.clock.now().to_system_time());
    headers.extend(HeaderValue::from_str(&date).map(|date| (header::DATE, date)));
    if let Some(line) = line {
        line.write(&response, begun);
    }
    response
}

impl Service {
    async fn limited(self: &Arc<Self>, request: Request, next: Next) -> Response {
        if request.method() == Method::OPTIONS {
            return preflight();
        }
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let operation = operation(&request);
        // A request that nobody known makes spends nothing of the account's.
        let is_counted = self.limiter.has_windows() && self.is_authenticated(request.headers()).await;
        let route = is_counted.then_some(operation.unwrap_or(ELSEWHERE));
        let count = self.limiter.count(peer, route, &self.clock);
        let mut response = match &count.error {
            Some(error) => error.clone().into_response(),
            None => self.faulty(operation, request, next).await,
        };
        count.write(response.headers_mut());
        response
    }

    async fn faulty(&self, operation: Option<&'static str>, request: Request, next: Next) -> Response {
        let injected = self.faults.inject(operation);
        if !injected.delay.is_zero() {
            tokio::time::sleep(injected.delay).await;
        }
        match injected.effect {
            None | Some(Effect::Delay(_)) => next.run(request).await,
            Some(Effect::Status { status, retry_after }) => failure(status, retry_after),
            Some(Effect::StatusAfter { status, retry_after }) => {
                next.run(request).await;
                failure(status, retry_after)
            }
            Some(Effect::DropBefore) => dropped(),
            Some(Effect::DropAfter) => {
                next.run(request).await;
                dropped()
            }
            Some(Effect::CutBody) => cut(next.run(request).await).await,
        }
    }
}

/// What the vendor answers to browsers that ask first.
fn preflight() -> Response {
    let mut response = no_content();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Content-Type, Content-Length, Accept-Encoding, Authorization"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "OPTIONS, GET, DELETE, PATCH, POST"),
        (header::ACCESS_CONTROL_MAX_AGE, "300"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The response of a fault with this status.
fn failure(status: u16, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::of_status(status).retry_after(retry_after).into_response()
}

fn dropped() -> Response {
    let mut response = no_content();
    response.extensions_mut().insert(Dropped);
    response
}

/// Promises the whole body and gives the half of it: of a list that comes in pieces, the half of the first. Where there is
/// none, the connection is dropped.
async fn cut(response: Response) -> Response {
    let (mut head, mut body) = response.into_parts();
    let length = body.size_hint().exact();
    let first = body.frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    if first.is_empty() {
        return dropped();
    }
    head.headers.extend(length.map(|length| (header::CONTENT_LENGTH, length.into())));
    let half = first.slice(..first.len() / 2);
    let body = futures_util::stream::unfold(Some(half), async |half: Option<Bytes>| match half {
        Some(half) => Some((Ok(half), None)),
        None => {
            // Lets what came before leave.
            tokio::task::yield_now().await;
            Some((Err(std::io::Error::other("the body is cut, as was asked for")), None))
        }
    });
    Response::from_parts(head, Body::from_stream(body))
}

/// A line in the access log. It has no header, no query, no method that HTTP doesn't have, and nothing else of the path but
/// what the document names and the IDs of tokens: someone may have put a secret in the place of any of them.
struct LogLine {
    method: Option<Method>,
    route: String,
    token_id: Option<String>,
}

impl LogLine {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
        let mut parts = request.uri().path().split('/');
        let token_id = parts.find(|part| is_id(part) && route.contains("{tokenId}")).map(str::to_owned);
        let method = METHODS.into_iter().find(|method| method == request.method());
        Self { method, route: route.to_owned(), token_id }
    }

    fn write(&self, response: &Response, begun: Instant) {
        let Self { method, route, token_id } = self;
        let (method, token_id) = (method.as_ref().map_or("-", Method::as_str), token_id.as_deref());
        let support_id = response.extensions().get::<SupportId>().map(|id| id.0.as_str());
        let status = response.extensions().get::<Dropped>().map_or(response.status().as_u16(), |_| 0);
        let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(method, route, token_id, status, took_us, support_id, "answered");
    }
}

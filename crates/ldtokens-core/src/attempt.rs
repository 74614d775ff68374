//! One attempt to send a request, and what is known afterwards.

use std::time::Duration;

use bytes::Bytes;
use ldtokens_client::{Operation, Secret, arrived_properties};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Method, Request, StatusCode};

use crate::rate_limit_headers::RateLimitHeaders;
use crate::rate_limiter::{LONGEST_WAIT, Permit};
use crate::retry::{AttemptOutcome, Idempotency};
use crate::sender::Outgoing;
use crate::{Body, Error, Response, Sender, TransportError, api_error};

/// The longest body of an error, in bytes.
const LONGEST_ERROR: usize = 1 << 16;

const UNKNOWN: AttemptOutcome = AttemptOutcome::Unknown { wait_named: false };

/// The result of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) outcome: AttemptOutcome,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) result: Result<Response, Error>,
    /// Whether the request only reads, and the response's content type is not JSON, such as that of a login page.
    pub(crate) is_non_json: bool,
    /// How long a 503 asks this call to wait. [`rate_limiter`](crate::rate_limiter) waits after a 429.
    pub(crate) wait: Duration,
}

/// Why a body did not arrive whole.
enum Cut {
    TooLong,
    Lost(reqwest::Error),
}

/// Sends `request` once, and learns from its response's headers.
pub(crate) async fn send_once(
    sender: &Sender,
    outgoing: &Outgoing,
    request: Request,
    mut permit: Permit<'_>,
) -> Attempt {
    let Outgoing { operation, ref method, .. } = *outgoing;
    let clock = &*sender.clock;
    // A read that was redirected is judged by its body.
    let url_of_change = (!method.is_safe()).then(|| request.url().clone());
    if outgoing.idempotency == Idempotency::NotIdempotent {
        // While this thread was busy, the server may have closed connections. Here the runtime notices, and drops them.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    permit.sending();
    let exchanged = match &sender.transport {
        Some(transport) => transport.exchange(&sender.http, operation, request).await.map(reqwest::Response::from),
        None => sender.http.execute(request).await,
    };
    let mut response = match exchanged {
        Ok(response) => response,
        Err(source) => {
            let source = TransportError(source);
            if source.is_connect() {
                permit.not_sent();
            }
            let outcome = match (source.is_connect(), source.is_lasting()) {
                (true, true) => AttemptOutcome::Impossible,
                (true, false) => AttemptOutcome::Refused { wait_named: false },
                (false, true) => AttemptOutcome::Unreadable,
                (false, false) => UNKNOWN,
            };
            let result = Err(Error::Transport { operation, source });
            let wait = Duration::ZERO;
            return Attempt { outcome, status: None, request_id: None, result, is_non_json: false, wait };
        }
    };
    let is_redirected = sender.transport.is_none() && url_of_change.is_some_and(|url| url != *response.url());
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let limits = RateLimitHeaders::read(status.as_u16(), &headers);
    permit.complete(&limits, clock);
    let request_id = api_error::request_id(&headers);
    let longest = if status.is_success() { longest_body(operation) } else { LONGEST_ERROR };
    let (body, cut) = read(&mut response, longest).await;

    let named_wait = limits.named_wait();
    let wait = named_wait.filter(|_| status != StatusCode::TOO_MANY_REQUESTS).unwrap_or_default().min(LONGEST_WAIT);
    // The HTTP client may have followed it with another method and without the credential. A token that arrived is a response.
    let is_response = !is_redirected
        || status == StatusCode::NO_CONTENT
        || status.is_success() && *method != Method::DELETE && can_be_json(&body);
    let (outcome, result) = if !is_response {
        (UNKNOWN, Err(Error::undecodable(operation, "it is from another URL, after a redirect")))
    } else if status.is_success() {
        match success(outgoing, status, &headers, body, cut) {
            Ok(body) => {
                let mut response = Response::new(body);
                (*response.status_mut(), *response.headers_mut()) = (status, headers.clone());
                (AttemptOutcome::Responded(status.as_u16()), Ok(response))
            }
            Err((outcome, error)) => (outcome, Err(error)),
        }
    } else {
        let wait_named = named_wait.is_some();
        let api = api_error::read(operation, status, &headers, &body, named_wait, &sender.credential);
        let outcome = match status.as_u16() {
            429 => AttemptOutcome::Refused { wait_named },
            408 | 500..=599 => AttemptOutcome::Unknown { wait_named },
            status => AttemptOutcome::Responded(status),
        };
        // The API's own 404 is JSON (fact 19).
        let is_missing_page = status == StatusCode::NOT_FOUND && is_html(&headers, &body);
        let error = if is_missing_page { Error::Unexpected(Box::new(api.of_a_page())) } else { api.into() };
        (outcome, Err(error))
    };
    let is_non_json = method.is_safe()
        && matches!(result, Err(Error::Undecodable { .. }))
        && token_of(&headers, CONTENT_TYPE).is_some_and(|named| !named.ends_with("json"));
    Attempt { outcome, status: Some(status), request_id, result, is_non_json, wait }
}

/// The longest body that is read of a success, in bytes. A page may hold many tokens with long policies.
fn longest_body(operation: Operation) -> usize {
    match operation {
        Operation::GetTokens => 1 << 28,
        Operation::Other(_) => 1 << 26,
        _ => 1 << 24,
    }
}

/// Reads the body, up to its `longest`: what arrived of it as UTF-8, without a byte-order mark, and why it is not all.
///
/// Some proxies add the mark, and RFC 8259 allows a reader to skip it.
async fn read(response: &mut reqwest::Response, longest: usize) -> (Bytes, Option<Cut>) {
    let mut body = Vec::new();
    let cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if chunk.len() > longest - body.len() => {
                body.extend_from_slice(&chunk[..longest - body.len()]);
                break Some(Cut::TooLong);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(source) => break Some(Cut::Lost(source)),
        }
    };
    if body.starts_with(b"\xef\xbb\xbf") {
        body.drain(..3);
    }
    let text = String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (text.into(), cut)
}

/// The body of a success, if it is the API's. Otherwise the outcome is that of a response that is lost, or of one that would
/// come again.
fn success(
    outgoing: &Outgoing,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    cut: Option<Cut>,
) -> Result<Body, (AttemptOutcome, Error)> {
    let Outgoing { operation, ref method, .. } = *outgoing;
    let undecodable = |place: String| Error::undecodable(operation, place);
    if !body.is_empty() && headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let coding = token_of(headers, CONTENT_ENCODING).unwrap_or_default();
        let place = format!("the body is coded ({coding}), although the request asked for no coding");
        return Err((AttemptOutcome::Unreadable, undecodable(place)));
    }
    let foreign = token_of(headers, CONTENT_TYPE).filter(|named| !named.ends_with("json"));
    let is_enough = match operation {
        _ if *method == Method::HEAD => true,
        // Nothing is known of their bodies.
        Operation::Other(_) if method.is_safe() => status == StatusCode::NO_CONTENT,
        Operation::Other(_) => !is_html(headers, &body),
        _ => {
            let documented = operation.route().and_then(|route| route.success);
            body.is_empty() && documented == Some(status.as_u16()) && matches!(*method, Method::PATCH | Method::DELETE)
        }
    };
    match cut {
        None if can_be_json(&body) || is_enough => return Ok(body.into()),
        // The status says that it was done.
        Some(Cut::Lost(_)) if matches!(*method, Method::PATCH | Method::DELETE) && foreign.is_none() => {
            return Ok(Body::default());
        }
        _ => {}
    }
    let issues = matches!(operation, Operation::PostToken | Operation::ResetToken);
    if let Some(arrived) = issues.then(|| arrived_properties(&body)).flatten()
        && arrived.get("token").and_then(serde_json::Value::as_str).is_some_and(|text| Secret::new(text).is_whole())
    {
        return Ok(Body::cut_short(serde_json::Value::Object(arrived).to_string().into()));
    }
    Err(match cut {
        Some(Cut::TooLong) => {
            let place = format!("the body is longer than {} MiB", longest_body(operation) >> 20);
            (AttemptOutcome::Unreadable, undecodable(place))
        }
        Some(Cut::Lost(source)) => (UNKNOWN, Error::Transport { operation, source: TransportError(source) }),
        None => {
            let place = foreign.map_or("not JSON".to_owned(), |named| format!("{named} and not JSON"));
            (UNKNOWN, undecodable(format!("the body is {place}")))
        }
    })
}

/// Whether the body can be the API's JSON, and not a gateway's page or nothing.
fn can_be_json(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    token_of(headers, CONTENT_TYPE).is_some_and(|named| named.contains("html")) || body.trim_ascii().starts_with(b"<")
}

/// A header's value without parameters and in lower case, such as `text/html`, if it reads like one.
fn token_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.split(';').next()?.trim();
    let is_token = (1..=60).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    is_token.then(|| value.to_ascii_lowercase())
}

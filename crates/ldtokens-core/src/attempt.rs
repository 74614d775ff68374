//! What a response, or its absence, says about a request.

use bytes::Bytes;
use ldtokens_client::{Operation, Secret, arrived_properties};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::response_headers::RateLimitHeaders;
use crate::retry::AttemptOutcome;
use crate::{Body, Error, Response, TransportError, api_error};

/// The longest body of an error, in bytes.
const LONGEST_ERROR: usize = 1 << 16;

/// The result of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) outcome: AttemptOutcome,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) result: Result<Response, Error>,
    /// Whether the request only reads, and the response's content type is not JSON, such as that of a login page.
    pub(crate) is_non_json: bool,
}

/// Why a body did not arrive whole.
enum Cut {
    TooLong,
    Lost(reqwest::Error),
}

impl Attempt {
    pub(crate) fn without_response(operation: Operation, source: TransportError, is_sent: bool) -> Self {
        let outcome = match (is_sent, source.is_lasting()) {
            (false, true) => AttemptOutcome::FINAL,
            (false, false) => AttemptOutcome::REFUSED,
            (true, true) => AttemptOutcome::UNREADABLE,
            (true, false) => AttemptOutcome::LOST,
        };
        let result = Err(Error::Transport { operation, source });
        Self { outcome, status: None, request_id: None, result, is_non_json: false }
    }

    /// Reads the response to its end. If a change was redirected, the HTTP client may have followed with another method and
    /// without the credential.
    pub(crate) async fn with_response(
        (operation, method): (Operation, &Method),
        mut response: reqwest::Response,
        limits: &RateLimitHeaders,
        is_redirected: bool,
        credential: &Secret,
    ) -> Self {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let longest = if status.is_success() { longest_body(operation) } else { LONGEST_ERROR };
        let (body, cut) = read(&mut response, longest).await;
        let request_id = api_error::request_id(&headers);
        let named_wait = limits.named_wait();
        // A token that arrived is a response, whatever the method was.
        let is_token = status.is_success() && *method != Method::DELETE && can_be_json(&body);
        let (outcome, result) = if is_redirected && status != StatusCode::NO_CONTENT && !is_token {
            (AttemptOutcome::LOST, Err(Error::undecodable(operation, "it is from another URL, after a redirect")))
        } else if status.is_success() {
            match success((operation, method), status, &headers, body, cut) {
                Ok(body) => (AttemptOutcome::DONE, Ok(body)),
                Err((outcome, error)) => (outcome, Err(error)),
            }
        } else {
            let outcome = AttemptOutcome::of_error(status.as_u16(), named_wait);
            (outcome, Err(api_error::read(operation, status, &headers, &body, named_wait, credential)))
        };
        let is_non_json = method.is_safe()
            && matches!(result, Err(Error::Undecodable { .. }))
            && other_content_type(&headers).is_some();
        let result = result.map(|body| {
            let mut response = Response::new(body);
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            response
        });
        Self { outcome, status: Some(status.as_u16()), request_id, result, is_non_json }
    }
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
            Ok(Some(chunk)) if chunk.len() > longest - body.len() => break Some(Cut::TooLong),
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
    (operation, method): (Operation, &Method),
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    cut: Option<Cut>,
) -> Result<Body, (AttemptOutcome, Error)> {
    let whole = |bytes| Body { bytes, is_cut_short: false };
    let undecodable = |outcome, place| Err((outcome, Error::undecodable(operation, place)));
    // Some servers name a character set there, or a coding that they don't use.
    let coding = token_of(headers, CONTENT_ENCODING).filter(|coding| coding != "identity" && !can_be_json(&body));
    if let Some(coding) = coding.filter(|_| !body.is_empty()) {
        let place = format!("the body is coded ({coding}), although the request asked for no coding");
        return undecodable(AttemptOutcome::UNREADABLE, place);
    }
    let changes_one = matches!(*method, Method::PATCH | Method::DELETE);
    let is_enough = match operation.route() {
        _ if *method == Method::HEAD => true,
        Some(route) => body.is_empty() && route.success == Some(status.as_u16()) && changes_one,
        // Nothing is known of their bodies.
        None if method.is_safe() => status == StatusCode::NO_CONTENT,
        None => !api_error::is_html(headers, &body),
    };
    match cut {
        None if can_be_json(&body) || is_enough => return Ok(whole(body)),
        // It is whole, although the connection ended badly, for instance without TLS's close_notify.
        Some(_) if serde_json::from_slice::<Value>(&body).is_ok() => return Ok(whole(body)),
        // The status says that it was done.
        Some(Cut::Lost(_)) if changes_one && other_content_type(headers).is_none() => return Ok(Body::default()),
        _ => {}
    }
    let issues = matches!(operation, Operation::PostToken | Operation::ResetToken);
    if let Some(arrived) = issues.then(|| arrived_properties(&body)).flatten()
        && arrived.get("token").and_then(Value::as_str).is_some_and(|text| Secret::new(text).is_whole())
    {
        return Ok(Body { bytes: Value::Object(arrived).to_string().into(), is_cut_short: true });
    }
    match cut {
        Some(Cut::TooLong) => {
            let place = format!("the body is longer than {} MiB", longest_body(operation) >> 20);
            undecodable(AttemptOutcome::UNREADABLE, place)
        }
        Some(Cut::Lost(source)) => {
            Err((AttemptOutcome::LOST, Error::Transport { operation, source: TransportError(source) }))
        }
        None => {
            let named = other_content_type(headers).map(|named| format!("{named} and ")).unwrap_or_default();
            undecodable(AttemptOutcome::LOST, format!("the body is {named}not JSON"))
        }
    }
}

/// Whether the body can be the API's JSON, and not a gateway's page or nothing.
fn can_be_json(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// The content type, if it is not JSON.
fn other_content_type(headers: &HeaderMap) -> Option<String> {
    token_of(headers, CONTENT_TYPE).filter(|named| !named.ends_with("json"))
}

/// A header's value without parameters and in lower case, such as `text/html`, if it reads like one.
fn token_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.split(';').next()?.trim();
    let is_token = (1..=60).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    is_token.then(|| value.to_ascii_lowercase())
}

//! One attempt to send a request, and what is known afterwards.

use std::time::Duration;

use bytes::Bytes;
use ldtokens_client::Operation;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Request, StatusCode};

use crate::rate_limit_headers::RateLimitHeaders;
use crate::rate_limiter::{LONGEST_WAIT, Permit};
use crate::retry::AttemptOutcome;
use crate::sender::Outgoing;
use crate::{Error, Response, Sender, TransportError, api_error};

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

/// Sends `request` once, and learns from its response's headers.
pub(crate) async fn send_once(
    sender: &Sender,
    outgoing: &Outgoing,
    request: Request,
    mut permit: Permit<'_>,
) -> Attempt {
    let Outgoing { operation, ref method, .. } = *outgoing;
    let clock = &*sender.clock;
    let failed = |outcome, status, source| Attempt {
        outcome,
        status,
        request_id: None,
        is_non_json: false,
        wait: Duration::ZERO,
        result: Err(Error::Transport { operation, source }),
    };
    // A read that was redirected is judged by its body.
    let url_of_change = (!method.is_safe()).then(|| request.url().clone());
    permit.sending();
    let mut response = match sender.http.execute(request).await {
        Ok(response) => response,
        Err(source) if source.is_connect() => {
            permit.not_sent();
            let source = TransportError(source);
            let outcome = match source.is_lasting() {
                true => AttemptOutcome::Impossible,
                false => AttemptOutcome::Refused { wait_named: false },
            };
            return failed(outcome, None, source);
        }
        Err(source) => {
            return failed(AttemptOutcome::Unknown { wait_named: false }, None, TransportError(source));
        }
    };
    let is_redirected = url_of_change.is_some_and(|url| url != *response.url());
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let limits = RateLimitHeaders::read(status.as_u16(), &headers);
    permit.complete(&limits, clock);
    let request_id = api_error::request_id(&headers);

    let body = match response.bytes().await {
        Ok(body) => without_mark(body),
        // The status says that it was done.
        Err(_) if status.is_success() && says_done_by_status(operation, method, status) => Bytes::new(),
        Err(source) if status.is_success() => {
            return failed(AttemptOutcome::Unknown { wait_named: false }, Some(status), TransportError(source));
        }
        // The status of an error says enough.
        Err(_) => Bytes::new(),
    };
    let named_wait = limits.named_wait();
    let wait = named_wait.filter(|_| status != StatusCode::TOO_MANY_REQUESTS).unwrap_or_default().min(LONGEST_WAIT);
    let mut is_non_json = false;
    // The HTTP client may have followed it with another method and without the credential. A token that arrived is a response.
    let is_response = !is_redirected
        || status == StatusCode::NO_CONTENT
        || status.is_success() && *method != Method::DELETE && can_be_json(&body);
    let (outcome, result) = if !is_response {
        let error = Error::undecodable(operation, "it is from another URL, after a redirect");
        (AttemptOutcome::Unknown { wait_named: false }, Err(error))
    } else if !status.is_success() {
        let wait_named = named_wait.is_some();
        let error = api_error::read(operation, status, &headers, &body, named_wait, &sender.credential);
        let outcome = match status.as_u16() {
            429 => AttemptOutcome::Refused { wait_named },
            408 | 500..=599 => AttemptOutcome::Unknown { wait_named },
            status => AttemptOutcome::Responded(status),
        };
        (outcome, Err(error.into()))
    } else if can_be_json(&body) || says_done_by_status(operation, method, status) {
        let mut response = Response::new(body.into());
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        (AttemptOutcome::Responded(status.as_u16()), Ok(response))
    } else {
        let foreign = foreign_type(&headers);
        is_non_json = method.is_safe() && foreign.is_some();
        let place = match foreign {
            Some(named) => format!("the body is {named} and not JSON"),
            None => "the body is not JSON".to_owned(),
        };
        (AttemptOutcome::Unknown { wait_named: false }, Err(Error::undecodable(operation, place)))
    };
    Attempt { outcome, status: Some(status), request_id, result, is_non_json, wait }
}

/// The body without a byte-order mark. Some proxies add one, and RFC 8259 allows a reader to skip it.
fn without_mark(body: Bytes) -> Bytes {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if body.starts_with(MARK) { body.slice(MARK.len()..) } else { body }
}

/// Whether the body can be the API's JSON, and not a gateway's page or nothing.
fn can_be_json(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// The content type, such as `text/html`, if there is one and it is not JSON.
fn foreign_type(headers: &HeaderMap) -> Option<&str> {
    let named = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = named.split(';').next().unwrap_or_default().trim();
    let is_type =
        essence.len() <= 60 && essence.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    (is_type && !essence.to_ascii_lowercase().ends_with("json")).then_some(essence)
}

/// Whether this successful status says enough, whatever the body is: a patched token can be read again, a deletion has no body,
/// and nothing is known of the bodies of other operations.
fn says_done_by_status(operation: Operation, method: &Method, status: StatusCode) -> bool {
    let is_other = matches!(operation, Operation::Other(_));
    matches!(*method, Method::PATCH | Method::DELETE | Method::HEAD)
        || is_other && (!method.is_safe() || status == StatusCode::NO_CONTENT)
}

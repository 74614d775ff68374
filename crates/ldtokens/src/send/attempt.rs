//! One attempt: a request is sent, and what is known afterwards.

use bytes::Bytes;
use ldtokens_client::Secret;
use reqwest::{Method, Request, StatusCode};

use crate::error::{Error, TransportError};
use crate::send::api_error;
use crate::send::clock::Clock;
use crate::send::operation::Operation;
use crate::send::pacing::Permit;
use crate::send::rate_limit::RateLimit;
use crate::send::response::Response;
use crate::send::retry::AttemptOutcome;

/// What an attempt gave.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) outcome: AttemptOutcome,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) result: Result<Response, Error>,
}

/// What an attempt needs to know about its call.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) credential: &'a Secret,
    pub(crate) operation: Operation,
    /// The request's method, before a method override.
    pub(crate) method: &'a Method,
}

/// Sends `request` once, and learns from its response's headers.
pub(crate) async fn attempt(context: Context<'_>, request: Request, permit: Permit<'_>) -> Attempt {
    let Context { http, clock, credential, operation, method } = context;
    let failed = |outcome, status, source| Attempt {
        outcome,
        status,
        request_id: None,
        result: Err(Error::Transport { operation, source: TransportError::new(source) }),
    };
    let response = match http.execute(request).await {
        Ok(response) => response,
        Err(source) if source.is_connect() => {
            permit.not_sent();
            return failed(AttemptOutcome::Refused { wait_named: false }, None, source);
        }
        Err(source) => return failed(AttemptOutcome::Unknown { wait_named: false }, None, source),
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let limits = RateLimit::read(status.as_u16(), &headers);
    permit.responded(&limits, clock);
    let named_wait = limits.named_wait(clock.now());
    let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);

    let body = match response.bytes().await {
        Ok(body) => body,
        // The status says that it is done.
        Err(_) if status.is_success() && says_done_by_status(method) => Bytes::new(),
        Err(source) if status.is_success() => {
            return failed(AttemptOutcome::Unknown { wait_named: false }, Some(status), source);
        }
        // The status of an error says enough.
        Err(_) => Bytes::new(),
    };
    let (outcome, result) = if status.is_success() {
        let response = Response::new(status, headers, body);
        if response.can_be_json() || says_done_by_status(method) {
            (AttemptOutcome::Responded(status.as_u16()), Ok(response))
        } else {
            let place = "the body is not JSON".to_owned();
            let error = Error::Undecodable { operation, token_id: None, place };
            (AttemptOutcome::Unknown { wait_named: false }, Err(error))
        }
    } else {
        let wait_named = named_wait.is_some();
        let mut error = api_error::read(operation, status, &body, named_wait, credential);
        error.request_id.clone_from(&request_id);
        let outcome = match status.as_u16() {
            429 => AttemptOutcome::Refused { wait_named },
            408 | 500..=599 => AttemptOutcome::Unknown { wait_named },
            status => AttemptOutcome::Responded(status),
        };
        (outcome, Err(Error::from_api(error)))
    };
    Attempt { outcome, status: Some(status), request_id, result }
}

/// Whether any 2xx means success, whatever its body is: the body of a patch can be read again, and a deletion has none.
fn says_done_by_status(method: &Method) -> bool {
    matches!(*method, Method::PATCH | Method::DELETE)
}

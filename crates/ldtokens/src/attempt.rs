//! One attempt: a request goes out, and what is known afterwards.

use ldtokens_client::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Request, Response, StatusCode};
use serde::de::IgnoredAny;

use crate::api_error;
use crate::clock::Clock;
use crate::error::{ApiError, Error};
use crate::operation::Operation;
use crate::pacing::{Permit, RateLimit};
use crate::retry::Known;

/// An answer of success, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// What stands for the answer of a deletion that is done, though its own answer was lost.
    pub(crate) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// What the generated code is given where there is no answer for it; it refuses this status.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// An error as the API itself would have answered it.
    pub(crate) fn of_error(error: &ApiError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let body = serde_json::json!({ "code": error.code, "message": error.message, "id": error.id });
        Self { status, headers: HeaderMap::new(), body: body.to_string().into_bytes() }
    }

    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The answer as the generated code takes it.
    pub(crate) fn into_response(self) -> Response {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.into()
    }
}

/// What an attempt gave.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) known: Known,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) result: Result<Answer, Error>,
}

/// Sends `request` once, and learns from its answer's headers.
pub(crate) async fn attempt(
    http: &reqwest::Client,
    request: Request,
    operation: Operation,
    permit: Permit<'_>,
    clock: &dyn Clock,
    credential: &Secret,
) -> Attempt {
    let no_answer = |known, status, source| Attempt {
        known,
        status,
        request_id: None,
        result: Err(Error::Transport { operation, source }),
    };
    let is_reading = request.method().is_safe();
    let response = match http.execute(request).await {
        Ok(response) => response,
        Err(source) if source.is_connect() && is_lasting(&source) => return no_answer(Known::NoWay, None, source),
        Err(source) if source.is_connect() => return no_answer(Known::Refused { time_named: false }, None, source),
        Err(source) => return no_answer(Known::Unknown, None, source),
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let limits = RateLimit::read(status.as_u16(), &headers);
    permit.answered(&limits, clock);
    let named_wait = limits.named_wait(clock.now());

    let body = match response.bytes().await {
        Ok(body) => without_mark(Vec::from(body)),
        Err(source) if status.is_success() => return no_answer(Known::Unknown, Some(status), source),
        // A refusal's status says enough.
        Err(_) => Vec::new(),
    };
    let request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (known, result) = if status.is_success() {
        match unreadable(status, &headers, &body) {
            None => (Known::Answered(status.as_u16()), Ok(Answer { status, headers, body })),
            Some(place) if is_reading && foreign_type(&headers).is_some() => {
                (Known::Page, Err(Error::Undecodable { operation, place }))
            }
            Some(place) => (Known::Unknown, Err(Error::Undecodable { operation, place })),
        }
    } else {
        let error = Error::from_api(api_error::read(operation, status, &headers, &body, named_wait, credential));
        (known_by_refusal(status, &headers, named_wait.is_some()), Err(error))
    };
    Attempt { known, status: Some(status), request_id, result }
}

/// Whether the next connection would fail as this one did: the other side's certificate is not trusted, or it does not speak
/// TLS.
fn is_lasting(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.map(ToString::to_string).any(|cause| {
        cause.contains("invalid peer certificate") || cause.contains("corrupt message of type InvalidContentType")
    })
}

fn known_by_refusal(status: StatusCode, headers: &HeaderMap, time_named: bool) -> Known {
    match status.as_u16() {
        429 => Known::Refused { time_named },
        503 if headers.contains_key(RETRY_AFTER) => Known::Refused { time_named },
        408 | 500..=599 => Known::Unknown,
        answered => Known::Answered(answered),
    }
}

/// The body without a byte-order mark, which some proxies put before it and RFC 8259 lets a reader skip.
fn without_mark(body: Vec<u8>) -> Vec<u8> {
    body.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(body)
}

/// The type of a body that does not even claim to be JSON, such as `text/html`.
fn foreign_type(headers: &HeaderMap) -> Option<&str> {
    let named = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = named.split(';').next().unwrap_or_default().trim();
    let is_type =
        essence.len() <= 60 && essence.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    (is_type && !essence.to_ascii_lowercase().ends_with("json")).then_some(essence)
}

/// Why a body that should be JSON is not. An answer of 204 has none.
fn unreadable(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if status == StatusCode::NO_CONTENT {
        return None;
    }
    let error = serde_json::from_slice::<IgnoredAny>(body).err()?;
    Some(foreign_type(headers).map_or_else(|| place(&error), |named| format!("it is {named} and not JSON")))
}

/// Where reading JSON failed, without what stood there.
pub(crate) fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends early",
        serde_json::error::Category::Data => "a value of another type than expected",
        _ => "it is not JSON",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

//! The API's error responses.

use std::time::Duration;

use ldtokens_client::{Operation, Secret};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::{ApiError, Error};

/// The maximum length of a text from a response, in characters.
const LONGEST_TEXT: usize = 500;

/// Reads an error response. A body that is not the API's own JSON, such as a proxy's page, is not shown.
pub(crate) fn read(
    operation: Operation,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    retry_after: Option<Duration>,
    credential: &Secret,
) -> Error {
    // The API's own 404 is JSON: a page means that the host or the path is wrong (fact 19).
    let is_page = status == StatusCode::NOT_FOUND && is_html(headers, body);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text =
        |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty()).map(|text| printable(text, credential));
    let message = match redirect(status, headers) {
        Some(to) => format!("it redirects to {}, and redirects are not followed", printable(&to, credential)),
        None if is_page => "an HTML page and not the API's response: check the host and the path".to_owned(),
        None => text("message").unwrap_or_else(|| status.canonical_reason().unwrap_or("unknown status").to_owned()),
    };
    let api = Box::new(ApiError {
        operation,
        status: status.as_u16(),
        code: text("code").unwrap_or_default(),
        message,
        id: text("id"),
        request_id: request_id(headers),
        retry_after,
    });
    match status.as_u16() {
        400 => Error::InvalidRequest(api),
        401 => Error::Unauthorized(api),
        403 => Error::Forbidden(api),
        404 if !is_page => Error::NotFound(api),
        408 | 500..=599 => Error::Server(api),
        409 => Error::Conflict(api),
        422 => Error::PatchFailed(api),
        429 => Error::RateLimited(api),
        _ => Error::Unexpected(api),
    }
}

pub(crate) fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let named = headers.get(CONTENT_TYPE).and_then(|named| named.to_str().ok()).unwrap_or_default();
    named.to_ascii_lowercase().contains("html") || body.trim_ascii().starts_with(b"<")
}

/// The response's `X-Request-Id`, for LaunchDarkly's support.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// Where a redirect leads, without its query, which may hold a secret.
fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    let to = headers.get(LOCATION).filter(|_| status.is_redirection())?.to_str().ok()?;
    let Ok(mut url) = Url::parse(to) else { return to.split(['?', '#']).next().map(str::to_owned) };
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    Some(url.into())
}

/// `text` on one line of bounded length, without the credential or anything that has the form of a secret.
pub(crate) fn printable(text: &str, credential: &Secret) -> String {
    let without_credential = match credential.expose() {
        "" => text.to_owned(),
        secret => text.replace(secret, "[redacted]"),
    };
    let words = without_credential.split_whitespace().map(|word| match word.find("api-") {
        Some(at) if word.len() - at >= 20 => format!("{}[redacted]", &word[..at]),
        _ => word.chars().filter(|character| !character.is_control()).collect(),
    });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}

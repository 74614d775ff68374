//! Sets what every request needs before it is sent, and refuses invalid requests.

use std::time::Duration;

use ldtokens_client::{Operation, Secret, TokenId, UnixMillis};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{Method, Request};

use crate::{BaseUrl, ConfigError, Error};

const WRONG_PATH: &str = "the path is not this operation's; check the token's ID and the host";

/// The credential as a header value that `Debug` doesn't show.
///
/// # Errors
/// [`ConfigError::Credential`] if it can't be the secret of a token.
pub fn authorization_header(credential: &Secret) -> Result<HeaderValue, ConfigError> {
    let secret = credential.expose();
    let reason = if secret.is_empty() {
        "it is empty"
    } else if secret.contains(char::is_whitespace) {
        "it contains white space or a line end; give the secret alone"
    } else if let (Ok(mut value), true) = (HeaderValue::from_str(secret), secret.is_ascii()) {
        value.set_sensitive(true);
        return Ok(value);
    } else {
        "it contains characters that a header can't have"
    };
    Err(ConfigError::Credential(reason))
}

/// Sets the credential, the `headers` that the request does not set itself, one value each, and those that the method needs.
///
/// The API takes bodies only as `application/json`, and refuses a reset without this header although it has no body
/// (fact 1).
pub(crate) fn set_headers(
    request: &mut Request,
    headers: &HeaderMap,
    authorization: &HeaderValue,
    method_override: bool,
) {
    if method_override && matches!(*request.method(), Method::PATCH | Method::DELETE) {
        let method = HeaderValue::from_str(request.method().as_str()).expect("a method is a valid header value");
        request.headers_mut().insert(HeaderName::from_static("x-http-method-override"), method);
        *request.method_mut() = Method::POST;
    }
    if matches!(*request.method(), Method::POST | Method::PATCH | Method::PUT) {
        request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        if request.body().is_none() {
            // Without it some proxies respond with 411. The HTTP library does not set it.
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
    }
    for (name, value) in headers {
        request.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    // Without it any coding is allowed (RFC 9110, section 12.5.3), and a secret in it would be lost.
    request.headers_mut().entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    request.headers_mut().insert(AUTHORIZATION, authorization.clone());
}

/// Refuses a request that can't be the operation's. Returns the token's ID in its path, if it has one.
///
/// # Errors
/// [`Error::InvalidInput`] says what is wrong. A URL resolves `..`, so an ID that is not a path segment would lead to another resource.
/// One that looks like a secret must not be in URLs.
pub(crate) fn check(
    operation: Operation,
    request: &Request,
    base: &BaseUrl,
    overlap: Option<Duration>,
) -> Result<Option<String>, Error> {
    let refuse = |reason| Err(Error::InvalidInput(format!("{operation}: {reason}")));
    let (method, url) = (request.method(), request.url());
    let path =
        url.as_str().split(['?', '#']).next().and_then(|path| path.strip_prefix(base.as_str())?.strip_prefix('/'));
    let Some(path) = path else { return refuse(WRONG_PATH.to_owned()) };
    if let Some(route) = operation.route() {
        if route.method != method.as_str() && (route.method, method) != ("GET", &Method::HEAD) {
            return refuse(format!("the method {method} is not this operation's, which is {}", route.method));
        }
        let (mut segments, mut expected) = (path.split('/'), route.path.split('/').skip(1));
        let all_fit = expected.all(|expected| match segments.next() {
            Some(segment) if expected.starts_with('{') => !segment.is_empty(),
            segment => segment == Some(expected),
        });
        if !all_fit || segments.next().is_some() {
            return refuse(WRONG_PATH.to_owned());
        }
    }
    if request.body().is_some_and(|body| body.as_bytes().is_none()) {
        return refuse("the body is a stream; give it as bytes".to_owned());
    }
    if overlap.is_some() && (operation != Operation::ResetToken || url.query_pairs().any(|(name, _)| name == "expiry"))
    {
        return refuse("an overlap is only for a reset without an expiry".to_owned());
    }
    let token_id = path.strip_prefix("tokens/").and_then(|path| path.split('/').next());
    // Percent-encoded, a valid ID can be longer than the maximum. A secret is shorter.
    if let Some(id) = token_id.filter(|id| id.len() <= TokenId::MAX_LEN) {
        TokenId::new(id)?;
    }
    Ok(token_id.map(str::to_owned))
}

/// Sets `expiry` to the end of the `overlap`, if there is one, and refuses an `expiry` that has passed. The server's time is `now`, or
/// up to a second later.
///
/// This happens when the request is sent, after all waiting: an expiry in the past would end the old secret at once.
pub(crate) fn set_expiry(request: &mut Request, overlap: Option<Duration>, now: UnixMillis) -> Result<(), Error> {
    if let Some(overlap) = overlap {
        let expiry = now.saturating_add(overlap.saturating_add(Duration::from_secs(1))).to_string();
        request.url_mut().query_pairs_mut().append_pair("expiry", &expiry);
        return Ok(());
    }
    let expiry =
        request.url().query_pairs().find(|(name, _)| name == "expiry").and_then(|(_, value)| value.parse().ok());
    match expiry.map(UnixMillis::new) {
        Some(expiry) if expiry.get() != 0 && expiry <= now => Err(Error::InvalidInput(past(expiry))),
        _ => Ok(()),
    }
}

/// The usual mistake is to give seconds instead of milliseconds, so the value is shown as both.
fn past(expiry: UnixMillis) -> String {
    let number = expiry.get();
    let date = |moment: UnixMillis| httpdate::fmt_http_date(moment.to_system_time());
    // The library can't show times before 1970 or after 9999.
    let read = if number < 0 { "before 1970".to_owned() } else { date(expiry) };
    let hint = match number {
        1_000_000_000..100_000_000_000 => {
            format!("in seconds it would be {}: did you mean {number}000?", date(UnixMillis::new(number * 1000)))
        }
        _ => "leave it out, or give 0, for the old secret to stop working at once".to_owned(),
    };
    format!("expiry {number} is in the past: in milliseconds, as the API reads it, it is {read}; {hint}")
}

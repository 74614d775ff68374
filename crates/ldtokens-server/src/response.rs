//! Responses. Errors have the vendor's form.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use crate::secrets::new_uuid;
use crate::store::{DamagedToken, StoreError};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

/// The ID in the body of an error, for the log.
#[derive(Clone, Debug)]
pub(crate) struct SupportId(pub(crate) String);

/// An error whose message is always the same.
const fn error(status: StatusCode, code: &'static str, message: &'static str) -> ApiError {
    ApiError { status, code, message: Cow::Borrowed(message), retry_after: None }
}

impl ApiError {
    pub(crate) const UNAUTHORIZED: Self = error(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid access token");
    /// A credential that is not shaped like a token.
    pub(crate) const MALFORMED_CREDENTIAL: Self =
        error(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid account ID header");
    pub(crate) const INVALID_BEARER: Self = error(StatusCode::UNAUTHORIZED, "invalid_token", "Invalid access token");
    /// The secret of a token that works no more.
    pub(crate) const DEAD_TOKEN: Self = error(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid key");
    pub(crate) const FORBIDDEN: Self =
        error(StatusCode::FORBIDDEN, "forbidden", "Forbidden. Access to the requested resource was denied.");
    pub(crate) const RESET_BY_OTHER_MEMBER: Self = error(
        StatusCode::FORBIDDEN,
        "forbidden",
        "Forbidden. A personal token can be reset only by the member it belongs to.",
    );
    pub(crate) const HOST_NOT_ALLOWED: Self = error(
        StatusCode::FORBIDDEN,
        "forbidden",
        "The Host header names a host that is not allowed. Allowed are localhost, the address that the server listens on, and the \
         names given with `serve --allow-host`.",
    );
    pub(crate) const NOT_FOUND: Self = error(StatusCode::NOT_FOUND, "not_found", "Invalid resource identifier");
    pub(crate) const METHOD_NOT_ALLOWED: Self =
        error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed for this resource");
    pub(crate) const REQUEST_TIMEOUT: Self =
        error(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request body did not arrive in time");
    pub(crate) const CONFLICT: Self =
        error(StatusCode::CONFLICT, "optimistic_locking_error", "Conflict. Optimistic lock error. Try again later.");
    /// There is no account to put back.
    pub(crate) const NO_START: Self = error(
        StatusCode::CONFLICT,
        "optimistic_locking_error",
        "The store had an account before this server started, so there is no start to put it back to",
    );
    pub(crate) const UNSUPPORTED_MEDIA_TYPE: Self = error(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "A request with this method must have the header Content-Type: application/json",
    );
    pub(crate) const RATE_LIMITED: Self =
        error(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "You've exceeded the API rate limit. Try again later.");
    pub(crate) const INTERNAL: Self =
        error(StatusCode::INTERNAL_SERVER_ERROR, "internal_service_error", "The server failed. Its log has the cause.");

    /// The error with this status, which a fault injects.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let known = [
            Self::invalid_request("The request is invalid"),
            Self::UNAUTHORIZED,
            Self::FORBIDDEN,
            Self::NOT_FOUND,
            Self::METHOD_NOT_ALLOWED,
            Self::CONFLICT,
            Self::UNSUPPORTED_MEDIA_TYPE,
            Self::patch_failed("it is invalid"),
            Self::RATE_LIMITED,
            Self::unavailable("Service unavailable. Try again later."),
            Self::INTERNAL,
        ];
        let other = || error(status, "error", status.canonical_reason().unwrap_or("Something went wrong"));
        known.into_iter().find(|error| error.status == status).unwrap_or_else(other)
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds.or(self.retry_after);
        self
    }

    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..error(StatusCode::BAD_REQUEST, "invalid_request", "") }
    }

    pub(crate) fn invalid_body(reason: impl std::fmt::Display) -> Self {
        Self::invalid_request(format!("Invalid request body: {reason}"))
    }

    pub(crate) fn patch_failed(reason: impl std::fmt::Display) -> Self {
        let message = format!("Unprocessable entity. Could not apply patch: {reason}").into();
        Self { message, ..error(StatusCode::UNPROCESSABLE_ENTITY, "patch_failed", "") }
    }

    pub(crate) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..error(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", "") }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let id = new_uuid();
        let mut response = json_response(self.status, &json!({ "code": self.code, "message": self.message, "id": id }));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(SupportId(id));
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            // It is certain that nothing was changed, so the client may retry.
            StoreError::NotWritten | StoreError::Busy => {
                Self::unavailable(format!("Nothing was changed: {error}")).retry_after(Some(1))
            }
            StoreError::Failed => Self::INTERNAL,
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        if let rusqlite::Error::FromSqlConversionFailure(_, _, reason) = &error
            && let Some(damaged) = reason.downcast_ref::<DamagedToken>()
        {
            tracing::error!("{damaged}");
            return Self { message: damaged.to_string().into(), ..Self::INTERNAL };
        }
        StoreError::from(error).into()
    }
}

/// The vendor's response to a path that it does not have: a page, not JSON.
pub(crate) fn page_not_found() -> Response {
    const PAGE: &str =
        "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n";
    (StatusCode::NOT_FOUND, Html(PAGE)).into_response()
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    json_text_response(status, body.to_string())
}

/// A link, as the vendor's responses have it.
pub(crate) fn link(href: &str) -> Value {
    json!({ "href": href, "type": "application/json" })
}

/// A response whose body is JSON text already.
pub(crate) fn json_text_response(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}

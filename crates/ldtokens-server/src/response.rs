//! Responses. Errors have the vendor's form.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::secrets::new_uuid;
use crate::store::{DamagedToken, StoreError};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

/// The ID in the body of an error, for the log.
#[derive(Clone, Debug)]
pub(crate) struct SupportId(pub(crate) String);

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The error with this status, which a fault injects.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::invalid_request("The request is invalid"),
            StatusCode::UNAUTHORIZED => Self::unauthorized(),
            StatusCode::FORBIDDEN => Self::forbidden(),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::CONFLICT => Self::conflict(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported_media_type(),
            StatusCode::UNPROCESSABLE_ENTITY => Self::patch_failed("it is invalid"),
            StatusCode::TOO_MANY_REQUESTS => Self::rate_limited(),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable("Service unavailable. Try again later."),
            StatusCode::INTERNAL_SERVER_ERROR => Self::internal(),
            other => Self::new(other, "error", other.canonical_reason().unwrap_or("Something went wrong")),
        }
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds.or(self.retry_after);
        self
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(crate) fn invalid_body(reason: impl std::fmt::Display) -> Self {
        Self::invalid_request(format!("Invalid request body: {reason}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid access token")
    }

    /// A credential that is not shaped like a token.
    pub(crate) fn malformed_credential() -> Self {
        Self { message: "Invalid account ID header".to_owned(), ..Self::unauthorized() }
    }

    pub(crate) fn invalid_bearer() -> Self {
        Self { code: "invalid_token", ..Self::unauthorized() }
    }

    /// The secret of a token that works no more.
    pub(crate) fn dead_token() -> Self {
        Self { message: "Invalid key".to_owned(), ..Self::unauthorized() }
    }

    pub(crate) fn unknown_properties() -> Self {
        Self::invalid_request(
            "The body has properties that this operation does not have, and that LaunchDarkly ignores",
        )
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden. Access to the requested resource was denied.")
    }

    pub(crate) fn reset_by_other_member() -> Self {
        let message = "Forbidden. A personal token can be reset only by the member it belongs to.";
        Self { message: message.to_owned(), ..Self::forbidden() }
    }

    pub(crate) fn host_not_allowed() -> Self {
        let message = "The Host header names a host that is not allowed. Allowed are localhost, the address that the server listens \
                       on, and the names given with `serve --allow-host`.";
        Self { message: message.to_owned(), ..Self::forbidden() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Invalid resource identifier")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed for this resource")
    }

    /// There is no account to put back.
    pub(crate) fn no_start() -> Self {
        let message = "The store had an account before this server started, so there is no start to put it back to";
        Self { message: message.to_owned(), ..Self::conflict() }
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let message = "A request with this method must have the header Content-Type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub(crate) fn conflict() -> Self {
        let message = "Conflict. Optimistic lock error. Try again later.";
        Self::new(StatusCode::CONFLICT, "optimistic_locking_error", message)
    }

    pub(crate) fn patch_failed(reason: impl std::fmt::Display) -> Self {
        let message = format!("Unprocessable entity. Could not apply patch: {reason}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "patch_failed", message)
    }

    pub(crate) fn rate_limited() -> Self {
        let message = "You've exceeded the API rate limit. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
    }

    pub(crate) fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request body did not arrive in time")
    }

    pub(crate) fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_service_error",
            "The server failed. Its log has the cause.",
        )
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
                Self::unavailable(&format!("Nothing was changed: {error}")).retry_after(Some(1))
            }
            StoreError::Failed => Self::internal(),
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        if let rusqlite::Error::FromSqlConversionFailure(_, _, reason) = &error
            && let Some(damaged) = reason.downcast_ref::<DamagedToken>()
        {
            tracing::error!("{damaged}");
            return Self { message: damaged.to_string(), ..Self::internal() };
        }
        StoreError::from(error).into()
    }
}

/// The vendor's response to a path that it does not have: a page, not JSON.
pub(crate) fn page_not_found() -> Response {
    const PAGE: &str =
        "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n";
    let mut response = Response::new(Body::from(PAGE));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    json_text_response(status, body.to_string())
}

/// A link, as the vendor's responses have it.
#[derive(Debug, Serialize)]
pub(crate) struct Link<'a> {
    href: &'a str,
    r#type: &'static str,
}

pub(crate) fn link(href: &str) -> Link<'_> {
    Link { href, r#type: "application/json" }
}

/// A response whose body is JSON text already.
pub(crate) fn json_text_response(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

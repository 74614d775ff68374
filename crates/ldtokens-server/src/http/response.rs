//! Responses; errors have the vendor's form.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::secrets::new_uuid;
use crate::store::StoreError;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// In how many seconds to come again.
    pub(crate) retry_after: Option<u64>,
}

/// The reference that a response of refusal carries, for the log.
#[derive(Clone, Debug)]
pub(crate) struct SupportId(pub(crate) String);

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The refusal with this status, in the words that the vendor has for it.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::invalid_request("The request could not be understood"),
            StatusCode::UNAUTHORIZED => Self::unauthorized(),
            StatusCode::FORBIDDEN => Self::forbidden(),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::CONFLICT => Self::conflict(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported_media_type(),
            StatusCode::UNPROCESSABLE_ENTITY => Self::patch_failed("it could not be understood"),
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

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid access token")
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden. Access to the requested resource was denied.")
    }

    pub(crate) fn not_its_member() -> Self {
        let message = "Forbidden. Only its own member may reset a personal token.";
        Self { message: message.to_owned(), ..Self::forbidden() }
    }

    pub(crate) fn foreign_host() -> Self {
        let message = "This server is not for the host that the request names. It is for localhost, the address that it listens \
                       on, and the names that `serve --allow-host` gives.";
        Self { message: message.to_owned(), ..Self::forbidden() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Invalid resource identifier")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed for this resource")
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

    /// The body did not come in time.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request body did not arrive in time")
    }

    pub(crate) fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_service_error", "Something went wrong here")
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
            // Nothing was done, and that is certain, so that a client may send the same again.
            StoreError::NotWritten | StoreError::Busy => {
                Self::unavailable(&format!("Nothing was changed: {error}")).retry_after(Some(1))
            }
            StoreError::Failed => Self::internal(),
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    json_text_response(status, body.to_string())
}

/// A response whose body is JSON already.
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

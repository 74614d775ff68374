//! What the method, path, query and headers of a request say.

use axum::extract::{MatchedPath, Query, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use ldtokens_client::ApiVersion;

use crate::access::Credential;
use crate::operations::operations;
use crate::response::ApiError;

/// The paths of all operations start with this one.
pub(crate) const API_PATH: &str = "/api/v2";

/// Answers while the server runs, to anyone.
pub(crate) const HEALTH_PATH: &str = "/healthz";

/// The ID of the request's operation, once its path has been matched to a route.
pub(crate) fn operation_id(request: &Request) -> Option<&'static str> {
    let path = request.extensions().get::<MatchedPath>()?.as_str().strip_prefix(API_PATH)?;
    // HEAD has the route of GET.
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    operations().find(|operation| operation.path == path && operation.method == method).map(|operation| operation.id)
}

/// The credential of a request. Several are refused, since a gateway in front of the API could take another one of them.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Credential, ApiError> {
    let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
    let credential = credentials.next().ok_or(ApiError::UNAUTHORIZED)?;
    if credentials.next().is_some() {
        return Err(ApiError::invalid_request("The request has several Authorization headers"));
    }
    Ok(Credential::of(credential.to_str().map_err(|_| ApiError::MALFORMED_CREDENTIAL)?))
}

/// Whether requests with this method must have JSON bodies, as the vendor's docs say of PATCH, POST and PUT. The vendor's
/// server has refused even a POST without a body for that reason.
pub(crate) fn needs_json(method: &Method) -> bool {
    [Method::POST, Method::PATCH, Method::PUT].contains(method)
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

pub(crate) fn query(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    match Query::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => Err(ApiError::invalid_request(error.body_text())),
    }
}

/// The API version that the request names, or `default`.
pub(crate) fn version(headers: &HeaderMap, default: ApiVersion) -> Result<ApiVersion, ApiError> {
    let Some(header) = headers.get("ld-api-version") else { return Ok(default) };
    let version = header.to_str().unwrap_or_default().parse();
    version.map_err(|error| ApiError::invalid_request(format!("LD-API-Version: {error}")))
}

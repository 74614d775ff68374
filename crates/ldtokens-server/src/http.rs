//! Requests and responses: routes, what is done around every request, and how a request gets to its operation.

pub(crate) mod admin;
pub(crate) mod hosts;
pub(crate) mod limits;
pub(crate) mod middleware;
pub(crate) mod request_head;
pub(crate) mod service;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};

use crate::http::request_head::{API_PATH, HEALTH_PATH};
use crate::http::service::Service;
use crate::operations::Operation;
use crate::operations::operations;
use crate::response::{ApiError, page_not_found};

/// The routes of all operations and of `/healthz`, with the middleware around them.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let mut router = Router::new();
    for operation in operations() {
        let handler = move |service, path, request| perform(operation, service, path, request);
        let path = format!("{API_PATH}{}", operation.path);
        router = router.route(&path, on(method_filter(operation.method), handler));
    }
    router
        .nest(admin::PATH, admin::for_the_owner(service.clone()))
        .route(HEALTH_PATH, get(async || StatusCode::NO_CONTENT))
        .fallback(async || page_not_found())
        .method_not_allowed_fallback(async || ApiError::METHOD_NOT_ALLOWED.into_response())
        .layer(axum::middleware::from_fn_with_state(service.clone(), middleware::handle))
        .with_state(service)
}

fn method_filter(method: &str) -> MethodFilter {
    let method = Method::try_from(method).ok();
    method.and_then(|method| MethodFilter::try_from(method).ok()).expect("axum has all methods of OpenAPI")
}

async fn perform(
    operation: Operation,
    State(service): State<Arc<Service>>,
    parameters: Result<Path<Vec<(String, String)>>, PathRejection>,
    request: Request,
) -> Response {
    // A segment that is not UTF-8 is not an ID, and neither is an empty text.
    let path_id = parameters.ok().and_then(|Path(parameters)| Some(parameters.into_iter().next()?.1));
    let performed = service.perform(operation, path_id.unwrap_or_default(), request).await;
    performed.unwrap_or_else(ApiError::into_response)
}

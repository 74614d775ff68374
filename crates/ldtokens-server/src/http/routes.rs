//! From an HTTP request to an operation, and back.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{MatchedPath, Path, Query, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::routing::{MethodFilter, get, on};
use ldtokens_client::operations::OPERATIONS;

use crate::access::Caller;
use crate::access::session::Session;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::http::hosts::Hosts;
use crate::http::limits::Limiter;
use crate::http::middleware;
use crate::http::response::{ApiError, json_text_response};
use crate::http::validation;
use crate::operations::identity_and_roles;
use crate::operations::listing::Listing;
use crate::operations::strictness::Strictness;
use crate::operations::token_rules::API_VERSIONS;
use crate::operations::{Change, Request, RequestInput, Work, work};
use crate::secrets;
use crate::store::{Reader, Records, Store};
use axum::response::{IntoResponse, Response};

/// The longest body that is taken, in bytes.
const LONGEST_BODY: usize = 256 * 1024;

/// What is looked at where it arrives: bodies up to so many bytes, and pages up to so many tokens.
const SHORT_BODY: usize = 4 * 1024;
const SHORT_PAGE: u64 = 100;

pub(crate) const API: &str = "/api/v2";

/// Where anyone may ask whether the server serves.
pub(crate) const HEALTH: &str = "/healthz";

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) hosts: Hosts,
    pub(crate) session: Option<Session>,
    pub(crate) clock: Clock,
    pub(crate) strictness: Strictness,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Arc<Faults>,
    /// How long a body may take to arrive.
    pub(crate) read_timeout: Duration,
}

/// The routes of the operations and of [`identity_and_roles`], `/healthz`, and what goes around them.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = move |service, path, request| serve(route, service, path, request);
        router = router.route(&format!("{API}{}", route.path), on(route.method_filter(), handler));
    }
    router
        .route(HEALTH, get(async || StatusCode::NO_CONTENT))
        .fallback(async || ApiError::not_found().into_response())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed().into_response())
        .layer(axum::middleware::from_fn_with_state(service.clone(), middleware::around))
        .with_state(service)
}

/// An operation of the API, or a route of [`identity_and_roles`].
#[derive(Clone, Copy)]
struct Route {
    /// In capitals.
    method: &'static str,
    /// Below the API's, with parameters in braces.
    path: &'static str,
    operation: &'static str,
}

impl Route {
    fn method_filter(&self) -> MethodFilter {
        let method = Method::try_from(self.method).ok();
        method.and_then(|method| MethodFilter::try_from(method).ok()).expect("OpenAPI has methods that axum knows")
    }
}

fn routes() -> impl Iterator<Item = Route> {
    let operations = OPERATIONS.iter().map(|spec| Route { method: spec.method, path: spec.path, operation: spec.id });
    let others = identity_and_roles::routes().map(|(path, operation)| Route { method: "GET", path, operation });
    operations.chain(others)
}

/// The IDs of all operations, and the names of the routes of [`identity_and_roles`].
pub(crate) fn operation_ids() -> impl Iterator<Item = &'static str> {
    routes().map(|route| route.operation)
}

/// The operation that a request is.
pub(crate) fn operation(request: &HttpRequest) -> Option<&'static str> {
    let path = request.extensions().get::<MatchedPath>()?.as_str().strip_prefix(API)?;
    // Axum answers HEAD by the route of GET.
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    routes().find(|route| route.path == path && route.method == method).map(|route| route.operation)
}

async fn serve(
    route: Route,
    State(service): State<Arc<Service>>,
    parameters: Result<Path<Vec<(String, String)>>, PathRejection>,
    request: HttpRequest,
) -> Response {
    // What is not UTF-8 is no ID, and neither is the empty text.
    let path_id = parameters.ok().and_then(|Path(parameters)| Some(parameters.into_iter().next()?.1));
    let Some(work) = work(route.operation) else { return ApiError::method_not_allowed().into_response() };
    let answered = service.perform(route.operation, work, path_id.unwrap_or_default(), request).await;
    answered.unwrap_or_else(ApiError::into_response)
}

/// What comes of the first look at the store.
enum Next {
    Done(Response),
    /// The rest of a list, after its first piece.
    List(Vec<u8>, Listing),
    Write(RequestInput, fn(&Request<'_>) -> Result<Response, ApiError>),
    Change(RequestInput, Box<Change>, fn(&Request<'_>) -> Result<Change, ApiError>),
}

/// What a request is, before it is known whose.
struct Seen {
    operation: &'static str,
    work: Work,
    path_id: String,
    head: Parts,
    body: Bytes,
}

impl Seen {
    /// Whether looking at it takes no longer than sending it to another thread would.
    fn is_short(&self) -> bool {
        let limit = || self.head.uri.query()?.split("limit=").nth(1)?.split('&').next()?.parse().ok();
        self.body.len() <= SHORT_BODY && limit().is_none_or(|limit: u64| limit <= SHORT_PAGE)
    }

    fn is_list(&self) -> bool {
        matches!(self.work, Work::List(_))
    }
}

impl Service {
    /// What every operation's request goes through: credential, version, the document, and then the work, all or nothing.
    async fn perform(
        self: Arc<Self>,
        operation: &'static str,
        work: Work,
        path_id: String,
        request: HttpRequest,
    ) -> Result<Response, ApiError> {
        let (head, body) = request.into_parts();
        let body = self.whole(body).await?;
        let seen = Seen { operation, work, path_id, head, body };
        let looked = match self.look_at_once(seen) {
            ControlFlow::Break(looked) => looked,
            ControlFlow::Continue(seen) => self.look_elsewhere(seen).await,
        };
        match looked? {
            Next::Done(response) => Ok(response),
            Next::List(piece, listing) => Ok(listing.into_response(piece, self)),
            Next::Write(input, work) => self.write(input, work).await,
            Next::Change(input, change, work) => {
                let change_it = move |request: &Request<'_>| {
                    if request.records.replace(&change.token)? {
                        return Ok(change.response);
                    }
                    // Another change came between. What held before it, and does not now, is a conflict.
                    let again = work(request).map_err(|error| match error.status {
                        StatusCode::UNPROCESSABLE_ENTITY => ApiError::conflict(),
                        _ => error,
                    })?;
                    request.records.replace(&again.token)?;
                    Ok(again.response)
                };
                self.write(input, change_it).await
            }
        }
    }

    /// Does `work` after the writes before it, one of which may have ended the caller.
    async fn write(
        &self,
        input: RequestInput,
        work: impl FnOnce(&Request<'_>) -> Result<Response, ApiError> + Send + 'static,
    ) -> Result<Response, ApiError> {
        let (last_use, session, strictness) = (self.store.last_use().clone(), self.session.clone(), self.strictness);
        let write = move |records: &Records<'_>| {
            let caller = Session::caller(session.as_ref(), records, &input.credential, input.now)?;
            work(&Request { records, caller: &caller, last_use: &last_use, strictness, input: &input })
        };
        self.store.write(write).await
    }

    async fn whole(&self, body: Body) -> Result<Bytes, ApiError> {
        let too_long =
            |_| ApiError::invalid_request(format!("The body is cut off, or longer than {LONGEST_BODY} bytes"));
        let whole = tokio::time::timeout(self.read_timeout, to_bytes(body, LONGEST_BODY)).await;
        whole.map_err(|_| ApiError::too_slow())?.map_err(too_long)
    }

    /// Whether the credential in `headers` opens anything. If the store can't say, the operation will say why.
    pub(crate) async fn is_authenticated(self: &Arc<Self>, headers: &HeaderMap) -> bool {
        let Some(credential) = credential(headers) else { return false };
        let now = self.clock.now().get();
        let look = move |service: &Self, reader: Reader<'_>| {
            reader.read(|records| Session::caller(service.session.as_ref(), records, &credential, now))
        };
        let at_once = self.store.free_reader().map(|reader| look(self, reader));
        let looked = match at_once {
            Some(looked) => looked,
            None => {
                let service = self.clone();
                let looking = tokio::task::spawn_blocking(move || look(&service, service.store.reader()));
                looking.await.unwrap_or_else(|_| Err(ApiError::internal()))
            }
        };
        !matches!(looked, Err(error) if error.status == StatusCode::UNAUTHORIZED)
    }

    /// Looks at a request that is short, if that doesn't have to wait.
    fn look_at_once(&self, seen: Seen) -> ControlFlow<Result<Next, ApiError>, Seen> {
        match self.store.free_reader() {
            Some(reader) if seen.is_short() => ControlFlow::Break(self.look(seen, Some(reader))),
            _ => ControlFlow::Continue(seen),
        }
    }

    /// Looks at a request where waiting and working hold up nobody else.
    async fn look_elsewhere(self: &Arc<Self>, seen: Seen) -> Result<Next, ApiError> {
        let leave = if seen.is_list() { self.store.long_read().await } else { None };
        let service = self.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let _leave = leave;
            service.look(seen, None)
        });
        looking.await.unwrap_or_else(|_| Err(ApiError::internal()))
    }

    fn request<'a>(&'a self, records: &'a Records<'a>, caller: &'a Caller, input: &'a RequestInput) -> Request<'a> {
        Request { records, caller, last_use: self.store.last_use(), strictness: self.strictness, input }
    }

    /// Checks the request, and does what can be done by reading. No reader is held meanwhile but to read.
    fn look(&self, seen: Seen, reader: Option<Reader<'_>>) -> Result<Next, ApiError> {
        let now = self.clock.now().get();
        let Seen { operation, work, path_id, head, body } = seen;
        let credential = credential(&head.headers).ok_or_else(ApiError::unauthorized)?;
        let last_use = self.store.last_use();
        let authenticated = |records: &Records<'_>| -> Result<Caller, ApiError> {
            let caller = Session::caller(self.session.as_ref(), records, &credential, now)?;
            last_use.note(caller.token.number, now);
            Ok(caller)
        };
        let checked = |caller: &Caller| -> Result<RequestInput, ApiError> {
            let version = version(&head.headers, caller)?;
            if takes_json(&head.method) && !is_json(&head.headers) {
                self.strictness.refuse_if_strict(ApiError::unsupported_media_type())?;
            }
            let parameters = validation::parameters(identity_and_roles::parameters_of(operation), &query(&head.uri)?)?;
            let body = validation::body(operation, &body)?;
            Ok(RequestInput { credential, now, version, path_id, parameters, body })
        };
        let reader = reader.unwrap_or_else(|| self.store.reader());
        match work {
            Work::Read(work) => reader.read(|records| {
                let caller = authenticated(records)?;
                Ok(Next::Done(work(&self.request(records, &caller, &checked(&caller)?))?))
            }),
            Work::List(work) => reader.read(|records| {
                let caller = authenticated(records)?;
                let listing = work(&self.request(records, &caller, &checked(&caller)?))?;
                Ok(match listing.first_piece(records, last_use)? {
                    (whole, None) => Next::Done(json_text_response(StatusCode::OK, whole)),
                    (piece, Some(listing)) => Next::List(piece, listing),
                })
            }),
            Work::Write(work) => {
                let caller = reader.read(authenticated)?;
                drop(reader);
                Ok(Next::Write(checked(&caller)?, work))
            }
            Work::Change(work) => {
                let caller = reader.read(authenticated)?;
                drop(reader);
                let input = checked(&caller)?;
                let change = self.store.read(|records| work(&self.request(records, &caller, &input)))?;
                Ok(if change.is_change {
                    Next::Change(input, Box::new(change), work)
                } else {
                    Next::Done(change.response)
                })
            }
        }
    }
}

/// The hash of the caller's secret.
fn credential(headers: &HeaderMap) -> Option<[u8; 32]> {
    headers.get(header::AUTHORIZATION)?.to_str().ok().map(secrets::hash)
}

/// "Request bodies for PATCH, POST and PUT must be JSON", say the vendor's docs; its server has refused a POST without a
/// body for that too.
fn takes_json(method: &Method) -> bool {
    [Method::POST, Method::PATCH, Method::PUT].contains(method)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn query(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    match Query::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => Err(ApiError::invalid_request(error.body_text())),
    }
}

/// The version of the API that the request names, or else its token's default. `beta`, which the vendor has for resources
/// in beta, means the newest.
fn version(headers: &HeaderMap, caller: &Caller) -> Result<i64, ApiError> {
    let Some(named) = headers.get("ld-api-version") else {
        return Ok(caller.token.document["defaultApiVersion"].as_i64().unwrap_or(API_VERSIONS[0]));
    };
    let named = named.to_str().unwrap_or_default();
    if named == "beta" {
        return Ok(API_VERSIONS[API_VERSIONS.len() - 1]);
    }
    let known = named.parse().ok().filter(|version| API_VERSIONS.contains(version));
    known.ok_or_else(|| ApiError::invalid_request(format!("LD-API-Version must be one of {API_VERSIONS:?}, or beta")))
}

/// The method that `request` tunnels through a POST.
pub(crate) fn override_method<B>(request: &mut axum::http::Request<B>) {
    let tunnelled = request.headers().get("x-http-method-override").and_then(|method| method.to_str().ok());
    let method = match tunnelled.map(str::to_ascii_uppercase).as_deref() {
        Some("PATCH") => Method::PATCH,
        Some("DELETE") => Method::DELETE,
        Some("PUT") => Method::PUT,
        _ => return,
    };
    if request.method() == Method::POST {
        *request.method_mut() = method;
    }
}

//! From an HTTP request to an operation, and back.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::routing::{get, post};

use crate::access::Caller;
use crate::answer::{Answer, Refusal};
use crate::clock::Clock;
use crate::document::API_VERSIONS;
use crate::judge;
use crate::limits::Limiter;
use crate::operations::{self, Request};
use crate::store::Store;

/// The longest body that is taken, in bytes.
const LONGEST_BODY: usize = 256 * 1024;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) limiter: Limiter,
}

pub(crate) fn router(service: Arc<Service>) -> Router {
    let unknown = async || Refusal::not_found().into_answer();
    Router::new()
        .route("/api/v2/tokens", get(get_tokens).post(post_token).fallback(allow("GET, POST")))
        .route(
            "/api/v2/tokens/{id}",
            get(get_token).patch(patch_token).delete(delete_token).fallback(allow("GET, PATCH, DELETE")),
        )
        .route("/api/v2/tokens/{id}/reset", post(reset_token).fallback(allow("POST")))
        .fallback(unknown)
        .with_state(service)
}

/// Refuses a method, naming those that are taken.
fn allow(methods: &'static str) -> impl Handler<((),), Arc<Service>> {
    async move || {
        let mut answer = Refusal::method_not_allowed().into_answer();
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        answer
    }
}

type Shared = State<Arc<Service>>;

async fn get_tokens(State(service): Shared, request: HttpRequest) -> Answer {
    service.serve("getTokens", request, operations::get_tokens).await
}

async fn post_token(State(service): Shared, request: HttpRequest) -> Answer {
    service.serve("postToken", request, operations::post_token).await
}

async fn get_token(State(service): Shared, Path(id): Path<String>, request: HttpRequest) -> Answer {
    service.serve("getToken", request, move |request| operations::get_token(request, &id)).await
}

async fn patch_token(State(service): Shared, Path(id): Path<String>, request: HttpRequest) -> Answer {
    service.serve("patchToken", request, move |request| operations::patch_token(request, &id)).await
}

async fn delete_token(State(service): Shared, Path(id): Path<String>, request: HttpRequest) -> Answer {
    service.serve("deleteToken", request, move |request| operations::delete_token(request, &id)).await
}

async fn reset_token(State(service): Shared, Path(id): Path<String>, request: HttpRequest) -> Answer {
    service.serve("resetToken", request, move |request| operations::reset_token(request, &id)).await
}

impl Service {
    /// What every operation's request goes through: limits, credential, version, and then the operation, all or nothing.
    async fn serve(
        self: Arc<Self>,
        operation: &'static str,
        request: HttpRequest<Body>,
        work: impl FnOnce(&Request<'_>) -> Result<Answer, Refusal> + Send + 'static,
    ) -> Answer {
        let count = self.limiter.count(operation, &self.clock);
        let result =
            if count.exceeded { Err(Refusal::rate_limited()) } else { self.run(operation, request, work).await };
        let mut answer = result.unwrap_or_else(Refusal::into_answer);
        count.write(answer.headers_mut());
        answer
    }

    async fn run(
        self: Arc<Self>,
        operation: &'static str,
        request: HttpRequest<Body>,
        work: impl FnOnce(&Request<'_>) -> Result<Answer, Refusal> + Send + 'static,
    ) -> Result<Answer, Refusal> {
        let (head, body) = request.into_parts();
        let too_long =
            |_| Refusal::invalid_request(format!("The body is cut off, or longer than {LONGEST_BODY} bytes"));
        let body: Bytes = to_bytes(body, LONGEST_BODY).await.map_err(too_long)?;
        let query = query(&head.uri)?;
        let answered = tokio::task::spawn_blocking(move || {
            let now = self.clock.now().get();
            let credential = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let credential = credential.ok_or_else(Refusal::unauthorized)?;
            // In a transaction of its own: a credential was used also where the operation is refused.
            let caller = self.store.write(|records| Caller::authenticate(records, credential, now))?;
            let version = version(&head.headers, &caller)?;
            let parameters = judge::parameters(operation, &query)?;
            judge::body(operation, &body)?;
            self.store
                .write(|records| work(&Request { records, caller: &caller, now, version, parameters, body: &body }))
        });
        answered.await.unwrap_or_else(|_| Err(Refusal::internal()))
    }
}

fn query(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    match Query::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => Err(Refusal::invalid_request(error.body_text())),
    }
}

/// The version of the API that the request names, or else its token's default.
fn version(headers: &HeaderMap, caller: &Caller) -> Result<i64, Refusal> {
    let Some(named) = headers.get("ld-api-version") else {
        return Ok(caller.token.document["defaultApiVersion"].as_i64().unwrap_or(API_VERSIONS[0]));
    };
    let known = named.to_str().ok().and_then(|text| text.parse().ok()).filter(|version| API_VERSIONS.contains(version));
    known.ok_or_else(|| Refusal::invalid_request(format!("LD-API-Version must be one of {API_VERSIONS:?}")))
}

/// The method that `request` tunnels through a POST.
pub(crate) fn untunnel(mut request: HttpRequest) -> HttpRequest {
    let tunnelled = request.headers().get("x-http-method-override").and_then(|method| method.to_str().ok());
    let method = match tunnelled.map(str::to_ascii_uppercase).as_deref() {
        Some("PATCH") => Method::PATCH,
        Some("DELETE") => Method::DELETE,
        _ => return request,
    };
    if request.method() == Method::POST {
        *request.method_mut() = method;
    }
    request
}

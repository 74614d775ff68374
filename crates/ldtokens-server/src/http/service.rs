//! How a request is carried out: its credential and input are checked, and its operation runs.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request as HttpRequest;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ldtokens_client::ApiVersion;
use tokio::sync::watch;

use crate::access::{Caller, SessionSecret};
use crate::account::Account;
use crate::clock::Clock;
use crate::connections::bodies::ArrivingBody;
use crate::connections::places::Places;
use crate::faults::Faults;
use crate::http::hosts::Hosts;
use crate::http::limits::Limiter;
use crate::http::request_head::{credential, is_json, needs_json, query, version};
use crate::operations::listing::Listing;
use crate::operations::token_rules::Strictness;
use crate::operations::validation;
use crate::operations::{Change, Handler, Operation, Request, RequestInput};
use crate::response::ApiError;
use crate::store::{Reader, Records, Store};

/// A request with a larger body, in bytes, or a larger `limit` is moved to a thread for blocking work.
const QUICK_BODY: usize = 4 * 1024;
const QUICK_LIMIT: u64 = 100;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) hosts: Hosts,
    pub(crate) session_secret: Option<SessionSecret>,
    pub(crate) clock: Clock,
    pub(crate) strictness: Strictness,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Arc<Faults>,
    /// The account that the store was filled with, if this server did it.
    pub(crate) start: Option<Arc<Account>>,
    /// The bodies that are arriving.
    pub(crate) bodies: Arc<Places<ArrivingBody>>,
    /// True once the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// How long a body may take to arrive.
    pub(crate) read_timeout: Duration,
}

/// The body of a request, or why it was not received. Empty if the credential does not work, which [`Service::perform`] finds.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedBody(pub(crate) Result<Bytes, ApiError>);

/// A request whose body has arrived.
struct ReceivedRequest {
    operation: Operation,
    path_id: String,
    head: Parts,
    body: Bytes,
}

impl ReceivedRequest {
    /// Whether carrying it out takes no longer than moving it to another thread would.
    fn is_quick(&self) -> bool {
        let limit = || self.head.uri.query()?.split("limit=").nth(1)?.split('&').next()?.parse().ok();
        self.body.len() <= QUICK_BODY && limit().is_none_or(|limit: u64| limit <= QUICK_LIMIT)
    }
}

/// What is left to do once the request is checked, and what only reads is done.
enum NextStep {
    Respond(Response),
    /// Send the first chunk of a list, and then the others, if there are any.
    SendList(Vec<u8>, Listing),
    Write(RequestInput, fn(&Request<'_>) -> Result<Response, ApiError>),
    /// Write the change, or run the function again if the token has been changed meanwhile.
    Change(RequestInput, Box<Change>, fn(&Request<'_>) -> Result<Change, ApiError>),
}

impl Service {
    /// Carries out a request to `operation`.
    pub(crate) async fn perform(
        self: Arc<Self>,
        operation: Operation,
        path_id: String,
        request: HttpRequest,
    ) -> Result<Response, ApiError> {
        let (mut head, _) = request.into_parts();
        let body = head.extensions.remove::<ReceivedBody>().map_or_else(|| Ok(Bytes::new()), |body| body.0)?;
        let request = ReceivedRequest { operation, path_id, head, body };
        let next_step = match self.check_if_quick(request) {
            ControlFlow::Break(next_step) => next_step,
            ControlFlow::Continue(request) => self.check_on_another_thread(request).await,
        };
        self.finish(next_step?).await
    }

    /// Does what is left to do. A write is decided again, by what is stored when its turn comes.
    async fn finish(self: Arc<Self>, next_step: NextStep) -> Result<Response, ApiError> {
        match next_step {
            NextStep::Respond(response) => Ok(response),
            NextStep::SendList(first, listing) => Ok(listing.into_response(first, self.store.clone())),
            NextStep::Write(input, handler) => self.write(input, handler).await,
            NextStep::Change(input, change, handler) => {
                let write_change = move |request: &Request<'_>| {
                    if change.is_still_allowed(request)? && request.records.replace(&change.token)? {
                        return Ok(change.response);
                    }
                    // The token has been changed meanwhile. What could be applied before, and no longer can, is a conflict.
                    let change = handler(request).map_err(|error| match error.status {
                        StatusCode::UNPROCESSABLE_ENTITY => ApiError::CONFLICT,
                        _ => error,
                    })?;
                    request.records.replace(&change.token)?;
                    Ok(change.response)
                };
                self.write(input, write_change).await
            }
        }
    }

    /// Runs `handler` after the writes before it. One of them may have deleted the caller's token, so the credential is checked
    /// again.
    async fn write(
        &self,
        input: RequestInput,
        handler: impl FnOnce(&Request<'_>) -> Result<Response, ApiError> + Send + 'static,
    ) -> Result<Response, ApiError> {
        let (last_use, strictness) = (self.store.last_use().clone(), self.strictness);
        let session_secret = self.session_secret.clone();
        let write = move |records: &Records<'_>| {
            let caller = SessionSecret::authenticate(session_secret.as_ref(), records, input.credential, input.now)?;
            handler(&Request { records, caller: &caller, last_use: &last_use, strictness, input: &input })
        };
        self.store.write(write).await
    }

    /// The caller that the credential in `headers` belongs to.
    pub(crate) async fn caller(self: &Arc<Self>, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let (credential, now) = (credential(headers)?, self.clock.now().get());
        let session_secret = self.session_secret.clone();
        let authenticate =
            move |records: &Records<'_>| SessionSecret::authenticate(session_secret.as_ref(), records, credential, now);
        self.read(authenticate).await
    }

    /// The number of the caller's token, if its credential works. If the store fails, returns 0, which no token has: the operation
    /// will respond with the error.
    pub(crate) async fn token_of(self: &Arc<Self>, headers: &HeaderMap) -> Option<i64> {
        match self.caller(headers).await {
            Ok(caller) => Some(caller.token.number),
            Err(error) => (error.status != StatusCode::UNAUTHORIZED).then_some(0),
        }
    }

    /// Runs `work`, which reads little, at once if a reader is free, and otherwise on a thread where it may wait for one.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Records<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if let Some(reader) = self.store.free_reader() {
            return reader.read(work);
        }
        let store = self.store.clone();
        let waiting = tokio::task::spawn_blocking(move || store.read(work));
        waiting.await.unwrap_or_else(|_| Err(ApiError::INTERNAL))
    }

    /// Checks a quick request, unless it would have to wait for a reader.
    fn check_if_quick(&self, request: ReceivedRequest) -> ControlFlow<Result<NextStep, ApiError>, ReceivedRequest> {
        match self.store.free_reader() {
            Some(reader) if request.is_quick() => ControlFlow::Break(self.check(request, Some(reader))),
            _ => ControlFlow::Continue(request),
        }
    }

    /// Checks a request on a thread where it may wait.
    async fn check_on_another_thread(self: &Arc<Self>, request: ReceivedRequest) -> Result<NextStep, ApiError> {
        let is_list = matches!(request.operation.handler, Handler::List(_));
        let permit = if is_list { self.store.long_read().await } else { None };
        let service = self.clone();
        let checking = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            service.check(request, None)
        });
        checking.await.unwrap_or_else(|_| Err(ApiError::INTERNAL))
    }

    /// Checks the credential and the input, and does what only reads. A reader is held only while it reads, and not while a body
    /// is checked.
    fn check(&self, request: ReceivedRequest, reader: Option<Reader<'_>>) -> Result<NextStep, ApiError> {
        let now = self.clock.now().get();
        let ReceivedRequest { operation, path_id, head, body } = request;
        let credential = credential(&head.headers)?;
        let last_use = self.store.last_use();
        let authenticate = |records: &Records<'_>| -> Result<Caller, ApiError> {
            let caller = SessionSecret::authenticate(self.session_secret.as_ref(), records, credential, now)?;
            last_use.note(caller.token.number, now);
            Ok(caller)
        };
        let check_input = |caller: &Caller| -> Result<RequestInput, ApiError> {
            let default_version = caller.token.properties["defaultApiVersion"].as_i64();
            let default_version = default_version.and_then(ApiVersion::from_number).unwrap_or(ApiVersion::V20160426);
            let version = version(&head.headers, default_version)?;
            if needs_json(&head.method) && !is_json(&head.headers) {
                self.strictness.refuse_if_strict(ApiError::UNSUPPORTED_MEDIA_TYPE)?;
            }
            let parameters = validation::parameters(operation.parameters_of, &query(&head.uri)?)?;
            let body = validation::body(operation.id, &body)?;
            if validation::has_unknown_properties(operation.id, &body) {
                self.strictness.refuse_if_strict(ApiError::invalid_request(
                    "The body has properties that this operation does not have, and that LaunchDarkly ignores",
                ))?;
            }
            Ok(RequestInput { credential, now, version, path_id, parameters, body })
        };
        let reader = reader.unwrap_or_else(|| self.store.reader());
        match operation.handler {
            Handler::Read(handler) => reader.read(|records| {
                let caller = authenticate(records)?;
                let input = check_input(&caller)?;
                Ok(NextStep::Respond(handler(&self.request(records, &caller, &input))?))
            }),
            Handler::List(handler) => reader.read(|records| {
                let caller = authenticate(records)?;
                let input = check_input(&caller)?;
                let mut listing = handler(&self.request(records, &caller, &input))?;
                Ok(NextStep::SendList(listing.next_chunk(records, last_use)?, listing))
            }),
            Handler::Write(handler) => {
                let caller = reader.read(authenticate)?;
                drop(reader);
                Ok(NextStep::Write(check_input(&caller)?, handler))
            }
            Handler::Change(handler) => {
                let caller = reader.read(authenticate)?;
                drop(reader);
                let input = check_input(&caller)?;
                // What the caller may do may have changed since.
                let change = self.store.read(|records| {
                    let caller = authenticate(records)?;
                    handler(&self.request(records, &caller, &input))
                })?;
                Ok(if change.is_change {
                    NextStep::Change(input, Box::new(change), handler)
                } else {
                    NextStep::Respond(change.response)
                })
            }
        }
    }

    fn request<'a>(&'a self, records: &'a Records<'a>, caller: &'a Caller, input: &'a RequestInput) -> Request<'a> {
        Request { records, caller, last_use: self.store.last_use(), strictness: self.strictness, input }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/service.rs"]
mod tests;

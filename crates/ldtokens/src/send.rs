//! The one path that every request takes: deadline, pacing, attempts, and what their outcome means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ldtokens_client::{Exchange, Secret, Transport};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response, StatusCode};
use tracing::Instrument;

use crate::attempt::{Answer, Attempt, attempt};
use crate::clock::Clock;
use crate::dry_run::Rehearsal;
use crate::error::{ApiError, Error};
use crate::observe::{AttemptSeen, CallSeen, Observer};
use crate::operation::Operation;
use crate::pacing::{Pacing, TooLate};
use crate::retry::{Decision, Known, Past, Repetition, RetryPolicy, decide};

/// What every call of a client and of its clones shares.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) credential: Secret,
    /// The headers that go with every request, the credential among them.
    pub(crate) headers: HeaderMap,
    pub(crate) tunnelled: bool,
    pub(crate) policy: RetryPolicy,
    /// Shared with clients of the same account that have other credentials.
    pub(crate) pacing: Arc<Pacing>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) rehearsal: Option<Rehearsal>,
}

/// A request on its way.
struct Outgoing<'a> {
    http: &'a reqwest::Client,
    operation: Operation,
    token_id: Option<String>,
    repetition: Repetition,
    request: Request,
}

impl Sender {
    pub(crate) async fn send(
        &self,
        http: &reqwest::Client,
        operation: Operation,
        request: Request,
    ) -> Result<Answer, Error> {
        let changes = !request.method().is_safe();
        let outgoing = Outgoing {
            http,
            operation,
            token_id: token_id(&request),
            repetition: Repetition::of(&request),
            request: self.stamp(request),
        };
        if self.rehearsal.as_ref().is_some_and(|rehearsal| rehearsal.holds_back(changes, &outgoing.request)) {
            return Err(Error::DryRun { operation });
        }
        let span = tracing::debug_span!("call", %operation, token_id = outgoing.token_id);
        let begun = self.clock.elapsed();
        let mut attempts = 0;
        let result = self.attempts(&outgoing, begun, &mut attempts).instrument(span).await;
        if let Some(observer) = &self.observer {
            let took = self.clock.elapsed().saturating_sub(begun);
            observer.call(&CallSeen { operation, attempts, took, succeeded: result.is_ok() });
        }
        result
    }

    async fn attempts(&self, outgoing: &Outgoing<'_>, begun: Duration, attempts: &mut u32) -> Result<Answer, Error> {
        let (operation, clock) = (outgoing.operation, &*self.clock);
        let deadline = begun.saturating_add(self.policy.deadline);
        let mut unknown = false;
        let mut last_error = None;
        let mut free_since = begun;
        loop {
            let permit = match self.pacing.admit(operation, clock, deadline).await {
                Ok(permit) => permit,
                Err(TooLate { wait }) => return Err(self.too_late(outgoing, unknown, last_error, wait)),
            };
            let sent = clock.elapsed();
            let left = deadline.saturating_sub(sent);
            if left.is_zero() {
                // What is not sent has no unknown outcome.
                return Err(self.too_late(outgoing, unknown, last_error, left));
            }
            *attempts += 1;
            let mut request = outgoing.request.try_clone().expect("bodies are buffered");
            *request.timeout_mut() = Some(self.policy.attempt_timeout.min(left));
            let waited = sent.saturating_sub(free_since);
            let span = tracing::debug_span!("attempt", number = *attempts, waited_ms = waited.as_millis() as u64);
            let Attempt { known, status, request_id, result } =
                attempt(outgoing.http, request, operation, permit, clock, &self.credential)
                    .instrument(span.clone())
                    .await;
            let url = outgoing.request.url();
            let seen = AttemptSeen {
                operation,
                method: outgoing.request.method().as_str(),
                path: &url.as_str()[url.origin().ascii_serialization().len()..],
                token_id: outgoing.token_id.as_deref(),
                number: *attempts,
                waited,
                took: clock.elapsed().saturating_sub(sent),
                status: status.map(|status| status.as_u16()),
                request_id: request_id.as_deref(),
            };
            span.in_scope(|| self.observed(&seen, known));

            free_since = clock.elapsed();
            let past = Past { attempts: *attempts, unknown, left: deadline.saturating_sub(free_since) };
            match decide(outgoing.repetition, known, past, &self.policy, fastrand::f64()) {
                Decision::Deliver => return result,
                Decision::Done => return Ok(Answer::no_content()),
                Decision::SayUnknown => {
                    let source = result.err().or(last_error).expect("an answer of success is delivered");
                    return Err(Error::outcome_unknown(operation, source));
                }
                Decision::Again(wait) => {
                    unknown |= known == Known::Unknown;
                    last_error = result.err();
                    clock.sleep(wait).await;
                }
            }
        }
    }

    /// The error of a call whose time to wait lies beyond its deadline.
    fn too_late(&self, outgoing: &Outgoing<'_>, unknown: bool, last: Option<Error>, wait: Duration) -> Error {
        let error = last.unwrap_or_else(|| out_of_time(outgoing.operation, wait));
        if unknown && outgoing.repetition == Repetition::Settles {
            Error::outcome_unknown(outgoing.operation, error)
        } else {
            error
        }
    }

    fn stamp(&self, mut request: Request) -> Request {
        // The generated code adds this one by itself; the API knows no such header.
        request.headers_mut().remove("api-version");
        if self.tunnelled && matches!(*request.method(), Method::PATCH | Method::DELETE) {
            let verb = HeaderValue::from_str(request.method().as_str()).expect("a method is a header's value");
            request.headers_mut().insert(HeaderName::from_static("x-http-method-override"), verb);
            *request.method_mut() = Method::POST;
        }
        for (name, value) in &self.headers {
            if name == AUTHORIZATION || !request.headers().contains_key(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        request
    }

    fn observed(&self, seen: &AttemptSeen<'_>, known: Known) {
        tracing::debug!(
            status = seen.status,
            took_ms = seen.took.as_millis() as u64,
            request_id = seen.request_id,
            ?known,
            "attempt ended"
        );
        if let Some(observer) = &self.observer {
            observer.attempt(seen);
        }
    }
}

/// The token that a request's path names: `/api/v2/tokens/ID` or `/api/v2/tokens/ID/reset`.
fn token_id(request: &Request) -> Option<String> {
    let mut segments = request.url().path_segments()?.skip_while(|segment| *segment != "tokens");
    segments.nth(1).map(str::to_owned)
}

/// The next window opens after the call's deadline.
fn out_of_time(operation: Operation, wait: Duration) -> Error {
    Error::from_api(ApiError {
        operation,
        status: StatusCode::TOO_MANY_REQUESTS.as_u16(),
        code: "rate_limited".to_owned(),
        message: "the call's deadline comes before it may be sent".to_owned(),
        id: None,
        retry_after: (!wait.is_zero()).then_some(wait),
    })
}

/// One call of the facade's: it keeps what the generated code has no room for.
#[derive(Debug)]
pub(crate) struct Call {
    sender: Arc<Sender>,
    report: Mutex<Report>,
}

/// What became of a call, as far as the generated code's own error doesn't say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was sent, if anything was.
    pub(crate) sent: Option<(Operation, Repetition)>,
    /// Why there is no answer of success.
    pub(crate) error: Option<Error>,
}

impl Call {
    pub(crate) fn new(sender: Arc<Sender>) -> Self {
        Self { sender, report: Mutex::default() }
    }

    pub(crate) fn take_report(&self) -> Report {
        std::mem::take(&mut *self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Call {
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            let operation = Operation::new(operation);
            let sent = Some((operation, Repetition::of(&request)));
            let (answer, error) = match self.sender.send(http, operation, request).await {
                Ok(answer) => (answer, None),
                Err(error) => (Answer::nothing(), Some(error)),
            };
            *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Report { sent, error };
            Ok(answer.into_response())
        })
    }
}

/// The escape hatch's way through the same path: errors as the generated code knows them.
impl Transport for Sender {
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            match self.send(http, Operation::new(operation), request).await {
                Ok(answer) => Ok(answer.into_response()),
                Err(error) => raw_error(error),
            }
        })
    }
}

fn raw_error(error: Error) -> reqwest::Result<Response> {
    match error {
        Error::Transport { source, .. } => Err(source),
        Error::OutcomeUnknown { source, .. } => raw_error(*source),
        error => Ok(error.api().map_or_else(Answer::nothing, Answer::of_error).into_response()),
    }
}

//! How every request is sent: deadline, rate limits, attempts and retries.
//!
//! | file | what it decides |
//! | --- | --- |
//! | `prepare.rs` | the headers, and which paths and expiries are refused |
//! | `pacing.rs` | when a request may be sent: 429, `Retry-After` and the rate limit's windows |
//! | `rate_limit.rs`, `server_time.rs` | what a response's headers say about limits and the server's clock |
//! | `attempt.rs`, `api_error.rs` | what one response, or no response, means |
//! | `retry.rs` | whether to try again |
//! | `transport.rs`, `request.rs` | how requests of the generated code, and those described at run time, are sent |
//! | `dry_run.rs`, `observe.rs` | what is shown instead of sent, and what observers get |

pub(crate) mod api_error;
mod attempt;
pub(crate) mod clock;
pub(crate) mod dry_run;
pub(crate) mod observe;
pub(crate) mod operation;
pub(crate) mod pacing;
mod prepare;
mod rate_limit;
pub(crate) mod request;
pub(crate) mod retry;
mod server_time;
pub(crate) mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, StatusCode};
use tracing::Instrument;

use self::attempt::{Attempt, attempt};
use self::dry_run::DryRunConfig;
use self::pacing::{Pacing, Permit, TooLate};
use self::retry::{AttemptOutcome, Decision, Idempotency, RetryState, decide};
use crate::config::base_url::BaseUrl;
use crate::{ApiError, AttemptEvent, Clock, Error, Observer, Operation, RetryPolicy, Secret};

/// A response, read to its end.
pub(crate) type Response = http::Response<Bytes>;

/// What all calls of a client and of its clones share.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: BaseUrl,
    pub(crate) credential: Secret,
    /// The headers of every request, the credential among them.
    pub(crate) headers: HeaderMap,
    pub(crate) method_override: bool,
    pub(crate) policy: RetryPolicy,
    /// Shared with clients of the same account that have other credentials.
    pub(crate) pacing: Arc<Pacing>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) dry_run: Option<DryRunConfig>,
    /// Whether the API has accepted the credential.
    pub(crate) credential_worked: Arc<AtomicBool>,
}

/// The options of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendOptions {
    /// How long the old secret keeps working after a reset.
    pub(crate) overlap: Option<Duration>,
    /// A deadline by the clock's `elapsed`, for several calls together.
    pub(crate) deadline: Option<Duration>,
}

/// A call under way.
struct Outgoing {
    operation: Operation,
    method: Method,
    token_id: Option<String>,
    idempotency: Idempotency,
    request: Request,
    overlap: Option<Duration>,
    deadline: Duration,
}

/// How many pages in a row, instead of JSON, end a call. Fewer may be a temporary fault of a gateway.
const PAGES: u32 = 3;

impl Sender {
    pub(crate) async fn send(
        &self,
        operation: Operation,
        mut request: Request,
        options: SendOptions,
    ) -> Result<Response, Error> {
        let token_id = prepare::check_path(operation, request.url(), &self.base_url)?;
        let method = request.method().clone();
        let idempotency = Idempotency::of(&request);
        prepare::stamp(&mut request, &self.headers, self.method_override);
        if let Some(dry_run) = self.dry_run.as_ref().filter(|dry_run| dry_run.applies_to(&method)) {
            prepare::set_expiry(&mut request, options.overlap, self.pacing.server_time(self.clock.now()))?;
            dry_run.show(&request);
            return Err(Error::DryRun { operation });
        }
        let span = tracing::debug_span!("call", %operation, token_id);
        let begun = self.clock.elapsed();
        let deadline = begun.saturating_add(self.policy.deadline).min(options.deadline.unwrap_or(Duration::MAX));
        let overlap = options.overlap;
        let outgoing = Outgoing { operation, method, token_id, idempotency, request, overlap, deadline };
        self.attempts(&outgoing, begun).instrument(span).await
    }

    async fn attempts(&self, outgoing: &Outgoing, begun: Duration) -> Result<Response, Error> {
        let (operation, clock, deadline) = (outgoing.operation, &*self.clock, outgoing.deadline);
        let (mut unknown, mut number, mut counted, mut pages) = (false, 0, 0, 0);
        let mut last_error = None;
        let mut free_since = begun;
        loop {
            let permit = match self.pacing.admit(operation, clock, deadline).await {
                Ok(permit) => permit,
                Err(too_late) => return Err(outgoing.too_late(unknown, last_error, too_late)),
            };
            let sent = clock.elapsed();
            if sent >= deadline {
                return Err(outgoing.too_late(unknown, last_error, TooLate(None)));
            }
            number += 1;
            let waited = sent.saturating_sub(free_since);
            if let Some(observer) = &self.observer {
                observer.sending(operation, outgoing.method.as_str());
            }
            let Attempt { outcome, result, is_page, .. } = self.attempt(outgoing, permit, number, sent, waited).await?;
            pages = if is_page { pages + 1 } else { 0 };
            if pages >= PAGES {
                return result;
            }
            if result.is_ok() {
                self.credential_worked.store(true, Ordering::Relaxed);
            }
            counted += u32::from(outcome.counts());
            free_since = clock.elapsed();
            let state = RetryState {
                counted,
                unknown,
                credential_worked: self.credential_worked.load(Ordering::Relaxed),
                left: deadline.saturating_sub(free_since),
            };
            match decide(outgoing.idempotency, outcome, state, &self.policy, fastrand::f64()) {
                Decision::Return => return result,
                // In place of the lost response to a deletion.
                Decision::Done => return Ok(transport::with_status(StatusCode::NO_CONTENT)),
                Decision::OutcomeUnknown => {
                    let source = result.err().or(last_error).expect("a success is returned");
                    return Err(Error::outcome_unknown(operation, source));
                }
                Decision::Retry(wait) => {
                    unknown |= matches!(outcome, AttemptOutcome::Unknown { .. });
                    last_error = result.err();
                    clock.sleep(wait).await;
                }
            }
        }
    }

    /// Makes attempt `number`, at the time `sent`.
    async fn attempt(
        &self,
        outgoing: &Outgoing,
        permit: Permit<'_>,
        number: u32,
        sent: Duration,
        waited: Duration,
    ) -> Result<Attempt, Error> {
        let Outgoing { operation, overlap, deadline, .. } = *outgoing;
        let clock = &*self.clock;
        let mut request = outgoing.request.try_clone().expect("bodies are buffered");
        prepare::set_expiry(&mut request, overlap, self.pacing.server_time(clock.now()))?;
        *request.timeout_mut() = Some(self.policy.attempt_timeout.min(deadline.saturating_sub(sent)));
        let url = self.observer.is_some().then(|| request.url().clone());
        let span = tracing::debug_span!("attempt", number, waited_ms = waited.as_millis() as u64);
        let attempt = attempt(self, outgoing, request, permit).instrument(span.clone()).await;
        let event = AttemptEvent {
            operation,
            method: outgoing.request.method().as_str(),
            path: url.as_ref().map_or("", |url| &url.as_str()[url.origin().ascii_serialization().len()..]),
            token_id: outgoing.token_id.as_deref(),
            number,
            waited,
            took: clock.elapsed().saturating_sub(sent),
            status: attempt.status.map(|status| status.as_u16()),
            request_id: attempt.request_id.as_deref(),
            error: attempt.result.as_ref().err(),
        };
        let (took_ms, outcome) = (event.took.as_millis() as u64, attempt.outcome);
        tracing::debug!(parent: &span, status = event.status, took_ms, request_id = event.request_id, ?outcome, "attempt ended");
        if let Some(observer) = &self.observer {
            observer.attempt(&event);
        }
        Ok(attempt)
    }
}

impl Outgoing {
    /// The error of a call whose next attempt can't be sent before its deadline.
    fn too_late(&self, unknown: bool, last: Option<Error>, TooLate(rate_limit): TooLate) -> Error {
        let operation = self.operation;
        let error = last.unwrap_or_else(|| match rate_limit {
            Some(wait) => Error::RateLimited(Box::new(ApiError::not_sent(operation, wait))),
            None => Error::DeadlineExceeded { operation },
        });
        if unknown && self.idempotency != Idempotency::ReadOnly {
            Error::outcome_unknown(operation, error)
        } else {
            error
        }
    }
}

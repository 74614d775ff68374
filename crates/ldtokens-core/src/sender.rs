//! One call: deadline, rate limits, attempts and retries.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use ldtokens_client::{Operation, Secret, TokenId, Transport};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use tracing::Instrument;

use crate::attempt::{Attempt, send_once};
use crate::call::with_status;
use crate::clock::SystemClock;
use crate::dry_run::DryRunConfig;
use crate::prepare::{self, authorization_header};
use crate::rate_limiter::{Permit, RateLimiter, TooLate};
use crate::retry::{AttemptOutcome, Decision, Idempotency, RetryState, decide};
use crate::{ApiError, AttemptEvent, BaseUrl, Body, Clock, ConfigError, Error, Observer, RetryPolicy, ServerNow};

/// A response, read to its end.
pub type Response = http::Response<Body>;

/// Sends requests to the API with one credential.
///
/// ```
/// use ldtokens_core::{BaseUrl, RetryPolicy, Sender};
/// # fn example(http: ldtokens_client::reqwest::Client, secret: String) -> Result<(), ldtokens_core::ConfigError> {
/// let base_url = BaseUrl::parse("https://app.launchdarkly.com", false)?;
/// let mut sender = Sender::new(http, base_url, secret.into())?;
/// sender.policy = RetryPolicy::default().max_attempts(3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sender {
    /// The HTTP client. Build it with `redirect::Policy::none()`: if it follows a create's redirect to a host that can't be
    /// reached, the create counts as not sent, and is repeated. For plain HTTP to loopback, build it with `no_proxy`, or it
    /// sends the credential to the proxy of `HTTP_PROXY`.
    pub http: reqwest::Client,
    /// Where the API is served.
    pub base_url: BaseUrl,
    /// The headers of every request that does not set them itself. The credential is not among them.
    pub headers: HeaderMap,
    /// Whether PATCH and DELETE are sent as POST with `X-HTTP-Method-Override`.
    pub method_override: bool,
    /// How long calls may take and how often they are retried.
    pub policy: RetryPolicy,
    /// Sends the requests in place of `http`, for instance in a test without a socket.
    pub transport: Option<Arc<dyn Transport>>,
    /// The clock. Set it before the first call.
    pub clock: Arc<dyn Clock>,
    /// Receives an event when an attempt starts and when it ends, for metrics.
    pub observer: Option<Arc<dyn Observer>>,
    /// Which requests are shown and not sent.
    pub dry_run: Option<DryRunConfig>,
    pub(crate) credential: Secret,
    authorization: HeaderValue,
    /// Shared with senders of the same account that have other credentials.
    pub(crate) rate_limiter: Arc<RateLimiter>,
    /// The credential's limit in `rate_limiter`.
    token: u64,
    /// The ID of the credential's own token, once it is known.
    own_token: Arc<OnceLock<TokenId>>,
}

/// The options of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendOptions {
    /// How long the old secret keeps working after a reset.
    pub overlap: Option<Duration>,
    /// A deadline by the clock's [`elapsed`](Clock::elapsed), for several calls together.
    pub deadline: Option<Duration>,
}

/// A call in progress.
pub(crate) struct Outgoing {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    token_id: Option<String>,
    pub(crate) idempotency: Idempotency,
    request: Request,
    overlap: Option<Duration>,
    deadline: Duration,
    /// When it may be sent at the latest. What can't be repeated must have time for its response.
    latest: Duration,
}

/// The maximum number of non-JSON responses in a row to a read. Fewer may be a temporary fault of a gateway.
const MAX_NON_JSON: u32 = 3;

impl Sender {
    /// A sender without extra headers, with the default retry policy and the machine's clock.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if `credential` can't be the secret of a token.
    pub fn new(http: reqwest::Client, base_url: BaseUrl, credential: Secret) -> Result<Self, ConfigError> {
        let rate_limiter = Arc::<RateLimiter>::default();
        Ok(Self {
            http,
            base_url,
            headers: HeaderMap::new(),
            method_override: false,
            policy: RetryPolicy::default(),
            transport: None,
            clock: Arc::new(SystemClock::default()),
            observer: None,
            dry_run: None,
            authorization: authorization_header(&credential)?,
            token: rate_limiter.token(&credential),
            credential,
            rate_limiter,
            own_token: Arc::default(),
        })
    }

    /// A sender for the same account with another credential. Both share what they learn about rate limits.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if `credential` can't be the secret of a token.
    pub fn with_credential(&self, credential: Secret) -> Result<Self, ConfigError> {
        let authorization = authorization_header(&credential)?;
        let token = self.rate_limiter.token(&credential);
        Ok(Self { credential, authorization, token, own_token: Arc::default(), ..self.clone() })
    }

    /// Remembers that the credential is the secret of the token `id`. A 401 to the repetition of a lost delete of that token then
    /// means that it was carried out.
    pub fn credential_is_of(&self, id: &TokenId) {
        let _ = self.own_token.set(id.clone());
    }

    /// The server's time now, estimated from its responses. Before the first one, it is our wall clock's.
    pub fn server_now(&self) -> ServerNow {
        self.rate_limiter.server_now(&*self.clock)
    }

    /// The server's time when our wall clock shows `wall`, estimated from its responses. Before the first one, it is `wall`.
    pub fn server_time(&self, wall: SystemTime) -> ServerNow {
        self.rate_limiter.server_time(wall)
    }

    /// Returns `options` with one deadline for several calls: now plus the policy's deadline, or earlier if `options` has an
    /// earlier one.
    pub fn with_one_deadline(&self, options: SendOptions) -> SendOptions {
        let deadline = self.clock.elapsed().saturating_add(self.policy.deadline);
        SendOptions { deadline: Some(options.deadline.unwrap_or(deadline).min(deadline)), ..options }
    }

    /// Waits for the backoff after round `round` of several calls, counted from 1. False, without a wait, if it would last until
    /// the deadline of `options`.
    pub async fn back_off(&self, round: u32, options: SendOptions) -> bool {
        let wait = self.policy.backoff_after(round, fastrand::f64());
        let is_in_time = options.deadline.is_none_or(|deadline| self.clock.elapsed().saturating_add(wait) < deadline);
        if is_in_time {
            self.clock.sleep(wait).await;
        }
        is_in_time
    }

    /// Sends `request`, and returns any successful response. The `Authorization` is always the sender's own.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the method or the path is not the operation's, the body is a stream, which can't be sent again, or an
    /// `expiry` is in the past; [`Error::DryRun`]; and the errors of every call.
    pub async fn send(
        &self,
        operation: Operation,
        mut request: Request,
        options: SendOptions,
    ) -> Result<Response, Error> {
        let token_id = prepare::check_path(operation, request.method(), request.url(), &self.base_url)?;
        if request.body().is_some_and(|body| body.as_bytes().is_none()) {
            return Err(Error::InvalidInput(format!("{operation}: the body is a stream; give it as bytes")));
        }
        let has_expiry = || request.url().query_pairs().any(|(name, _)| name == "expiry");
        if options.overlap.is_some() && (operation != Operation::ResetToken || has_expiry()) {
            return Err(Error::InvalidInput(format!("{operation}: an overlap is only for a reset without an expiry")));
        }
        let method = request.method().clone();
        let idempotency = Idempotency::of(&request);
        prepare::set_headers(&mut request, &self.headers, &self.authorization, self.method_override);
        if let Some(dry_run) = self.dry_run.as_ref().filter(|dry_run| dry_run.applies_to(&method)) {
            prepare::set_expiry(&mut request, options.overlap, self.server_now())?;
            dry_run.show(&request);
            return Err(Error::DryRun { operation });
        }
        let template = operation.route().map(|route| route.path);
        let span = tracing::debug_span!(target: "ldtokens", "call", %operation, token_id, http.request.method = %method, url.template = template);
        let begun = self.clock.elapsed();
        let deadline = begun.saturating_add(self.policy.deadline).min(options.deadline.unwrap_or(Duration::MAX));
        let latest = match idempotency {
            Idempotency::NotIdempotent => deadline.saturating_sub(self.policy.least_time()),
            _ => deadline,
        };
        let overlap = options.overlap;
        let outgoing = Outgoing { operation, method, token_id, idempotency, request, overlap, deadline, latest };
        self.attempts(&outgoing, begun).instrument(span).await
    }

    async fn attempts(&self, outgoing: &Outgoing, begun: Duration) -> Result<Response, Error> {
        let (operation, clock, latest) = (outgoing.operation, &*self.clock, outgoing.latest);
        let (mut unknown, mut number, mut counted, mut non_json) = (false, 0, 0, 0);
        let mut last_error = None;
        let mut free_since = begun;
        loop {
            let permit = match self.rate_limiter.acquire(operation, self.token, clock, latest).await {
                Ok(permit) => permit,
                Err(too_late) => return Err(outgoing.too_late(unknown, last_error, too_late)),
            };
            let sent = clock.elapsed();
            if sent >= outgoing.deadline || sent > latest {
                return Err(outgoing.too_late(unknown, last_error, TooLate(None)));
            }
            number += 1;
            let waited = sent.saturating_sub(free_since);
            let Attempt { outcome, result, is_non_json, wait, .. } =
                self.attempt(outgoing, permit, number, sent, waited).await?;
            non_json = if is_non_json { non_json + 1 } else { 0 };
            if non_json >= MAX_NON_JSON {
                return result;
            }
            counted += u32::from(outcome.counts());
            free_since = clock.elapsed();
            let state = RetryState {
                counted,
                unknown,
                is_gone: self.is_gone(outgoing, &result),
                left: latest.saturating_sub(free_since),
                wait,
            };
            match decide(outgoing.idempotency, outcome, state, &self.policy, fastrand::f64()) {
                Decision::Return => return result,
                // In place of the lost response to a deletion.
                Decision::Done => return Ok(with_status(StatusCode::NO_CONTENT)),
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

    /// Whether this is what a delete that was carried out leads to. A token that has deleted itself is no longer accepted.
    fn is_gone(&self, outgoing: &Outgoing, result: &Result<Response, Error>) -> bool {
        match result {
            Err(Error::NotFound(_)) => true,
            // A 401 without a code may come from a gateway.
            Err(Error::Unauthorized(api)) if !api.code.is_empty() => {
                self.own_token.get().is_some_and(|own| outgoing.token_id.as_deref() == Some(own.as_str()))
            }
            _ => false,
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
        let mut request = outgoing.request.try_clone().expect("the body is not a stream");
        prepare::set_expiry(&mut request, overlap, self.server_now())?;
        let timeout = self.policy.attempt_timeout.min(deadline.saturating_sub(sent));
        *request.timeout_mut() = Some(request.timeout().map_or(timeout, |own| timeout.min(*own)));
        if let Some(observer) = &self.observer {
            observer.sending(operation, outgoing.method.as_str());
        }
        let url = self.observer.is_some().then(|| request.url().clone());
        let span = tracing::debug_span!(target: "ldtokens", "attempt", otel.kind = "client", http.request.resend_count = number - 1,
            waited_ms = waited.as_millis() as u64, http.response.status_code = tracing::field::Empty);
        let attempt = send_once(self, outgoing, request, permit).instrument(span.clone()).await;
        let event = AttemptEvent {
            operation,
            method: outgoing.method.as_str(),
            path: url.as_ref().map_or("", |url| &url.as_str()[url.origin().ascii_serialization().len()..]),
            token_id: outgoing.token_id.as_deref(),
            number,
            waited,
            took: clock.elapsed().saturating_sub(sent),
            status: attempt.status.map(|status| status.as_u16()),
            request_id: attempt.request_id.as_deref(),
            outcome: attempt.outcome.into(),
            error: attempt.result.as_ref().err(),
        };
        let (took_ms, outcome) = (event.took.as_millis() as u64, attempt.outcome);
        span.record("http.response.status_code", event.status);
        tracing::debug!(target: "ldtokens", parent: &span, took_ms, request_id = event.request_id, ?outcome, "attempt ended");
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

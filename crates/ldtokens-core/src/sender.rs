//! One call: deadline, rate limits, attempts and retries.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use ldtokens_client::{Operation, Secret, TokenId, UnixMillis};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use tracing::Instrument;

use crate::attempt::Attempt;
use crate::body::Watched;
use crate::prepare::{self, authorization_header};
use crate::rate_limiter::{Permit, RateLimiter};
use crate::response_headers::RateLimitHeaders;
use crate::retry::{Decision, Idempotency, RetryState, decide};
use crate::settings::SystemClock;
use crate::{
    ApiError, AttemptEvent, BaseUrl, Clock, ConfigError, DryRun, DryRunConfig, Error, Outcome, Response, RetryPolicy,
    SendOptions, Settings, TransportError,
};

/// Sends requests to the API with one credential.
#[derive(Clone, Debug)]
pub struct Sender {
    pub(crate) http: reqwest::Client,
    base_url: BaseUrl,
    settings: Settings,
    clock: Arc<dyn Clock>,
    credential: Secret,
    authorization: HeaderValue,
    /// Shared with senders of the same account that have other credentials.
    rate_limiter: Arc<RateLimiter>,
    /// The credential's limit in `rate_limiter`.
    token: u64,
    /// The ID of the credential's own token, once it is known.
    own_token: Arc<OnceLock<TokenId>>,
}

/// A call in progress.
struct Call {
    operation: Operation,
    method: Method,
    token_id: Option<String>,
    idempotency: Idempotency,
    request: Request,
    overlap: Option<Duration>,
    deadline: Duration,
    /// When it may be sent at the latest. What can't be repeated must have time for its response.
    latest: Duration,
}

/// The maximum number of non-JSON responses in a row to a read. Fewer may be a temporary fault of a gateway.
const MAX_NON_JSON: u32 = 3;

impl Sender {
    /// A sender to `base_url` by `http`.
    ///
    /// Build `http` with `redirect::Policy::none()`: if it follows a create's redirect to a host that can't be reached, the create
    /// counts as not sent, and is repeated. For plain HTTP to loopback, build it with `no_proxy`, or it sends the credential to
    /// the proxy of `HTTP_PROXY`.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if `credential` can't be the secret of a token.
    pub fn new(
        http: reqwest::Client,
        base_url: BaseUrl,
        credential: Secret,
        settings: Settings,
    ) -> Result<Self, ConfigError> {
        let rate_limiter = Arc::<RateLimiter>::default();
        let clock = settings.clock.clone().unwrap_or_else(|| Arc::new(SystemClock(Instant::now())));
        let (authorization, token) = (authorization_header(&credential)?, rate_limiter.token(&credential));
        let own_token = Arc::default();
        Ok(Self { http, base_url, settings, clock, credential, authorization, rate_limiter, token, own_token })
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

    /// The same sender with another policy.
    pub fn with_policy(&self, policy: RetryPolicy) -> Self {
        Self { settings: Settings { policy, ..self.settings.clone() }, ..self.clone() }
    }

    /// Where the API is served.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// A request to `path`, relative to the base URL.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url.as_str()))
    }

    /// Remembers that the credential is the secret of the token `id`. A 401 to the repetition of a lost delete of that token then
    /// means that it was carried out.
    pub fn credential_is_of(&self, id: &TokenId) {
        let _ = self.own_token.set(id.clone());
    }

    /// The server's time now, calculated from its responses, or up to a second earlier. Before the first one, our wall clock's.
    pub fn server_now(&self) -> UnixMillis {
        self.rate_limiter.server_clock().now(self.clock.now(), self.clock.elapsed())
    }

    /// What our wall clock shows.
    pub fn wall_clock(&self) -> SystemTime {
        self.clock.now()
    }

    /// The server's time, or up to a second earlier, when our wall clock showed `wall`. Before the first response it is `wall`.
    pub fn server_time(&self, wall: SystemTime) -> UnixMillis {
        self.rate_limiter.server_clock().at(wall)
    }

    /// Returns `options` with one deadline for several calls: now plus the policy's deadline, or earlier if `options` has an
    /// earlier one.
    pub fn with_one_deadline(&self, options: SendOptions) -> SendOptions {
        let deadline = self.clock.elapsed().saturating_add(self.settings.policy.deadline);
        SendOptions { deadline: Some(options.deadline.unwrap_or(deadline).min(deadline)), ..options }
    }

    /// Waits for the backoff after round `round` of several calls, counted from 1. False, without a wait, if it would last until
    /// the deadline of `options`.
    pub async fn back_off(&self, round: u32, options: SendOptions) -> bool {
        let wait = self.settings.policy.backoff_after(round, fastrand::f64());
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
        let token_id = prepare::check(operation, &request, &self.base_url, options.overlap)?;
        let (method, idempotency) = (request.method().clone(), Idempotency::of(&request));
        let settings = &self.settings;
        prepare::set_headers(&mut request, &settings.headers, &self.authorization, settings.method_override);
        if let Some(DryRunConfig { scope, show }) = &settings.dry_run
            && (*scope == DryRun::Everything || !method.is_safe())
        {
            prepare::set_expiry(&mut request, options.overlap, self.server_now())?;
            request.headers_mut().remove(AUTHORIZATION);
            show(&request);
            return Err(Error::DryRun(operation));
        }
        let template = operation.route().map(|route| route.path);
        let span = tracing::debug_span!(target: "ldtokens", "call", %operation, token_id, http.request.method = %method, url.template = template);
        let begun = self.clock.elapsed();
        let deadline = begun.saturating_add(settings.policy.deadline).min(options.deadline.unwrap_or(Duration::MAX));
        let latest = match idempotency {
            Idempotency::NotIdempotent => deadline.saturating_sub(settings.policy.least_time()),
            _ => deadline,
        };
        let overlap = options.overlap;
        let call = Call { operation, method, token_id, idempotency, request, overlap, deadline, latest };
        self.attempts(&call, begun).instrument(span).await
    }

    async fn attempts(&self, call: &Call, begun: Duration) -> Result<Response, Error> {
        let clock = &*self.clock;
        let (mut unknown, mut number, mut counted, mut non_json) = (false, 0, 0, 0);
        let (mut last_error, mut free_since) = (None, begun);
        loop {
            let permit = match self.rate_limiter.acquire(call.operation, self.token, clock, call.latest).await {
                Ok(permit) => permit,
                Err(rate_limit) => return Err(call.too_late(unknown, last_error, rate_limit)),
            };
            let sent = clock.elapsed();
            number += 1;
            let waited = sent.saturating_sub(free_since);
            let Attempt { outcome, result, is_non_json, .. } = self.attempt(call, permit, number, sent, waited).await?;
            non_json = if is_non_json { non_json + 1 } else { 0 };
            if non_json >= MAX_NON_JSON {
                return result;
            }
            counted += u32::from(outcome.wait.is_none());
            free_since = clock.elapsed();
            let (is_gone, left) = (self.is_gone(call, &result), call.latest.saturating_sub(free_since));
            let state = RetryState { counted, unknown, is_gone, left };
            match decide(call.idempotency, outcome, state, &self.settings.policy, fastrand::f64()) {
                Decision::Return => return result,
                // In place of the lost response to a deletion.
                Decision::Done => {
                    let mut response = Response::default();
                    *response.status_mut() = StatusCode::NO_CONTENT;
                    return Ok(response);
                }
                Decision::OutcomeUnknown => {
                    let source = result.err().or(last_error).expect("a success is returned");
                    return Err(Error::outcome_unknown(call.operation, source));
                }
                Decision::Retry(wait) => {
                    unknown |= outcome.outcome == Outcome::Unknown;
                    last_error = result.err();
                    clock.sleep(wait).await;
                }
            }
        }
    }

    /// Whether this is what a delete that was carried out leads to. A token that has deleted itself is no longer accepted.
    fn is_gone(&self, call: &Call, result: &Result<Response, Error>) -> bool {
        match result {
            Err(Error::NotFound(_)) => true,
            // A 401 without a code may come from a gateway.
            Err(Error::Unauthorized(api)) if !api.code.is_empty() => {
                self.own_token.get().is_some_and(|own| call.token_id.as_deref() == Some(own.as_str()))
            }
            _ => false,
        }
    }

    /// Makes attempt `number`, at the time `sent`.
    async fn attempt(
        &self,
        call: &Call,
        permit: Permit<'_>,
        number: u32,
        sent: Duration,
        waited: Duration,
    ) -> Result<Attempt, Error> {
        let Settings { policy, observer, .. } = &self.settings;
        let (operation, method) = (call.operation, call.method.as_str());
        let mut request = call.request.try_clone().expect("the body is not a stream");
        prepare::set_expiry(&mut request, call.overlap, self.server_now())?;
        let timeout = policy.attempt_timeout.min(call.deadline.saturating_sub(sent));
        *request.timeout_mut() = Some(request.timeout().map_or(timeout, |own| timeout.min(*own)));
        if let Some(observer) = observer {
            observer.sending(operation, method);
        }
        let url = observer.is_some().then(|| request.url().clone());
        let span = tracing::debug_span!(target: "ldtokens", "attempt", otel.kind = "client", http.request.resend_count = number - 1,
            waited_ms = waited.as_millis() as u64, http.response.status_code = tracing::field::Empty);
        let attempt = self.send_once(call, request, permit).instrument(span.clone()).await;
        let event = AttemptEvent {
            operation,
            method,
            path: url.as_ref().map_or("", |url| &url.as_str()[url.origin().ascii_serialization().len()..]),
            token_id: call.token_id.as_deref(),
            number,
            waited,
            took: self.clock.elapsed().saturating_sub(sent),
            status: attempt.status,
            request_id: attempt.request_id.as_deref(),
            outcome: attempt.outcome.outcome,
            error: attempt.result.as_ref().err(),
        };
        let (took_ms, outcome) = (event.took.as_millis() as u64, event.outcome);
        span.record("http.response.status_code", event.status);
        tracing::debug!(target: "ldtokens", parent: &span, took_ms, request_id = event.request_id, ?outcome, "attempt ended");
        if let Some(observer) = observer {
            observer.attempt(&event);
        }
        Ok(attempt)
    }

    /// Sends `request` once, and learns from its response's headers.
    async fn send_once(&self, call: &Call, mut request: Request, permit: Permit<'_>) -> Attempt {
        let Call { operation, ref method, .. } = *call;
        let Settings { follows_redirects, transport, .. } = &self.settings;
        // A read that was redirected is judged by its body.
        let is_change_followed = *follows_redirects && transport.is_none() && !method.is_safe();
        let url_of_change = is_change_followed.then(|| request.url().clone());
        if call.idempotency == Idempotency::NotIdempotent {
            // While this thread was busy, the server may have closed connections. Here the runtime notices, and drops them.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        }
        let is_taken = (!follows_redirects && transport.is_none()).then(|| Watched::watch(&mut request));
        let exchanged = match transport {
            Some(transport) => transport.exchange(&self.http, operation, request).await.map(reqwest::Response::from),
            None => self.http.execute(request).await,
        };
        match exchanged.map_err(TransportError) {
            Ok(response) => {
                let limits = RateLimitHeaders::read(response.status().as_u16(), response.headers());
                permit.complete(&limits, &*self.clock);
                let is_redirected = url_of_change.is_some_and(|url| url != *response.url());
                Attempt::with_response((operation, method), response, &limits, is_redirected, &self.credential).await
            }
            Err(source) => {
                let was_taken = is_taken.is_none_or(|is_taken| is_taken.load(Ordering::Relaxed));
                let is_sent = was_taken && !source.is_connect();
                if !is_sent {
                    permit.not_sent();
                }
                Attempt::without_response(operation, source, is_sent)
            }
        }
    }
}

impl Call {
    /// The error of a call whose next attempt can't be sent before its deadline, because a `rate_limit` lasts so long if it is set.
    fn too_late(&self, unknown: bool, last: Option<Error>, rate_limit: Option<Duration>) -> Error {
        let operation = self.operation;
        let error = last.unwrap_or_else(|| match rate_limit {
            Some(wait) => Error::RateLimited(Box::new(ApiError::not_sent(operation, wait))),
            None => Error::DeadlineExceeded(operation),
        });
        let is_unknown = unknown && self.idempotency != Idempotency::ReadOnly;
        if is_unknown { Error::outcome_unknown(operation, error) } else { error }
    }
}

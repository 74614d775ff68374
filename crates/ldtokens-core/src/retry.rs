//! What to do after an attempt: a pure function of what is known.

use std::time::Duration;

use ldtokens_client::types::{PatchDelta, PatchOperation, PatchOperationOp};
use reqwest::{Method, Request};

use crate::Outcome;
use crate::rate_limiter::LONGEST_WAIT;

/// How long a call may take, and how often it is retried.
///
/// Whether a request is retried at all is not a setting: that depends on what the operation does if it is carried out
/// twice. See ldtokens' [guide on retries].
///
/// [guide on retries]: https://docs.rs/ldtokens/latest/ldtokens/guide/retries/index.html
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The longest a call may take from start to end, waiting included. Default: 60 seconds.
    ///
    /// What can't be repeated, such as a create, is not sent any more when less than half of it and less than the
    /// [`attempt_timeout`](Self::attempt_timeout) is left.
    pub deadline: Duration,
    /// The longest one attempt may take, from connecting to the last byte of its response. Default: 15 seconds.
    pub attempt_timeout: Duration,
    /// The maximum number of attempts; the first is always made. Default: 5. An attempt whose response says when to try again
    /// does not count: only the deadline limits those.
    pub max_attempts: u32,
    /// The longest wait after the first attempt. It doubles each time, and the wait is random up to it. Default: 200 milliseconds.
    pub backoff_base: Duration,
    /// The longest wait after any attempt. Default: 10 seconds.
    pub backoff_cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(15),
            max_attempts: 5,
            backoff_base: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The time that a request that can't be repeated must have left when it is sent.
    pub(crate) fn least_time(&self) -> Duration {
        self.attempt_timeout.min(self.deadline / 2)
    }

    /// The wait after attempt number `attempt`, counted from 1. `jitter` is random in 0..1.
    pub(crate) fn backoff_after(&self, attempt: u32, jitter: f64) -> Duration {
        let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.backoff_base.saturating_mul(factor).min(self.backoff_cap).mul_f64(jitter)
    }
}

/// What happens if a request is carried out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Nothing: it only reads.
    ReadOnly,
    /// The second time the response is 404.
    Delete,
    /// The result is the same, but a `test` in the patch may fail the second time.
    Idempotent,
    /// Something else, such as another credential.
    NotIdempotent,
}

impl Idempotency {
    pub(crate) fn of(request: &Request) -> Self {
        match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::ReadOnly,
            Method::DELETE => Self::Delete,
            Method::PATCH => {
                let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
                match serde_json::from_slice::<PatchDelta>(body) {
                    Ok(PatchDelta::JsonPatch(patch)) if patch.iter().all(is_idempotent) => Self::Idempotent,
                    Ok(PatchDelta::PatchWithComment(delta)) if delta.patch.iter().all(is_idempotent) => {
                        Self::Idempotent
                    }
                    _ => Self::NotIdempotent,
                }
            }
            _ => Self::NotIdempotent,
        }
    }
}

/// Whether applying the operation twice has the same result as applying it once.
pub(crate) fn is_idempotent(operation: &PatchOperation) -> bool {
    let element = operation.path.rsplit('/').next().unwrap_or_default();
    let in_list = element == "-" || (!element.is_empty() && element.bytes().all(|byte| byte.is_ascii_digit()));
    match operation.op {
        PatchOperationOp::Replace | PatchOperationOp::Test => true,
        PatchOperationOp::Add | PatchOperationOp::Remove => !in_list,
        _ => false,
    }
}

/// What is known after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptOutcome {
    pub(crate) outcome: Outcome,
    /// Whether another attempt may end in another way.
    pub(crate) may_change: bool,
    /// How long the response asks this call to wait, beside the rate limiter, which waits after a 429. If it names a time at all,
    /// the attempt does not count towards the maximum.
    pub(crate) wait: Option<Duration>,
}

impl AttemptOutcome {
    pub(crate) const DONE: Self = Self::new(Outcome::Done, false);
    /// Nothing was done, because no connection could be made.
    pub(crate) const REFUSED: Self = Self::new(Outcome::NotDone, true);
    /// Nothing was done, and another attempt would fail in the same way: by the API's response, or because the certificate is not
    /// trusted or the server does not speak TLS.
    pub(crate) const FINAL: Self = Self::new(Outcome::NotDone, false);
    /// The request was sent, and no usable response came.
    pub(crate) const LOST: Self = Self::new(Outcome::Unknown, true);
    /// The request was sent, and a response came that can't be read and would be the same again.
    pub(crate) const UNREADABLE: Self = Self::new(Outcome::Unknown, false);

    const fn new(outcome: Outcome, may_change: bool) -> Self {
        Self { outcome, may_change, wait: None }
    }

    /// What an error response says. 408 and 5xx can come from a gateway after the API has done the work.
    pub(crate) fn of_error(status: u16, named_wait: Option<Duration>) -> Self {
        match status {
            429 => Self { wait: named_wait.map(|_| Duration::ZERO), ..Self::REFUSED },
            408 | 500..=599 => Self { wait: named_wait.map(|wait| wait.min(LONGEST_WAIT)), ..Self::LOST },
            _ => Self::FINAL,
        }
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Return this attempt's result.
    Return,
    /// Return success, whatever this attempt's response says.
    Done,
    /// Return [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown).
    OutcomeUnknown,
    /// Make another attempt after this wait.
    Retry(Duration),
}

/// The state of a call after an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryState {
    /// How many attempts count towards the maximum, this one included.
    pub(crate) counted: u32,
    /// Whether the outcome of an earlier attempt is unknown.
    pub(crate) unknown: bool,
    /// Whether this response is what a delete that was carried out leads to: 404, or 401 for the credential's own token.
    pub(crate) is_gone: bool,
    /// The time in which another attempt must start.
    pub(crate) left: Duration,
}

/// Decides by the table in ldtokens' guide on retries. `jitter` is random in 0..1.
pub(crate) fn decide(
    idempotency: Idempotency,
    attempt: AttemptOutcome,
    state: RetryState,
    policy: &RetryPolicy,
    jitter: f64,
) -> Decision {
    let unknown = state.unknown || attempt.outcome == Outcome::Unknown;
    match (attempt.outcome, idempotency) {
        (Outcome::Done, _) => return Decision::Return,
        (Outcome::NotDone, Idempotency::Delete) if state.unknown && state.is_gone => return Decision::Done,
        _ => {}
    }
    let wait = attempt.wait.unwrap_or_default() + policy.backoff_after(state.counted.max(1), jitter);
    let is_last = attempt.wait.is_none() && state.counted >= policy.max_attempts;
    let does_harm = attempt.outcome == Outcome::Unknown && idempotency == Idempotency::NotIdempotent;
    if attempt.may_change && !does_harm && !is_last && wait < state.left {
        Decision::Retry(wait)
    } else if unknown && idempotency != Idempotency::ReadOnly {
        // For instance, the first attempt may have lowered its own credential's permissions, or changed what the patch's `test`s
        // expect.
        Decision::OutcomeUnknown
    } else {
        Decision::Return
    }
}

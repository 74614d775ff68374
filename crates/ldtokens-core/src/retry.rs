//! What to do after an attempt: a pure function of what is known.

use std::time::Duration;

use ldtokens_client::types::{PatchDelta, PatchOperation, PatchOperationOp};
use reqwest::{Method, Request};

use crate::rate_limiter::LONGEST_WAIT;
use crate::{Outcome, RetryPolicy};

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
    let wait = attempt.wait.unwrap_or_default() + policy.backoff_after(state.counted, jitter);
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

//! What to do after an attempt, as a function of what is known.

use std::time::Duration;

use ldtokens_client::types::{PatchDelta, PatchOperation, PatchOperationOp};
use reqwest::{Method, Request};

/// How long a call may take, and how it goes again.
///
/// Whether it goes again at all is not a setting: that depends on what the operation would do if it were carried out twice.
///
/// ```
/// use std::time::Duration;
/// use ldtokens::RetryPolicy;
/// let patient = RetryPolicy::default().deadline(Duration::from_secs(600));
/// let once = RetryPolicy::default().max_attempts(1);
/// # let _ = (patient, once);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    pub(crate) deadline: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) backoff_base: Duration,
    pub(crate) backoff_cap: Duration,
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
    /// The longest a call may take from beginning to end, waiting included. 60 seconds if not set.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The longest one attempt may take, from connecting to the last byte of its answer. 15 seconds if not set.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How many attempts are made at most, 5 if not set and at least 1. An attempt that was told when to come again does
    /// not count: only the deadline ends those.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The backoff: before attempt n + 1 a random time passes of at most `base` · 2ⁿ⁻¹, but never more than `cap`.
    /// 200 milliseconds and 10 seconds if not set.
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.backoff_base = base;
        self.backoff_cap = cap;
        self
    }

    /// The wait after attempt `attempt`, the first being 1; `jitter` is random in 0..1.
    fn backoff_after(&self, attempt: u32, jitter: f64) -> Duration {
        let factor = 1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
        self.backoff_base.saturating_mul(factor).min(self.backoff_cap).mul_f64(jitter)
    }
}

/// What being carried out twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// Nothing: it only reads.
    Reads,
    /// Nothing more than once, and then the answer is 404.
    Deletes,
    /// Nothing more than once, but a `test` in it may no longer hold.
    Settles,
    /// Something else, such as another credential.
    Harms,
}

impl Repetition {
    pub(crate) fn of(request: &Request) -> Self {
        match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Reads,
            Method::DELETE => Self::Deletes,
            Method::PATCH => {
                let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
                match serde_json::from_slice::<PatchDelta>(body) {
                    Ok(PatchDelta::JsonPatch(patch)) if patch.iter().all(settles) => Self::Settles,
                    Ok(PatchDelta::PatchWithComment(delta)) if delta.patch.iter().all(settles) => Self::Settles,
                    _ => Self::Harms,
                }
            }
            _ => Self::Harms,
        }
    }
}

/// Whether applying the operation twice leaves what applying it once does.
fn settles(operation: &PatchOperation) -> bool {
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
pub(crate) enum Known {
    /// The API answered with this status, and meant it.
    Answered(u16),
    /// Nothing was done: no connection, 429, 503 with `Retry-After`.
    Refused {
        /// Whether the answer says when to come again. Waiting until then is the pacing's task.
        time_named: bool,
    },
    /// Nothing was done, and a repetition would end the same: no connection, since the other side is not trusted.
    NoWay,
    /// It was sent, and no usable answer came.
    Unknown,
    /// It only reads, and was answered with something that does not even claim to be JSON, such as a login page.
    Page,
}

/// A page in the answer's place can be a moment's fault of a gateway. When it has come so often in a row, it stays.
const PAGES: u32 = 3;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Give the caller this attempt's answer or error.
    Deliver,
    /// Tell the caller that it is done, whatever this attempt's answer says.
    Done,
    /// Tell the caller that nobody knows.
    SayUnknown,
    /// Make another attempt after this wait.
    Again(Duration),
}

/// What went before, and what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    /// How many attempts have been made, this one included.
    pub(crate) attempts: u32,
    /// How many of the last attempts in a row were answered with a page, this one included.
    pub(crate) pages: u32,
    /// Whether the outcome of one before this is unknown.
    pub(crate) unknown: bool,
    /// The time until the call's deadline.
    pub(crate) left: Duration,
}

/// The table of what a retry may do. `jitter` is random in 0..1.
pub(crate) fn decide(repetition: Repetition, known: Known, past: Past, policy: &RetryPolicy, jitter: f64) -> Decision {
    let give_up = match repetition {
        Repetition::Settles | Repetition::Harms if past.unknown || known == Known::Unknown => Decision::SayUnknown,
        _ => Decision::Deliver,
    };
    let counted = match (known, repetition) {
        (Known::Answered(404), Repetition::Deletes) if past.unknown => return Decision::Done,
        (Known::Answered(409 | 422), Repetition::Settles) if past.unknown => return Decision::SayUnknown,
        (Known::Answered(_), _) => return Decision::Deliver,
        (Known::NoWay, _) => return give_up,
        (Known::Page, _) if past.pages >= PAGES => return Decision::Deliver,
        (Known::Unknown, Repetition::Harms) => return Decision::SayUnknown,
        (Known::Refused { time_named }, _) => !time_named,
        (Known::Unknown | Known::Page, _) => true,
    };
    let wait = policy.backoff_after(past.attempts, jitter);
    if (counted && past.attempts >= policy.max_attempts) || wait >= past.left { give_up } else { Decision::Again(wait) }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Known, Past, Repetition, RetryPolicy, decide};
    use ldtokens_client::types::JsonPatch;
    use std::time::Duration;

    const AGAIN: Decision = Decision::Again(Duration::from_millis(100));

    fn after(repetition: Repetition, known: Known, unknown_before: bool) -> Decision {
        let past = Past { attempts: 1, pages: 1, unknown: unknown_before, left: Duration::from_secs(10) };
        decide(repetition, known, past, &RetryPolicy::default(), 0.5)
    }

    #[test]
    fn each_row_of_the_table() {
        use Known::{Answered, NoWay, Page, Unknown};
        use Repetition::{Deletes, Harms, Reads, Settles};
        let refused = Known::Refused { time_named: false };
        let told_when = Known::Refused { time_named: true };
        let rows = [
            (Reads, Unknown, AGAIN),
            (Reads, refused, AGAIN),
            (Reads, told_when, AGAIN),
            (Reads, Answered(404), Decision::Deliver),
            (Reads, Page, AGAIN),
            (Reads, NoWay, Decision::Deliver),
            (Harms, NoWay, Decision::Deliver),
            (Deletes, Unknown, AGAIN),
            (Deletes, refused, AGAIN),
            (Deletes, Answered(404), Decision::Deliver),
            (Settles, Unknown, AGAIN),
            (Settles, refused, AGAIN),
            (Settles, Answered(422), Decision::Deliver),
            (Harms, Unknown, Decision::SayUnknown),
            (Harms, refused, AGAIN),
            (Harms, told_when, AGAIN),
            (Harms, Answered(201), Decision::Deliver),
        ];
        for (repetition, known, decision) in rows {
            assert_eq!(after(repetition, known, false), decision, "{repetition:?} after {known:?}");
        }
    }

    #[test]
    fn an_answer_reads_otherwise_after_an_unknown_outcome() {
        use Known::Answered;
        assert_eq!(after(Repetition::Deletes, Answered(404), true), Decision::Done);
        assert_eq!(after(Repetition::Deletes, Answered(403), true), Decision::Deliver);
        assert_eq!(after(Repetition::Settles, Answered(422), true), Decision::SayUnknown);
        assert_eq!(after(Repetition::Settles, Answered(409), true), Decision::SayUnknown);
        assert_eq!(after(Repetition::Settles, Answered(200), true), Decision::Deliver);
        assert_eq!(after(Repetition::Reads, Answered(404), true), Decision::Deliver);
        assert_eq!(after(Repetition::Settles, Known::NoWay, true), Decision::SayUnknown);
        assert_eq!(after(Repetition::Deletes, Known::NoWay, true), Decision::Deliver);
    }

    #[test]
    fn attempts_and_the_deadline_end_it() {
        let policy = RetryPolicy::default();
        let past = |attempts, left| Past { attempts, pages: 0, unknown: false, left };
        let ten = Duration::from_secs(10);
        let last = policy.max_attempts;
        let refused = Known::Refused { time_named: false };
        assert_eq!(decide(Repetition::Reads, Known::Unknown, past(last, ten), &policy, 0.5), Decision::Deliver);
        assert_eq!(decide(Repetition::Settles, Known::Unknown, past(last, ten), &policy, 0.5), Decision::SayUnknown);
        assert_eq!(decide(Repetition::Harms, refused, past(last, ten), &policy, 0.5), Decision::Deliver);
        let told_when = decide(Repetition::Harms, Known::Refused { time_named: true }, past(last, ten), &policy, 0.5);
        assert!(matches!(told_when, Decision::Again(_)), "{told_when:?}");
        assert_eq!(decide(Repetition::Reads, refused, past(1, Duration::ZERO), &policy, 0.5), Decision::Deliver);
    }

    #[test]
    fn a_page_that_stays_is_not_asked_for_on_and_on() {
        let after = |pages| {
            let past = Past { attempts: 3, pages, unknown: false, left: Duration::from_secs(10) };
            decide(Repetition::Reads, Known::Page, past, &RetryPolicy::default(), 0.5)
        };
        assert!(matches!(after(2), Decision::Again(_)));
        assert_eq!(after(3), Decision::Deliver);
    }

    #[test]
    fn the_backoff_doubles_up_to_its_cap() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (1..9).map(|n| policy.backoff_after(n, 1.0).as_millis() as u64).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(policy.backoff_after(200, 1.0), Duration::from_secs(10));
        assert_eq!(policy.backoff_after(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn a_patch_settles_if_doing_it_twice_does_no_more() {
        let settles = |operation: &str| {
            let patch: JsonPatch = serde_json::from_str(&format!("[{operation}]")).unwrap();
            patch.iter().all(super::settles)
        };
        for operation in [
            r#"{"op": "replace", "path": "/name", "value": "a"}"#,
            r#"{"op": "replace", "path": "/customRoleIds/0", "value": "a"}"#,
            r#"{"op": "test", "path": "/name", "value": "a"}"#,
            r#"{"op": "add", "path": "/description", "value": "a"}"#,
            r#"{"op": "remove", "path": "/description"}"#,
        ] {
            assert!(settles(operation), "{operation}");
        }
        for operation in [
            r#"{"op": "add", "path": "/customRoleIds/-", "value": "a"}"#,
            r#"{"op": "add", "path": "/customRoleIds/0", "value": "a"}"#,
            r#"{"op": "remove", "path": "/customRoleIds/0"}"#,
            r#"{"op": "move", "from": "/name", "path": "/description"}"#,
            r#"{"op": "copy", "from": "/customRoleIds/0", "path": "/customRoleIds/-"}"#,
        ] {
            assert!(!settles(operation), "{operation}");
        }
    }
}

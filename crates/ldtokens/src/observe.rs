use std::fmt::Debug;
use std::time::Duration;

use crate::operation::Operation;

/// Sees what a client does, for metrics. All it is told is safe to print.
///
/// The same goes to `tracing`, at level DEBUG, as spans `call` and `attempt` below the target `ldtokens`.
pub trait Observer: Debug + Send + Sync {
    /// An attempt begins: its request goes out now.
    fn sending(&self, operation: Operation, method: &str) {
        let _ = (operation, method);
    }

    /// An attempt has ended.
    fn attempt(&self, attempt: &AttemptSeen<'_>) {
        let _ = attempt;
    }

    /// A call has ended, after all its attempts.
    fn call(&self, call: &CallSeen) {
        let _ = call;
    }
}

/// One attempt, seen from outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptSeen<'a> {
    /// The operation.
    pub operation: Operation,
    /// The token that it is about, if it is about one.
    pub token_id: Option<&'a str>,
    /// The method of its request.
    pub method: &'a str,
    /// The path of its request, with the query.
    pub path: &'a str,
    /// Which attempt of the call it was, counted from 1.
    pub number: u32,
    /// How long the call waited before this attempt, for the rate limit's window or between attempts.
    pub waited: Duration,
    /// How long the attempt took, up to its answer's last byte.
    pub took: Duration,
    /// The status of its answer, if there was one.
    pub status: Option<u16>,
    /// Whether it is sure that nothing was done: there was no connection, or the answer says so, as a 429 does.
    pub refused: bool,
    /// The answer's `X-Request-Id`, if it has one.
    pub request_id: Option<&'a str>,
}

/// One call, seen from outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallSeen {
    /// The operation.
    pub operation: Operation,
    /// How many attempts were made. None if the call's deadline left no time for one.
    pub attempts: u32,
    /// How long it took, waiting included.
    pub took: Duration,
    /// Whether it gave what was asked for.
    pub succeeded: bool,
}

use std::fmt::Debug;
use std::time::Duration;

use crate::error::Error;
use crate::send::operation::Operation;

/// Gets what a client does, as typed values, for metrics. All of it is safe to print.
///
/// For logs there is `tracing`: the same values, at level DEBUG, in spans `call` and `attempt` with the target `ldtokens`.
pub trait Observer: Debug + Send + Sync {
    /// An attempt begins: its request is sent now.
    fn sending(&self, operation: Operation, method: &str) {
        let _ = (operation, method);
    }

    /// An attempt has ended.
    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        let _ = attempt;
    }

    /// A call has ended, after all its attempts.
    fn call(&self, call: &CallEvent<'_>) {
        let _ = call;
    }
}

/// One attempt of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptEvent<'a> {
    /// The operation.
    pub operation: Operation,
    /// The token's ID, if the path has one.
    pub token_id: Option<&'a str>,
    /// The request's method.
    pub method: &'a str,
    /// The request's path and query.
    pub path: &'a str,
    /// The attempt's number in the call, counted from 1.
    pub number: u32,
    /// How long the call waited before this attempt, for the rate limit or between attempts.
    pub waited: Duration,
    /// How long the attempt took, up to the response's last byte.
    pub took: Duration,
    /// The response's status, if there was a response.
    pub status: Option<u16>,
    /// The response's `X-Request-Id`, if it has one.
    pub request_id: Option<&'a str>,
    /// What went wrong, if something did.
    pub error: Option<&'a Error>,
}

/// One call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallEvent<'a> {
    /// The operation.
    pub operation: Operation,
    /// The number of attempts. 0 if the call's deadline left no time for one.
    pub attempts: u32,
    /// How long the call took, waiting included.
    pub took: Duration,
    /// The call's error, if it failed. A response that arrived but can't be decoded is not an error here.
    pub error: Option<&'a Error>,
}

use std::fmt::Debug;
use std::time::Duration;

use ldtokens_client::Operation;

use crate::Error;

/// Receives what a client does, as typed values, for metrics. All of them are safe to print.
///
/// For logs, use `tracing`: at level DEBUG and with the target `ldtokens`, the span `call` has the operation, the method, the path's
/// template and the token's ID, and the span `attempt` the number, the waits, the status and the request ID. Fields have the names
/// of OpenTelemetry's semantic conventions where these have one, such as `http.response.status_code`.
pub trait Observer: Debug + Send + Sync {
    /// An attempt starts: its request is sent now. [`attempt`](Self::attempt) follows, unless the call's future is dropped.
    fn sending(&self, operation: Operation, method: &str) {
        let _ = (operation, method);
    }

    /// An attempt has ended.
    fn attempt(&self, attempt: &AttemptEvent<'_>);
}

/// What is known after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The API did what was asked.
    Done,
    /// Nothing was done: the API refused it, or no connection could be made.
    NotDone,
    /// The request was sent, and no response shows whether it was carried out.
    Unknown,
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
    /// Whether the API did what was asked.
    pub outcome: Outcome,
    /// What went wrong, if something did.
    pub error: Option<&'a Error>,
}

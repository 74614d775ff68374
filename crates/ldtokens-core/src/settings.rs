//! How a sender sends its requests, and what tests, metrics and dry runs use.

use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ldtokens_client::{Operation, Transport};
use reqwest::Request;
use reqwest::header::HeaderMap;

use crate::Error;

/// How a [`Sender`](crate::Sender) sends its requests.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The headers of every request that does not set them itself, one value each. The credential is not among them.
    pub headers: HeaderMap,
    /// Whether PATCH and DELETE are sent as POST with `X-HTTP-Method-Override`.
    pub method_override: bool,
    /// How long calls may take and how often they are retried.
    pub policy: RetryPolicy,
    /// Whether the HTTP client may follow redirects. If not, it is known that what no connection has taken was not sent.
    pub follows_redirects: bool,
    /// Sends the requests in place of the HTTP client, for instance in a test without a socket.
    pub transport: Option<Arc<dyn Transport>>,
    /// The clock. Default: the machine's.
    pub clock: Option<Arc<dyn Clock>>,
    /// Receives an event when an attempt starts and when it ends, for metrics.
    pub observer: Option<Arc<dyn Observer>>,
    /// Which requests are shown and not sent.
    pub dry_run: Option<DryRunConfig>,
}

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

/// The options of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendOptions {
    /// How long the old secret keeps working after a reset.
    pub overlap: Option<Duration>,
    /// A deadline by the clock's [`elapsed`](Clock::elapsed), for several calls together.
    pub deadline: Option<Duration>,
}

/// The clock of a client. The default is the machine's. A test can use a clock of its own, so that it does not have to wait.
pub trait Clock: Debug + Send + Sync {
    /// The wall clock's time. It may jump.
    fn now(&self) -> SystemTime;

    /// The time since some fixed moment. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Ends once [`elapsed`](Self::elapsed) has grown by `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's clocks and the runtime's timer. `elapsed` counts from this moment.
#[derive(Debug)]
pub(crate) struct SystemClock(pub(crate) Instant);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

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

/// Which requests a dry run shows instead of sending them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DryRun {
    /// All requests.
    Everything,
    /// Those that could change something. Requests that only read are sent.
    Changes,
}

/// A dry run: which requests are shown, and how.
#[derive(Clone)]
pub struct DryRunConfig {
    /// Which requests are shown.
    pub scope: DryRun,
    /// Shows a request, which it gets without the credential.
    pub show: Arc<dyn Fn(&Request) + Send + Sync>,
}

impl Debug for DryRunConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DryRunConfig").field(&self.scope).finish()
    }
}

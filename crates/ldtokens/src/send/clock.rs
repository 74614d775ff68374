use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// The time that a [`Client`](crate::Client) waits and measures by.
///
/// Programs use the machine's; a test puts in one of its own and needs no real waiting.
pub trait Clock: Debug + Send + Sync {
    /// The wall clock's time. It may jump.
    fn now(&self) -> SystemTime;

    /// The time since some fixed moment. It never goes backwards.
    fn elapsed(&self) -> Duration;

    /// Ends once [`elapsed`](Self::elapsed) has grown by `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's clocks and the runtime's timer.
#[derive(Debug)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

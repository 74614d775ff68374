//! The clock of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ldtokens_client::UnixMillis;

/// The clock of a server: the machine's, or one that stands still until a test moves it. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    is_running: bool,
    /// In milliseconds: how far a running clock is ahead of the machine's, or else the time since the Unix epoch.
    millis: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock, until it is [set](Self::set) or [advanced](Self::advance). It goes on running then.
    pub fn system() -> Self {
        Self { is_running: true, millis: Arc::default() }
    }

    /// A clock that shows `start` until it is [set](Self::set) or [advanced](Self::advance).
    pub fn manual(start: UnixMillis) -> Self {
        Self { is_running: false, millis: Arc::new(AtomicI64::new(start.get())) }
    }

    /// The time that the clock shows.
    pub fn now(&self) -> UnixMillis {
        let millis = self.millis.load(Ordering::SeqCst);
        UnixMillis::new(if self.is_running { UnixMillis::now().get().saturating_add(millis) } else { millis })
    }

    /// Lets the clock show `moment`.
    pub fn set(&self, moment: UnixMillis) {
        let millis = moment.get();
        let millis = if self.is_running { millis.saturating_sub(UnixMillis::now().get()) } else { millis };
        self.millis.store(millis, Ordering::SeqCst);
    }

    /// Moves the clock forward by `duration`, in whole milliseconds.
    pub fn advance(&self, duration: Duration) {
        self.millis.fetch_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

//! The clock of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ldtokens_client::UnixMillis;

/// The clock of a server: the machine's, or one that a test controls. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that shows `start` until [`advance`](Self::advance) is called.
    pub fn manual(start: UnixMillis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.get()))))
    }

    /// The time that the clock shows.
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            None => UnixMillis::now(),
            Some(millis) => UnixMillis::new(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward by `duration`, in whole milliseconds. Does nothing to the machine's clock.
    pub fn advance(&self, duration: Duration) {
        if let Some(millis) = &self.0 {
            let step = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(step, Ordering::SeqCst);
        }
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ldtokens_client::UnixMillis;

/// The clock that a server lives by: the machine's, or one that a test drives. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that shows `start` until it is [advanced](Self::advance).
    pub fn manual(start: UnixMillis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.get()))))
    }

    /// What it shows.
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            None => UnixMillis::now(),
            Some(millis) => UnixMillis::new(millis.load(Ordering::SeqCst)),
        }
    }

    /// Puts a manual clock forward by `duration`, to the millisecond. The machine's clock stays as it is.
    pub fn advance(&self, duration: Duration) {
        if let Some(millis) = &self.0 {
            let step = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(step, Ordering::SeqCst);
        }
    }
}

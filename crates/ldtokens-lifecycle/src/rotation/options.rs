use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a token gets a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// The token is reset: it keeps its ID, and the old secret works until the overlap ends.
    Reset,
    /// A token like it is created, and the old one is deleted when the overlap ends.
    Replace,
}

/// How to rotate.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Options {
    pub(crate) strategy: Strategy,
    pub(crate) overlap: Duration,
    pub(crate) force: bool,
    pub(crate) settle: Duration,
    pub(crate) patience: Duration,
    pub(crate) marks_time: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: Strategy::Reset,
            overlap: Duration::from_secs(24 * 60 * 60),
            force: false,
            settle: Duration::from_secs(20),
            patience: Duration::from_secs(30),
            marks_time: false,
        }
    }
}

impl Options {
    /// How the token gets its new secret. A reset if not set.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How long the old secret works on, to the millisecond. 24 hours if not set. Zero ends it as soon as possible: a reset
    /// ends it before the new one is delivered, a replacement after.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// Also resets a token whose overlap from an earlier reset has not ended, which may end the old secret early, and
    /// overwrites a destination that holds another token's secret.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// How long the API may take to carry out a request whose response was lost. 20 seconds if not set. Until then a reset is not
    /// repeated.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settle = time;
        self
    }

    /// How long a new secret may be refused before it counts as one that does not work. 30 seconds if not set. The API's
    /// reads can lag behind its writes.
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Writes the time of the rotation into the token's description, for schedules that keep no journal.
    pub fn mark_time(mut self) -> Self {
        self.marks_time = true;
        self
    }
}

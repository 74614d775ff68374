use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a token gets a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// The token is reset: it keeps its ID, and the old secret works until the overlap ends.
    Reset,
    /// A token like it is created, and the old one expires, or else is deleted, when the overlap ends.
    Replace,
}

/// How to rotate. What is not set is, for a rotation that was started, as it was then.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Options {
    pub(crate) strategy: Option<Strategy>,
    pub(crate) overlap: Option<Duration>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) again: bool,
    pub(crate) overwrite: bool,
    pub(crate) settle: Duration,
    pub(crate) patience: Duration,
    pub(crate) marks_time: bool,
}

/// How long the old secret keeps working by default.
pub(crate) const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: None,
            overlap: None,
            lifetime: None,
            again: false,
            overwrite: false,
            settle: Duration::from_secs(20),
            patience: Duration::from_secs(30),
            marks_time: false,
        }
    }
}

impl Options {
    /// Sets how the token gets its new secret. Default: a reset.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Sets how long the old secret keeps working, to the millisecond. Default: 24 hours. Zero ends it as soon as possible: a reset
    /// ends it before the new one is delivered, a replacement after.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = Some(overlap);
        self
    }

    /// Sets how long a replacement works. By default as long as its predecessor was made to.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Also resets a token within the overlap of an earlier reset, which may end its old secret early, and continues with other
    /// destinations, and after many replacements that were not delivered.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// Overwrites a destination whatever it holds.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Sets how long the API may take to carry out a request whose response was lost. Default: 20 seconds. Until then a reset
    /// is not repeated.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settle = time;
        self
    }

    /// Sets how long a new secret may be refused before it counts as one that does not work. Default: 30 seconds. The API's
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

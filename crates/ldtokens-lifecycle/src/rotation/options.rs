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

/// How to rotate. What is None is, for a rotation that was started, as it was then.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How the token gets its new secret. Default: a reset.
    pub strategy: Option<Strategy>,
    /// How long the old secret keeps working, to the millisecond. Default: 24 hours. Zero ends it as soon as possible: a reset
    /// ends it before the new one is delivered, a replacement after.
    pub overlap: Option<Duration>,
    /// How long a replacement works. By default as long as its predecessor was made to.
    pub lifetime: Option<Duration>,
    /// Whether to get another secret although the last one is lost, within the overlap of an earlier rotation, with other
    /// destinations, or after many replacements that were not delivered. It may end an old secret early.
    pub forced: bool,
    /// Whether to overwrite a destination whatever it holds.
    pub overwrites: bool,
    /// How long the API may take to carry out a request whose response was lost. Default: 20 seconds. Until then a reset is not
    /// repeated.
    pub write_lag: Duration,
    /// How long the API's reads can lag behind its writes. Default: 30 seconds. So long a new secret may be refused before it counts
    /// as one that does not work.
    pub read_lag: Duration,
    /// Whether to write the time of the rotation into the token's description, for schedules that keep no journal.
    pub notes_time: bool,
}

/// How long the old secret keeps working by default.
pub(crate) const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: None,
            overlap: None,
            lifetime: None,
            forced: false,
            overwrites: false,
            write_lag: Duration::from_secs(20),
            read_lag: Duration::from_secs(30),
            notes_time: false,
        }
    }
}

use std::time::{Duration, SystemTime};

use ldtokens_client::UnixMillis;

/// How long the old secret of a token works on after a [`reset`](crate::Client::reset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It stops working at once.
    None,
    /// It works for so long from now, to the millisecond. Now is what the API's clock shows, as far as its answers have
    /// told, and else what ours does.
    For(Duration),
    /// It works until this moment, to the millisecond. A moment that has passed means at once.
    Until(SystemTime),
}

impl Overlap {
    /// The moment as the API's `expiry` takes it.
    pub(crate) fn expiry(self, now: impl FnOnce() -> SystemTime) -> Option<UnixMillis> {
        match self {
            Self::None => None,
            Self::For(duration) => Some(UnixMillis::from(now()).saturating_add(duration)),
            Self::Until(moment) => Some(moment.into()),
        }
    }
}

impl From<Duration> for Overlap {
    fn from(duration: Duration) -> Self {
        Self::For(duration)
    }
}

impl From<SystemTime> for Overlap {
    fn from(moment: SystemTime) -> Self {
        Self::Until(moment)
    }
}

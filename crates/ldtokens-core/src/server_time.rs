//! The server's clock, by the `Date` headers of its responses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ldtokens_client::UnixMillis;

/// A `Date` header names a whole second.
const DATE_RESOLUTION: i64 = 1000;

/// How far the server's clock is ahead of ours.
///
/// When a response arrives, the server's clock shows its `Date` or later. When its request is sent, the server's clock shows
/// less than that `Date` plus a second. For our monotonic clock, the highest lower bound of all responses is kept, so that
/// a time that the server names is never reached too early. For our wall clock, which runs during suspend and may jump, the
/// last response counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerTime {
    ahead_of_monotonic: Option<i64>,
    ahead_of_wall: Option<i64>,
}

/// The server's time. It is between these two, but for the time that its last response took to arrive.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerNow {
    /// The earliest time that it can be.
    pub at_least: UnixMillis,
    /// The latest time that it can be.
    pub at_most: UnixMillis,
}

impl ServerTime {
    /// Learns from a response: its `Date`, and our clocks.
    pub(crate) fn learn(&mut self, date: SystemTime, sent: Duration, received: Duration, wall: SystemTime) {
        let date = unix_millis(date);
        let at_least = date.saturating_sub(millis(received));
        let at_most = (date + DATE_RESOLUTION).saturating_sub(millis(sent));
        // A known bound that is higher is no longer possible: the server's clock was set back.
        let known = self.ahead_of_monotonic.filter(|known| *known <= at_most);
        self.ahead_of_monotonic = known.max(Some(at_least));
        self.ahead_of_wall = Some(date.saturating_sub(unix_millis(wall)));
    }

    /// The time on our monotonic clock when the server's clock has certainly reached `moment`, in Unix milliseconds.
    ///
    /// `None` if no response had a date.
    pub(crate) fn when(&self, moment: i64) -> Option<Duration> {
        let ahead = self.ahead_of_monotonic?;
        Some(Duration::from_millis(u64::try_from(moment.saturating_sub(ahead)).unwrap_or(0)))
    }

    /// What the server's clock shows now. If our wall clock was set back since the last response, the monotonic clock tells.
    pub(crate) fn now(&self, wall: SystemTime, elapsed: Duration) -> ServerNow {
        let by_wall = self.at(wall);
        match self.ahead_of_monotonic.map(|ahead| ahead.saturating_add(millis(elapsed))) {
            Some(at_least) if at_least > by_wall.at_least.get() => ServerNow::from(at_least, DATE_RESOLUTION),
            _ => by_wall,
        }
    }

    /// What the server's clock shows when our wall clock shows `wall`. Without any response with a date, it is `wall`.
    pub(crate) fn at(&self, wall: SystemTime) -> ServerNow {
        let (ahead, resolution) = self.ahead_of_wall.map_or((0, 0), |ahead| (ahead, DATE_RESOLUTION));
        ServerNow::from(unix_millis(wall).saturating_add(ahead), resolution)
    }
}

impl ServerNow {
    fn from(at_least: i64, resolution: i64) -> Self {
        Self { at_least: UnixMillis::new(at_least), at_most: UnixMillis::new(at_least.saturating_add(resolution)) }
    }
}

fn unix_millis(moment: SystemTime) -> i64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "../tests/unit/server_time.rs"]
mod tests;

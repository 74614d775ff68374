//! The server's clock, by the `Date` headers of its responses.

use std::time::{Duration, SystemTime};

use ldtokens_client::UnixMillis;

/// The server's clock, and ours.
///
/// When a response arrives, the server's clock shows its `Date` or later. When its request is sent, the server's clock shows
/// less than that `Date` plus a second, since a `Date` names a whole second. For our monotonic clock, the highest lower bound of
/// all responses is kept, so that a time that the server names is never reached too early. For our wall clock, which runs during
/// suspend and may jump, the last response counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerTime {
    /// What the server's clock showed, at least, when our monotonic clock began, in Unix milliseconds.
    at_start: Option<i64>,
    ahead_of_wall: i64,
}

impl ServerTime {
    /// Learns from a response: its `Date`, and our clocks.
    pub(crate) fn learn(&mut self, date: UnixMillis, sent: Duration, received: Duration, wall: SystemTime) {
        let before = |elapsed: Duration| date.get().saturating_sub(elapsed.as_millis() as i64);
        // A known bound that is higher is no longer possible: the server's clock was set back.
        let known = self.at_start.filter(|known| *known <= before(sent) + 1000);
        self.at_start = known.max(Some(before(received)));
        self.ahead_of_wall = date.get().saturating_sub(UnixMillis::from(wall).get());
    }

    /// The time on our monotonic clock when the server's clock has certainly reached `moment`.
    ///
    /// `None` if no response had a date.
    pub(crate) fn when(&self, moment: UnixMillis) -> Option<Duration> {
        self.at_start.map(|start| moment.saturating_duration_since(UnixMillis::new(start)))
    }

    /// What the server's clock shows now: this, or up to a second more. If our wall clock was set back since the last response,
    /// the monotonic clock tells.
    pub(crate) fn now(&self, wall: SystemTime, elapsed: Duration) -> UnixMillis {
        let by_wall = self.at(wall);
        self.at_start.map_or(by_wall, |start| UnixMillis::new(start).saturating_add(elapsed).max(by_wall))
    }

    /// What the server's clock shows when our wall clock shows `wall`. Without any response with a date, it is `wall`.
    pub(crate) fn at(&self, wall: SystemTime) -> UnixMillis {
        UnixMillis::new(UnixMillis::from(wall).get().saturating_add(self.ahead_of_wall))
    }
}

#[cfg(test)]
#[path = "../tests/unit/server_time.rs"]
mod tests;

//! What the server's clock says, as far as its answers tell.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A bound on how far the server's clock is ahead of our monotonic one.
///
/// A `Date` header names a second that had begun when it was written. So the server's clock shows at least that second
/// when the answer arrives, and less than the next one when the request left. Each answer narrows the bounds; the lower
/// one is kept, so that a time the server names is never taken to have come before it has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerTime {
    /// Milliseconds to add to the monotonic clock's.
    ahead_at_least: Option<i64>,
}

impl ServerTime {
    /// Learns from an answer: its `Date`, and our monotonic clock when its request left and when it came.
    pub(crate) fn learn(&mut self, date: SystemTime, sent: Duration, received: Duration) {
        let date = unix_millis(date);
        let at_least = date - millis(received);
        let at_most = date + 1000 - millis(sent);
        self.ahead_at_least = match self.ahead_at_least {
            // Beyond what is possible now: the server's clock was set back.
            Some(known) if known > at_most => Some(at_least),
            Some(known) => Some(known.max(at_least)),
            None => Some(at_least),
        };
    }

    /// When, by our monotonic clock, the server's clock shows `moment`, Unix milliseconds: surely not earlier.
    ///
    /// `None` if no answer had a date.
    pub(crate) fn when(&self, moment: i64) -> Option<Duration> {
        let ahead = self.ahead_at_least?;
        Some(Duration::from_millis(u64::try_from(moment.saturating_sub(ahead)).unwrap_or(0)))
    }

    /// What the server's clock shows at least when our monotonic one shows `elapsed`.
    pub(crate) fn at(&self, elapsed: Duration) -> Option<SystemTime> {
        let moment = self.ahead_at_least?.saturating_add(millis(elapsed));
        UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(moment).ok()?))
    }
}

pub(crate) fn unix_millis(moment: SystemTime) -> i64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{ServerTime, unix_millis};
    use std::time::{Duration, UNIX_EPOCH};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_named_time_is_never_taken_to_have_come_too_early() {
        // The server is 1,000,000.4 s ahead of our monotonic clock.
        let mut time = ServerTime::default();
        for sent in (0..3_000).step_by(70) {
            let written = 1_000_000_400 + sent + 5;
            time.learn(UNIX_EPOCH + ms(written - written % 1000), ms(sent), ms(sent + 10));
            let named = 1_000_010_000;
            let ours = time.when(named).unwrap();
            assert!(ours >= ms(9_600), "{ours:?}");
            assert!(ours <= ms(10_610), "{ours:?}");
        }
        assert!(time.when(1_000_010_000).unwrap() < ms(9_700), "many answers narrow it down");
    }

    #[test]
    fn a_clock_set_back_is_believed() {
        let mut time = ServerTime::default();
        time.learn(UNIX_EPOCH + ms(900_000), ms(0), ms(1));
        time.learn(UNIX_EPOCH + ms(300_000), ms(5_000), ms(5_001));
        assert_eq!(unix_millis(time.at(ms(5_001)).unwrap()), 300_000);
    }
}

//! Times as in the journal: Unix time in milliseconds, by the API's clock.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use ldtokens::UnixMillis;

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn from_system_time(moment: SystemTime) -> i64 {
    UnixMillis::from(moment).get().max(0)
}

pub(crate) fn to_system_time(moment: i64) -> SystemTime {
    UnixMillis::new(moment.max(0)).to_system_time()
}

/// Formats a moment as in `2026-01-31T12:00:00Z`, to the second.
pub(crate) fn format(moment: i64) -> String {
    match Timestamp::from_second(moment.div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{moment} ms after 1970"),
    }
}

/// Parses a moment that [`format`] wrote.
pub(crate) fn parse(text: &str) -> Option<i64> {
    Some(text.parse::<Timestamp>().ok()?.as_millisecond())
}

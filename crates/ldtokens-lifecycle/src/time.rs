//! Times as in journals and notes, by the API's clock.

use jiff::Timestamp;
use ldtokens::UnixMillis;

/// Formats a moment as in `2026-01-31T12:00:00Z`, to the second.
pub(crate) fn format(moment: UnixMillis) -> String {
    match Timestamp::from_second(moment.get().div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{moment} ms after 1970"),
    }
}

/// Parses a moment that [`format`] wrote.
pub(crate) fn parse(text: &str) -> Option<UnixMillis> {
    Some(UnixMillis::new(text.parse::<Timestamp>().ok()?.as_millisecond()))
}

//! Days in UTC, as the policy names them and the outputs show them.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use ldtokens::UnixMillis;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// The milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// The day of this moment. It is the first or the last day of the years -9999 to 9999 if the moment is outside of them.
pub(crate) fn day(moment: UnixMillis) -> Date {
    date(1970, 1, 1).saturating_add(SignedDuration::from_hours(moment.get().div_euclid(DAY) * 24))
}

/// Reads a day such as `2027-01-31`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The parser takes a time of day too, and drops it.
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
    date.ok_or_else(|| D::Error::custom("expected a date like 2027-01-31"))
}

pub(crate) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

/// Reads a moment such as `2026-01-31T12:00:00Z`.
pub(crate) fn moment(text: &str) -> Option<UnixMillis> {
    text.parse().ok().map(|moment: Timestamp| UnixMillis::new(moment.as_millisecond()))
}

/// The day, and how long before `now` it was, for people: `2026-01-31, 120 days ago`.
pub(crate) fn day_and_age(moment: UnixMillis, now: UnixMillis) -> String {
    let day = day(moment);
    match now.saturating_duration_since(moment).as_secs() / 86_400 {
        0 => format!("{day}, today"),
        1 => format!("{day}, 1 day ago"),
        days => format!("{day}, {days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use ldtokens::UnixMillis;
    use serde::de::value::{Error, StrDeserializer};

    use super::{DAY, day, deserialize, moment};

    #[test]
    fn a_text_that_is_no_day_is_refused() {
        let is_day = |text: &str| deserialize(StrDeserializer::<Error>::new(text)).is_ok();
        for text in ["", "2026-02-30", "26-01-01", "2026-1-1", "20260101", "2026-01-01T12:00", "2026-01-01 12:00"] {
            assert!(!is_day(text), "{text}");
        }
        assert!(is_day("2024-02-29") && !is_day("2026-02-29"));
    }

    #[test]
    fn a_moment_has_a_date_and_a_time_in_utc() {
        let noon = UnixMillis::new(1_769_860_800_000);
        assert_eq!(moment("2026-01-31T12:00:00Z"), Some(noon));
        for (millis, text) in [
            (noon.get(), "2026-01-31"),
            (-1, "1969-12-31"),
            (0, "1970-01-01"),
            (DAY - 1, "1970-01-01"),
            (DAY, "1970-01-02"),
            (i64::MAX, "9999-12-31"),
            (i64::MIN, "-009999-01-01"),
        ] {
            assert_eq!(day(UnixMillis::new(millis)).to_string(), text);
        }
        for text in ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T24:00:00Z", "2026-01-31T1:0:0Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}

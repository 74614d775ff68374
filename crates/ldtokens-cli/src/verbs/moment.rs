//! Parses timestamps and durations.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use ldtokens::UnixMillis;

/// The syntax of a timestamp, for help and errors.
pub(crate) const FORM: &str =
    "a date like 2026-01-31 (UTC), a time like 2026-01-31T12:00:00Z, or a Unix time in milliseconds";

/// Smaller numbers, before 1973, are more likely seconds or days than milliseconds.
const LEAST_MILLIS: i64 = 100_000_000_000;

/// Parses a date, a time, or a Unix time in milliseconds.
pub(crate) fn moment(text: &str) -> Result<UnixMillis, String> {
    let millis = if let Ok(number) = text.parse::<i64>() {
        if number < LEAST_MILLIS {
            return Err(format!("{text} is not a Unix time in milliseconds"));
        }
        number
    } else if let Ok(moment) = text.parse::<Timestamp>() {
        moment.as_millisecond()
    } else if let Some(moment) = date(text) {
        moment.as_millisecond()
    } else {
        return Err(format!("expected {FORM}"));
    };
    Ok(UnixMillis::new(millis))
}

fn date(text: &str) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0)).ok()
}

/// Whether it is a date without a time.
pub(crate) fn is_date(text: &str) -> bool {
    text.parse::<Date>().is_ok() && text.parse::<Timestamp>().is_err()
}

/// Parses a duration such as `24h`, `90d` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text.bytes().all(|digit| digit.is_ascii_digit()) && !text.is_empty() {
        return Err(format!("{text} has no unit; give {text}d for days or {text}h for hours"));
    }
    let span: Span = text.parse().map_err(|_| "expected a length of time like 24h, 7d or 1h 30m".to_owned())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "months and years have no fixed length; give days".to_owned())?;
    length.try_into().map_err(|_| "it is negative".to_owned())
}

/// The time that was `length` before `now`.
pub(crate) fn before(now: UnixMillis, length: Duration) -> UnixMillis {
    let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    UnixMillis::new(now.get().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use super::{duration, is_date, moment};

    #[test]
    fn a_moment_is_a_date_a_time_or_milliseconds() {
        for (text, millis) in [
            ("2026-01-31", 1_769_817_600_000),
            ("2026-01-31T12:00:00Z", 1_769_860_800_000),
            ("2026-01-31T13:00:00+01:00", 1_769_860_800_000),
            ("1769860800000", 1_769_860_800_000),
        ] {
            assert_eq!(moment(text).unwrap().get(), millis, "{text}");
        }
        for text in ["", "soon", "90d", "-90d", "90", "1769860800", "-1769860800000", "2026-02-30", "2026"] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert!(is_date("2026-01-31") && !is_date("2026-01-31T12:00:00Z") && !is_date("1769860800000"));
    }

    #[test]
    fn a_duration_has_a_unit_and_a_fixed_length() {
        assert_eq!(duration("1h 30m").unwrap().as_secs(), 5400);
        assert_eq!(duration("7d").unwrap().as_secs(), 7 * 86_400);
        assert!(duration("90").unwrap_err().contains("90d"));
        assert!(duration("1 month").unwrap_err().contains("days"));
        assert!(duration("-1h").unwrap_err().contains("negative"));
        assert!(duration("soon").is_err() && duration("").is_err());
    }
}

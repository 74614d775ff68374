//! The one parser of times and lengths of time, for every option, condition and file that takes one.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use ldtokens::UnixMillis;

/// The syntax of a timestamp, for help and errors.
pub(crate) const FORM: &str = "a date like 2026-01-31 (0:00 UTC), a time like 2026-01-31T12:00:00+01:00 (UTC if it has no \
    offset), or a Unix time in milliseconds";

/// Smaller numbers, before 1973, are more likely seconds or days than milliseconds.
const LEAST_MILLIS: i64 = 100_000_000_000;

/// Parses a date, a time, or a Unix time in milliseconds. Nothing of the text is left unread: a time without an offset is UTC,
/// and the name of a zone is refused.
pub(crate) fn moment(text: &str) -> Result<UnixMillis, String> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return match number {
            LEAST_MILLIS.. => Ok(UnixMillis::new(number)),
            _ => Err(format!("{text} is not a Unix time in milliseconds")),
        };
    }
    if text.contains('[') {
        return Err("the name of a zone is not read: give the offset, as in 2026-01-31T12:00:00+01:00".to_owned());
    }
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => Some(moment),
        Err(_) => in_utc(text).and_then(|moment| TimeZone::UTC.to_timestamp(moment).ok()),
    };
    moment.map(|moment| UnixMillis::new(moment.as_millisecond())).ok_or_else(|| format!("expected {FORM}"))
}

/// A date, or a time without an offset. ` UTC` may follow it, as this program prints.
fn in_utc(text: &str) -> Option<DateTime> {
    text.strip_suffix("UTC").map_or(text, str::trim_end).parse().ok()
}

/// Whether it is a date without a time.
pub(crate) fn is_date(text: &str) -> bool {
    text.parse::<Date>().is_ok() && !has_time(text)
}

fn has_time(text: &str) -> bool {
    text.trim().contains([':', 'T', 't', ' '])
}

/// How a time of day without an offset was read, to be said: it may be meant as local time.
pub(crate) fn note(text: &str) -> Option<String> {
    let text = text.trim();
    let is_silent = text.parse::<Timestamp>().is_err() && !text.ends_with("UTC") && has_time(text);
    let moment = in_utc(text).filter(|_| is_silent)?;
    Some(format!("`{text}` has no offset and was read as {} UTC", moment.strftime("%Y-%m-%d %H:%M:%S")))
}

/// Parses a duration such as `24h`, `90m` or `1h 30m`.
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

/// Parses a duration that is usually days or more, such as an age or a lifetime. There, `m` is minutes to some and months to
/// others, so it is refused, except beside hours or seconds.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let is_letter = |letter: char| letter.is_ascii_alphabetic();
    let units: Vec<_> = text.split(|letter| !is_letter(letter)).map(str::to_ascii_lowercase).collect();
    let has = |names: &[&str]| units.iter().any(|unit| names.contains(&unit.as_str()));
    if !has(&["m"]) || has(&["h", "s"]) {
        return duration(text);
    }
    let count = text.split(is_letter).next().unwrap_or_default().trim();
    let days = count.parse::<u64>().map_or(90, |count| count.saturating_mul(30));
    Err(format!("`m` could be minutes or months: write {count}min, or for months days, such as {days}d"))
}

/// The time that was `length` before `now`.
pub(crate) fn before(now: UnixMillis, length: Duration) -> UnixMillis {
    let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    UnixMillis::new(now.get().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use super::{age, duration, is_date, moment, note};

    #[test]
    fn a_moment_is_a_date_a_time_or_milliseconds() {
        for (text, millis) in [
            ("2026-01-31", 1_769_817_600_000),
            ("2026-01-31T12:00:00Z", 1_769_860_800_000),
            ("2026-01-31T13:00:00+01:00", 1_769_860_800_000),
            ("2026-01-31 13:00+01:00", 1_769_860_800_000),
            ("2026-01-31 12:00:00.5Z", 1_769_860_800_500),
            ("1769860800000", 1_769_860_800_000),
        ] {
            assert_eq!(moment(text).unwrap().get(), millis, "{text}");
            assert_eq!(note(text), None, "{text}");
        }
        for text in [
            "",
            "soon",
            "90d",
            "-90d",
            "90",
            "1769860800",
            "-1769860800000",
            "2026-02-30",
            "2026",
            "2026-01-31 25:00",
            "2026-01-31T12:00 CET",
            "2026-01-31 12:00 PM",
            "2026-01-31T12:00:00+01:00[Europe/Berlin]",
            "12:00",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert!(is_date("2026-01-31") && !is_date("2026-01-31 12:00") && !is_date("1769860800000"));
    }

    #[test]
    fn a_time_of_day_without_an_offset_is_utc_and_said() {
        for text in
            ["2026-01-31 12:00", "2026-01-31T12:00", "2026-01-31T12:00:00", "2026-01-31t12", " 2026-01-31 12:00 "]
        {
            assert_eq!(moment(text).unwrap().get(), 1_769_860_800_000, "{text}");
            assert!(note(text).unwrap().ends_with("was read as 2026-01-31 12:00:00 UTC"), "{text}");
        }
        assert_eq!(moment("2026-01-31 12:00 UTC").unwrap().get(), 1_769_860_800_000);
        assert_eq!(note("2026-01-31 12:00 UTC"), None);
        for text in ["2026-01-31T12:00[Europe/Berlin]", "2026-01-31 12:00:00[UTC]"] {
            assert!(moment(text).unwrap_err().contains("give the offset"), "{text}");
        }
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

    #[test]
    fn an_age_in_m_is_refused() {
        for text in ["3m", "3 m", "3M", "1d 3m"] {
            assert!(age(text).unwrap_err().contains("min"), "{text}");
        }
        assert_eq!(
            age("3m").unwrap_err(),
            "`m` could be minutes or months: write 3min, or for months days, such as 90d"
        );
        assert_eq!(age("1h 30m").unwrap().as_secs(), 5400);
        assert_eq!(age("3min").unwrap().as_secs(), 180);
        assert_eq!(age("90d").unwrap().as_secs(), 90 * 86_400);
        assert!(age("90").unwrap_err().contains("90d"));
    }
}

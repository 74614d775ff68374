//! Times and lengths of time: the one parser, for every option, condition and file that takes one, and how they are shown.

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

/// Parses a date, a time, or a Unix time in milliseconds. A time without an offset is UTC, and the name of a zone is refused.
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

/// The units of an age, in seconds.
const UNITS: [(i64, &str); 5] =
    [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute")];

/// How long ago the time was, in its largest unit: "3 days ago".
pub(crate) fn ago(moment: UnixMillis, now: UnixMillis) -> String {
    let seconds = now.get().saturating_sub(moment.get()) / 1000;
    let unit = UNITS.iter().find(|(length, _)| seconds.unsigned_abs() >= length.unsigned_abs());
    let Some((length, name)) = unit else { return "just now".to_owned() };
    let count = (seconds / length).unsigned_abs();
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {count} {name}{plural}") } else { format!("{count} {name}{plural} ago") }
}

/// The date and time in UTC, to the second.
pub(crate) fn date(moment: UnixMillis) -> String {
    Timestamp::from_millisecond(moment.get()).map_or_else(|_| moment.to_string(), |moment| format!("{moment:.0}"))
}

#[cfg(test)]
#[path = "../tests/unit/moment.rs"]
mod tests;

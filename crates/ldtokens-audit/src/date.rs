//! Days, as the policy names them and the outputs show them. All are in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::{SignedDuration, Timestamp};
use ldtokens::UnixMillis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// A day in UTC, written as in `2027-01-31`.
///
/// ```
/// use ldtokens_audit::Date;
/// let date: Date = "2027-01-31".parse()?;
/// assert_eq!(date.end().get(), 1_801_440_000_000);
/// assert_eq!(date.to_string(), "2027-01-31");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "date"))]
pub struct Date(civil::Date);

const EPOCH: civil::Date = civil::date(1970, 1, 1);

impl Date {
    /// The day of this moment. It is the first or the last day of the years -9999 to 9999 if the moment is outside of them.
    pub fn of(moment: UnixMillis) -> Self {
        Self(EPOCH.saturating_add(SignedDuration::from_hours(moment.get().div_euclid(DAY) * 24)))
    }

    /// The first moment after this day.
    pub fn end(self) -> UnixMillis {
        UnixMillis::new((self.0.duration_since(EPOCH).as_hours() + 24) * 3_600_000)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parser takes a time of day too, and drops it.
        let date = text.parse().ok().map(Self).filter(|date| date.to_string() == text);
        date.ok_or("expected a date like 2027-01-31")
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

/// Reads a moment such as `2026-01-31T12:00:00Z`.
pub(crate) fn moment(text: &str) -> Option<UnixMillis> {
    text.parse().ok().map(|moment: Timestamp| UnixMillis::new(moment.as_millisecond()))
}

/// How long before `now` the moment was, for people: `today`, `1 day ago`, `120 days ago`.
pub(crate) fn ago(moment: UnixMillis, now: UnixMillis) -> String {
    match now.saturating_duration_since(moment).as_secs() / 86_400 {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use ldtokens::UnixMillis;

    use super::{DAY, Date, moment};

    #[test]
    fn a_text_that_is_no_day_is_refused() {
        for text in ["", "2026-02-30", "26-01-01", "2026-1-1", "20260101", "2026-01-01T12:00", "2026-01-01 12:00"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2024-02-29".parse::<Date>().is_ok() && "2026-02-29".parse::<Date>().is_err());
    }

    #[test]
    fn a_moment_has_a_date_and_a_time_in_utc() {
        let noon = UnixMillis::new(1_769_860_800_000);
        assert_eq!(moment("2026-01-31T12:00:00Z"), Some(noon));
        assert_eq!(Date::of(noon).to_string(), "2026-01-31");
        for (millis, end) in [(-1, 0), (0, DAY), (DAY - 1, DAY), (DAY, 2 * DAY)] {
            assert_eq!(Date::of(UnixMillis::new(millis)).end().get(), end, "{millis}");
        }
        for (millis, day) in [(i64::MAX, "9999-12-31"), (i64::MIN, "-009999-01-01")] {
            assert_eq!(Date::of(UnixMillis::new(millis)).to_string(), day);
        }
        for text in ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T24:00:00Z", "2026-01-31T1:0:0Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}

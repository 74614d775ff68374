//! Days, as the policy names them and the outputs show them. All are in UTC.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ldtokens::UnixMillis;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Days since 1 January 1970.
    days: i64,
}

impl Date {
    /// The day of this moment.
    pub fn of(moment: UnixMillis) -> Self {
        Self { days: moment.get().div_euclid(DAY) }
    }

    /// The first moment after this day.
    pub fn end(self) -> UnixMillis {
        UnixMillis::new((self.days + 1) * DAY)
    }

    /// The year, the month from 1 to 12, and the day of the month.
    fn parts(self) -> (i64, i64, i64) {
        // Years that begin in March: so the leap day is the last one, and the lengths of the months repeat.
        let days = self.days + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year + i64::from(month <= 2), month, day)
    }

    fn from_parts(year: i64, month: i64, day: i64) -> Option<Self> {
        let march_year = year - i64::from(month <= 2);
        let (era, year_of_era) = (march_year.div_euclid(400), march_year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Self { days: era * 146_097 + day_of_era - 719_468 };
        // A day that does not exist, such as 30 February, becomes another one.
        (date.parts() == (year, month, day)).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |range, separator: Option<usize>| {
            let digits: &str = text.get(range)?;
            let is_separated = separator.is_none_or(|at| text.as_bytes().get(at) == Some(&b'-'));
            (is_separated && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
        };
        let parse = || {
            let (year, month, day) = (number(0..4, None)?, number(5..7, Some(4))?, number(8..10, Some(7))?);
            Self::from_parts(year, month, day).filter(|_| text.len() == 10)
        };
        parse().ok_or("expected a date like 2027-01-31")
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "description": "A day in UTC, such as 2027-01-31." })
    }
}

/// Reads a moment such as `2026-01-31T12:00:00Z`.
pub(crate) fn moment(text: &str) -> Option<UnixMillis> {
    let (date, time) = text.split_once('T')?;
    let date: Date = date.parse().ok()?;
    let mut parts = time.strip_suffix('Z')?.splitn(3, ':').map(|part| match part.len() {
        2 => part.parse::<i64>().ok().filter(|number| (0..60).contains(number)),
        _ => None,
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    (hours < 24).then(|| UnixMillis::new(date.days * DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000))
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
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut before: Date = "1899-12-31".parse().unwrap();
        for _ in 0..146_097 {
            let date = Date::of(before.end());
            let (year, month, day) = date.parts();
            assert!(day == before.parts().2 + 1 || day == 1, "{date} after {before}");
            assert_eq!(Date::from_parts(year, month, day), Some(date));
            assert_eq!(date.to_string().parse(), Ok(date));
            before = date;
        }
        assert_eq!(before.to_string(), "2299-12-31");
    }

    #[test]
    fn a_text_that_is_no_day_is_refused() {
        for text in [
            "",
            "2026-02-30",
            "2026-13-01",
            "2026-00-10",
            "26-01-01",
            "2026-1-1",
            "2026/01/01",
            "2026-01-01T",
            "é026-01-01",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2024-02-29".parse::<Date>().is_ok() && "2026-02-29".parse::<Date>().is_err());
    }

    #[test]
    fn a_moment_has_a_date_and_a_time_in_utc() {
        let noon = UnixMillis::new(1_769_860_800_000);
        assert_eq!(moment("2026-01-31T12:00:00Z"), Some(noon));
        assert_eq!(Date::of(noon).to_string(), "2026-01-31");
        assert_eq!(Date::of(UnixMillis::new(-1)).end().get() % DAY, 0);
        for text in
            ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T1:0:0Z"]
        {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}

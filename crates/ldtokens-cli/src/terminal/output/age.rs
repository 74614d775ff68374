//! Times, formatted for people.

use jiff::Timestamp;
use ldtokens::UnixMillis;

const UNITS: [(i64, &str); 5] =
    [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute")];

/// How long ago the time was, in its largest unit: "3 days ago".
pub(crate) fn age(moment: UnixMillis, now: UnixMillis) -> String {
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
mod tests {
    use super::{UnixMillis, age};

    #[test]
    fn an_age_uses_its_largest_unit() {
        let day = 86_400_000;
        for (before, text) in [
            (0, "just now"),
            (59_000, "just now"),
            (60_000, "1 minute ago"),
            (3 * day, "3 days ago"),
            (29 * day, "29 days ago"),
            (400 * day, "1 year ago"),
            (-2 * 3_600_000, "in 2 hours"),
            (i64::MIN, "in 292471208 years"),
        ] {
            assert_eq!(age(UnixMillis::new(0), UnixMillis::new(before)), text);
        }
    }
}

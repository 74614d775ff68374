use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A moment, as the API writes it: milliseconds since 1 January 1970, UTC.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use ldtokens_client::UnixMillis;
/// let moment = UnixMillis::from(UNIX_EPOCH + Duration::from_millis(1_754_006_400_000));
/// assert_eq!(moment.get(), 1_754_006_400_000);
/// assert_eq!(moment.to_system_time() - Duration::from_millis(1_754_006_400_000), UNIX_EPOCH);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// The moment `millis` milliseconds after (or, if negative, before) the Unix epoch.
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// This moment, by the machine's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The milliseconds since the Unix epoch.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The same moment as the standard library's time. A moment that the platform can't hold becomes the Unix epoch.
    pub fn to_system_time(self) -> SystemTime {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        let moment = if self.0 < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        moment.unwrap_or(UNIX_EPOCH)
    }

    /// The moment that is `later` after this one, or the last possible moment if that is out of range.
    pub fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this moment. Zero if this moment is not later.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(i128::from(self.0) - i128::from(earlier.0)).unwrap_or(0))
    }
}

/// Drops fractions of a millisecond.
impl From<SystemTime> for UnixMillis {
    fn from(moment: SystemTime) -> Self {
        let millis = |distance: Duration| i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
        match moment.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(millis(after)),
            Err(before) => Self(-millis(before.duration())),
        }
    }
}

impl From<UnixMillis> for SystemTime {
    fn from(moment: UnixMillis) -> Self {
        moment.to_system_time()
    }
}

/// The milliseconds since the Unix epoch.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Also accepts a whole number that is written as a float.
impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WholeNumber::deserialize(deserializer).map(|WholeNumber(millis)| Self(millis))
    }
}

/// A whole number, which may be written as a float: `1.7e12` or `1754006400000.0`.
pub(crate) struct WholeNumber(pub(crate) i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = WholeNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of 64 bits")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<WholeNumber, E> {
                Ok(WholeNumber(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<WholeNumber, E> {
                i64::try_from(number)
                    .map(WholeNumber)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber, E> {
                // -2^63 and 2^63 are exact as floats. All floats from the first up to, but not including, the second fit.
                const BOUND: f64 = 9_223_372_036_854_775_808.0;
                if number.fract() == 0.0 && (-BOUND..BOUND).contains(&number) {
                    return Ok(WholeNumber(number as i64));
                }
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }

        from.deserialize_any(Whole)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for UnixMillis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UnixMillis".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "format": "int64", "description": "A Unix time in milliseconds." })
    }
}

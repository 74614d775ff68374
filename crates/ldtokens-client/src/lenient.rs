//! How the generated types read values that are not as the document says, but whose meaning is clear.
//!
//! `cargo xtask generate` uses these functions for the fields that need them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::UnixMillis;

/// A list. `null` means an empty list, because Go writes empty lists as `null`.
pub(crate) fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A value of any type, including `null`.
pub(crate) fn any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// An optional whole number, which may be written as a float.
pub(crate) fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<WholeNumber>::deserialize(from)?.map(|WholeNumber(number)| number))
}

/// An optional moment. 0 means none.
pub(crate) fn zero_is_absent<'de, D: Deserializer<'de>>(from: D) -> Result<Option<UnixMillis>, D::Error> {
    Ok(Option::<UnixMillis>::deserialize(from)?.filter(|moment| moment.get() != 0))
}

/// A string, passed to `read` without a copy if the format allows it.
pub(crate) fn text<'de, D: Deserializer<'de>, T>(from: D, read: impl Fn(&str) -> T) -> Result<T, D::Error> {
    struct Text<F>(F);

    impl<T, F: Fn(&str) -> T> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }

    from.deserialize_str(Text(read))
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

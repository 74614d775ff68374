//! How the generated types read what the API sends otherwise than its document says, but readably.
//!
//! `cargo xtask generate` names these functions on the fields that they are for.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::UnixMillis;

/// A list, for which `null` is an empty one. Go writes an empty list like that.
pub(crate) fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A value of any type, `null` among them.
pub(crate) fn any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// A whole number or none, also one that is written as a float.
pub(crate) fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<WholeNumber>::deserialize(from)?.map(|WholeNumber(number)| number))
}

/// A moment, for which 0 is none.
pub(crate) fn zero_is_absent<'de, D: Deserializer<'de>>(from: D) -> Result<Option<UnixMillis>, D::Error> {
    Ok(Option::<UnixMillis>::deserialize(from)?.filter(|moment| moment.get() != 0))
}

/// A text, given to `read` without a copy where the format allows.
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

/// A whole number, also one that is written as a float: `1.7e12` or `1754006400000.0`.
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
                // 2^63 and its negative are floats exactly; below the one and from the other on all floats fit.
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

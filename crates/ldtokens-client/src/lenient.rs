//! How the generated types read values that are not as the document says, but whose meaning is clear.
//!
//! `cargo xtask generate` uses these functions for the fields that need them.
#![allow(dead_code)] // which are needed depends on the document

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};
use serde_json::Value;

use crate::unix_millis::{UnixMillis, WholeNumber};

/// A list. `null` means an empty list, because Go writes empty lists as `null`.
pub(crate) fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A value of any type, including `null`.
pub(crate) fn any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// A value with whole numbers in it, each of which may be written as a float.
pub(crate) fn whole_numbers<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let mut value = Value::deserialize(from)?;
    write_floats_whole(&mut value);
    T::deserialize(value).map_err(Error::custom)
}

/// A list with whole numbers in it.
pub(crate) fn list_of_whole_numbers<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    from: D,
) -> Result<T, D::Error> {
    whole_numbers(from).map(Option::unwrap_or_default)
}

/// A map. `null` means an empty map, and no entry.
pub(crate) fn map<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    let mut value = Value::deserialize(from)?;
    write_floats_whole(&mut value);
    if let Value::Object(entries) = &mut value {
        entries.retain(|_, entry| !entry.is_null());
    }
    Option::deserialize(value).map(Option::unwrap_or_default).map_err(Error::custom)
}

/// Writes whole numbers without a fraction.
fn write_floats_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Ok(WholeNumber(whole)) = WholeNumber::deserialize(&*value) {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_floats_whole),
        Value::Object(entries) => entries.values_mut().for_each(write_floats_whole),
        _ => {}
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU64;

    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Numbers {
        #[serde(deserialize_with = "super::whole_numbers")]
        small: i32,
        #[serde(deserialize_with = "super::whole_numbers")]
        positive: NonZeroU64,
        #[serde(default, deserialize_with = "super::whole_numbers")]
        large: Option<u64>,
        #[serde(default, deserialize_with = "super::list_of_whole_numbers")]
        times: Vec<i64>,
        #[serde(default, deserialize_with = "super::map")]
        counts: BTreeMap<String, i64>,
    }

    // Fact 11 for `null`; floats are our choice, for programs that write all numbers so.
    #[test]
    fn whole_numbers_of_each_size_may_be_floats_wherever_they_are() {
        let read = |text: &str| serde_json::from_str::<Numbers>(text);
        let counts = BTreeMap::from([("a".to_owned(), 2)]);
        let positive = NonZeroU64::new(1).unwrap();
        let expected = Numbers { small: 5, positive, large: Some(u64::MAX), times: vec![1_700_000_000_000, 3], counts };
        let text = r#"{"small": 5.0, "positive": 1.0, "large": 18446744073709551615, "times": [1.7e12, 3], "counts": {"a": 2.0, "b": null}}"#;
        assert_eq!(read(text).unwrap(), expected);
        let empty = read(r#"{"small": 1, "positive": 1, "large": null, "times": null, "counts": null}"#).unwrap();
        assert_eq!(empty, Numbers { small: 1, positive, large: None, times: vec![], counts: BTreeMap::new() });
        for wrong in
            [r#"{"small": 5.5, "positive": 1}"#, r#"{"small": 1, "positive": 0.0}"#, r#"{"small": 3e9, "positive": 1}"#]
        {
            read(wrong).unwrap_err();
        }
    }
}

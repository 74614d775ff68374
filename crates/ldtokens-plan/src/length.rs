use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time as text, such as `90d`, `36h` or `1d 12h`. A day has 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Length {
    pub(crate) text: String,
    length: Duration,
}

impl Length {
    /// The length.
    pub fn duration(&self) -> Duration {
        self.length
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // `m` is minutes to some and months to others.
        if text.split(|letter: char| !letter.is_ascii_alphabetic()).any(|unit| unit == "m") {
            return Err(format!("`{text}`: write min for minutes, or d for days"));
        }
        let bad = |_| format!("`{text}` is not a length of time such as 90d or 36h");
        let span: Span = text.parse().map_err(bad)?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(bad)?;
        let length = Duration::try_from(length).map_err(bad)?;
        Ok(Self { text, length })
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.text
    }
}

#[cfg(test)]
mod tests {
    use super::Length;

    #[test]
    fn a_length_has_a_unit_that_says_how_long_it_is() {
        for (text, hours) in [("90d", 90 * 24), ("36h", 36), ("1d 12h", 36), ("2w", 14 * 24)] {
            assert_eq!(Length::try_from(text.to_owned()).unwrap().duration().as_secs(), hours * 3600, "{text}");
        }
        for text in ["", "90", "3m", "1y", "-1d", "soon"] {
            assert!(Length::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

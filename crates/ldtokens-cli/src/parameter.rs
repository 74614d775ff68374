//! How parameters, and properties of a body, are written and what they take.

use std::fmt;

use crate::operations::{Kind, Operation, Parameter};

impl Operation {
    /// Its parameters, and what a word of each begins with: `limit=`.
    pub(crate) fn parameter_words(&self) -> impl Iterator<Item = (&'static Parameter, String)> {
        self.parameters.iter().map(|parameter| (parameter, format!("{}=", parameter.name)))
    }

    /// Its body's properties, and what a word of each begins with: `name==`, `serviceToken:=`.
    pub(crate) fn property_words(&self) -> impl Iterator<Item = (&'static Parameter, String)> {
        let properties = self.body.as_ref().map_or(&[][..], |body| body.properties);
        properties.iter().map(|property| {
            let is_text = matches!(property.kind, Kind::Text | Kind::OneOf(_));
            (property, format!("{}{}", property.name, if is_text { "==" } else { ":=" }))
        })
    }

    /// What a word of the parameter or property of that name begins with.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        let mut words = self.parameter_words().chain(self.property_words());
        words.find(|(parameter, _)| parameter.name == name).map(|(_, word)| word)
    }
}

/// What it takes, in words.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("true or false"),
            Self::Integer { minimum: i64::MIN } => f.write_str("a whole number"),
            Self::Integer { minimum } => write!(f, "a whole number, at least {minimum}"),
            Self::Time => f.write_str("a Unix time in milliseconds"),
            Self::Text => f.write_str("text"),
            Self::OneOf(values) => write!(f, "one of {}", values.join(", ")),
            Self::Json => f.write_str("JSON"),
        }
    }
}

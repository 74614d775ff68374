//! How parameters and body properties are written on the command line.

use ldtokens_client::operations::{OPERATIONS, OperationSpec, ParameterSpec, ValueType};

/// The arguments for an operation's parameters and body properties.
pub(crate) trait ArgumentWords {
    /// Its parameters, and how the argument for each begins: `limit=`.
    fn parameter_words(&self) -> impl Iterator<Item = (&'static ParameterSpec, String)>;

    /// Its body properties, and how the argument for each begins: `name==`, `serviceToken:=`.
    fn property_words(&self) -> impl Iterator<Item = (&'static ParameterSpec, String)>;

    /// How the argument for the parameter or property with this name begins.
    fn word(&self, name: &str) -> Option<String> {
        let mut words = self.parameter_words().chain(self.property_words());
        words.find(|(parameter, _)| parameter.name == name).map(|(_, word)| word)
    }
}

impl ArgumentWords for OperationSpec {
    fn parameter_words(&self) -> impl Iterator<Item = (&'static ParameterSpec, String)> {
        self.parameters.iter().map(|parameter| (parameter, format!("{}=", parameter.name)))
    }

    fn property_words(&self) -> impl Iterator<Item = (&'static ParameterSpec, String)> {
        let properties = self.body.as_ref().map_or(&[][..], |body| body.value_type.properties());
        properties.iter().map(|property| {
            (property, format!("{}{}", property.name, if property.value_type.is_text() { "==" } else { ":=" }))
        })
    }
}

/// The base roles that a token can have, from the table of operations.
pub(crate) fn roles() -> &'static [&'static str] {
    let bodies = OPERATIONS.iter().filter_map(|operation| operation.body.as_ref());
    let mut properties = bodies.flat_map(|body| body.value_type.properties());
    match properties.find(|property| property.name == "role").map(|property| property.value_type) {
        Some(ValueType::OneOf(roles)) => roles,
        _ => &[],
    }
}

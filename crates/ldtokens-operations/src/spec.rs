use std::fmt;

use serde_json::Value;

#[rustfmt::skip] // the generator formats it
mod table;

pub use table::{OPERATIONS, TOKEN};

/// An operation of the API, as `openapi.yaml` describes it.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationSpec {
    /// The operation's ID, such as `getToken`.
    pub id: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path below `/api/v2`, with parameters in braces: `/tokens/{tokenId}`.
    pub path: &'static str,
    /// What the operation does, in a few words.
    pub summary: &'static str,
    /// What the operation does.
    pub description: &'static str,
    /// Whether it should no longer be used; then the description says what to use.
    pub deprecated: bool,
    /// The parameters in the path and in the query.
    pub parameters: &'static [ParameterSpec],
    /// The request body, if the operation takes one.
    pub body: Option<BodySpec>,
    /// The responses: each status code and its meaning.
    pub responses: &'static [(&'static str, &'static str)],
    /// An example, as arguments: the operation's ID, each parameter as `name=value`, and `-` for a body on standard input.
    pub example: &'static str,
}

impl OperationSpec {
    /// The operation with this ID, if the API has it.
    pub fn find(id: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }

    /// Whether the parameter of that name stands in the path, not in the query.
    pub fn is_in_path(&self, parameter: &str) -> bool {
        self.path
            .split('/')
            .any(|segment| segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) == Some(parameter))
    }
}

/// A parameter of an operation, or a property of an object.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// Whether it is required.
    pub required: bool,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// The type of its value.
    pub value_type: ValueType,
    /// What it means.
    pub description: &'static str,
    /// An example value, as JSON. Empty if there is none.
    pub example: &'static str,
}

/// A request body.
#[derive(Debug)]
#[non_exhaustive]
pub struct BodySpec {
    /// What the body is.
    pub description: &'static str,
    /// The type of the body.
    pub value_type: ValueType,
    /// An example body, as JSON. Empty if there is none.
    pub example: &'static str,
}

/// The first float that an `i64` can't hold.
const MAX_FLOAT: f64 = 9_223_372_036_854_775_808.0;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// An integer, at least `minimum`.
    Integer {
        /// The smallest value allowed. `i64::MIN` if there is no limit.
        minimum: i64,
    },
    /// A Unix time in milliseconds.
    Time,
    /// Any text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An array with items of this type.
    Array(&'static ValueType),
    /// An object with these properties, and others.
    Object(&'static [ParameterSpec]),
    /// A value of one of these types, no two of which are both arrays or both objects.
    AnyOf(&'static [ValueType]),
    /// Any JSON value.
    Any,
}

impl ValueType {
    /// Checks that `value` has this type, with all that is in it.
    ///
    /// # Errors
    /// The first place where it has not. The error never shows a value.
    pub fn check(&self, value: &Value) -> Result<(), InvalidValue> {
        let fits = match (self, value) {
            (Self::Array(item), Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                return items.try_for_each(|(index, value)| item.check(value).map_err(|error| error.within(index)));
            }
            (Self::Object(properties), Value::Object(object)) => {
                return properties.iter().try_for_each(|property| match object.get(property.name) {
                    Some(value) => property.value_type.check(value).map_err(|error| error.within(property.name)),
                    None if property.required => Err(InvalidValue::new(format!("{} is required", property.name))),
                    None => Ok(()),
                });
            }
            (Self::AnyOf(types), value) => {
                let same_form = types.iter().find(|known| known.is_form_of(value));
                return same_form.map_or_else(|| Err(self.expected()), |known| known.check(value));
            }
            (Self::Boolean, value) => value.is_boolean(),
            (Self::Integer { minimum }, value) => integer(value).is_some_and(|number| number >= *minimum),
            (Self::Time, value) => integer(value).is_some(),
            (Self::Text, value) => value.is_string(),
            (Self::OneOf(known), value) => value.as_str().is_some_and(|value| known.contains(&value)),
            (Self::Array(_) | Self::Object(_), _) => false,
            (Self::Any, _) => true,
        };
        if fits { Ok(()) } else { Err(self.expected()) }
    }

    fn expected(&self) -> InvalidValue {
        InvalidValue::new(format!("expected {self}"))
    }

    /// Whether an error in `value` is best told by this type.
    fn is_form_of(&self, value: &Value) -> bool {
        match self {
            Self::Array(_) => value.is_array(),
            Self::Object(_) => value.is_object(),
            other => other.check(value).is_ok(),
        }
    }

    /// The properties, if this is the type of an object.
    pub fn properties(&self) -> &'static [ParameterSpec] {
        match self {
            Self::Object(properties) => properties,
            _ => &[],
        }
    }

    /// All values, if they are known.
    pub fn values(&self) -> &'static [&'static str] {
        match self {
            Self::Boolean => &["true", "false"],
            Self::OneOf(values) => values,
            _ => &[],
        }
    }

    /// Whether a value is written as text: not as a number, `true` or JSON.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::OneOf(_))
    }

    /// Whether a value is an array, an object, or any JSON.
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_) | Self::AnyOf(_) | Self::Any)
    }
}

/// JSON Schema (2020-12, section 4.2.3) takes a number with a zero fraction, such as `1.0`, for an integer.
fn integer(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|number| number.fract() == 0.0 && (-MAX_FLOAT..MAX_FLOAT).contains(number));
    value.as_i64().or_else(|| float().map(|number| number as i64))
}

/// Says in words which values there are, such as `true or false`.
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("true or false"),
            Self::Integer { minimum: i64::MIN } => f.write_str("a whole number"),
            Self::Integer { minimum } => write!(f, "a whole number, at least {minimum}"),
            Self::Time => f.write_str("a Unix time in milliseconds"),
            Self::Text => f.write_str("text"),
            Self::OneOf(values) => write!(f, "one of {}", values.join(", ")),
            Self::Array(_) => f.write_str("a JSON array"),
            Self::Object(_) => f.write_str("a JSON object"),
            Self::AnyOf(types) => {
                let types: Vec<String> = types.iter().map(ToString::to_string).collect();
                f.write_str(&types.join(" or "))
            }
            Self::Any => f.write_str("JSON"),
        }
    }
}

/// Where a value does not have its [type](ValueType), and what is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    pointer: String,
    reason: String,
}

impl InvalidValue {
    fn new(reason: String) -> Self {
        Self { pointer: String::new(), reason }
    }

    fn within(mut self, token: impl fmt::Display) -> Self {
        self.pointer = format!("/{token}{}", self.pointer);
        self
    }

    /// A JSON Pointer (RFC 6901) to the place. Empty for the whole value.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() { f.write_str(&self.reason) } else { write!(f, "{}: {}", self.pointer, self.reason) }
    }
}

impl std::error::Error for InvalidValue {}

#[cfg(test)]
mod tests {
    use crate::{OperationSpec, ValueType};

    fn error(id: &str, body: &str) -> String {
        let operation = OperationSpec::find(id).unwrap();
        let body = serde_json::from_str(body).unwrap();
        operation
            .body
            .as_ref()
            .unwrap()
            .value_type
            .check(&body)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn an_error_names_the_place_and_what_is_expected() {
        for (body, expected) in [
            (r#"{"role": "owner"}"#, "/role: expected one of reader, writer, admin"),
            (r#"{"role": null}"#, "/role: expected one of reader, writer, admin"),
            (r#"{"name": 1}"#, "/name: expected text"),
            (r#"{"customRoleIds": ["a", 1]}"#, "/customRoleIds/1: expected text"),
            (r#"{"inlineRole": [{"actions": ["*"]}]}"#, "/inlineRole/0: effect is required"),
            (r#"{"inlineRole": {}}"#, "/inlineRole: expected a JSON array"),
            (r#"{"defaultApiVersion": 1.5}"#, "/defaultApiVersion: expected a whole number"),
            ("[]", "expected a JSON object"),
            (r#"{"role": "reader", "unknown": 1}"#, ""),
        ] {
            assert_eq!(error("postToken", body), expected, "{body}");
        }
        for (body, expected) in [
            (r#"[{"op": "rename", "path": "/name"}]"#, "/0/op: expected one of add, remove, replace, move, copy, test"),
            (r#"{"patch": [{"op": "add"}]}"#, "/patch/0: path is required"),
            (r#"{"comment": 1, "patch": []}"#, "/comment: expected text"),
            ("1", "expected a JSON array or a JSON object"),
            (r#"[{"op": "add", "path": "/name", "value": null}]"#, ""),
        ] {
            assert_eq!(error("patchToken", body), expected, "{body}");
        }
    }

    #[test]
    fn an_integer_has_its_minimum() {
        let limit = ValueType::Integer { minimum: 1 };
        assert!(limit.check(&1.into()).is_ok());
        assert!(limit.check(&0.into()).is_err());
        assert!(limit.check(&1.5.into()).is_err());
    }

    #[test]
    fn a_number_with_a_zero_fraction_is_an_integer() {
        let limit = ValueType::Integer { minimum: 1 };
        assert!(limit.check(&1.0.into()).is_ok());
        assert!(limit.check(&0.0.into()).is_err());
        assert!(limit.check(&1e19.into()).is_err(), "it has more than 64 bits");
        assert!(ValueType::Time.check(&1.0.into()).is_ok() && ValueType::Time.check(&1.5.into()).is_err());
        assert!(limit.check(&serde_json::Value::Null).is_err() && limit.check(&"1".into()).is_err());
    }
}

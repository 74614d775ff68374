//! The API's operations as data: methods, paths, parameters and bodies.
//!
//! The generated client has a method for each operation. This table is for programs that handle all of them alike, such as
//! a command with an argument for each parameter, or a server with a route for each path.

use std::fmt;

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
    /// The parameters in the path and in the query.
    pub parameters: &'static [ParameterSpec],
    /// The request body, if the operation takes one.
    pub body: Option<BodySpec>,
    /// The responses: each status code and its meaning.
    pub responses: &'static [(&'static str, &'static str)],
}

impl OperationSpec {
    /// Whether the parameter of that name stands in the path, not in the query.
    pub fn is_in_path(&self, parameter: &str) -> bool {
        self.path
            .split('/')
            .any(|segment| segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) == Some(parameter))
    }
}

/// A parameter of an operation, or a property of an object.
#[derive(Debug)]
#[non_exhaustive]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// Whether it is required.
    pub required: bool,
    /// The type of its value.
    pub value_type: ValueType,
    /// What it means.
    pub description: &'static str,
    /// An example value, as JSON. Empty if there is none.
    pub example: &'static str,
}

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
    /// An array or an object.
    Json,
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
            Self::Json => f.write_str("JSON"),
        }
    }
}

/// A request body.
#[derive(Debug)]
#[non_exhaustive]
pub struct BodySpec {
    /// What the body is.
    pub description: &'static str,
    /// The properties of the object. Empty if the body is not always an object.
    pub properties: &'static [ParameterSpec],
    /// An example body, as JSON. Empty if there is none.
    pub example: &'static str,
}

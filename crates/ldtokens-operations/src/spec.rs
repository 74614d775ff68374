use crate::{OPERATIONS, ValueType};

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

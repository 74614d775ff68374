//! An API as its callers see it: operations with all that they reach, whatever a document calls its parts.

mod compare;
mod document;
mod read;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

pub use compare::{Change, Difference, Direction, compare};
pub use document::Document;
pub(crate) use document::escape;
pub use read::{read, schemas};

/// The operations of a document, by their IDs, in its order.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// The operations.
    pub operations: IndexMap<String, Operation>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Where it stands in its document, as a JSON Pointer.
    pub pointer: String,
    /// Its method, in capitals.
    pub method: String,
    /// Its path below the servers' URLs, with its parameters in braces.
    pub path: String,
    /// Its method and its whole path, servers' part included, with `{}` for each parameter.
    pub request_line: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What it does.
    pub description: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Its parameters, the path's included, by place and name; those in the path by place and position.
    pub parameters: IndexMap<String, Parameter>,
    /// Its request body.
    pub body: Option<Body>,
    /// Its responses by status.
    pub responses: IndexMap<String, Response>,
}

impl Operation {
    /// An example of the operation, as the command's arguments: its ID, its parameters, and `-` if it takes a body.
    pub(crate) fn example(&self, id: &str) -> String {
        let mut arguments = vec![id.to_owned()];
        for Parameter { name, schema, .. } in self.command_parameters() {
            let value = schema.example.as_ref().map(ToString::to_string).unwrap_or_default();
            arguments.push(format!("{name}={}", value.trim_matches('"')));
        }
        arguments.extend(self.body.is_some().then(|| "-".to_owned()));
        arguments.join(" ")
    }

    /// The parameters that can be given on the command line: those in the path and in the query.
    pub(crate) fn command_parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.values().filter(|parameter| matches!(parameter.place.as_str(), "path" | "query"))
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Where it stands in its document.
    pub pointer: String,
    /// Its name.
    pub name: String,
    /// Where it is sent: `path`, `query` or `header`.
    pub place: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it can hold, with the parameter's own description, example and deprecation.
    pub schema: Schema,
}

/// A request body.
#[derive(Clone, Debug)]
pub struct Body {
    /// Where it stands in its document.
    pub pointer: String,
    /// What it is for.
    pub description: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it can hold.
    pub schema: Schema,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Where it stands in its document.
    pub pointer: String,
    /// What it means.
    pub description: String,
    /// Its headers.
    pub headers: IndexMap<String, Schema>,
    /// Its JSON body.
    pub body: Option<Schema>,
}

/// What a value can be, references followed.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Where it stands in its document.
    pub pointer: String,
    /// The component that it belongs to: its own name, or that of the one it lies in.
    pub component: String,
    /// What it means.
    pub description: String,
    /// An example of it.
    pub example: Option<Value>,
    /// Its JSON type; empty for any.
    pub kind: String,
    /// Its format; empty for none.
    pub format: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Whether it can be `null`.
    pub nullable: bool,
    /// The only values it can have.
    pub values: Option<IndexSet<Value>>,
    /// Its bounds: `minimum`, `maxLength` and the like, as JSON.
    pub bounds: IndexMap<String, String>,
    /// Its properties.
    pub properties: IndexMap<String, Property>,
    /// What other properties can hold, if there can be any.
    pub others: Option<Box<Self>>,
    /// What its items can be.
    pub items: Option<Box<Self>>,
    /// What else it can be: one of these.
    pub variants: Vec<Self>,
}

impl Schema {
    /// The name of the component that it is, if it is one as a whole.
    pub fn name(&self) -> Option<&str> {
        let name = self.pointer.strip_prefix("/components/schemas/")?;
        (name == self.component).then_some(name)
    }
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Property {
    /// Whether it must be there.
    pub required: bool,
    /// What it can hold.
    pub schema: Schema,
}

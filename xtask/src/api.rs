//! An API as its callers see it: operations with all that they reach, whatever a document calls its parts.

mod change;
mod compare;
mod document;
pub(crate) mod grammar;
mod read;
mod schema;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

pub(crate) use change::grouped;
pub use change::{Bump, Change, Difference, Direction, caller};
pub use compare::compare;
pub use document::Document;
pub(crate) use document::{escape, remove, unescape, yaml};
pub(crate) use read::{is_default_form, keys, names, said, text, without_names};
pub use schema::Schema;

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// Where it stands in its document, as a JSON Pointer.
    pub pointer: String,
    /// What stands there.
    pub value: &'a Value,
    /// Its ID.
    pub id: Option<&'a str>,
    /// Its method, in capitals.
    pub method: String,
    /// Its path below the servers' URLs, with its parameters in braces.
    pub path: String,
    /// Its method and its whole path, servers' part included, with `{}` for each parameter.
    pub request_line: String,
    /// Its parameters, the path's included, by place and name; those in the path by place and position.
    pub parameters: IndexMap<String, Parameter>,
    /// Where its request body stands.
    pub body: Option<String>,
    /// Where its responses stand, by status.
    pub responses: IndexMap<String, String>,
    /// The ways to authorize it, of which a caller needs one.
    pub security: IndexSet<String>,
}

impl Operation<'_> {
    /// Whether it should no longer be used.
    pub fn deprecated(&self) -> bool {
        self.value.get("deprecated") == Some(&Value::Bool(true))
    }

    /// The operation's ID, or its method and path.
    pub fn name(&self) -> String {
        self.id.map_or_else(|| format!("{} {}", self.method, self.path), str::to_owned)
    }

    /// An example of the operation, as the command's arguments: its ID, its parameters, and `-` if it takes a body.
    pub(crate) fn example(&self) -> String {
        let mut arguments = vec![self.name()];
        for Parameter { name, schema, .. } in self.parameters.values() {
            arguments.push(format!("{name}={}", schema.example().trim_matches('"')));
        }
        arguments.extend(self.body.is_some().then(|| "-".to_owned()));
        arguments.join(" ")
    }
}

impl Document {
    /// The schema of the JSON in a request body or a response, at a JSON Pointer.
    pub(crate) fn json(&self, pointer: &str) -> Option<Schema> {
        let media = keys(self.at(pointer), "content").find(|name| media_type(name) == JSON)?;
        Some(self.schema(&format!("{pointer}/content/{}/schema", escape(media))))
    }
}

/// The media type of nearly all bodies.
pub(crate) const JSON: &str = "application/json";

/// A media type without its parameters: `application/json` for `application/json; charset=utf-8`.
pub(crate) fn media_type(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
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

//! An API as its callers see it: operations with all that they reach, whatever a document calls its parts.

mod compare;
mod read;

use std::collections::{BTreeMap, BTreeSet};

pub use compare::{Difference, Direction, What, compare};
pub use read::{Document, read};
pub(crate) use read::{METHODS, escape, resolved};

/// The operations of a document, by their IDs.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// The operations.
    pub operations: BTreeMap<String, Operation>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Where it stands in its document, as a JSON Pointer.
    pub pointer: String,
    /// Its method in capitals and its whole path, servers' part included, with `{}` for each parameter.
    pub request_line: String,
    /// What it does.
    pub description: String,
    /// Its parameters by place and name; those in the path by place and position.
    pub parameters: BTreeMap<String, Parameter>,
    /// Its request body.
    pub body: Option<Body>,
    /// Its responses by status.
    pub responses: BTreeMap<String, Response>,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Where it stands in its document.
    pub pointer: String,
    /// Its name.
    pub name: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it can hold.
    pub schema: Schema,
}

/// A request body.
#[derive(Clone, Debug)]
pub struct Body {
    /// Where it stands in its document.
    pub pointer: String,
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
    /// Its headers.
    pub headers: BTreeMap<String, Schema>,
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
    /// Its JSON type; empty for any.
    pub kind: String,
    /// Its format; empty for none.
    pub format: String,
    /// Whether it can be `null`.
    pub nullable: bool,
    /// The only values it can have, as JSON.
    pub values: Option<BTreeSet<String>>,
    /// Its bounds: `minimum`, `maxLength` and the like, as JSON.
    pub bounds: BTreeMap<String, String>,
    /// Its properties.
    pub properties: BTreeMap<String, Property>,
    /// What other properties can hold, if there can be any.
    pub others: Option<Box<Self>>,
    /// What its items can be.
    pub items: Option<Box<Self>>,
    /// What else it can be: one of these.
    pub variants: Vec<Self>,
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Property {
    /// Whether it must be there.
    pub required: bool,
    /// What it can hold.
    pub schema: Schema,
}

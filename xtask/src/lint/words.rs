//! Finds missing descriptions, examples and error responses.

use indexmap::IndexMap;

use super::{Problem, problem};
use crate::api::{Api, Schema, escape};

/// The errors that every operation can return, as the vendor's pages say.
const ERRORS: [&str; 4] = ["400", "401", "403", "429"];

pub(super) fn problems(api: &Api, schemas: &IndexMap<String, Schema>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for operation in api.operations.values() {
        for (name, text) in [("summary", &operation.summary), ("description", &operation.description)] {
            if text.trim().is_empty() {
                problems.push(problem(&operation.pointer, format!("the operation has no {name}; write one")));
            }
        }
        for parameter in operation.parameters.values() {
            problems.extend(described_and_shown(&parameter.pointer, &parameter.schema, "parameter"));
        }
        let by_id = operation.path.contains("{tokenId}").then_some("404");
        for status in ERRORS.into_iter().chain(by_id).filter(|status| !operation.responses.contains_key(*status)) {
            let text = format!("the operation can return {status} but does not list it; add that response");
            problems.push(problem(format!("{}/responses", operation.pointer), text));
        }
    }
    for (name, schema) in schemas {
        problems.extend(described_and_shown(&format!("/components/schemas/{}", escape(name)), schema, "schema"));
        // A property that is a component as a whole is described there.
        for property in schema.properties.values().filter(|property| property.schema.name().is_none()) {
            problems.extend(described_and_shown(&property.schema.pointer, &property.schema, "property"));
        }
    }
    problems
}

fn described_and_shown(pointer: &str, schema: &Schema, what: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if schema.description.trim().is_empty() {
        problems.push(problem(pointer, format!("the {what} has no description; write one")));
    }
    if schema.example.is_none() {
        problems.push(problem(pointer, format!("the {what} has no example; write one that is realistic")));
    }
    problems
}

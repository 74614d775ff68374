//! Finds missing descriptions, examples and error responses.

use super::{Problem, problem};
use crate::api::{Document, Schema, escape};

/// The errors that every operation can return, as the vendor's pages say.
const ERRORS: [&str; 4] = ["400", "401", "403", "429"];

pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    for operation in document.operations() {
        for name in ["summary", "description"].into_iter().filter(|name| operation.text(name).is_empty()) {
            problems.push(problem(&operation.pointer, format!("the operation has no {name}; write one")));
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
    for name in document.schema_names() {
        let pointer = format!("/components/schemas/{}", escape(name));
        let schema = document.schema(&pointer);
        problems.extend(described_and_shown(&pointer, &schema, "schema"));
        // A property that is a component as a whole is described there.
        for property in schema.properties.values() {
            let schema = document.schema(&property.pointer);
            let shown = if schema.name().is_none() {
                described_and_shown(&property.pointer, &schema, "property")
            } else {
                Vec::new()
            };
            problems.extend(shown);
        }
    }
    problems
}

fn described_and_shown(pointer: &str, schema: &Schema, what: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if schema.description().is_empty() {
        problems.push(problem(pointer, format!("the {what} has no description; write one")));
    }
    if !schema.words.contains_key("example") {
        problems.push(problem(pointer, format!("the {what} has no example; write one that is realistic")));
    }
    problems
}

//! What a reader is left alone with: nothing described, no example, an error that is not declared.

use serde_json::Value;

use super::{Problem, operations, problem, schemas};
use crate::api::{escape, resolved};

/// The errors that every operation can answer, as the vendor's pages say.
const ERRORS: [&str; 4] = ["400", "401", "403", "429"];

pub(super) fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (pointer, operation) in operations(document) {
        for name in ["summary", "description"] {
            if is_blank(operation, name) {
                problems.push(problem(&pointer, format!("the operation has no {name}; write one")));
            }
        }
        let item = pointer.rsplit_once('/').map_or("", |(item, _)| item);
        for owner in [item, &pointer] {
            let parameters = document.pointer(&format!("{owner}/parameters")).and_then(Value::as_array);
            for (index, parameter) in parameters.into_iter().flatten().enumerate() {
                let at = format!("{owner}/parameters/{index}");
                if let Some(parameter) = resolved(document, parameter) {
                    problems.extend(described_and_shown(&at, parameter, "parameter"));
                }
            }
        }
        let responses = operation.get("responses").and_then(Value::as_object);
        let declares = |status: &str| responses.is_some_and(|responses| responses.contains_key(status));
        let by_id = pointer.contains("{tokenId}");
        for status in ERRORS.into_iter().chain(by_id.then_some("404")).filter(|status| !declares(status)) {
            let text = format!("the operation can answer {status} and does not say so; write that response");
            problems.push(problem(format!("{pointer}/responses"), text));
        }
    }
    for (pointer, schema) in schemas(document) {
        problems.extend(described_and_shown(&pointer, schema, "schema"));
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{pointer}/properties/{}", escape(name));
            if property.get("$ref").is_none() {
                problems.extend(described_and_shown(&at, property, "property"));
            }
        }
    }
    problems.dedup();
    problems
}

fn described_and_shown(pointer: &str, value: &Value, what: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if is_blank(value, "description") {
        problems.push(problem(pointer, format!("the {what} has no description; write one")));
    }
    if value.get("example").is_none() {
        problems.push(problem(pointer, format!("the {what} has no example; write one that is realistic")));
    }
    problems
}

fn is_blank(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty())
}

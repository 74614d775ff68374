//! Finds the part of a document that the generator refuses, by leaving out one after the other.

use serde_json::{Value, json};

use super::{Problem, problem};
use crate::api::{Document, escape};
use crate::generate;

/// The problem of a document from which no code can be generated.
pub(super) fn problems(document: &Document) -> Option<Problem> {
    let reason = format!("{:#}", generate::code(document).err()?);
    let mut at = String::new();
    // The parts that an operation or a schema can be taken out of, then what lies within the one that is refused.
    let mut parts: Vec<String> =
        ["/paths", "/components/schemas", "/components/parameters", "/components/responses", "/components"]
            .iter()
            .flat_map(|at| within(document, at))
            .collect();
    while let Some(culprit) = parts.into_iter().find(|part| is_accepted_without(document, part)) {
        parts = within(document, &culprit);
        at = culprit;
    }
    Some(problem(at, format!("the generator refuses this: {reason}; write it in another way")))
}

fn within(document: &Document, pointer: &str) -> Vec<String> {
    match document.at(pointer) {
        Value::Object(object) => object.keys().map(|name| format!("{pointer}/{}", escape(name))).collect(),
        Value::Array(items) => (0..items.len()).map(|index| format!("{pointer}/{index}")).collect(),
        _ => Vec::new(),
    }
}

/// Whether code can be generated if nothing stands at `pointer`, or what can be anything.
fn is_accepted_without(document: &Document, pointer: &str) -> bool {
    let mut without = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    match without.0.pointer_mut(parent) {
        Some(Value::Object(object)) => drop(object.remove(&crate::api::unescape(name))),
        Some(Value::Array(items)) => drop(name.parse().map(|index: usize| items.remove(index))),
        _ => return false,
    }
    if generate::code(&without).is_ok() {
        return true;
    }
    let mut anything = document.clone();
    anything
        .0
        .pointer_mut(pointer)
        .is_some_and(|value| value.is_object() && std::mem::replace(value, json!({})) != json!({}))
        && generate::code(&anything).is_ok()
}

//! Finds the part of a document that the generator refuses, by leaving parts out.

use serde_json::{Value, json};

use super::Problem;
use crate::api::{Document, remove};
use crate::code::code;

/// The problem of a document from which no code can be generated.
pub(super) fn problem_of(document: &Document) -> Option<Problem> {
    let reason = format!("{:#}", code(document).err()?);
    let mut pointer = String::new();
    // First an operation, a schema and the like, then what is wrong within it.
    let owners = ["/paths", "/components/schemas", "/components/parameters", "/components/responses"];
    let mut parts: Vec<String> = owners.iter().flat_map(|at| document.within(at)).collect();
    while let Some(culprit) = culprit(document, &parts).map(str::to_owned) {
        parts = document.within(&culprit);
        pointer = culprit;
    }
    Some(Problem { pointer, text: format!("the generator refuses this: {reason}; write it in another way") })
}

/// The part without which code can be generated, found by halves.
fn culprit<'a>(document: &Document, parts: &'a [String]) -> Option<&'a str> {
    match parts {
        [] => None,
        [one] => is_accepted_without(document, parts).then_some(one),
        _ => {
            let (first, second) = parts.split_at(parts.len() / 2);
            let half = [first, second].into_iter().find(|half| is_accepted_without(document, half))?;
            culprit(document, half)
        }
    }
}

/// Whether code can be generated if these parts are not there, or can be anything.
fn is_accepted_without(document: &Document, parts: &[String]) -> bool {
    let [mut without, mut anything] = [document.clone(), document.clone()];
    // From the end, so that what is removed from an array moves none that is still to come.
    for pointer in parts.iter().rev() {
        remove(&mut without.0, pointer);
        if let Some(value @ Value::Object(_)) = anything.0.pointer_mut(pointer) {
            *value = json!({});
        }
    }
    code(&without).is_ok() || code(&anything).is_ok()
}

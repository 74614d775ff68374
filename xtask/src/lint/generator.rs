//! Finds what the generator does not support, on which it would panic.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Problem, problem};
use crate::api::{Document, escape};

pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    let version = document.0.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0.") {
        problems.push(problem("/openapi", format!("the generator reads OpenAPI 3.0, not {version:?}; write 3.0.3")));
    }
    let operations = document.operations();
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for operation in &operations {
        let pointer = operation.pointer.as_str();
        match operation.id() {
            None => problems.push(problem(pointer, "an operation has no operationId; write one like getToken")),
            Some(id) => {
                if let Some(first) = ids.insert(id, pointer) {
                    let text = format!("the operationId {id} is given twice, also at {first}; write another");
                    problems.push(problem(format!("{pointer}/operationId"), text));
                }
            }
        }
        problems.extend(responses(document, pointer, operation.value));
        problems.extend(body(document, pointer));
    }
    walk(&document.0, "", &mut |pointer, value| problems.extend(anywhere(document, pointer, value)));
    problems
}

/// The generator has one type for all successes of an operation, and one for all errors.
fn responses(document: &Document, pointer: &str, operation: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut successes, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for status in operation.get("responses").and_then(Value::as_object).into_iter().flat_map(|all| all.keys()) {
        let at = format!("{pointer}/responses/{status}");
        if status == "default" {
            let text =
                "the generator can't tell a `default` response from success; write errors by status, or as 4XX and 5XX";
            problems.push(problem(&at, text));
            continue;
        }
        let Ok((response, _)) = document.follow(&at) else { continue };
        let schema = response.pointer("/content/application~1json/schema").map(ToString::to_string);
        if response.get("content").is_some() && schema.is_none() {
            problems.push(problem(&at, "the response is not application/json; write its content as application/json"));
        }
        let (types, what) =
            if status.starts_with('2') { (&mut successes, "successes") } else { (&mut errors, "errors") };
        types.insert(schema);
        if types.len() == 2 {
            let text = format!("the generator has one type for all {what} of an operation; write one schema for them");
            problems.push(problem(&at, text));
        }
    }
    problems
}

fn body(document: &Document, pointer: &str) -> Option<Problem> {
    let (body, _) = document.follow(&format!("{pointer}/requestBody")).ok()?;
    let types: Vec<&String> = body.get("content")?.as_object()?.keys().collect();
    let text = "the generator supports one request body, application/json; write only that";
    (types != ["application/json"]).then(|| problem(format!("{pointer}/requestBody"), text))
}

/// Problems that can be anywhere in the document.
fn anywhere(document: &Document, pointer: &str, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(object) = value.as_object().filter(|_| !pointer.contains("/example")) else { return problems };
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        if let Err(error) = document.follow(pointer) {
            let text = format!("{reference} can't be followed: {error}; write a component that is in this document");
            problems.push(problem(format!("{pointer}/$ref"), text));
        }
        if object.len() > 1 && pointer.contains("/schema") {
            let text =
                "properties beside a $ref are ignored; write `allOf: [{$ref: ...}]` and the properties beside that";
            problems.push(problem(format!("{pointer}/$ref"), text));
        }
    }
    if object.get("in").and_then(Value::as_str) == Some("cookie") {
        problems.push(problem(
            format!("{pointer}/in"),
            "the generator does not support cookies; make it a query parameter",
        ));
    }
    let Some(kind) = object.get("type") else { return problems };
    if kind.is_array() {
        let text = "a list of types is OpenAPI 3.1; write one type, and `nullable: true` for null";
        problems.push(problem(format!("{pointer}/type"), text));
    }
    if kind == "string" {
        for bound in ["pattern", "minLength", "maxLength"].into_iter().filter(|bound| object.contains_key(*bound)) {
            let text = format!(
                "the client does not support `{bound}`, which would need a type of its own; say it in the description"
            );
            problems.push(problem(format!("{pointer}/{bound}"), text));
        }
        let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
        if !matches!(format, "" | "password") {
            let text =
                format!("the client has no type for the format {format:?}; remove it and say it in the description");
            problems.push(problem(format!("{pointer}/format"), text));
        }
    }
    problems
}

fn walk(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                walk(value, &format!("{pointer}/{}", escape(name)), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

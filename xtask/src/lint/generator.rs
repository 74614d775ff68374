//! Finds what the generator does not support, or drops without a word.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToLowerCamelCase, ToPascalCase};
use serde_json::Value;

use super::{Problem, problem};
use crate::api::grammar::{Part, holds, keywords, walk};
use crate::api::{Document, JSON, Operation, escape, keys, names, said};

/// What is valid, and what the generated code can't do: the part, its keywords, and what to write.
const UNSUPPORTED: [(Part, &str, &str); 8] = [
    (Part::Schema, "pattern minLength maxLength minItems maxItems uniqueItems", CHECKS),
    (Part::Schema, "maximum exclusiveMinimum exclusiveMaximum multipleOf minProperties maxProperties", CHECKS),
    (Part::Schema, "default", "the client does not fill in a default; say it in the description"),
    (Part::Schema, "not discriminator", "the generator does not read this; say it in the description"),
    (
        Part::Schema,
        "const if then else contains minContains maxContains prefixItems propertyNames patternProperties",
        NEWER,
    ),
    (
        Part::Schema,
        "dependentRequired dependentSchemas unevaluatedItems unevaluatedProperties contentSchema nothing",
        NEWER,
    ),
    (Part::Parameter, "content allowReserved allowEmptyValue", "the generator does not read this; write a `schema`"),
    (Part::Operation, "callbacks servers", "the generator does not read this; say it in the description"),
];
const CHECKS: &str = "the client does not check this, which would need a type of its own; say it in the description";
const NEWER: &str = "this is JSON Schema of OpenAPI 3.1, which the generator does not read; say it in the description";

/// Where only some values can be used: the part, its keyword, these values, and what to write.
const VALUES: [(Part, &str, &str, &str); 2] = [
    (
        Part::Parameter,
        "in",
        "path query",
        "the client sends its headers itself, and does not support cookies; make it a query parameter",
    ),
    (
        Part::Schema,
        "type",
        "string integer number boolean array object",
        "a schema has one type of OpenAPI 3.0, not a list as in OpenAPI 3.1; write that, and `nullable: true` for null",
    ),
];

pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    let version = document.at("/openapi").as_str().unwrap_or_default();
    if !version.starts_with("3.0.") {
        problems.push(problem("/openapi", format!("the generator reads OpenAPI 3.0, not {version:?}; write 3.0.3")));
    }
    walk(Part::Document, &document.0, "", &mut |part, at, value| problems.extend(anywhere(document, part, at, value)));
    for name in document.schema_names().filter(|name| name.to_pascal_case() != **name) {
        let text = format!("a schema's name is that of its type; write {}", name.to_pascal_case());
        problems.push(problem(format!("/components/schemas/{}", escape(name)), text));
    }
    let (mut ids, mut lines) = (BTreeMap::new(), BTreeMap::new());
    for operation in document.operations() {
        let at = operation.pointer.clone();
        let id = operation.id.unwrap_or_default();
        if id.is_empty() {
            problems.push(problem(&at, "an operation has no operationId; write one like getToken"));
        } else if id.to_lower_camel_case() != id || !id.is_ascii() {
            let text = format!("an operationId is a name like getToken; write {}", id.to_lower_camel_case());
            problems.push(problem(format!("{at}/operationId"), text));
        } else if let Some(first) = ids.insert(id.to_owned(), at.clone()) {
            let text = format!("the operationId {id} is given twice, also at {first}; write another");
            problems.push(problem(format!("{at}/operationId"), text));
        }
        if let Some(first) = lines.insert(operation.request_line.clone(), at.clone()) {
            problems.push(problem(
                &at,
                format!("the path differs from that at {first} only in a parameter's name; write one of them"),
            ));
        }
        if matches!(operation.method.as_str(), "OPTIONS" | "TRACE") {
            problems.push(problem(&at, format!("the generator has no method {}; remove it", operation.method)));
        }
        problems.extend(path(&operation));
        problems.extend(responses(document, &operation));
        if let Some(body) = &operation.body
            && !keys(document.at(body), "content").eq([JSON])
        {
            problems.push(problem(body, "the generator supports one request body, application/json; write only that"));
        }
    }
    problems
}

/// The parameters in the path are those that it names, and each must be given.
fn path(operation: &Operation<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut missing: BTreeSet<&str> = names(&operation.path).collect();
    for parameter in operation.parameters.values().filter(|parameter| parameter.place == "path") {
        if !missing.remove(parameter.name.as_str()) {
            problems.push(problem(
                &parameter.pointer,
                format!("{} has no {{{}}}; write it there", operation.path, parameter.name),
            ));
        } else if !parameter.required {
            problems.push(problem(
                &parameter.pointer,
                "a parameter in the path is always required; write `required: true`",
            ));
        }
    }
    let text = |name| {
        format!(
            "the parameter {name} is in the path, but not among the parameters; add it, or write its name in braces alone"
        )
    };
    problems.extend(missing.into_iter().map(|name| problem(&operation.pointer, text(name))));
    problems
}

/// The generator has one type for all successes of an operation, and one for all errors.
fn responses(document: &Document, operation: &Operation<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut successes, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for (status, response) in &operation.responses {
        let at = format!("{}/responses/{status}", operation.pointer);
        if status == "default" {
            let text =
                "the generator can't tell a `default` response from success; write errors by status, or as 4XX and 5XX";
            problems.push(problem(&at, text));
            continue;
        }
        let schema = document.at(response).pointer("/content/application~1json/schema").map(ToString::to_string);
        if document.at(response).get("content").is_some() && schema.is_none() {
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
    if successes.is_empty() {
        problems.push(problem(
            format!("{}/responses", operation.pointer),
            "the operation never succeeds; add a response like 200",
        ));
    }
    problems
}

/// Problems that can be anywhere in the document.
fn anywhere(document: &Document, part: Part, pointer: &str, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(object) = value.as_object() else {
        let text = format!("{} is not what can stand here; write what OpenAPI has here", short(value));
        return vec![problem(pointer, text)];
    };
    if let Some(reference) = object.get("$ref") {
        if document.follow(pointer).0.get("$ref").is_some() {
            let text = format!(
                "{} can't be followed: it leads nowhere, out of this document or in a circle; write a component that is here",
                short(reference)
            );
            problems.push(problem(format!("{pointer}/$ref"), text));
        }
        if object.len() > 1 {
            let text =
                "properties beside a $ref are ignored; write `allOf: [{$ref: ...}]` and the properties beside that";
            problems.push(problem(format!("{pointer}/$ref"), text));
        }
        return problems;
    }
    for (keyword, said) in object {
        let at = format!("{pointer}/{}", escape(keyword));
        let is_of = |of: &Part, keywords: &str| *of == part && keywords.split(' ').any(|known| known == keyword);
        if holds(part, keyword).is_none() {
            let near =
                keywords(part).max_by_key(|known| (strsim::jaro(known, keyword) * 1e3) as u32).unwrap_or_default();
            problems.push(problem(&at, format!("`{keyword}` is not known here; write {near} if you mean that")));
        }
        if let Some((.., advice)) = UNSUPPORTED.iter().find(|(of, keywords, _)| is_of(of, keywords)) {
            problems.push(problem(&at, format!("`{keyword}`: {advice}")));
        }
        for (_, _, values, advice) in VALUES.iter().filter(|(of, of_values, ..)| is_of(of, of_values)) {
            if !values.split(' ').any(|known| said == known) {
                problems.push(problem(&at, format!("{} can't be used: {advice}", short(said))));
            }
        }
        if matches!(keyword.as_str(), "style" | "explode") && said != self::said(&without(value, keyword), keyword) {
            problems.push(problem(
                &at,
                format!("the client writes parameters in OpenAPI's default form; remove `{keyword}`"),
            ));
        }
    }
    if part == Part::Schema {
        if is_made_of_itself(document, pointer) {
            problems.push(problem(pointer, "the schema is made of itself; write what it can be"));
        }
        let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
        if object.get("type").is_some_and(|kind| kind == "string") && !matches!(format, "" | "password") {
            let text =
                format!("the client has no type for the format {format:?}; remove it and say it in the description");
            problems.push(problem(format!("{pointer}/format"), text));
        }
    }
    problems
}

fn without(value: &Value, keyword: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().map(|object| object.remove(keyword));
    value
}

/// Whether `allOf`, `oneOf` or `anyOf` of a schema lead back to it.
fn is_made_of_itself(document: &Document, pointer: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![pointer.to_owned()]);
    while let Some(at) = next.pop() {
        let (value, at) = document.follow(&at);
        for keyword in ["allOf", "oneOf", "anyOf"] {
            let items = value.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            for inner in (0..items).map(|index| document.follow(&format!("{at}/{keyword}/{index}")).1) {
                if inner == pointer {
                    return true;
                }
                next.extend(seen.insert(inner.clone()).then_some(inner));
            }
        }
    }
    false
}

/// A value, for a message.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(80).collect()
}

//! Whatever somebody writes into the document: code is generated that compiles, or a line says what is wrong.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{document, folder_with, sample, seed};

/// A document that was edited, and how.
pub(crate) struct Edit {
    name: String,
    document: Value,
}

/// The edits that are listed in `edits.yaml`.
#[derive(Deserialize)]
struct Table {
    names: Vec<String>,
    schemas: Vec<String>,
    methods: Vec<String>,
    paths: Vec<String>,
    types: Vec<(String, Value, Value)>,
    values: Vec<(String, Value)>,
}

/// Few of the operations and schemas, so that much code can be made of many documents.
fn small() -> Value {
    let mut small = document();
    let paths = small["paths"].as_object_mut().unwrap();
    paths.shift_remove("/tokens/{tokenId}/reset");
    paths["/tokens"].as_object_mut().unwrap().shift_remove("get");
    for method in ["patch", "delete"] {
        paths["/tokens/{tokenId}"].as_object_mut().unwrap().shift_remove(method);
    }
    let schemas = small["components"]["schemas"].as_object_mut().unwrap();
    for name in
        ["Tokens", "PatchDelta", "JsonPatch", "PatchWithComment", "PatchOperation", "Statement", "MemberSummary"]
    {
        schemas.shift_remove(name);
    }
    for (schema, name) in [("Token", "_member"), ("Token", "inlineRole"), ("TokenBody", "inlineRole")] {
        schemas[schema]["properties"].as_object_mut().unwrap().shift_remove(name);
    }
    small["components"]["responses"].as_object_mut().unwrap().retain(|name, _| {
        ["InvalidRequest", "Unauthorized", "Forbidden", "NotFound", "RateLimited"].contains(&name.as_str())
    });
    small
}

/// A schema with words, as far as it has none.
fn with_words(mut schema: Value, example: Value) -> Value {
    if schema.get("$ref").is_none()
        && let Some(object) = schema.as_object_mut()
    {
        object.entry("description").or_insert(json!("Something."));
        object.entry("example").or_insert(example);
    }
    schema
}

/// Each edit of the table.
fn table() -> Vec<Edit> {
    let table: Table = serde_saphyr::from_str(include_str!("edits.yaml")).unwrap();
    let (mut edits, small) = (Vec::new(), small());
    let mut edit = |name: String, change: &dyn Fn(&mut Value)| {
        let mut document = small.clone();
        change(&mut document);
        edits.push(Edit { name, document });
    };
    let text = with_words(json!({ "type": "string" }), json!("x"));
    for name in &table.names {
        edit(format!("a property {name}"), &|it| {
            it["components"]["schemas"]["Token"]["properties"][name] = text.clone();
            it["components"]["schemas"]["Token"]["properties"]["foo-bar"] = text.clone();
        });
        edit(format!("a parameter {name}"), &|it| {
            it["paths"]["/tokens"]["post"]["parameters"] = json!([{
                "name": name, "in": "query", "description": "d", "schema": { "type": "boolean" }, "example": true,
            }]);
        });
        edit(format!("an operation {name}"), &|it| it["paths"]["/tokens"]["post"]["operationId"] = json!(name));
        let pascal: String = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        edit(format!("a schema {pascal}"), &|it| {
            it["components"]["schemas"][&pascal] = with_words(json!({ "type": "object" }), json!({}));
            let reference = json!({ "$ref": format!("#/components/schemas/{pascal}") });
            it["components"]["schemas"]["Token"]["properties"]["hint"] = reference;
        });
    }
    for name in &table.schemas {
        edit(format!("a schema {name} beside a type"), &|it| {
            let object =
                |property: &str| with_words(json!({ "type": "object", "properties": { property: text } }), json!({}));
            it["components"]["schemas"][name] = object("a");
            it["components"]["schemas"]["Token"]["properties"]["hint"] = object("b");
        });
    }
    for (name, own, example) in &table.types {
        for (schema, required) in [("TokenBody", false), ("ErrorRep", true)] {
            edit(format!("a property of type {name}, required: {required}"), &|it| {
                let schema = &mut it["components"]["schemas"][schema];
                schema["properties"]["hint"] = with_words(own.clone(), example.clone());
                if required {
                    schema["required"] = json!(["hint"]);
                }
            });
        }
        edit(format!("a parameter of type {name}"), &|it| {
            it["paths"]["/tokens"]["post"]["parameters"] =
                json!([{ "name": "hint", "in": "query", "description": "d", "schema": own, "example": example }]);
        });
        edit(format!("a schema of type {name}"), &|it| {
            it["components"]["schemas"]["Hint"] = with_words(own.clone(), example.clone());
            it["components"]["schemas"]["Token"]["properties"]["hint"] = json!({ "$ref": "#/components/schemas/Hint" });
        });
    }
    for method in &table.methods {
        edit(format!("a method {method}"), &|it| {
            let mut operation = it["paths"]["/tokens/{tokenId}"]["get"].clone();
            operation["operationId"] = json!("another");
            it["paths"]["/others/{tokenId}"] =
                json!({ "parameters": it["paths"]["/tokens/{tokenId}"]["parameters"], method: operation });
        });
    }
    for path in &table.paths {
        edit(format!("the path {path}"), &|it| {
            let item = it["paths"].as_object_mut().unwrap().shift_remove("/tokens/{tokenId}").unwrap();
            it["paths"][path]["parameters"] = item["parameters"].clone();
            it["paths"][path]["get"] = item["get"].clone();
        });
    }
    for (pointer, value) in &table.values {
        edit(format!("{value} at {pointer}"), &|it| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            it.pointer_mut(parent).unwrap()[unescaped(name)] = value.clone();
        });
    }
    edits
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

/// The pointers of all that is in a value.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let at = format!("{at}/{name}");
        pointers(value, &at, into);
        into.push(at);
    }
}

/// Edits at random places: something removed, renamed, misspelt, doubled, or something else in its place.
fn random(count: usize, seed: u64) -> Vec<Edit> {
    let (mut random, mut all, small) = (fastrand::Rng::with_seed(seed), Vec::new(), small());
    pointers(&small, "", &mut all);
    all.retain(|pointer| !pointer.contains("/example"));
    let mut edit = |_| {
        let (pointer, other) = (random.choice(&all).unwrap(), random.choice(&all).unwrap());
        let (what, mut document) = (random.usize(..5), small.clone());
        let value = if what == 3 { small.pointer(other).unwrap().clone() } else { json!(random.i8(..)) };
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = unescaped(name);
        match (document.pointer_mut(parent).unwrap(), what) {
            (Value::Object(object), 0) => drop(object.shift_remove(&name)),
            (Value::Object(object), 1) => {
                let value = object.shift_remove(&name).unwrap();
                object.insert(format!("{name}{}", random.alphabetic()), value);
            }
            (Value::Object(object), 2) => drop(object.insert(name.to_uppercase(), object[&name].clone())),
            (Value::Array(items), 0..=2) => drop(items.remove(name.parse().unwrap())),
            _ => *document.pointer_mut(pointer).unwrap() = value,
        }
        Edit { name: format!("random {what} at {pointer}, with {other}"), document }
    };
    (0..count).map(&mut edit).collect()
}

/// The edits of the table, and as many random ones as a fifth of them.
pub(crate) fn all(seed: u64) -> Vec<Edit> {
    let mut edits = table();
    edits.extend(random(edits.len() / 5, seed));
    edits
}

/// The code that is generated from each edited document that is accepted: the client's, its routes, and the table of
/// operations. Nothing panics, and each refusal has a line.
pub(crate) fn accepted(edits: &[Edit]) -> Vec<(&str, [String; 3])> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let made: Vec<_> = std::thread::scope(|scope| {
        let parts = edits
            .chunks(edits.len().div_ceil(threads))
            .map(|part| scope.spawn(|| part.iter().map(|edit| (edit.name.as_str(), made(edit))).collect::<Vec<_>>()));
        parts.collect::<Vec<_>>().into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    let wrong: Vec<String> =
        made.iter().filter_map(|(name, made)| Some(format!("{name}: {}", made.as_ref().err()?))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let accepted: Vec<_> = made.into_iter().filter_map(|(name, made)| Some((name, made.ok()??))).collect();
    println!("{} of {} edits are accepted", accepted.len(), edits.len());
    accepted
}

/// The code, unless the document is refused; or what is wrong with that.
fn made(Edit { document, .. }: &Edit) -> Result<Option<[String; 3]>, String> {
    let folder = folder_with(&serde_saphyr::to_string(document).unwrap());
    match catch_unwind(AssertUnwindSafe(|| xtask::generate(folder.path()))) {
        Err(_) => Err("it panics".to_owned()),
        Ok(Ok(())) => Ok(Some(
            ["client/src/generated.rs", "client/src/operation/table.rs", "operations/src/spec/table.rs"]
                .map(|file| fs::read_to_string(folder.path().join(format!("crates/ldtokens-{file}"))).unwrap()),
        )),
        Ok(Err(error)) => {
            let error = error.to_string();
            let mut problems = error.lines().skip(1).peekable();
            let has_lines = problems.peek().is_some() && problems.all(|line| line.starts_with("  openapi.yaml:"));
            if has_lines { Ok(None) } else { Err(error) }
        }
    }
}

#[test]
fn no_edit_panics_and_each_refusal_names_a_line() {
    let seed = seed();
    accepted(&sample(all(seed), 20, seed));
}

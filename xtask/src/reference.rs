//! The reference pages: the operations and the types, as the document describes them.

use std::fmt::Write;

use serde_json::Value;

use crate::api::{Document, Operation, Schema, escape, text};

const NOTICE: &str = "<!-- Made from openapi.yaml by `cargo xtask generate`. Do not edit. -->";

/// The pages, by their paths below the workspace's root.
pub(crate) fn files(document: &Document) -> Vec<(String, String)> {
    vec![
        ("docs/reference/operations.md".to_owned(), operations(document)),
        ("docs/reference/types.md".to_owned(), types(document)),
    ]
}

/// Appends a line. Nothing can go wrong when a text grows.
macro_rules! line {
    ($page:expr, $($words:tt)*) => { let _ = writeln!($page, $($words)*); };
}

fn operations(document: &Document) -> String {
    let mut page = format!("{NOTICE}\n\n# Operations\n\nAll paths are below `/api/v2` on one of\n");
    for server in document.at("/servers").as_array().into_iter().flatten() {
        line!(page, "`{}` ({}),", text(server, "url").trim_end_matches("/api/v2"), text(server, "description"));
    }
    line!(page, "or of a local server.");
    for spec in &document.operations() {
        operation(&mut page, document, spec);
    }
    page
}

fn operation(page: &mut String, document: &Document, operation: &Operation<'_>) {
    let Operation { method, path, parameters, .. } = operation;
    let description = description(operation.deprecated(), text(operation.value, "description"));
    line!(page, "\n## {}\n\n`{method} {path}`\n\n{description}", operation.name());
    if !parameters.is_empty() {
        line!(page, "\n| parameter | in | type | | what it means |\n| --- | --- | --- | --- | --- |");
    }
    for parameter in parameters.values() {
        let (required, kind) = (required(parameter.required), kind(document, &parameter.schema));
        line!(
            page,
            "| `{}` | {} | {kind} | {required} | {} |",
            parameter.name,
            parameter.place,
            meaning(&parameter.schema)
        );
    }
    let body =
        operation.body.as_ref().map(|at| (text(document.at(at), "description"), document.json(at).unwrap_or_default()));
    let example = body.as_ref().and_then(|(_, schema)| schema.words.get("example"));
    if let Some((description, schema)) = &body {
        line!(page, "\nBody: {}. {description}", kind(document, schema));
        line!(page, "\n```json\n{:#}\n```", example.unwrap_or(&Value::Null));
    }
    line!(page, "\n| status | body | what it means |\n| --- | --- | --- |");
    for (status, response) in &operation.responses {
        let body = document.json(response).map(|schema| kind(document, &schema)).unwrap_or_default();
        line!(page, "| {status} | {body} | {} |", cell(text(document.at(response), "description")));
    }
    let body = example.map(|body| format!(" <<'JSON'\n{body}\nJSON")).unwrap_or_default();
    line!(page, "\n```console\nldtokens {}{body}\n```", operation.example());
}

fn types(document: &Document) -> String {
    let mut page = format!("{NOTICE}\n\n# Types\n");
    for name in document.schema_names() {
        let schema = document.schema(&format!("/components/schemas/{}", escape(name)));
        line!(page, "\n## {name}\n\n{}", description(schema.is("deprecated"), schema.text("description")));
        if schema.properties.is_empty() {
            line!(page, "\n{}", structure(document, &schema));
            continue;
        }
        line!(page, "\n| property | type | | what it means | example |\n| --- | --- | --- | --- | --- |");
        for (name, at) in &schema.properties {
            let required = required(schema.required.contains(name));
            let schema = document.schema(at);
            let (kind, example) = (kind(document, &schema), schema.example());
            let example =
                if example.is_empty() || example.len() > 60 { String::new() } else { format!("`{}`", cell(&example)) };
            line!(page, "| `{name}` | {kind} | {required} | {} | {example} |", meaning(&schema));
        }
        if schema.inner.contains_key("additionalProperties") {
            line!(page, "\nIt can have other properties.");
        }
    }
    page
}

fn description(deprecated: bool, description: &str) -> String {
    format!("{}{description}", if deprecated { "**Deprecated.** " } else { "" })
}

/// The description, for a cell of a table.
fn meaning(schema: &Schema) -> String {
    cell(&description(schema.is("deprecated"), schema.text("description")))
}

fn required(required: bool) -> &'static str {
    if required { "required" } else { "" }
}

/// A type in a few words, with links to those that have a name.
fn kind(document: &Document, schema: &Schema) -> String {
    match schema.name() {
        Some(name) => format!("[{name}](types.md#{})", name.to_lowercase()),
        None => structure(document, schema),
    }
}

/// A type in a few words, whether it has a name or not.
fn structure(document: &Document, schema: &Schema) -> String {
    let inner = |pointer: &String| kind(document, &document.schema(pointer));
    if !schema.variants.is_empty() {
        return schema.variants.iter().map(inner).collect::<Vec<_>>().join(" or ");
    }
    let mut words = match (schema.kind().as_str(), schema.inner.get("items"), schema.inner.get("additionalProperties"))
    {
        ("array", Some(items), _) => format!("list of {}", inner(items)),
        ("object", _, Some(others)) => format!("map to {}", inner(others)),
        ("", ..) => "anything".to_owned(),
        (kind, ..) => kind.to_owned(),
    };
    if !schema.text("format").is_empty() {
        words.push_str(&format!(" ({})", schema.text("format")));
    }
    if let Some(values) = schema.values() {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or_default())).collect();
        words.push_str(&format!(": {}", values.join(", ")));
    }
    if let Some(minimum) = schema.words.get("minimum") {
        words.push_str(&format!(", at least {minimum}"));
    }
    words
}

/// A text that fits into a cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

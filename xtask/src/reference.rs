//! The reference pages: the operations and the types, as the document describes them.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use crate::api::{Document, Operation, Schema, read, schemas};

const NOTICE: &str = "<!-- Made from openapi.yaml by `cargo xtask generate`. Do not edit. -->";

/// The pages, by their paths below the workspace's root.
pub(crate) fn files(document: &Document) -> Result<Vec<(String, String)>> {
    Ok(vec![
        ("docs/reference/operations.md".to_owned(), operations(document)?),
        ("docs/reference/types.md".to_owned(), types(document)?),
    ])
}

fn operations(document: &Document) -> Result<String> {
    let mut page = format!("{NOTICE}\n\n# Operations\n\nAll paths are below `/api/v2` on one of\n");
    for server in document.0["servers"].as_array().into_iter().flatten() {
        writeln!(page, "`{}` ({}),", text(server, "url").trim_end_matches("/api/v2"), text(server, "description"))?;
    }
    writeln!(page, "or of a local server.")?;
    for (id, spec) in &read(document, |_| true)?.operations {
        operation(&mut page, id, spec)?;
    }
    Ok(page)
}

fn operation(page: &mut String, id: &str, operation: &Operation) -> Result<()> {
    let Operation { method, path, parameters, .. } = operation;
    writeln!(page, "\n## {id}\n\n`{method} {path}`\n\n{}", description(operation.deprecated, &operation.description))?;
    if !parameters.is_empty() {
        writeln!(page, "\n| parameter | in | type | | what it means |\n| --- | --- | --- | --- | --- |")?;
    }
    for parameter in parameters.values() {
        let (required, kind) = (required(parameter.required), kind(&parameter.schema));
        let meaning = meaning(&parameter.schema);
        writeln!(page, "| `{}` | {} | {kind} | {required} | {meaning} |", parameter.name, parameter.place)?;
    }
    if let Some(body) = &operation.body {
        writeln!(page, "\nBody: {}. {}", kind(&body.schema), body.description.trim())?;
        writeln!(page, "\n```json\n{}\n```", serde_json::to_string_pretty(&body.schema.example)?)?;
    }
    writeln!(page, "\n| status | body | what it means |\n| --- | --- | --- |")?;
    for (status, response) in &operation.responses {
        let body = response.body.as_ref().map(kind).unwrap_or_default();
        writeln!(page, "| {status} | {body} | {} |", cell(&response.description))?;
    }
    let body = operation.body.as_ref().and_then(|body| body.schema.example.as_ref());
    let body = body.map(|body| format!(" <<'JSON'\n{body}\nJSON")).unwrap_or_default();
    writeln!(page, "\n```console\nldtokens {}{body}\n```", operation.example(id))?;
    Ok(())
}

fn types(document: &Document) -> Result<String> {
    let mut page = format!("{NOTICE}\n\n# Types\n");
    for (name, schema) in schemas(document)? {
        writeln!(page, "\n## {name}\n\n{}", description(schema.deprecated, &schema.description))?;
        if schema.properties.is_empty() {
            writeln!(page, "\n{}", structure(&schema))?;
            continue;
        }
        writeln!(page, "\n| property | type | | what it means | example |\n| --- | --- | --- | --- | --- |")?;
        for (name, property) in &schema.properties {
            let (required, schema) = (required(property.required), &property.schema);
            let example = schema.example.as_ref().map(ToString::to_string).unwrap_or_default();
            let example = if example.len() > 60 { String::new() } else { format!("`{}`", cell(&example)) };
            writeln!(page, "| `{name}` | {} | {required} | {} | {example} |", kind(schema), meaning(schema))?;
        }
        if schema.others.is_some() {
            writeln!(page, "\nIt can have other properties.")?;
        }
    }
    Ok(page)
}

fn description(deprecated: bool, description: &str) -> String {
    format!("{}{}", if deprecated { "**Deprecated.** " } else { "" }, description.trim())
}

/// The description, for a cell of a table.
fn meaning(schema: &Schema) -> String {
    cell(&description(schema.deprecated, &schema.description))
}

fn required(required: bool) -> &'static str {
    if required { "required" } else { "" }
}

/// A type in a few words, with links to those that have a name.
fn kind(schema: &Schema) -> String {
    match schema.name() {
        Some(name) => format!("[{name}](types.md#{})", name.to_lowercase()),
        None => structure(schema),
    }
}

/// A type in a few words, whether it has a name or not.
fn structure(schema: &Schema) -> String {
    if !schema.variants.is_empty() {
        return schema.variants.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let mut words = match (schema.kind.as_str(), &schema.items, &schema.others) {
        ("array", Some(items), _) => format!("list of {}", kind(items)),
        ("object", _, Some(others)) => format!("map to {}", kind(others)),
        ("", ..) => "anything".to_owned(),
        (kind, ..) => kind.to_owned(),
    };
    if !schema.format.is_empty() {
        words.push_str(&format!(" ({})", schema.format));
    }
    if let Some(values) = &schema.values {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or_default())).collect();
        words.push_str(&format!(": {}", values.join(", ")));
    }
    if let Some(minimum) = schema.bounds.get("minimum") {
        words.push_str(&format!(", at least {minimum}"));
    }
    words
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

/// A text that fits into a cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

//! The reference pages: the operations and the types, as the document describes them.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use crate::api::{METHODS, resolved};

const NOTICE: &str = "<!-- Made from openapi.yaml by `cargo xtask generate`. Do not edit. -->";

/// The pages, by their paths below the workspace's root.
pub(crate) fn files(document: &Value) -> Result<Vec<(String, String)>> {
    Ok(vec![
        ("docs/reference/operations.md".to_owned(), operations(document)?),
        ("docs/reference/types.md".to_owned(), types(document)?),
    ])
}

fn operations(document: &Value) -> Result<String> {
    let mut page = format!("{NOTICE}\n\n# Operations\n\nAll paths are below `/api/v2` on one of\n");
    for server in document["servers"].as_array().into_iter().flatten() {
        writeln!(page, "`{}` ({}),", text(server, "url").trim_end_matches("/api/v2"), text(server, "description"))?;
    }
    writeln!(page, "or of a local server.")?;
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
            operation(&mut page, document, path, item, method)?;
        }
    }
    Ok(page)
}

fn operation(page: &mut String, document: &Value, path: &str, item: &Value, method: &str) -> Result<()> {
    let operation = &item[method];
    let id = text(operation, "operationId");
    writeln!(page, "\n## {id}\n\n`{} {path}`\n\n{}", method.to_uppercase(), text(operation, "description"))?;
    let owners = [item, operation].into_iter();
    let parameters: Vec<&Value> = owners
        .flat_map(|owner| owner.get("parameters").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|parameter| resolved(document, parameter))
        .collect();
    if !parameters.is_empty() {
        writeln!(page, "\n| parameter | in | type | | what it means |\n| --- | --- | --- | --- | --- |")?;
    }
    for parameter in &parameters {
        let required = if parameter["required"] == true { "required" } else { "" };
        let kind = kind(&parameter["schema"]);
        let (name, place, meaning) = (text(parameter, "name"), text(parameter, "in"), text(parameter, "description"));
        writeln!(page, "| `{name}` | {place} | {kind} | {required} | {} |", cell(meaning))?;
    }
    let body = operation.get("requestBody").and_then(|body| resolved(document, body));
    if let Some(body) = body {
        let schema = &body["content"]["application/json"]["schema"];
        writeln!(page, "\nBody: {}. {}", kind(schema), text(body, "description"))?;
        let example = resolved(document, schema).and_then(|schema| schema.get("example")).unwrap_or(&Value::Null);
        writeln!(page, "\n```json\n{}\n```", serde_json::to_string_pretty(example)?)?;
    }
    writeln!(page, "\n| status | body | what it means |\n| --- | --- | --- |")?;
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let response = resolved(document, response).unwrap_or(response);
        let body = response.pointer("/content/application~1json/schema").map(kind).unwrap_or_default();
        writeln!(page, "| {status} | {body} | {} |", cell(text(response, "description")))?;
    }
    let words: Vec<String> = parameters
        .iter()
        .map(|parameter| format!(" {}={}", text(parameter, "name"), parameter["example"].to_string().trim_matches('"')))
        .collect();
    let stdin = if body.is_some() { " -" } else { "" };
    writeln!(page, "\n```console\nldtokens {id}{}{stdin}\n```", words.concat())?;
    Ok(())
}

fn types(document: &Value) -> Result<String> {
    let mut page = format!("{NOTICE}\n\n# Types\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        writeln!(page, "\n## {name}\n\n{}", text(schema, "description"))?;
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            writeln!(page, "\n| property | type | | what it means | example |\n| --- | --- | --- | --- | --- |")?;
            for (property, value) in properties {
                let required =
                    schema["required"].as_array().is_some_and(|names| names.iter().any(|name| name == property));
                let required = if required { "required" } else { "" };
                let own = resolved(document, value).unwrap_or(value);
                let example =
                    value.get("example").or_else(|| own.get("example")).map(ToString::to_string).unwrap_or_default();
                let example = if example.len() > 60 { String::new() } else { format!("`{}`", cell(&example)) };
                let meaning = cell(text(own, "description"));
                writeln!(page, "| `{property}` | {} | {required} | {meaning} | {example} |", kind(value))?;
            }
            if schema.get("additionalProperties").is_some() {
                writeln!(page, "\nIt can have other properties.")?;
            }
        } else {
            writeln!(page, "\n{}", kind(schema))?;
        }
    }
    Ok(page)
}

/// A type in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](types.md#{})", name.to_lowercase());
    }
    if let Some([only]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        return kind(only);
    }
    if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
        return variants.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let mut words = match text(schema, "type") {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        "" => "anything".to_owned(),
        kind => kind.to_owned(),
    };
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        write!(words, " ({format})").expect("a string takes all");
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or_default())).collect();
        write!(words, ": {}", values.join(", ")).expect("a string takes all");
    }
    if let Some(minimum) = schema.get("minimum") {
        write!(words, ", at least {minimum}").expect("a string takes all");
    }
    words
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

/// A text that fits into a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

//! A JSON Schema (draft 2020-12) for each of the document's schemas, a file each.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::api::Document;

/// The files, by their paths below the workspace's root.
pub(crate) fn files(Document(document): &Document) -> Result<Vec<(String, String)>> {
    let version = document.pointer("/info/version").and_then(Value::as_str).context("the document has no version")?;
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut files = Vec::new();
    for (name, schema) in schemas.into_iter().flatten() {
        let mut file = Map::new();
        file.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        file.insert("title".to_owned(), json!(name));
        if let Value::Object(schema) = rewritten(schema) {
            file.extend(schema);
        }
        let text = serde_json::to_string_pretty(&Value::Object(file))?;
        files.push((format!("schemas/v{version}/{name}.json"), format!("{text}\n")));
    }
    Ok(files)
}

/// The schema in JSON Schema's own words.
fn rewritten(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut rewritten = Map::new();
            for (name, value) in object {
                match (name.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        let file = reference.rsplit('/').next().unwrap_or_default();
                        rewritten.insert("$ref".to_owned(), json!(format!("{file}.json")));
                    }
                    ("example", value) => drop(rewritten.insert("examples".to_owned(), json!([value]))),
                    ("nullable", _) => {}
                    (_, value) => drop(rewritten.insert(name.clone(), self::rewritten(value))),
                }
            }
            if object.get("nullable") == Some(&json!(true))
                && let Some(kind) = rewritten.get("type").cloned()
            {
                rewritten.insert("type".to_owned(), json!([kind, "null"]));
            }
            Value::Object(rewritten)
        }
        Value::Array(items) => Value::Array(items.iter().map(rewritten).collect()),
        other => other.clone(),
    }
}

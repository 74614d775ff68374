//! Putting what only adds into `openapi.yaml`, as text, so that its comments and order stay.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::api::{Difference, Document, What};
use crate::lines::Lines;

/// Adds to `text` what `news` adds to it and `vendor` describes. Gives the new text, and what was not added.
///
/// # Errors
/// The text is not YAML.
pub fn apply<'a>(text: &str, news: &'a [Difference], vendor: &Document) -> Result<(String, Vec<&'a Difference>)> {
    let mut text = text.to_owned();
    let mut left = Vec::new();
    for difference in news {
        match addition(&text, difference, vendor)? {
            Some(added) => text = added,
            None => left.push(difference),
        }
    }
    Ok((text, left))
}

fn addition(text: &str, difference: &Difference, vendor: &Document) -> Result<Option<String>> {
    let lines = Lines::read(text)?;
    match &difference.what {
        What::Added { thing: "property", required: false } => {
            let name = difference.new.rsplit('/').next().unwrap_or_default();
            let mapping = format!("{}/properties", difference.old);
            Ok(insert_entry(&lines, &mapping, name, &inlined(vendor, &difference.new, 0)?))
        }
        What::Added { thing: "parameter", required: false } => {
            let parameter = inlined(vendor, &difference.new, 0)?;
            Ok(insert_item(&lines, &format!("{}/parameters", difference.old), &parameter))
        }
        What::ValueAdded(value) => {
            let value: Value = serde_json::from_str(value).context("a value is JSON")?;
            Ok(insert_item(&lines, &format!("{}/enum", difference.old), &value))
        }
        _ => Ok(None),
    }
}

/// What the vendor says at `pointer`, with references written out and without what only its own tools read.
fn inlined(vendor: &Document, pointer: &str, depth: usize) -> Result<Value> {
    let value = vendor.0.pointer(pointer).with_context(|| format!("nothing stands at {pointer}"))?;
    let write_out = |value: &Value| written_out(vendor, value, depth);
    write_out(value)
}

fn written_out(vendor: &Document, value: &Value, depth: usize) -> Result<Value> {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str).filter(|_| depth < 8) {
        return inlined(vendor, reference.trim_start_matches('#'), depth + 1);
    }
    Ok(match value {
        Value::Object(object) => {
            let mut written = serde_json::Map::new();
            for (name, value) in object {
                if !matches!(name.as_str(), "explode" | "style") {
                    written.insert(name.clone(), written_out(vendor, value, depth)?);
                }
            }
            Value::Object(written)
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| written_out(vendor, item, depth)).collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// The text with `name: value` as the last entry of the mapping at `pointer`.
fn insert_entry(lines: &Lines, pointer: &str, name: &str, value: &Value) -> Option<String> {
    let block = lines.block(pointer)?;
    let yaml = serde_yaml_ng::to_string(&serde_json::json!({ name: value })).ok()?;
    Some(lines.with(block.end, &indented(&yaml, block.indent)))
}

/// The text with `value` as the last item of the sequence at `pointer`, which may be written in one line.
fn insert_item(lines: &Lines, pointer: &str, value: &Value) -> Option<String> {
    if let Some(block) = lines.block(pointer) {
        let yaml = serde_yaml_ng::to_string(&[value]).ok()?;
        return Some(lines.with(block.end, &indented(&yaml, block.indent)));
    }
    let value = serde_yaml_ng::to_string(value).ok()?;
    lines.with_flow_item(pointer, value.trim_end())
}

fn indented(yaml: &str, indent: usize) -> Vec<String> {
    yaml.lines().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

//! Adds the vendor's additions to `openapi.yaml`, as text, which keeps its comments and order.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::api::{Change, Difference, Document, escape};
use crate::lines::Lines;

/// Adds to `text` those of the `news` that are only additions. Returns the new text, and the news that were not added.
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
    match &difference.change {
        Change::Added { kind: "property", required: false } => {
            let name = difference.new.rsplit('/').next().unwrap_or_default();
            let mapping = format!("{}/properties", difference.old);
            let property = inlined(vendor, &difference.new, 0).ok();
            Ok(property.and_then(|property| insert_entry(&lines, &mapping, name, &property)))
        }
        Change::Added { kind: "parameter", required: false } => {
            let parameter = inlined(vendor, &difference.new, 0).ok();
            Ok(parameter
                .and_then(|parameter| insert_item(&lines, &format!("{}/parameters", difference.old), &parameter)))
        }
        Change::ValueAdded(value) => {
            let value: Value = serde_json::from_str(value).context("a value is JSON")?;
            Ok(insert_item(&lines, &format!("{}/enum", difference.old), &value))
        }
        _ => Ok(None),
    }
}

/// What the vendor says at `pointer`, with references written out and without what only its own tools read.
fn inlined(vendor: &Document, pointer: &str, depth: usize) -> Result<Value> {
    // A type that holds itself, as trees do.
    ensure!(depth < 24, "{pointer} holds itself");
    let (value, at) = vendor.follow(pointer)?;
    let inner = |part: &str| inlined(vendor, &format!("{at}/{}", escape(part)), depth + 1);
    Ok(match value {
        Value::Object(object) => {
            let names = object.keys().filter(|name| !matches!(name.as_str(), "explode" | "style"));
            Value::Object(names.map(|name| Ok((name.clone(), inner(name)?))).collect::<Result<_>>()?)
        }
        Value::Array(items) => Value::Array((0..items.len()).map(|at| inner(&at.to_string())).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

/// The text with `name: value` as the last entry of the mapping at `pointer`.
fn insert_entry(lines: &Lines, pointer: &str, name: &str, value: &Value) -> Option<String> {
    let block = lines.block(pointer)?;
    let yaml = serde_saphyr::to_string(&serde_json::json!({ name: value })).ok()?;
    Some(lines.with(block.end, &indented(&yaml, block.indent)))
}

/// The text with `value` as the last item of the sequence at `pointer`, which may be written in one line.
fn insert_item(lines: &Lines, pointer: &str, value: &Value) -> Option<String> {
    if let Some(block) = lines.block(pointer) {
        let yaml = serde_saphyr::to_string(&[value]).ok()?;
        return Some(lines.with(block.end, &indented(&yaml, block.indent)));
    }
    let value = serde_saphyr::to_string(value).ok()?;
    lines.with_flow_item(pointer, value.trim_end())
}

fn indented(yaml: &str, indent: usize) -> Vec<String> {
    yaml.lines().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

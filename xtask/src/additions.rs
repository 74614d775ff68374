//! Adds the vendor's additions to `openapi.yaml`, as text, which keeps its comments and order.

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::api::{Change, Difference, Document, escape, said, unescape};
use crate::lines::Lines;

/// Adds to `text` those of the `news` that are only additions. After each, `still_news` says what is still news for a text:
/// what was added must no longer be, or it is left out. Returns the new text, and the news that were not added.
///
/// # Errors
/// The text is not YAML, or `still_news` fails.
pub(crate) fn apply(
    text: &str,
    news: &[Difference],
    vendor: &Document,
    still_news: impl Fn(&str) -> Result<Vec<Difference>>,
) -> Result<(String, Vec<Difference>)> {
    let mut text = text.to_owned();
    let mut left = news.to_vec();
    for difference in news {
        let Some(added) = addition(&Lines::read(&text)?, difference, vendor) else { continue };
        // A text that can't be read again was not the right place.
        let Ok(still) = still_news(&added) else { continue };
        if still.len() < left.len() && still.iter().all(|still| left.iter().any(|left| is_same(still, left))) {
            (text, left) = (added, still);
        }
    }
    Ok((text, left))
}

/// Whether two differences are the same, wherever they stand in our document.
fn is_same(one: &Difference, other: &Difference) -> bool {
    (&one.location, &one.new, &one.change) == (&other.location, &other.new, &other.change)
}

/// The text with what the difference adds, if it is only an addition.
fn addition(lines: &Lines, difference: &Difference, vendor: &Document) -> Option<String> {
    let Difference { old, new, .. } = difference;
    match &difference.change {
        Change::Added { kind, required: false } if kind == "property" => {
            let name = unescape(new.rsplit('/').next()?);
            insert_entry(lines, &format!("{old}/properties"), &name, &inlined(vendor, new, 0).ok()?)
        }
        Change::Added { kind, required: false } if kind == "parameter" => {
            insert_item(lines, &format!("{old}/parameters"), &inlined(vendor, new, 0).ok()?)
        }
        Change::ValueAdded(value) => insert_item(lines, &format!("{old}/enum"), &serde_json::from_str(value).ok()?),
        Change::Marked { mark, set: true } => insert_entry(lines, old, mark, &json!(true)),
        _ => None,
    }
}

/// What the vendor says at `pointer`, with references written out and without what OpenAPI means anyway.
fn inlined(vendor: &Document, pointer: &str, depth: usize) -> Result<Value> {
    // A type that holds itself, as trees do.
    ensure!(depth < 24, "{pointer} holds itself");
    let (value, at) = vendor.follow(pointer);
    let inner = |part: &str| inlined(vendor, &format!("{at}/{}", escape(part)), depth + 1);
    Ok(match value {
        Value::Object(object) => {
            let is_form = |name: &str| {
                let without: Map<_, _> = object
                    .iter()
                    .filter(|(other, _)| *other != name)
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                matches!(name, "explode" | "style")
                    && object.contains_key("in")
                    && said(&Value::Object(without), name) == &object[name]
            };
            let names = object.keys().filter(|name| !is_form(name));
            Value::Object(names.map(|name| Ok((name.clone(), inner(name)?))).collect::<Result<_>>()?)
        }
        Value::Array(items) => Value::Array((0..items.len()).map(|at| inner(&at.to_string())).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

/// The text with `name: value` as the last entry of the mapping at `pointer`.
fn insert_entry(lines: &Lines, pointer: &str, name: &str, value: &Value) -> Option<String> {
    let block = lines.block(pointer)?;
    let yaml = serde_saphyr::to_string(&json!({ name: value })).ok()?;
    Some(lines.with(block.end, &indented(&yaml, block.indent)))
}

/// The text with `value` as the last item of the sequence at `pointer`, which may be written in one line.
fn insert_item(lines: &Lines, pointer: &str, value: &Value) -> Option<String> {
    if let Some(block) = lines.block(pointer) {
        let yaml = serde_saphyr::to_string(&[value]).ok()?;
        return Some(lines.with(block.end, &indented(&yaml, block.indent)));
    }
    let value = if value.is_object() { value.to_string() } else { serde_saphyr::to_string(value).ok()? };
    lines.with_flow_item(pointer, value.trim_end())
}

fn indented(yaml: &str, indent: usize) -> Vec<String> {
    yaml.lines().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

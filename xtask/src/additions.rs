//! Adds the vendor's additions to `openapi.yaml`, as text, which keeps its comments and order.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::{Change, Difference, Document, escape, is_default_form, unescape};
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
    let theirs = || inlined(vendor, new, 0).ok();
    let (at, added) = match &difference.change {
        Change::Added { kind: "property", required: false } => {
            (format!("{old}/properties"), json!({ unescape(new.rsplit('/').next()?): theirs()? }))
        }
        Change::Added { kind: "parameter", required: false } => (format!("{old}/parameters"), json!([theirs()?])),
        Change::ValueAdded(value) => (format!("{old}/enum"), json!([serde_json::from_str::<Value>(value).ok()?])),
        Change::Marked { mark, set: true } => (old.clone(), json!({ mark: true })),
        _ => return None,
    };
    lines.with(&at, &added)
}

/// What the vendor says at `pointer`, with references written out and without what OpenAPI means anyway.
fn inlined(vendor: &Document, pointer: &str, depth: usize) -> Result<Value> {
    // A type that holds itself, as trees do.
    ensure!(depth < 24, "{pointer} holds itself");
    let (value, at) = vendor.follow(pointer);
    let inner = |part: &str| inlined(vendor, &format!("{at}/{}", escape(part)), depth + 1);
    Ok(match value {
        Value::Object(object) => {
            let names = object.keys().filter(|name| !(object.contains_key("in") && is_default_form(value, name)));
            Value::Object(names.map(|name| Ok((name.clone(), inner(name)?))).collect::<Result<_>>()?)
        }
        Value::Array(items) => Value::Array((0..items.len()).map(|at| inner(&at.to_string())).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

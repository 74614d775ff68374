//! An OpenAPI document as it is written.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An OpenAPI document.
#[derive(Clone, Debug)]
pub struct Document(pub Value);

/// Reads YAML 1.2, or JSON, which is part of it.
///
/// # Errors
/// It is neither, or it does not hold a `T`.
pub(crate) fn yaml<T: DeserializeOwned>(text: &str) -> Result<T> {
    // The vendor's document has 154,000 nodes, and grew by two thirds in seven versions.
    const NODES: usize = 10_000_000;
    let options = serde_saphyr::options! {
        // `no`, `on` and `y` are words.
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_nodes: NODES, max_events: 4 * NODES, max_total_scalar_bytes: 64 * NODES, max_reader_input_bytes: None,
            max_aliases: NODES, enforce_alias_anchor_ratio: false,
        },
    };
    serde_saphyr::from_str_with_options(text, options).context("it is neither YAML nor JSON")
}

/// One part of a JSON Pointer (RFC 6901, section 3).
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// What [`escape`] was made from.
pub(crate) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Removes what is at a JSON Pointer.
pub(crate) fn remove(document: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => drop(object.shift_remove(&unescape(name))),
        Some(Value::Array(items)) => {
            let index = name.parse().ok().filter(|index: &usize| *index < items.len());
            index.map(|index| items.remove(index));
        }
        _ => {}
    }
}

impl Document {
    /// Reads a document, in YAML or JSON.
    ///
    /// # Errors
    /// It is neither, or not OpenAPI 3.0 or 3.1.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = yaml(text)?;
        let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !(version.starts_with("3.0.") || version.starts_with("3.1.")) {
            bail!("it is not an OpenAPI document of version 3.0 or 3.1: its `openapi` is {version:?}");
        }
        Ok(Self(value))
    }

    /// The value at a JSON Pointer, its references followed, and the pointer of where it really stands. A reference that can't be
    /// followed is the value itself; `null` stands where nothing does.
    pub(crate) fn follow<'a>(&'a self, pointer: &str) -> (&'a Value, String) {
        let mut at = pointer.to_owned();
        // As many as no sensible document chains.
        for _ in 0..32 {
            let value = self.at(&at);
            match self.target(value) {
                Some(target) => at = target.to_owned(),
                None => return (value, at),
            }
        }
        (self.at(pointer), pointer.to_owned())
    }

    /// The value at a JSON Pointer; `null` if there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Where a reference leads, unless that is nowhere or out of the document.
    pub(super) fn target<'a>(&self, value: &'a Value) -> Option<&'a str> {
        let target = value.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.0.pointer(target).map(|_| target)
    }

    /// The pointers of what is directly in the object or the array at a JSON Pointer.
    pub(crate) fn within(&self, pointer: &str) -> Vec<String> {
        match self.at(pointer) {
            Value::Object(object) => object.keys().map(|name| format!("{pointer}/{}", escape(name))).collect(),
            Value::Array(items) => (0..items.len()).map(|index| format!("{pointer}/{index}")).collect(),
            _ => Vec::new(),
        }
    }
}

//! An OpenAPI document as it is written.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The methods that an operation can have, in the order in which pages and tables name them.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// An OpenAPI document.
#[derive(Clone, Debug)]
pub struct Document(pub Value);

impl Document {
    /// Reads a document, in YAML or JSON.
    ///
    /// # Errors
    /// It is neither, or not OpenAPI 3.0 or 3.1.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_saphyr::from_str(text).context("it is neither YAML nor JSON")?;
        let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !(version.starts_with("3.0.") || version.starts_with("3.1.")) {
            bail!("it is not an OpenAPI document of version 3.0 or 3.1: its `openapi` is {version:?}");
        }
        Ok(Self(value))
    }

    /// The value at a JSON Pointer, its references followed, and the pointer of where it really stands.
    ///
    /// # Errors
    /// A reference leads nowhere, out of the document or in a circle.
    pub(crate) fn follow<'a>(&'a self, pointer: &str) -> Result<(&'a Value, String)> {
        let mut pointer = pointer.to_owned();
        // As many as no sensible document chains.
        for _ in 0..32 {
            let value = self.0.pointer(&pointer).with_context(|| format!("nothing stands at {pointer}"))?;
            match value.get("$ref").and_then(Value::as_str) {
                None => return Ok((value, pointer)),
                Some(reference) => match reference.strip_prefix('#') {
                    Some(target) => pointer = target.to_owned(),
                    None => bail!("{pointer} refers to {reference}, outside the document"),
                },
            }
        }
        bail!("the references at {pointer} lead in a circle")
    }

    /// How many items the array at a JSON Pointer has; 0 if there is no array.
    pub(super) fn length(&self, pointer: &str) -> usize {
        self.0.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// The operations as they are written, in the document's order of paths.
    pub(crate) fn operations(&self) -> Vec<RawOperation<'_>> {
        let mut found = Vec::new();
        for (path, value) in self.0["paths"].as_object().into_iter().flatten() {
            let item = format!("/paths/{}", escape(path));
            for method in METHODS {
                if let Some(value) = value.get(method) {
                    found.push(RawOperation {
                        path,
                        method,
                        value,
                        pointer: format!("{item}/{method}"),
                        item: item.clone(),
                    });
                }
            }
        }
        found
    }
}

/// An operation as it is written, and where it stands.
pub(crate) struct RawOperation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    /// The operation as it is written.
    pub(crate) value: &'a Value,
    /// The JSON Pointer of the operation.
    pub(crate) pointer: String,
    /// The JSON Pointer of its path.
    pub(super) item: String,
}

impl RawOperation<'_> {
    /// The operation's ID.
    pub(crate) fn id(&self) -> Option<&str> {
        self.value.get("operationId").and_then(Value::as_str)
    }
}

/// One part of a JSON Pointer (RFC 6901, section 3).
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

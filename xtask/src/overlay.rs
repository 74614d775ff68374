//! OpenAPI Overlay 1.0: <https://spec.openapis.org/overlay/v1.0.0.html>.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::api::{remove, without_names, yaml};

/// An overlay document.
#[derive(Debug, Deserialize)]
pub struct Overlay {
    overlay: String,
    actions: Vec<Action>,
}

/// One change to each of the places that a JSONPath finds.
#[derive(Debug, Deserialize)]
struct Action {
    target: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

impl Overlay {
    /// Reads an overlay, in YAML or JSON.
    ///
    /// # Errors
    /// It is not one of version 1.0.
    pub fn parse(text: &str) -> Result<Self> {
        let overlay: Self = yaml(text).context("it is not an overlay document")?;
        if !overlay.overlay.starts_with("1.0.") {
            bail!("it is not an overlay of version 1.0, but of {:?}", overlay.overlay);
        }
        Ok(overlay)
    }

    /// Applies the actions to `document`, in order. Returns those that did not find their targets.
    ///
    /// # Errors
    /// A target is not a JSONPath.
    pub fn apply(&self, document: &mut Value) -> Result<Vec<String>> {
        self.align(document);
        let mut unused = Vec::new();
        for action in &self.actions {
            let path =
                JsonPath::parse(&action.target).with_context(|| format!("{} is not a JSONPath", action.target))?;
            let mut found: Vec<String> =
                path.query_located(document).locations().map(|place| place.to_json_pointer()).collect();
            if found.is_empty() {
                unused.push(format!("{}: {}", action.target, action.description));
            }
            // Later places first, so that what is removed from an array moves none that is still to come.
            found.reverse();
            for pointer in found {
                if action.remove {
                    remove(document, &pointer);
                } else if let (Some(update), Some(target)) = (&action.update, document.pointer_mut(&pointer)) {
                    merge(target, update);
                }
            }
        }
        Ok(unused)
    }

    /// Gives a path of the document the name that a target has for it, if only its parameters are called otherwise.
    fn align(&self, document: &mut Value) {
        let named = || self.actions.iter().flat_map(|action| action.target.split('\''));
        let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
        let aligned = std::mem::take(paths).into_iter().map(|(path, item)| {
            let known = named().find(|known| known.starts_with('/') && without_names(known) == without_names(&path));
            (known.map_or(path, str::to_owned), item)
        });
        *paths = aligned.collect();
    }
}

/// Objects are merged property by property, arrays grow, and everything else is replaced.
fn merge(target: &mut Value, update: &Value) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (name, value) in update {
                match target.get_mut(name) {
                    Some(known) => merge(known, value),
                    None => drop(target.insert(name.clone(), value.clone())),
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => target.extend(update.iter().cloned()),
        (Value::Array(target), item) => target.push(item.clone()),
        (target, update) => *target = update.clone(),
    }
}

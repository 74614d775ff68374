//! What a value can be, with references and `allOf` put together. What lies inside is read only when it is asked for, since a
//! schema can hold itself.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::Document;
use super::grammar::{Holds, Part, escape, holds};

/// What a value can be.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Where it stands in its document: if it is a component as a whole, where that stands.
    pub pointer: String,
    /// Where its words stand: beside the reference to the component, if there are any.
    pub site: String,
    /// Its JSON types; none if it can be anything.
    pub kinds: BTreeSet<String>,
    /// Its properties.
    pub properties: IndexMap<String, Property>,
    /// Where it says what is inside it, by keyword: `items`, `additionalProperties`.
    pub inner: IndexMap<String, String>,
    /// Where it says what else it can be: one of these.
    pub variants: Vec<String>,
    /// What else it says, by keyword.
    pub words: Map<String, Value>,
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Property {
    /// Whether it must be there.
    pub required: bool,
    /// Where it stands in its document.
    pub pointer: String,
}

impl Document {
    /// The schema at a JSON Pointer.
    pub fn schema(&self, pointer: &str) -> Schema {
        let (mut schema, mut required) = (Schema::default(), BTreeSet::new());
        self.collect(pointer, &mut schema, &mut required, &mut BTreeSet::new());
        for (name, property) in &mut schema.properties {
            property.required = required.contains(name);
        }
        if schema.kinds.is_empty() && !schema.properties.is_empty() {
            schema.kinds.insert("object".to_owned());
        }
        schema
    }

    fn collect(&self, pointer: &str, into: &mut Schema, required: &mut BTreeSet<String>, seen: &mut BTreeSet<String>) {
        if !seen.insert(pointer.to_owned()) {
            return;
        }
        let value = self.at(pointer);
        let all_of = (0..self.length(&format!("{pointer}/allOf"))).map(|index| format!("{pointer}/allOf/{index}"));
        let parts: Vec<String> = self.target(value).map(str::to_owned).into_iter().chain(all_of).collect();
        for part in &parts {
            self.collect(part, into, required, seen);
        }
        let own = value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| !(name.as_str() == "$ref" || name.as_str() == "allOf"));
        let only_words =
            own.clone().all(|(name, _)| matches!(holds(Part::Schema, name), Some(Holds::Words | Holds::Mark)));
        // One reference with words beside it is what it refers to.
        if parts.len() != 1 || !only_words {
            pointer.clone_into(&mut into.pointer);
        }
        if parts.len() != 1 || own.clone().next().is_some() {
            pointer.clone_into(&mut into.site);
        }
        if value == &json!(false) {
            into.words.insert("nothing".to_owned(), json!(true));
        }
        let texts = |value: &Value| -> BTreeSet<String> {
            let listed = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        if parts.is_empty()
            && let Some(reference) = value.get("$ref")
        {
            into.words.insert("$ref".to_owned(), reference.clone());
        }
        for (name, value) in own {
            let at = format!("{pointer}/{}", escape(name));
            match (name.as_str(), value) {
                ("type", value) if into.kinds.is_empty() => into.kinds = texts(value),
                ("type", value) => into.kinds.retain(|kind| texts(value).contains(kind)),
                ("required", value) => required.extend(texts(value)),
                ("properties", Value::Object(named)) => {
                    for name in named.keys() {
                        let pointer = format!("{at}/{}", escape(name));
                        into.properties.insert(name.clone(), Property { required: false, pointer });
                    }
                }
                ("oneOf" | "anyOf", Value::Array(items)) => {
                    into.variants.extend((0..items.len()).map(|index| format!("{at}/{index}")));
                }
                ("const", value) => drop(into.words.insert("enum".to_owned(), json!([value]))),
                // Absent means the same.
                ("additionalProperties", Value::Bool(true))
                | ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(false)) => {}
                ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(true)) => {
                    let bound = self.at(&format!("{pointer}/{}", name.replace("exclusiveM", "m")));
                    into.words.insert(name.clone(), bound.clone());
                }
                ("items" | "additionalProperties", Value::Object(_) | Value::Bool(_)) => {
                    into.inner.insert(name.clone(), at);
                }
                ("deprecated" | "readOnly" | "writeOnly" | "nullable", value) => {
                    let set = into.is(name) || value == &json!(true);
                    into.words.insert(name.clone(), json!(set));
                }
                (_, value) => drop(into.words.insert(name.clone(), value.clone())),
            }
        }
        if into.words.remove("nullable") == Some(json!(true)) && !into.kinds.is_empty() {
            into.kinds.insert("null".to_owned());
        }
    }
}

impl Schema {
    /// The name of the component that it is, if it is one as a whole.
    pub fn name(&self) -> Option<&str> {
        self.pointer.strip_prefix("/components/schemas/").filter(|rest| !rest.contains('/'))
    }

    /// The component that it is or lies in; empty if there is none.
    pub fn component(&self) -> &str {
        let rest = self.pointer.strip_prefix("/components/schemas/").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }

    /// Its type; empty if it can be anything.
    pub fn kind(&self) -> String {
        self.kinds.iter().filter(|kind| *kind != "null").cloned().collect::<Vec<_>>().join("|")
    }

    /// What it says under `keyword`, if that is a text.
    pub fn text(&self, keyword: &str) -> &str {
        self.words.get(keyword).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it means.
    pub fn description(&self) -> &str {
        self.text("description").trim()
    }

    /// Whether it says `keyword: true`.
    pub fn is(&self, keyword: &str) -> bool {
        self.words.get(keyword) == Some(&json!(true))
    }

    /// An example of it, as JSON; empty if there is none.
    pub fn example(&self) -> String {
        self.words.get("example").map(ToString::to_string).unwrap_or_default()
    }

    /// The only values it can have.
    pub fn values(&self) -> Option<&Vec<Value>> {
        self.words.get("enum").and_then(Value::as_array)
    }
}

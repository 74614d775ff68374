//! What a value can be, with references and `allOf` put together. What lies inside is read only when it is asked for, since a
//! schema can hold itself.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::Document;
use super::document::escape;
use super::grammar::{Holds, Part, holds};

/// What a value can be.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Where it stands in its document: if it is a component as a whole, where that stands.
    pub pointer: String,
    /// Where its words stand: beside the reference to the component, if there are any.
    pub site: String,
    /// Its JSON types; none if it can be anything.
    pub kinds: BTreeSet<String>,
    /// Where its properties stand, by name.
    pub properties: IndexMap<String, String>,
    /// The names of the properties that must be there.
    pub required: BTreeSet<String>,
    /// Where it says what is inside it, by keyword: `items`, `additionalProperties`.
    pub inner: IndexMap<String, String>,
    /// Where it says what else it can be: one of these.
    pub variants: Vec<String>,
    /// What else it says, by keyword.
    pub words: Map<String, Value>,
}

impl Document {
    /// The schema at a JSON Pointer.
    pub fn schema(&self, pointer: &str) -> Schema {
        let mut schema = Schema::default();
        self.collect(pointer, &mut schema, &mut BTreeSet::new());
        if schema.kinds.is_empty() && !schema.properties.is_empty() {
            schema.kinds.insert("object".to_owned());
        }
        schema
    }

    fn collect(&self, pointer: &str, into: &mut Schema, seen: &mut BTreeSet<String>) {
        if !seen.insert(pointer.to_owned()) {
            return;
        }
        let value = self.at(pointer);
        let all_of = self.within(&format!("{pointer}/allOf"));
        let parts: Vec<String> = self.target(value).map(str::to_owned).into_iter().chain(all_of).collect();
        for part in &parts {
            self.collect(part, into, seen);
        }
        let is_own = |name: &str| name != "allOf" && (name != "$ref" || parts.is_empty());
        let own: Vec<_> = value.as_object().into_iter().flatten().filter(|(name, _)| is_own(name)).collect();
        let is_word = |name: &str| matches!(holds(Part::Schema, name), Some(Holds::Words | Holds::Mark));
        // One reference with words beside it is what it refers to.
        if parts.len() != 1 || !own.iter().all(|(name, _)| is_word(name)) {
            pointer.clone_into(&mut into.pointer);
        }
        if parts.len() != 1 || !own.is_empty() {
            pointer.clone_into(&mut into.site);
        }
        if value == &json!(false) {
            into.words.insert("nothing".to_owned(), json!(true));
        }
        let texts = |value: &Value| -> BTreeSet<String> {
            let listed = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        for (name, value) in own {
            let at = format!("{pointer}/{}", escape(name));
            match (name.as_str(), value) {
                ("type", value) if into.kinds.is_empty() => into.kinds = texts(value),
                ("type", value) => into.kinds.retain(|kind| texts(value).contains(kind)),
                ("required", value) => into.required.extend(texts(value)),
                ("properties", Value::Object(named)) => {
                    into.properties.extend(named.keys().map(|name| (name.clone(), format!("{at}/{}", escape(name)))));
                }
                ("oneOf" | "anyOf", Value::Array(_)) => into.variants.extend(self.within(&at)),
                ("const", value) => drop(into.words.insert("enum".to_owned(), json!([value]))),
                // Absent means the same.
                ("additionalProperties", Value::Bool(true))
                | ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(false))
                | ("deprecated" | "readOnly" | "writeOnly" | "nullable" | "uniqueItems", Value::Bool(false)) => {}
                ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(true)) => {
                    let bound = self.at(&format!("{pointer}/{}", name.replace("exclusiveM", "m")));
                    into.words.insert(name.clone(), bound.clone());
                }
                ("items" | "additionalProperties", Value::Object(_) | Value::Bool(_)) => {
                    into.inner.insert(name.clone(), at);
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

    /// Its type; empty if it can be anything.
    pub fn kind(&self) -> String {
        self.kinds.iter().filter(|kind| *kind != "null").cloned().collect::<Vec<_>>().join("|")
    }

    /// Its type in a word or two.
    pub(super) fn type_name(&self) -> String {
        let name = match self.kind() {
            kind if !kind.is_empty() => kind,
            _ if self.variants.is_empty() => "anything".to_owned(),
            _ => "one of several".to_owned(),
        };
        let format = Some(self.text("format")).filter(|format| !format.is_empty());
        let format = format.map(|format| format!(" ({format})")).unwrap_or_default();
        format!("{name}{format}{}", if self.kinds.contains("null") { " or null" } else { "" })
    }

    /// What it says under `keyword`, if that is a text.
    pub fn text(&self, keyword: &str) -> &str {
        self.words.get(keyword).and_then(Value::as_str).unwrap_or_default().trim()
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

//! Reading the operations out of an OpenAPI document.

use std::borrow::Cow;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::document::escape;
use super::{Document, Operation, Parameter};

/// The methods that an operation can have, in the order in which pages and tables name them.
const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

impl Document {
    /// The operations, in the document's order of paths.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let base = self.base_path();
        let mut found = Vec::new();
        for path in keys(&self.0, "paths") {
            let (item, at) = self.follow(&format!("/paths/{}", escape(path)));
            for method in METHODS.into_iter().filter(|method| item.get(method).is_some_and(Value::is_object)) {
                found.push(self.operation(&base, path, &at, method));
            }
        }
        found
    }

    /// The names of the component schemas, in the document's order.
    pub fn schema_names(&self) -> impl Iterator<Item = &String> {
        keys(&self.0["components"], "schemas")
    }

    /// The path that the servers' URLs end in.
    fn base_path(&self) -> String {
        let url = self.at("/servers/0/url").as_str().unwrap_or_default();
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        path.trim_end_matches('/').to_owned()
    }

    fn operation(&self, base: &str, path: &str, item: &str, method: &str) -> Operation<'_> {
        let pointer = format!("{item}/{method}");
        let value = self.at(&pointer);
        Operation {
            id: value.get("operationId").and_then(Value::as_str),
            request_line: format!("{} {base}{}", method.to_uppercase(), without_names(path)),
            method: method.to_uppercase(),
            path: path.to_owned(),
            parameters: self.parameters(path, [item, &pointer]),
            body: value.get("requestBody").map(|_| self.follow(&format!("{pointer}/requestBody")).1),
            responses: keys(value, "responses")
                .map(|status| (status.clone(), self.follow(&format!("{pointer}/responses/{}", escape(status))).1))
                .collect(),
            security: self.security(value),
            value,
            pointer,
        }
    }

    /// The path's parameters, and the operation's own, which replace those of the same place and name.
    fn parameters(&self, path: &str, owners: [&str; 2]) -> IndexMap<String, Parameter> {
        let mut parameters = IndexMap::new();
        for at in owners.into_iter().flat_map(|owner| self.within(&format!("{owner}/parameters"))) {
            let (value, pointer) = self.follow(&at);
            let [name, place] = ["name", "in"].map(|name| text(value, name).to_owned());
            // The name of a parameter in the path is not on the wire.
            let key = match place.as_str() {
                "path" => {
                    let others = parameters.keys().filter(|key: &&String| key.starts_with("path")).count();
                    format!("path {}", names(path).position(|known| known == name).unwrap_or(others))
                }
                "header" => format!("header {}", name.to_ascii_lowercase()),
                other => format!("{other} {name}"),
            };
            let mut schema = self.schema(&format!("{pointer}/schema"));
            for keyword in ["description", "example", "deprecated"] {
                schema.words.extend(value.get(keyword).map(|own| (keyword.to_owned(), own.clone())));
            }
            let required = value.get("required") == Some(&Value::Bool(true));
            parameters.insert(key, Parameter { pointer, name, place, required, schema });
        }
        parameters
    }

    /// Each way to authorize the operation, by what is sent, whatever the document calls it. None at all is one too.
    fn security(&self, operation: &Value) -> IndexSet<String> {
        let listed = operation.get("security").unwrap_or(self.at("/security")).as_array();
        let way = |way: &Value| {
            let schemes = way.as_object().into_iter().flatten().map(|(name, scopes)| {
                let scheme = self.follow(&format!("/components/securitySchemes/{}", escape(name))).0;
                let part = |name: &&str| scheme.get(name).and_then(Value::as_str);
                match part(&"type") {
                    Some("oauth2" | "openIdConnect") => format!("{name} {scopes}"),
                    None => name.clone(),
                    Some(_) => ["type", "in", "name", "scheme"].iter().filter_map(part).collect::<Vec<_>>().join(" "),
                }
            });
            schemes.collect::<Vec<_>>().join(" and ")
        };
        let ways: IndexSet<String> = listed.into_iter().flatten().map(way).collect();
        if ways.is_empty() { [String::new()].into() } else { ways }
    }
}

/// The names of the parameters in a path, in its order.
pub(crate) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// The path with `{}` for each parameter.
pub(crate) fn without_names(path: &str) -> String {
    names(path).fold(path.to_owned(), |path, name| path.replacen(&format!("{{{name}}}"), "{}", 1))
}

/// What `value` says under `name`, if that is a text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

/// The names in the object `name` of `value`.
pub(crate) fn keys<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a String> + use<'a> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(|object| object.keys())
}

/// What a part says under a keyword, or what is meant where it says nothing.
pub(crate) fn said<'a>(value: &'a Value, keyword: &str) -> Cow<'a, Value> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let default = if matches!(text("in"), Some("query" | "cookie")) { "form" } else { "simple" };
    match (value.get(keyword), keyword) {
        (None, "style") => Cow::Owned(default.into()),
        (None, "explode") => Cow::Owned((text("style").unwrap_or(default) == "form").into()),
        (Some(said), _) if said != &Value::Bool(false) || keyword == "explode" => Cow::Borrowed(said),
        _ => Cow::Owned(Value::Null),
    }
}

/// Whether `value` says of its form, under `style` or `explode`, what is meant where it says nothing.
pub(crate) fn is_default_form(value: &Value, keyword: &str) -> bool {
    let mut without = value.clone();
    without.as_object_mut().map(|object| object.shift_remove(keyword));
    matches!(keyword, "style" | "explode") && *said(&without, keyword) == value[keyword]
}

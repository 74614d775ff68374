//! Reading an API out of an OpenAPI document, 3.0 or 3.1.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Api, Body, Operation, Parameter, Property, Response, Schema};

/// The methods that an operation can have, in the order in which pages and tables name them.
pub(crate) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
const BOUNDS: [&str; 9] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
];

/// An OpenAPI document.
#[derive(Clone, Debug)]
pub struct Document(pub Value);

impl Document {
    /// Reads a document, in YAML or JSON.
    ///
    /// # Errors
    /// It is neither, or not OpenAPI 3.0 or 3.1.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_yaml_ng::from_str(text).context("it is neither YAML nor JSON")?;
        let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !(version.starts_with("3.0.") || version.starts_with("3.1.")) {
            bail!("it is not an OpenAPI document of version 3.0 or 3.1: its `openapi` is {version:?}");
        }
        Ok(Self(value))
    }

    /// The value at a JSON Pointer, its references followed, and the pointer of where it really stands.
    pub(super) fn follow<'a>(&'a self, pointer: &str) -> Result<(&'a Value, String)> {
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
}

/// The operations in `document` for which `wanted` holds, with all that they reach.
///
/// # Errors
/// A reference leads nowhere, out of the document or in a circle.
pub fn read(document: &Document, wanted: impl Fn(&str) -> bool) -> Result<Api> {
    let mut api = Api::default();
    let base = base_path(&document.0);
    for (path, item) in document.0["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(id) = item.get(method).and_then(|operation| operation.get("operationId")?.as_str()) else {
                continue;
            };
            if wanted(id) {
                let pointer = format!("/paths/{}", escape(path));
                let request_line = format!("{} {base}{}", method.to_uppercase(), without_names(path));
                let operation = operation(document, &pointer, method, request_line)?;
                api.operations.insert(id.to_owned(), operation);
            }
        }
    }
    Ok(api)
}

/// The path that all servers' URLs end in.
fn base_path(document: &Value) -> String {
    let url = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.find('/').map_or("", |at| after_scheme[at..].trim_end_matches('/')).to_owned()
}

fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn operation(document: &Document, item: &str, method: &str, request_line: String) -> Result<Operation> {
    let pointer = format!("{item}/{method}");
    let value = &document.0.pointer(&pointer).context("it was just found")?;
    let mut parameters = BTreeMap::new();
    for owner in [item, &pointer] {
        let count = document.0.pointer(&format!("{owner}/parameters")).and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..count {
            let (value, at) = document.follow(&format!("{owner}/parameters/{index}"))?;
            let name = text(value, "name");
            let place = text(value, "in");
            // The name of a parameter in the path is not on the wire.
            let key = match place.as_str() {
                "path" => {
                    let position = item.split("~1").filter(|part| part.starts_with('{'));
                    let position = position.clone().position(|part| part == format!("{{{name}}}")).unwrap_or(0);
                    format!("path {position}")
                }
                _ => format!("{place} {name}"),
            };
            let parameter = Parameter {
                name,
                required: truth(value, "required"),
                schema: described(schema(document, &format!("{at}/schema"), "", 0)?, value),
                pointer: at,
            };
            parameters.insert(key, parameter);
        }
    }
    let body = match value.get("requestBody") {
        None => None,
        Some(_) => {
            let (value, at) = document.follow(&format!("{pointer}/requestBody"))?;
            let schema = schema(document, &format!("{at}/content/application~1json/schema"), "", 0)?;
            Some(Body { required: truth(value, "required"), schema, pointer: at })
        }
    };
    let mut responses = BTreeMap::new();
    for status in value.get("responses").and_then(Value::as_object).into_iter().flat_map(|responses| responses.keys()) {
        responses.insert(status.clone(), response(document, &format!("{pointer}/responses/{}", escape(status)))?);
    }
    Ok(Operation { description: text(value, "description"), pointer, request_line, parameters, body, responses })
}

fn response(document: &Document, pointer: &str) -> Result<Response> {
    let (value, at) = document.follow(pointer)?;
    let mut headers = BTreeMap::new();
    for name in value.get("headers").and_then(Value::as_object).into_iter().flat_map(|headers| headers.keys()) {
        let (header, header_at) = document.follow(&format!("{at}/headers/{}", escape(name)))?;
        let schema = schema(document, &format!("{header_at}/schema"), "", 0)?;
        headers.insert(name.to_ascii_lowercase(), described(schema, header));
    }
    let content = format!("{at}/content/application~1json/schema");
    let body = document.0.pointer(&content).map(|_| schema(document, &content, "", 0)).transpose()?;
    Ok(Response { pointer: at, headers, body })
}

fn schema(document: &Document, pointer: &str, component: &str, depth: usize) -> Result<Schema> {
    let (value, at) = document.follow(pointer)?;
    let component =
        at.strip_prefix("/components/schemas/").map_or(component, |rest| rest.split('/').next().unwrap_or(rest));
    if depth > 24 {
        // A type that holds itself, as trees do: the outer ones tell all there is to tell.
        return Ok(Schema { component: component.to_owned(), pointer: at.clone(), ..Schema::default() });
    }
    let inner = |part: &str| schema(document, &format!("{at}/{part}"), component, depth + 1);
    let mut read = Schema::default();
    for index in 0..value.get("allOf").and_then(Value::as_array).map_or(0, Vec::len) {
        read = merged(read, inner(&format!("allOf/{index}"))?);
    }
    // A reference with words of its own beside it is what it refers to.
    if value.get("allOf").and_then(Value::as_array).is_none_or(|parts| parts.len() != 1) {
        read.pointer.clone_from(&at);
        read.component = component.to_owned();
    }
    let described = text(value, "description");
    if !described.is_empty() {
        read.description = described;
    }
    match value.get("type") {
        Some(Value::String(kind)) => read.kind.clone_from(kind),
        // 3.1 lists types, `null` among them.
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            read.nullable |= kinds.contains(&"null");
            read.kind = kinds.into_iter().filter(|kind| *kind != "null").collect::<Vec<_>>().join("|");
        }
        _ => {}
    }
    if value.get("format").is_some() {
        read.format = text(value, "format");
    }
    read.nullable |= truth(value, "nullable");
    if let Some(values) = value.get("enum").and_then(Value::as_array) {
        read.values = Some(values.iter().map(Value::to_string).collect());
    }
    for bound in BOUNDS {
        if let Some(limit) = value.get(bound) {
            read.bounds.insert(bound.to_owned(), limit.to_string());
        }
    }
    let required = value.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    for name in value.get("properties").and_then(Value::as_object).into_iter().flat_map(|all| all.keys()) {
        let schema = inner(&format!("properties/{}", escape(name)))?;
        read.properties.insert(name.clone(), Property { required: is_required(name), schema });
    }
    if value.get("additionalProperties").is_some_and(Value::is_object) {
        read.others = Some(Box::new(inner("additionalProperties")?));
    }
    if value.get("items").is_some_and(Value::is_object) {
        read.items = Some(Box::new(inner("items")?));
    }
    for choice in ["oneOf", "anyOf"] {
        for index in 0..value.get(choice).and_then(Value::as_array).map_or(0, Vec::len) {
            read.variants.push(inner(&format!("{choice}/{index}"))?);
        }
    }
    if read.kind.is_empty() && !read.properties.is_empty() {
        read.kind = "object".to_owned();
    }
    Ok(read)
}

fn merged(mut one: Schema, other: Schema) -> Schema {
    let component = if one.component.is_empty() { other.component.clone() } else { one.component };
    one.properties.extend(other.properties);
    let bounds = one.bounds.into_iter().chain(other.bounds).collect();
    Schema { properties: one.properties, bounds, component, ..other }
}

fn described(mut schema: Schema, value: &Value) -> Schema {
    let description = text(value, "description");
    if !description.is_empty() {
        schema.description = description;
    }
    schema
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn truth(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// What `value` is, or what its references lead to; nothing if that is not in the document.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut value = value;
    // As many as no sensible document chains.
    for _ in 0..32 {
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some(value),
            Some(reference) => value = document.pointer(reference.strip_prefix('#')?)?,
        }
    }
    None
}

/// One part of a JSON Pointer (RFC 6901, section 3).
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

//! Reading an API out of an OpenAPI document, 3.0 or 3.1.

use anyhow::Result;
use indexmap::IndexMap;
use serde_json::Value;

use super::document::{RawOperation, escape};
use super::{Api, Body, Document, Operation, Parameter, Property, Response, Schema};

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

/// The operations in `document` for which `wanted` holds, with all that they reach.
///
/// # Errors
/// A reference leads nowhere, out of the document or in a circle.
pub fn read(document: &Document, wanted: impl Fn(&str) -> bool) -> Result<Api> {
    let mut api = Api::default();
    let base = base_path(&document.0);
    for raw in document.operations() {
        if let Some(id) = raw.id().filter(|id| wanted(id)) {
            let operation = operation(document, &raw, &base)?;
            api.operations.insert(id.to_owned(), operation);
        }
    }
    Ok(api)
}

/// The component schemas of `document` by their names, in its order.
///
/// # Errors
/// A reference leads nowhere, out of the document or in a circle.
pub fn schemas(document: &Document) -> Result<IndexMap<String, Schema>> {
    let named = |name: &String| {
        let pointer = format!("/components/schemas/{}", escape(name));
        Ok((name.clone(), schema(document, &pointer, "", 0)?))
    };
    keys(&document.0["components"], "schemas").map(named).collect()
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

fn operation(document: &Document, raw: &RawOperation<'_>, base: &str) -> Result<Operation> {
    let RawOperation { path, value, pointer, .. } = raw;
    let method = raw.method.to_uppercase();
    let mut responses = IndexMap::new();
    for status in keys(value, "responses") {
        responses.insert(status.clone(), response(document, &format!("{pointer}/responses/{}", escape(status)))?);
    }
    Ok(Operation {
        request_line: format!("{method} {base}{}", without_names(path)),
        method,
        path: (*path).to_owned(),
        summary: text(value, "summary"),
        description: text(value, "description"),
        deprecated: truth(value, "deprecated"),
        parameters: parameters(document, raw)?,
        body: value.get("requestBody").map(|_| body(document, &format!("{pointer}/requestBody"))).transpose()?,
        responses,
        pointer: pointer.clone(),
    })
}

/// The path's parameters, and the operation's own, which replace those of the same place and name.
fn parameters(document: &Document, raw: &RawOperation<'_>) -> Result<IndexMap<String, Parameter>> {
    let mut parameters = IndexMap::new();
    for owner in [&raw.item, &raw.pointer] {
        for index in 0..document.length(&format!("{owner}/parameters")) {
            let parameter = parameter(document, &format!("{owner}/parameters/{index}"))?;
            // The name of a parameter in the path is not on the wire.
            let key = match parameter.place.as_str() {
                "path" => {
                    let mut names = raw.path.split('/').filter(|part| part.starts_with('{'));
                    let position = names.position(|part| part == format!("{{{}}}", parameter.name)).unwrap_or(0);
                    format!("path {position}")
                }
                other => format!("{other} {}", parameter.name),
            };
            parameters.insert(key, parameter);
        }
    }
    Ok(parameters)
}

fn parameter(document: &Document, pointer: &str) -> Result<Parameter> {
    let (value, at) = document.follow(pointer)?;
    Ok(Parameter {
        name: text(value, "name"),
        place: text(value, "in"),
        required: truth(value, "required"),
        schema: Schema {
            description: text(value, "description"),
            example: value.get("example").cloned(),
            ..described(schema(document, &format!("{at}/schema"), "", 0)?, value)
        },
        pointer: at,
    })
}

fn body(document: &Document, pointer: &str) -> Result<Body> {
    let (value, at) = document.follow(pointer)?;
    Ok(Body {
        description: text(value, "description"),
        required: truth(value, "required"),
        schema: schema(document, &format!("{at}/content/application~1json/schema"), "", 0)?,
        pointer: at,
    })
}

fn response(document: &Document, pointer: &str) -> Result<Response> {
    let (value, at) = document.follow(pointer)?;
    let mut headers = IndexMap::new();
    for name in keys(value, "headers") {
        let (header, header_at) = document.follow(&format!("{at}/headers/{}", escape(name)))?;
        let schema = schema(document, &format!("{header_at}/schema"), "", 0)?;
        headers.insert(name.to_ascii_lowercase(), described(schema, header));
    }
    let content = format!("{at}/content/application~1json/schema");
    let body = document.0.pointer(&content).map(|_| schema(document, &content, "", 0)).transpose()?;
    Ok(Response { description: text(value, "description"), pointer: at, headers, body })
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
    for index in 0..document.length(&format!("{at}/allOf")) {
        read = merged(read, inner(&format!("allOf/{index}"))?);
    }
    // A reference with words of its own beside it is what it refers to.
    if document.length(&format!("{at}/allOf")) != 1 {
        read.pointer.clone_from(&at);
        read.component = component.to_owned();
    }
    read = described(read, value);
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
        read.values = Some(values.iter().cloned().collect());
    }
    for bound in BOUNDS {
        if let Some(limit) = value.get(bound) {
            read.bounds.insert(bound.to_owned(), limit.to_string());
        }
    }
    let required = value.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    for name in keys(value, "properties") {
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
        for index in 0..document.length(&format!("{at}/{choice}")) {
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

/// The schema with the description, the example and the deprecation that stand at `value`.
fn described(mut schema: Schema, value: &Value) -> Schema {
    let description = text(value, "description");
    if !description.is_empty() {
        schema.description = description;
    }
    if let Some(example) = value.get("example") {
        schema.example = Some(example.clone());
    }
    schema.deprecated |= truth(value, "deprecated");
    schema
}

/// The names in the object `name` of `value`.
fn keys<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a String> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(|object| object.keys())
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn truth(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

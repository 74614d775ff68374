//! The table of operations: their names, parameters and bodies, and what the document says of each.

use anyhow::{Context, Result, ensure};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::api::{Body, Document, Operation, Schema, read, schemas};

pub(crate) fn tokens(document: &Document) -> Result<TokenStream> {
    let schemas = schemas(document)?;
    let token = properties(schemas.get("Token").context("the document has no schema Token")?);
    let mut operations = Vec::new();
    for (id, operation) in &read(document, |_| true)?.operations {
        operations.push(spec(id, operation)?);
    }
    Ok(quote! {
        use super::{BodySpec, OperationSpec, ParameterSpec, ValueType};

        /// All operations, in the order of `openapi.yaml`.
        pub static OPERATIONS: &[OperationSpec] = &[#(#operations),*];

        /// The properties of a token.
        pub static TOKEN: &[ParameterSpec] = &[#(#token),*];
    })
}

fn spec(id: &str, operation: &Operation) -> Result<TokenStream> {
    let Operation { method, path, summary, description, .. } = operation;
    let mut parameters = Vec::new();
    for known in operation.parameters.values() {
        ensure!(!known.name.is_empty(), "{id} has a parameter without a name");
        parameters.push(parameter(&known.name, known.required, &known.schema));
    }
    let body = operation.body.as_ref().map_or_else(|| quote!(None), body);
    let responses = operation.responses.iter().map(|(status, response)| {
        let meaning = response.description.split_whitespace().collect::<Vec<_>>().join(" ");
        quote!((#status, #meaning))
    });
    Ok(quote! {
        OperationSpec {
            id: #id, method: #method, path: #path, summary: #summary, description: #description,
            parameters: &[#(#parameters),*], body: #body, responses: &[#(#responses),*],
        }
    })
}

fn parameter(name: &str, required: bool, schema: &Schema) -> TokenStream {
    let Schema { description, .. } = schema;
    let (value_type, example) = (value_type(schema), example(schema));
    quote! {
        ParameterSpec { name: #name, required: #required, value_type: #value_type, description: #description, example: #example }
    }
}

fn body(Body { description, schema, .. }: &Body) -> TokenStream {
    let (properties, example) = (properties(schema), example(schema));
    quote! {
        Some(BodySpec { description: #description, properties: &[#(#properties),*], example: #example })
    }
}

fn properties(schema: &Schema) -> Vec<TokenStream> {
    schema.properties.iter().map(|(name, property)| parameter(name, property.required, &property.schema)).collect()
}

fn value_type(schema: &Schema) -> TokenStream {
    match (schema.kind.as_str(), &schema.values) {
        _ if schema.name() == Some("UnixMillis") => quote!(ValueType::Time),
        ("boolean", _) => quote!(ValueType::Boolean),
        ("integer", _) => {
            let minimum = schema.bounds.get("minimum").and_then(|minimum| minimum.parse().ok()).unwrap_or(i64::MIN);
            quote!(ValueType::Integer { minimum: #minimum })
        }
        ("string", Some(values)) => {
            let values = values.iter().filter_map(Value::as_str);
            quote!(ValueType::OneOf(&[#(#values),*]))
        }
        ("string", None) => quote!(ValueType::Text),
        _ => quote!(ValueType::Json),
    }
}

fn example(schema: &Schema) -> String {
    schema.example.as_ref().map(ToString::to_string).unwrap_or_default()
}

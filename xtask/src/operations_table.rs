//! The table of operations: their names, parameters and bodies, and what the document says of each.

use anyhow::{Context, Result, bail, ensure};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::DOCUMENT;
use crate::api::{Body, Document, Operation, Parameter, Schema, read, schemas};

pub(crate) fn tokens(document: &Document) -> Result<TokenStream> {
    let schemas = schemas(document)?;
    let token = properties(schemas.get("Token").context("the document has no schema Token")?);
    let (mut variants, mut operations) = (Vec::new(), Vec::new());
    for (id, operation) in &read(document, |_| true)?.operations {
        let name = variant(id);
        let route = format!(" `{} {}`", operation.method, operation.path);
        variants.push(quote!(#[doc = #route] #name));
        operations.push(spec(id, operation)?);
    }
    Ok(quote! {
        use super::{BodySpec, OperationSpec, ParameterSpec, ValueType};

        /// An operation of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            #(#variants,)*
            /// An operation that this crate does not know, by its ID in the API's documentation.
            Other(&'static str),
        }

        /// All operations, in the order of `openapi.yaml`.
        pub static OPERATIONS: &[OperationSpec] = &[#(#operations),*];

        /// The properties of a token.
        pub static TOKEN: &[ParameterSpec] = &[#(#token),*];
    })
}

/// The operation's variant: `GetTokens` for `getTokens`.
fn variant(id: &str) -> Ident {
    let (first, rest) = id.split_at(1);
    format_ident!("{}{rest}", first.to_uppercase())
}

fn spec(id: &str, operation: &Operation) -> Result<TokenStream> {
    let Operation { method, path, summary, description, deprecated, .. } = operation;
    let mut parameters = Vec::new();
    for Parameter { name, required, schema, .. } in operation.command_parameters() {
        ensure!(!name.is_empty(), "{id} has a parameter without a name");
        parameters.push(parameter(name, *required, schema));
    }
    if let Some(body) = &operation.body {
        check_rules(&body.schema)?;
    }
    let body = operation.body.as_ref().map_or_else(|| quote!(None), body);
    let (variant, example) = (variant(id), operation.example(id));
    let responses = operation.responses.iter().map(|(status, response)| {
        let meaning = response.description.split_whitespace().collect::<Vec<_>>().join(" ");
        quote!((#status, #meaning))
    });
    Ok(quote! {
        OperationSpec {
            operation: Operation::#variant, id: #id, method: #method, path: #path, summary: #summary, description: #description,
            deprecated: #deprecated,
            parameters: &[#(#parameters),*], body: #body, responses: &[#(#responses),*], example: #example,
        }
    })
}

/// Refuses rules about a request body that the table can't express, so that none is lost.
fn check_rules(schema: &Schema) -> Result<()> {
    let lost = schema.bounds.keys().find(|bound| *bound != "minimum").map(String::as_str);
    let lost = lost.or(schema.nullable.then_some("nullable"));
    if let Some(lost) = lost {
        bail!("{DOCUMENT}: {}: ValueType can't check `{lost}` in a request; add that to it", schema.pointer);
    }
    let properties = schema.properties.values().map(|property| &property.schema);
    properties.chain(schema.items.as_deref()).chain(&schema.variants).try_for_each(check_rules)
}

fn parameter(name: &str, required: bool, schema: &Schema) -> TokenStream {
    let Schema { description, deprecated, .. } = schema;
    let (value_type, example) = (value_type(schema), example(schema));
    quote! {
        ParameterSpec {
            name: #name, required: #required, deprecated: #deprecated, value_type: #value_type, description: #description,
            example: #example,
        }
    }
}

fn body(Body { description, schema, .. }: &Body) -> TokenStream {
    let (value_type, example) = (value_type(schema), example(schema));
    quote! {
        Some(BodySpec { description: #description, value_type: #value_type, example: #example })
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
            let minimum = schema.bounds.get("minimum").and_then(|minimum| minimum.parse::<i64>().ok());
            let minimum = minimum.map_or_else(|| quote!(i64::MIN), |minimum| quote!(#minimum));
            quote!(ValueType::Integer { minimum: #minimum })
        }
        ("string", Some(values)) => {
            let values = values.iter().filter_map(Value::as_str);
            quote!(ValueType::OneOf(&[#(#values),*]))
        }
        ("string", None) => quote!(ValueType::Text),
        ("array", _) => {
            let item = schema.items.as_deref().map_or_else(|| quote!(ValueType::Any), value_type);
            quote!(ValueType::Array(&#item))
        }
        ("object", _) => {
            let properties = properties(schema);
            quote!(ValueType::Object(&[#(#properties),*]))
        }
        _ if !schema.variants.is_empty() => {
            let types = schema.variants.iter().map(value_type);
            quote!(ValueType::AnyOf(&[#(#types),*]))
        }
        _ => quote!(ValueType::Any),
    }
}

fn example(schema: &Schema) -> String {
    schema.example.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::spec;
    use crate::api::{Document, read};

    #[test]
    fn parameters_by_reference_and_on_the_path_are_listed_and_the_operations_own_replace_them() {
        let document = Document::parse(
            r##"
            openapi: 3.0.3
            paths:
              /a:
                parameters:
                  - {$ref: "#/components/parameters/one"}
                  - {in: query, name: two, schema: {type: string}}
                get:
                  operationId: getA
                  parameters:
                    - {in: query, name: two, schema: {$ref: "#/components/schemas/Number"}}
                    - {in: header, name: three, schema: {type: string}}
            components:
              parameters:
                one: {in: query, name: one, schema: {$ref: "#/components/schemas/Again"}}
              schemas:
                Again: {$ref: "#/components/schemas/Number"}
                Number: {type: integer, minimum: 3}
            "##,
        )
        .unwrap();
        let api = read(&document, |_| true).unwrap();
        let spec = spec("getA", &api.operations["getA"]).unwrap().to_string().replace(' ', "");
        let parameters: Vec<_> = spec.split("ParameterSpec{name:").skip(1).collect();
        assert_eq!(parameters.len(), 2, "headers are no parameters of a command or a query: {spec}");
        for (parameter, name) in parameters.iter().zip(["one", "two"]) {
            assert!(parameter.starts_with(&format!("{name:?}")), "{parameter}");
            assert!(parameter.contains("ValueType::Integer{minimum:3i64}"), "{parameter}");
        }
    }
}

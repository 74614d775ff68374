//! The operations: the names and routes that the client has, and the table of what the document says of each.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::api::{Document, Operation, Schema};

/// A document, and the components around what is written: one that holds itself is written only once.
struct Table<'a> {
    document: &'a Document,
    around: BTreeSet<String>,
}

/// The client's operations: an enum, and how each is requested.
pub(crate) fn routes(document: &Document) -> TokenStream {
    let (mut variants, mut routes) = (Vec::new(), Vec::new());
    for operation in &document.operations() {
        let (id, Operation { method, path, .. }) = (operation.name(), operation);
        let (name, route) = (variant(&id), format!(" `{method} {path}`"));
        variants.push(quote!(#[doc = #route] #name));
        let success = operation.responses.iter().find_map(|(status, _)| status.parse::<u16>().ok().filter(is_success));
        let success = success.map_or_else(|| quote!(None), |status| quote!(Some(#status)));
        routes.push(quote! {
            Route { operation: Operation::#name, id: #id, method: #method, path: #path, success: #success }
        });
    }
    quote! {
        use super::Route;

        /// An operation of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            #(#variants,)*
            /// An operation that this crate does not know, by its ID in the API's documentation.
            Other(&'static str),
        }

        pub(super) static ROUTES: &[Route] = &[#(#routes),*];
    }
}

fn is_success(status: &u16) -> bool {
    (200..300).contains(status)
}

/// The table of operations, for programs that handle all alike.
pub(crate) fn table(document: &Document) -> Result<TokenStream> {
    let mut table = Table { document, around: BTreeSet::new() };
    document.schema_names().find(|name| *name == "Token").context("the document has no schema Token")?;
    let token = table.properties(&document.schema("/components/schemas/Token"));
    let operations = document.operations().iter().map(|it| table.spec(it)).collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        use crate::{BodySpec, OperationSpec, ParameterSpec, ValueType};

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

impl Table<'_> {
    fn spec(&mut self, operation: &Operation<'_>) -> Result<TokenStream> {
        let (id, Operation { method, path, .. }) = (operation.name(), operation);
        let [summary, description] = ["summary", "description"].map(|name| operation.text(name));
        let deprecated = operation.deprecated();
        let parameters: Vec<TokenStream> =
            operation.command_parameters().map(|it| self.parameter(&it.name, it.required, &it.schema)).collect();
        let body = match &operation.body {
            None => quote!(None),
            Some(at) => {
                let schema = self.document.json(at).unwrap_or_default();
                self.check_rules(&schema)?;
                let description = self.document.at(at).get("description").and_then(Value::as_str).unwrap_or_default();
                let (value_type, example) = (self.value_type(&schema), schema.example());
                quote!(Some(BodySpec { description: #description, value_type: #value_type, example: #example }))
            }
        };
        let example = operation.example();
        let responses = operation.responses.iter().map(|(status, at)| {
            let meaning = self.document.at(at).get("description").and_then(Value::as_str).unwrap_or_default();
            let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
            quote!((#status, #meaning))
        });
        Ok(quote! {
            OperationSpec {
                id: #id, method: #method, path: #path, summary: #summary,
                description: #description, deprecated: #deprecated, parameters: &[#(#parameters),*], body: #body,
                responses: &[#(#responses),*], example: #example,
            }
        })
    }

    /// Refuses rules about a request body that the table can't express, so that none is lost.
    fn check_rules(&mut self, schema: &Schema) -> Result<()> {
        if !self.around.insert(schema.pointer.clone()) {
            return Ok(());
        }
        if schema.kinds.contains("null") {
            bail!("{}: ValueType can't check `nullable` in a request; add that to it", schema.pointer);
        }
        let properties = schema.properties.values().map(|property| &property.pointer);
        let inner = properties.chain(schema.inner.get("items")).chain(&schema.variants);
        let result = inner.clone().try_for_each(|at| self.check_rules(&self.document.schema(at)));
        self.around.remove(&schema.pointer);
        result
    }

    fn parameter(&mut self, name: &str, required: bool, schema: &Schema) -> TokenStream {
        let (description, deprecated) = (schema.text("description"), schema.is("deprecated"));
        let (value_type, example) = (self.value_type(schema), schema.example());
        quote! {
            ParameterSpec {
                name: #name, required: #required, deprecated: #deprecated, value_type: #value_type,
                description: #description, example: #example,
            }
        }
    }

    fn properties(&mut self, schema: &Schema) -> Vec<TokenStream> {
        let all = schema.properties.iter();
        all.map(|(name, it)| self.parameter(name, it.required, &self.document.schema(&it.pointer))).collect()
    }

    fn value_type(&mut self, schema: &Schema) -> TokenStream {
        if !self.around.insert(schema.pointer.clone()) {
            return quote!(ValueType::Any);
        }
        let value_type = match (schema.kind().as_str(), schema.values()) {
            _ if schema.name() == Some("UnixMillis") => quote!(ValueType::Time),
            ("boolean", _) => quote!(ValueType::Boolean),
            ("integer", _) => {
                let minimum = schema.words.get("minimum").and_then(Value::as_i64);
                let minimum = minimum.map_or_else(|| quote!(i64::MIN), |minimum| quote!(#minimum));
                quote!(ValueType::Integer { minimum: #minimum })
            }
            ("string", Some(values)) => {
                let values = values.iter().filter_map(Value::as_str);
                quote!(ValueType::OneOf(&[#(#values),*]))
            }
            ("string", None) => quote!(ValueType::Text),
            ("array", _) => {
                let items = schema.inner.get("items").map(|items| self.value_type(&self.document.schema(items)));
                let items = items.unwrap_or_else(|| quote!(ValueType::Any));
                quote!(ValueType::Array(&#items))
            }
            ("object", _) => {
                let properties = self.properties(schema);
                quote!(ValueType::Object(&[#(#properties),*]))
            }
            _ if !schema.variants.is_empty() => {
                let types: Vec<_> =
                    schema.variants.iter().map(|at| self.value_type(&self.document.schema(at))).collect();
                quote!(ValueType::AnyOf(&[#(#types),*]))
            }
            _ => quote!(ValueType::Any),
        };
        self.around.remove(&schema.pointer);
        value_type
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Table;
    use crate::api::Document;

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
        let mut table = Table { document: &document, around: BTreeSet::new() };
        let spec = table.spec(&document.operations()[0]).unwrap().to_string().replace(' ', "");
        let parameters: Vec<_> = spec.split("ParameterSpec{name:").skip(1).collect();
        assert_eq!(parameters.len(), 2, "headers are no parameters of a command or a query: {spec}");
        for (parameter, name) in parameters.iter().zip(["one", "two"]) {
            assert!(parameter.starts_with(&format!("{name:?}")), "{parameter}");
            assert!(parameter.contains("ValueType::Integer{minimum:3i64}"), "{parameter}");
        }
    }
}

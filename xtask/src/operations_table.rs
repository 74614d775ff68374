//! The operations: the names and routes that the client has, and the table of what the document says of each.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::File;

use crate::api::{Document, Operation, Schema, text};

/// A document, and the components around what is written: one that holds itself is written only once.
struct Table<'a> {
    document: &'a Document,
    around: BTreeSet<String>,
    /// Whether a request body is written, in which the table can't express that something can be null.
    is_body: bool,
}

/// The client's operations: an enum, and how each is requested.
pub(crate) fn routes(document: &Document) -> Result<File> {
    let (mut variants, mut routes) = (Vec::new(), Vec::new());
    for operation in &document.operations() {
        let (id, Operation { method, path, .. }) = (operation.name(), operation);
        let (name, route) = (variant(&id), format!(" `{method} {path}`"));
        variants.push(quote!(#[doc = #route] #name));
        let success = operation.responses.keys().find_map(|status| status.parse::<u16>().ok().filter(is_success));
        let success = success.map_or_else(|| quote!(None), |status| quote!(Some(#status)));
        routes.push(quote! {
            Route { operation: Operation::#name, id: #id, method: #method, path: #path, success: #success }
        });
    }
    Ok(syn::parse2(quote! {
        use super::Route;

        /// An operation of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            #(#variants,)*
            /// An operation that this crate does not know, by its ID in the API's documentation.
            Other(&'static str),
        }

        pub(super) static ROUTES: &[Route] = &[#(#routes),*];
    })?)
}

fn is_success(status: &u16) -> bool {
    (200..300).contains(status)
}

/// The table of operations, for programs that handle all alike.
pub(crate) fn table(document: &Document) -> Result<File> {
    let mut table = Table { document, around: BTreeSet::new(), is_body: false };
    ensure!(document.schema_names().any(|name| name == "Token"), "the document has no schema Token");
    let token = table.properties(&document.schema("/components/schemas/Token"))?;
    let operations = document.operations().iter().map(|it| table.operation(it)).collect::<Result<Vec<_>>>()?;
    Ok(syn::parse2(quote! {
        use crate::{BodySpec, OperationSpec, ParameterSpec, ValueType};

        /// All operations, in the order of `openapi.yaml`.
        pub static OPERATIONS: &[OperationSpec] = &[#(#operations),*];

        /// The properties of a token.
        pub static TOKEN: &[ParameterSpec] = &[#(#token),*];
    })?)
}

/// The operation's variant: `GetTokens` for `getTokens`.
fn variant(id: &str) -> Ident {
    let (first, rest) = id.split_at(1);
    format_ident!("{}{rest}", first.to_uppercase())
}

impl Table<'_> {
    fn operation(&mut self, operation: &Operation<'_>) -> Result<TokenStream> {
        let (id, Operation { method, path, value, .. }) = (operation.name(), operation);
        let [summary, description] = ["summary", "description"].map(|name| text(value, name));
        let (deprecated, example) = (operation.deprecated(), operation.example());
        let parameters = operation.parameters.values().map(|it| self.parameter(&it.name, it.required, &it.schema));
        let parameters = parameters.collect::<Result<Vec<_>>>()?;
        let mut body = quote!(None);
        if let Some(at) = &operation.body {
            let schema = self.document.json(at).unwrap_or_default();
            self.is_body = true;
            let (value_type, example) = (self.value_type(&schema)?, schema.example());
            self.is_body = false;
            let description = text(self.document.at(at), "description");
            body = quote!(Some(BodySpec { description: #description, value_type: #value_type, example: #example }));
        }
        let responses = operation.responses.iter().map(|(status, at)| {
            let meaning = text(self.document.at(at), "description");
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

    fn parameter(&mut self, name: &str, required: bool, schema: &Schema) -> Result<TokenStream> {
        let (description, deprecated) = (schema.text("description"), schema.is("deprecated"));
        let (value_type, example) = (self.value_type(schema)?, schema.example());
        Ok(quote! {
            ParameterSpec {
                name: #name, required: #required, deprecated: #deprecated, value_type: #value_type,
                description: #description, example: #example,
            }
        })
    }

    fn properties(&mut self, schema: &Schema) -> Result<Vec<TokenStream>> {
        let all = schema.properties.iter();
        all.map(|(name, at)| self.parameter(name, schema.required.contains(name), &self.document.schema(at))).collect()
    }

    fn value_type(&mut self, schema: &Schema) -> Result<TokenStream> {
        if self.is_body && schema.kinds.contains("null") {
            bail!("{}: ValueType can't check `nullable` in a request; add that to it", schema.pointer);
        }
        if !self.around.insert(schema.pointer.clone()) {
            return Ok(quote!(ValueType::Any));
        }
        let value_type = match (schema.kind().as_str(), schema.values()) {
            _ if schema.name() == Some("UnixMillis") => quote!(ValueType::Time),
            ("boolean", _) => quote!(ValueType::Boolean),
            ("integer", _) => {
                let minimum = schema.words.get("minimum").and_then(|minimum| minimum.as_i64());
                let minimum = minimum.map_or_else(|| quote!(i64::MIN), |minimum| quote!(#minimum));
                quote!(ValueType::Integer { minimum: #minimum })
            }
            ("string", Some(values)) => {
                let values = values.iter().filter_map(|value| value.as_str());
                quote!(ValueType::OneOf(&[#(#values),*]))
            }
            ("string", None) => quote!(ValueType::Text),
            ("array", _) => {
                let items = schema.inner.get("items").map(|items| self.value_type(&self.document.schema(items)));
                let items = items.unwrap_or_else(|| Ok(quote!(ValueType::Any)))?;
                quote!(ValueType::Array(&#items))
            }
            ("object", _) => {
                let properties = self.properties(schema)?;
                quote!(ValueType::Object(&[#(#properties),*]))
            }
            _ if !schema.variants.is_empty() => {
                let types = schema.variants.iter().map(|at| self.value_type(&self.document.schema(at)));
                let types = types.collect::<Result<Vec<_>>>()?;
                quote!(ValueType::AnyOf(&[#(#types),*]))
            }
            _ => quote!(ValueType::Any),
        };
        self.around.remove(&schema.pointer);
        Ok(value_type)
    }
}

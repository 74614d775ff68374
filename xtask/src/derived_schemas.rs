//! The list by which the client's tests compare each compiled type with the document.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::client::BY_HAND;

pub(crate) fn tokens(document: &Value) -> Result<TokenStream> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let names = schemas.context("the document has no schemas")?.keys();
    let pairs = names.map(|name| {
        let ident = format_ident!("{name}");
        let path =
            if BY_HAND.contains(&name.as_str()) { quote!(ldtokens_client) } else { quote!(ldtokens_client::types) };
        quote!((#name, schemars::schema_for!(#path::#ident)))
    });
    Ok(quote! {
        //! The types of the document's schemas.

        /// Each schema's name, and the JSON Schema that its type derives.
        pub(crate) fn all() -> Vec<(&'static str, schemars::Schema)> {
            vec![#(#pairs),*]
        }
    })
}

//! The list by which the client's tests compare each compiled type with the document.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::api::Document;
use crate::client::is_hand_written;

pub(crate) fn tokens(document: &Document) -> Result<TokenStream> {
    let pairs = document.schema_names().map(|name| {
        let ident = format_ident!("{name}");
        let path = if is_hand_written(name) { quote!(ldtokens_client) } else { quote!(ldtokens_client::types) };
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

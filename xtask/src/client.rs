//! The client crate's code, by progenitor.

use anyhow::{Context, Result, ensure};
use progenitor::{GenerationSettings, Generator, InterfaceStyle, TagStyle, TypeImpl};
use quote::{format_ident, quote};
use schemars::schema::{InstanceType, SchemaObject};
use syn::File;

use crate::api::Document;
use crate::{DOCUMENT, lenient};

/// The schemas for which the client has types written by hand, and the traits of these types that the generator uses.
const HAND_WRITTEN: [(&str, &[TypeImpl]); 5] = [
    ("Link", &[]),
    ("Links", &[]),
    ("Role", &[]),
    ("TokenId", &[TypeImpl::Display]),
    ("UnixMillis", &[TypeImpl::Display]),
];

pub(crate) fn code(Document(document): &Document) -> Result<File> {
    let spec: openapiv3::OpenAPI = serde_json::from_value(document.clone())
        .with_context(|| format!("{DOCUMENT} is not an OpenAPI 3.0 document"))?;
    with_own_parts(lenient::types(Generator::new(&settings()).generate_tokens(&spec)?, document)?)
}

/// The list by which the client's tests compare each compiled type with the document.
pub(crate) fn derived_schemas(document: &Document) -> Result<File> {
    let pairs = document.schema_names().map(|name| {
        let ident = format_ident!("{name}");
        let is_hand_written = HAND_WRITTEN.iter().any(|(known, _)| known == name);
        let path = if is_hand_written { quote!(ldtokens_client) } else { quote!(ldtokens_client::types) };
        quote!((#name, schemars::schema_for!(#path::#ident)))
    });
    Ok(syn::parse2(quote! {
        //! The types of the document's schemas.

        /// Each schema's name, and the JSON Schema that its type derives.
        pub(crate) fn all() -> Vec<(&'static str, schemars::Schema)> {
            vec![#(#pairs),*]
        }
    })?)
}

/// Parts of the generator's code, and what the client crate has instead.
///
/// Responses are read to their end before they are decoded, so they need not be made into reqwest's again. The API has no
/// header `api-version`. A map of unknown properties must not print its values.
const OWN_PARTS: [(&str, &str); 7] = [
    ("ResponseValue :: from_response (response) . await", "crate :: decode :: decode (response)"),
    ("ResponseValue :: empty (response)", "crate :: decode :: empty (response)"),
    ("Error :: UnexpectedResponse (response)", "Error :: UnexpectedResponse (response . into ())"),
    (
        "let result = client . exec (request , & info) . await ; client . post (& result , & info) . await ? ; \
         let response = result ? ;",
        "let response = crate :: transport :: exchange (client , request , info . operation_id) . await ? ;",
    ),
    (
        "let mut header_map = :: reqwest :: header :: HeaderMap :: with_capacity (1usize) ; header_map . append \
         (:: reqwest :: header :: HeaderName :: from_static (\"api-version\") , :: reqwest :: header :: HeaderValue :: \
         from_static (super :: Client :: api_version ()) ,) ;",
        "",
    ),
    (". headers (header_map)", ""),
    (":: serde_json :: Map < :: std :: string :: String , :: serde_json :: Value >", "crate :: Extra"),
];

/// What would stand for a part that the generator writes otherwise than [`OWN_PARTS`] says.
const FOREIGN: [&str; 6] = [
    "from_response",
    "ResponseValue :: empty",
    "client . exec (",
    "client . post (&",
    "header_map",
    ":: serde_json :: Map <",
];

/// Replaces the parts listed in [`OWN_PARTS`].
fn with_own_parts(mut code: String) -> Result<File> {
    for (of_generator, own) in OWN_PARTS {
        code = code.replace(of_generator, own);
    }
    let foreign = FOREIGN.iter().find(|part| code.contains(*part));
    ensure!(
        foreign.is_none(),
        "what the generator writes for this has {foreign:?}, which the client crate does not have"
    );
    syn::parse_str(&code).context("what was made is not Rust")
}

/// The generator's settings, for what the document can't express.
fn settings() -> GenerationSettings {
    let password = SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some("password".to_owned()),
        ..SchemaObject::default()
    };
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_inner_type("crate::SharedTransport".parse().expect("a path is Rust"))
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(password, "crate::Secret", [].into_iter());
    for (name, traits) in HAND_WRITTEN {
        settings.with_replacement(name, format!("crate::{name}"), traits.iter().copied());
    }
    settings
}

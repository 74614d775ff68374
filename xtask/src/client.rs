//! The client crate's code, by progenitor.

use anyhow::{Context, Result, anyhow, ensure};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};

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

/// Whether the client has a type written by hand for this schema.
pub(crate) fn is_hand_written(schema: &str) -> bool {
    HAND_WRITTEN.iter().any(|(name, _)| *name == schema)
}

pub(crate) fn tokens(Document(document): &Document) -> Result<TokenStream> {
    let spec: openapiv3::OpenAPI = serde_json::from_value(document.clone())
        .with_context(|| format!("{DOCUMENT} is not an OpenAPI 3.0 document"))?;
    with_own_parts(&lenient::types(Generator::new(&settings()).generate_tokens(&spec)?, document)?)
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
fn with_own_parts(code: &TokenStream) -> Result<TokenStream> {
    let mut code = code.to_string();
    for (of_generator, own) in OWN_PARTS {
        code = code.replace(of_generator, own);
    }
    let foreign = FOREIGN.iter().find(|part| code.contains(*part));
    ensure!(
        foreign.is_none(),
        "what the generator writes for this has {foreign:?}, which the client crate does not have"
    );
    code.parse::<TokenStream>().map_err(|error| anyhow!("what was made is not Rust: {error}"))
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
        .with_hooks(HooksMode::Expected)
        .with_inner_type("crate::SharedTransport".parse().expect("a path is Rust"))
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(password, "crate::Secret", [].into_iter());
    for (name, traits) in HAND_WRITTEN {
        settings.with_replacement(name, format!("crate::{name}"), traits.iter().copied());
    }
    settings
}

//! The client crate's code, by progenitor.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow, ensure};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};

use crate::api::Document;
use crate::{DOCUMENT, lenient};

/// The schemas in whose place the client has types written by hand.
pub(crate) const BY_HAND: [&str; 3] = ["Role", "TokenId", "UnixMillis"];

pub(crate) fn tokens(Document(document): &Document) -> Result<TokenStream> {
    let spec: openapiv3::OpenAPI = serde_json::from_value(document.clone())
        .with_context(|| format!("{DOCUMENT} is not an OpenAPI 3.0 document"))?;
    // What it can't take it answers with a panic; those that are known are found before, by line.
    let generated = catch_unwind(AssertUnwindSafe(|| Generator::new(&settings()).generate_tokens(&spec)));
    let generated = generated
        .map_err(|_| {
            anyhow!("the generator gives up on {DOCUMENT}, for the reason above; undo the latest change to it")
        })?
        .with_context(|| format!("the generator refuses {DOCUMENT}"))?;
    decoded_by_hand(&lenient::types(generated, document)?)
}

/// The same code with the client crate's own function to decode a response, which is faster.
fn decoded_by_hand(code: &TokenStream) -> Result<TokenStream> {
    let code = code.to_string();
    let of_generator = "ResponseValue :: from_response (";
    ensure!(code.contains(of_generator), "the generator decodes responses otherwise now");
    let code = code.replace(of_generator, "crate :: decode :: decode (").parse::<TokenStream>();
    code.map_err(|error| anyhow!("what was made is not Rust: {error}"))
}

/// How the generator is told what the document can't say.
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
        .with_derive("schemars::JsonSchema")
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(password, "crate::Secret", [].into_iter());
    for name in BY_HAND {
        settings.with_replacement(name, format!("crate::{name}"), [TypeImpl::Display].into_iter());
    }
    settings
}

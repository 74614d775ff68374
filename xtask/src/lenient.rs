//! What the generator can't be told of the client's types: they read liberally, and can gain fields and variants.

use anyhow::{Context, Result, bail};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde_json::Value;
use syn::{Attribute, Field, Fields, File, Item, ItemEnum, ItemStruct, Lit, Meta, parse_quote};

/// Marks a property of a schema: 0 means that it is absent.
const ZERO_IS_ABSENT: &str = "x-zero-is-absent";

/// Rewrites the types in the generated `code` by these rules, the same for all of them:
///
/// - a list or a map reads `null` as empty, and a map has no entry for `null`;
/// - a property of any type keeps `null`, which is a value there;
/// - a whole number can be written as a float, wherever it is;
/// - where the document says `x-zero-is-absent`, 0 is absence;
/// - an enum of strings is open: it keeps a value that the document does not list;
/// - every enum and every struct with named fields is `#[non_exhaustive]`;
/// - a JSON Schema is derived only with the feature `schemars`.
pub(crate) fn types(code: TokenStream, document: &Value) -> Result<TokenStream> {
    let mut file: File = syn::parse2(code).context("the generator's code is not Rust")?;
    let types = file.items.iter_mut().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_mut().map(|(_, items)| items),
        _ => None,
    });
    let types = types.context("the generator's code has no types")?;
    let mut open = Vec::new();
    for item in types.iter_mut() {
        if let Item::Struct(ItemStruct { attrs, .. }) | Item::Enum(ItemEnum { attrs, .. }) = item {
            attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]));
        }
        match item {
            Item::Struct(of) => rewrite_struct(of, document)?,
            Item::Enum(of) if of.variants.iter().all(|variant| variant.fields.is_empty()) => {
                open.push(of.ident.clone());
                *item = open_enum(of)?;
            }
            Item::Enum(of) => {
                of.attrs.push(parse_quote!(#[non_exhaustive]));
                of.variants
                    .iter_mut()
                    .flat_map(|variant| &mut variant.fields)
                    .try_for_each(|field| rewrite_field(field, false))?;
            }
            _ => {}
        }
    }
    // An open enum brings its own.
    types.retain(|item| match item {
        Item::Impl(of) => !open.iter().any(|ident| *ident == of.self_ty.to_token_stream().to_string()),
        _ => true,
    });
    Ok(file.into_token_stream())
}

fn rewrite_struct(of: &mut ItemStruct, document: &Value) -> Result<()> {
    let schema = of.ident.to_string();
    match &mut of.fields {
        Fields::Named(fields) => {
            of.attrs.push(parse_quote!(#[non_exhaustive]));
            for field in &mut fields.named {
                let name = serde_value(&field.attrs, "rename")
                    .unwrap_or_else(|| field.ident.as_ref().expect("it is named").to_string());
                let pointer = format!("/components/schemas/{schema}/properties/{name}/{ZERO_IS_ABSENT}");
                let zero_is_absent = document.pointer(&pointer) == Some(&Value::Bool(true));
                rewrite_field(field, zero_is_absent).with_context(|| format!("{schema}.{name}"))?;
            }
        }
        Fields::Unnamed(fields) => {
            for field in &mut fields.unnamed {
                rewrite_field(field, false)?;
            }
        }
        Fields::Unit => {}
    }
    Ok(())
}

fn rewrite_field(field: &mut Field, zero_is_absent: bool) -> Result<()> {
    if serde_words(&field.attrs).iter().any(|word| word == "flatten") {
        field.attrs.push(parse_quote!(#[doc = "Properties that the document does not name, as they came."]));
        return Ok(());
    }
    let kind = field.ty.to_token_stream().to_string().replace(' ', "");
    let attribute: Option<Attribute> = match kind.as_str() {
        "::std::option::Option<crate::UnixMillis>" if zero_is_absent => {
            Some(parse_quote!(#[serde(default, deserialize_with = "crate::lenient::zero_is_absent")]))
        }
        _ if zero_is_absent => bail!("{ZERO_IS_ABSENT} is for an optional time"),
        "::std::option::Option<::serde_json::Value>" => {
            Some(parse_quote!(#[serde(default, deserialize_with = "crate::lenient::any")]))
        }
        kind if kind.starts_with("::std::option::Option<") && is_whole(kind) => {
            Some(parse_quote!(#[serde(default, deserialize_with = "crate::lenient::whole_numbers")]))
        }
        kind if kind.starts_with("::std::collections::BTreeMap<") => {
            Some(parse_quote!(#[serde(deserialize_with = "crate::lenient::map")]))
        }
        kind if kind.starts_with("::std::vec::Vec<") && is_whole(kind) => {
            Some(parse_quote!(#[serde(deserialize_with = "crate::lenient::list_of_whole_numbers")]))
        }
        kind if kind.starts_with("::std::vec::Vec<") => {
            Some(parse_quote!(#[serde(deserialize_with = "crate::lenient::null_is_empty")]))
        }
        kind if is_whole(kind) => Some(parse_quote!(#[serde(deserialize_with = "crate::lenient::whole_numbers")])),
        _ => None,
    };
    field.attrs.extend(attribute);
    Ok(())
}

/// Whether there are integers in a type.
fn is_whole(kind: &str) -> bool {
    const WORDS: &str = "i8 i16 i32 i64 u8 u16 u32 u64 NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64";
    kind.split(|c: char| !c.is_alphanumeric())
        .any(|word| !word.is_empty() && WORDS.split(' ').any(|known| known == word))
}

fn open_enum(of: &ItemEnum) -> Result<Item> {
    let ident = &of.ident;
    let docs = docs(&of.attrs);
    let mut variants = Vec::new();
    for variant in &of.variants {
        let name = &variant.ident;
        if name == "Other" {
            bail!(
                "{ident} has a value `other`, which is what the client calls an unknown value; give the type by hand"
            );
        }
        let text = serde_value(&variant.attrs, "rename").unwrap_or_else(|| name.to_string());
        let docs = self::docs(&variant.attrs);
        variants.push(quote!(#(#docs)* #name = #text,));
    }
    Ok(parse_quote!(crate::open_enum::open_enum! { #(#docs)* pub enum #ident { #(#variants)* } }))
}

fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect()
}

/// The text that a `#[serde(name = "text")]` gives.
fn serde_value(attrs: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // What is not of this form has no such text.
        let _ = attribute.parse_nested_meta(|meta| {
            if let Ok(value) = meta.value()
                && let Lit::Str(text) = value.parse()?
                && meta.path.is_ident(name)
            {
                found = Some(text.value());
            }
            Ok(())
        });
    }
    found
}

/// The words of the `#[serde(...)]` attributes.
fn serde_words(attrs: &[Attribute]) -> Vec<String> {
    let mut words = Vec::new();
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        if let Meta::List(list) = &attribute.meta {
            words.extend(list.tokens.clone().into_iter().map(|token| token.to_string()));
        }
    }
    words
}

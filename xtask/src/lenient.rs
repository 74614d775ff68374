//! What the generator can't be told of the client's types: they read liberally, and can gain fields and variants.

use anyhow::{Context, Result, bail};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde_json::Value;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Field, Fields, File, Item, ItemEnum, ItemStruct, Lit, Meta, Token, parse_quote};

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
pub(crate) fn types(code: TokenStream, document: &Value) -> Result<String> {
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
                open.push(of.ident.to_string());
                *item = open_enum(of)?;
            }
            Item::Enum(of) => {
                of.attrs.push(parse_quote!(#[non_exhaustive]));
                let mut fields = of.variants.iter_mut().flat_map(|variant| &mut variant.fields);
                fields.try_for_each(|field| rewrite_field(field, false))?;
            }
            _ => {}
        }
    }
    // An open enum brings its own.
    types.retain(|item| match item {
        Item::Impl(of) => !open.contains(&of.self_ty.to_token_stream().to_string()),
        _ => true,
    });
    Ok(file.into_token_stream().to_string())
}

fn rewrite_struct(of: &mut ItemStruct, document: &Value) -> Result<()> {
    if let Fields::Named(_) = of.fields {
        of.attrs.push(parse_quote!(#[non_exhaustive]));
    }
    for field in &mut of.fields {
        let name = renamed(&field.attrs).or(field.ident.as_ref().map(ToString::to_string)).unwrap_or_default();
        let pointer = format!("/components/schemas/{}/properties/{name}/{ZERO_IS_ABSENT}", of.ident);
        let zero_is_absent = document.pointer(&pointer) == Some(&Value::Bool(true));
        rewrite_field(field, zero_is_absent).with_context(|| format!("{}.{name}", of.ident))?;
    }
    Ok(())
}

fn rewrite_field(field: &mut Field, zero_is_absent: bool) -> Result<()> {
    if serde_words(&field.attrs).any(|word| word.path().is_ident("flatten")) {
        field.attrs.push(parse_quote!(#[doc = "Properties that the document does not name, as they came."]));
        return Ok(());
    }
    let kind = field.ty.to_token_stream().to_string().replace(' ', "");
    let is_whole = is_whole(&kind);
    let (container, inner) = kind.split_once('<').unwrap_or((&kind, ""));
    let reader = match container {
        "::std::option::Option" if zero_is_absent && inner == "crate::UnixMillis>" => "zero_is_absent",
        _ if zero_is_absent => bail!("{ZERO_IS_ABSENT} is for an optional time"),
        "::std::option::Option" if inner == "::serde_json::Value>" => "any",
        "::std::collections::BTreeMap" => "map",
        "::std::vec::Vec" if is_whole => "list_of_whole_numbers",
        "::std::vec::Vec" => "null_is_empty",
        _ if is_whole => "whole_numbers",
        _ => return Ok(()),
    };
    let reader = format!("crate::lenient::{reader}");
    let default = (container == "::std::option::Option").then(|| quote!(default,));
    field.attrs.push(parse_quote!(#[serde(#default deserialize_with = #reader)]));
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
        let text = renamed(&variant.attrs).unwrap_or_else(|| name.to_string());
        let docs = self::docs(&variant.attrs);
        variants.push(quote!(#(#docs)* #name = #text,));
    }
    Ok(parse_quote!(crate::open_enum::open_enum! { #(#docs)* pub enum #ident { #(#variants)* } }))
}

fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect()
}

/// The text that a `#[serde(rename = "text")]` gives.
fn renamed(attrs: &[Attribute]) -> Option<String> {
    serde_words(attrs).find_map(|word| match word {
        Meta::NameValue(of) if of.path.is_ident("rename") => match of.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// What is said in the `#[serde(...)]` attributes.
fn serde_words(attrs: &[Attribute]) -> impl Iterator<Item = Meta> {
    let serde = attrs.iter().filter(|attribute| attribute.path().is_ident("serde"));
    serde.flat_map(|it| it.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default())
}

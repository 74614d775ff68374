//! Finds names in the generated code that are taken twice, which the compiler would refuse.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Fields, ImplItem, Item, UseTree};

/// What Rust's own code calls without a path, so that no type can have the name.
const PRELUDE: &str = "Box Clone Copy Debug Default Deserialize Err From Into None Ok Option Result Self Serialize Some String ToString Vec";

/// Methods that the client has from its traits.
const OF_CLIENT: &str = "api_version baseurl client exec inner post pre";

/// The names in one place: a module, a type's fields, its variants or its methods.
type Places = BTreeMap<String, BTreeSet<String>>;

/// Checks that no name is taken twice in the generated `code`.
///
/// # Errors
/// One is, or it is not Rust.
pub(crate) fn check(code: &TokenStream) -> Result<()> {
    let file: syn::File = syn::parse2(code.clone()).context("what was made is not Rust")?;
    let mut places = Places::from([
        ("types::".to_owned(), PRELUDE.split(' ').map(str::to_owned).collect()),
        ("methods of Client".to_owned(), OF_CLIENT.split(' ').map(str::to_owned).collect()),
    ]);
    check_module("", &file.items, &mut places)
}

fn check_module(path: &str, items: &[Item], places: &mut Places) -> Result<()> {
    for item in items {
        match item {
            Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                check_module(&format!("{path}{}::", module.ident), inner, places)?;
            }
            Item::Struct(of) => {
                take(places, path, &of.ident.to_string())?;
                check_fields(&format!("fields of {path}{}", of.ident), &of.fields, places)?;
            }
            Item::Enum(of) => {
                take(places, path, &of.ident.to_string())?;
                for variant in &of.variants {
                    take(places, &format!("variants of {path}{}", of.ident), &variant.ident.to_string())?;
                }
            }
            Item::Type(of) => take(places, path, &of.ident.to_string())?,
            // An open enum: `pub enum Name { Variant = "text", }`.
            Item::Macro(of) => {
                let mut tokens =
                    of.mac.tokens.clone().into_iter().skip_while(|token| token.to_string() != "enum").skip(1);
                let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                take(places, path, &name)?;
                let Some(TokenTree::Group(variants)) = tokens.next() else { continue };
                for ident in variants.stream().into_iter().filter(|token| matches!(token, TokenTree::Ident(_))) {
                    take(places, &format!("variants of {path}{name}"), &ident.to_string())?;
                }
            }
            Item::Use(of) => used(&of.tree).iter().try_for_each(|name| take(places, path, name))?,
            Item::Impl(of) if of.trait_.is_none() => {
                let of_type = of.self_ty.to_token_stream().to_string();
                let place = format!("methods of {path}{}", of_type.split('<').next().unwrap_or_default().trim());
                for item in &of.items {
                    if let ImplItem::Fn(function) = item {
                        take(places, &place, &function.sig.ident.to_string())?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_fields(place: &str, fields: &Fields, places: &mut Places) -> Result<()> {
    fields.iter().filter_map(|field| field.ident.as_ref()).try_for_each(|name| take(places, place, &name.to_string()))
}

fn take(places: &mut Places, place: &str, name: &str) -> Result<()> {
    let names = places.entry(place.to_owned()).or_default();
    ensure!(names.insert(name.to_owned()), "the name {name} is taken twice, or reserved, among the {place}");
    Ok(())
}

/// The names that a `use` brings.
fn used(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(of) => used(&of.tree),
        UseTree::Name(of) => vec![of.ident.to_string()],
        UseTree::Group(of) => of.items.iter().flat_map(used).collect(),
        _ => Vec::new(),
    }
}

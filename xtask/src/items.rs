//! The items of the generated code: which names are taken twice, and how the public items of two documents differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, Fields, ImplItem, Item, Stmt, UseTree, Visibility};

use crate::api::Bump;

/// Names that no item can have: what Rust's own code calls without a path, and the methods that the client has from its traits.
const RESERVED: [(&str, &str); 3] =
    [("types::", PRELUDE), ("builder::", PRELUDE), ("Client::", "api_version baseurl client exec inner post pre")];
const PRELUDE: &str = "Box Clone Copy Debug Default Deserialize Err From Into None Ok Option Result Self Serialize Some String ToString Vec";

/// What must be given to a builder: its users notice only if there is more of it.
const NEEDS: &str = " needs ";

/// An item that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: String,
    /// What happened to it.
    pub what: String,
    /// The version that this asks for.
    pub bump: Bump,
}

impl Changed {
    /// Whether it is the type of that name, its builder, or a part of them.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        let rest = self.path.strip_prefix("types::").map(|rest| rest.trim_start_matches("builder::"));
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<5}  {}: {}", self.bump, self.path, self.what)
    }
}

/// How the public items of two codes differ.
///
/// # Errors
/// One is not Rust.
pub(crate) fn compare(old: &TokenStream, new: &TokenStream) -> Result<Vec<Changed>> {
    let public = |code| -> Result<BTreeMap<String, String>> {
        Ok(items(code)?.into_iter().filter_map(|(path, seen)| Some((path, seen?))).collect())
    };
    let (old, new) = (public(old)?, public(new)?);
    let mut changed = Vec::new();
    let mut add = |path: &str, what: String, bump| changed.push(Changed { path: path.to_owned(), what, bump });
    for (path, before) in &old {
        match new.get(path) {
            None if path.contains(NEEDS) => add(path, "no longer".to_owned(), Bump::Minor),
            None => add(path, "removed".to_owned(), Bump::Major),
            Some(after) if before != after => add(path, format!("`{before}` is now `{after}`"), Bump::Major),
            Some(_) => {}
        }
    }
    for path in new.keys().filter(|path| !old.contains_key(*path)) {
        // All structs and enums are non-exhaustive.
        add(path, "added".to_owned(), if path.contains(NEEDS) { Bump::Major } else { Bump::Minor });
    }
    Ok(changed)
}

/// Checks that no name in the generated code is taken twice, which the compiler would refuse.
///
/// # Errors
/// One is, or the code is not Rust.
pub(crate) fn check(code: &TokenStream) -> Result<()> {
    let reserved =
        RESERVED.iter().flat_map(|(place, names)| names.split(' ').map(move |name| format!("{place}{name}")));
    let mut taken: BTreeSet<String> = reserved.collect();
    for (path, _) in items(code)? {
        ensure!(taken.insert(path.clone()), "two things would be called {path}, or the name is reserved");
    }
    Ok(())
}

/// All items by their paths, and what is seen of each if it is public.
fn items(code: &TokenStream) -> Result<Vec<(String, Option<String>)>> {
    let file: syn::File = syn::parse2(code.clone()).context("what was made is not Rust")?;
    let mut found = Vec::new();
    of_module("", &file.items, &mut found);
    Ok(found)
}

fn of_module(path: &str, within: &[Item], found: &mut Vec<(String, Option<String>)>) {
    for item in within {
        match item {
            Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                of_module(&format!("{path}{}::", module.ident), inner, found);
            }
            Item::Struct(of) => {
                found.push((format!("{path}{}", of.ident), Some(derived(&of.attrs))));
                for (index, field) in of.fields.iter().enumerate() {
                    let ident = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                    found.push((format!("{path}{}.{ident}", of.ident), is_public(&field.vis).then(|| text(&field.ty))));
                }
            }
            Item::Enum(of) => {
                found.push((format!("{path}{}", of.ident), Some(derived(&of.attrs))));
                for variant in &of.variants {
                    let fields = if let Fields::Unit = variant.fields { String::new() } else { text(&variant.fields) };
                    found.push((format!("{path}{}::{}", of.ident, variant.ident), Some(fields)));
                }
            }
            // An open enum: `pub enum Name { Variant = "text", }`.
            Item::Macro(of) => {
                let mut tokens =
                    of.mac.tokens.clone().into_iter().skip_while(|token| token.to_string() != "enum").skip(1);
                let (Some(name), Some(TokenTree::Group(variants))) = (tokens.next(), tokens.next()) else { continue };
                found.push((format!("{path}{name}"), Some("open".to_owned())));
                for ident in variants.stream().into_iter().filter(|token| matches!(token, TokenTree::Ident(_))) {
                    found.push((format!("{path}{name}::{ident}"), Some(String::new())));
                }
            }
            Item::Type(of) => found.push((format!("{path}{}", of.ident), Some(text(&of.ty)))),
            Item::Use(of) => found.extend(used(&of.tree).into_iter().map(|name| (format!("{path}{name}"), None))),
            Item::Impl(of) => of_impl(path, of, found),
            _ => {}
        }
    }
}

fn of_impl(path: &str, of: &syn::ItemImpl, found: &mut Vec<(String, Option<String>)>) {
    let of_type = text(&of.self_ty);
    let name = format!("{path}{}", of_type.split('<').next().unwrap_or_default().trim());
    if let Some((of_trait, _)) = &of.trait_ {
        found.push((format!("impl {} for {path}{of_type}", text(of_trait)), Some(String::new())));
    }
    for item in &of.items {
        let ImplItem::Fn(function) = item else { continue };
        if of.trait_.is_none() {
            let seen = is_public(&function.vis).then(|| text(&function.sig));
            found.push((format!("{name}::{}", function.sig.ident), seen));
        }
        // The fields of a builder that hold an error until they are given.
        if let Some(Stmt::Expr(Expr::Struct(made), _)) = function.block.stmts.last() {
            let needed = made.fields.iter().filter(|field| text(&field.expr).starts_with("Err"));
            found.extend(needed.map(|field| (format!("{name}{NEEDS}{}", text(&field.member)), Some(String::new()))));
        }
    }
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

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The traits that are derived.
fn derived(attributes: &[syn::Attribute]) -> String {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    text(&quote!(#(#derives)*))
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

//! The public items of the generated code, as its users see them, and how those of two documents differ.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, Fields, ImplItem, Item, Stmt, Visibility};

use crate::class::Bump;

/// Items by their paths, with what else can be seen of them.
pub(crate) type Items = BTreeMap<String, String>;

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
    /// Whether it is the type of that name, or a part of it.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        let rest =
            self.path.strip_prefix("types::").and_then(|rest| rest.trim_start_matches("builder::").strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<5}  {}: {}", self.bump, self.path, self.what)
    }
}

/// How the items differ.
pub(crate) fn compare(old: &Items, new: &Items) -> Vec<Changed> {
    let mut changed = Vec::new();
    let mut add = |path: &String, what: String, bump| changed.push(Changed { path: path.clone(), what, bump });
    for (path, before) in old {
        match new.get(path) {
            None if path.contains(NEEDS) => add(path, "no longer".to_owned(), Bump::Minor),
            None => add(path, "removed".to_owned(), Bump::Major),
            Some(after) if before != after => add(path, format!("`{before}` is now `{after}`"), Bump::Major),
            Some(_) => {}
        }
    }
    for path in new.keys().filter(|path| !old.contains_key(*path)) {
        // All structs and enums are non-exhaustive.
        let bump = if path.contains(NEEDS) { Bump::Major } else { Bump::Minor };
        add(path, "added".to_owned(), bump);
    }
    changed
}

/// The public items of the generated `code`.
///
/// # Errors
/// It is not Rust.
pub(crate) fn of(code: &TokenStream) -> Result<Items> {
    let file: syn::File = syn::parse2(code.clone()).context("the generated code is not Rust")?;
    let mut items = Items::new();
    of_module("", &file.items, &mut items);
    Ok(items)
}

fn of_module(path: &str, within: &[Item], items: &mut Items) {
    for item in within {
        match item {
            Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                of_module(&format!("{path}{}::", module.ident), inner, items);
            }
            Item::Struct(of) => {
                let name = format!("{path}{}", of.ident);
                for (index, field) in of.fields.iter().enumerate().filter(|(_, field)| is_public(&field.vis)) {
                    let ident = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                    items.insert(format!("{name}.{ident}"), text(&field.ty));
                }
                items.insert(name, derived(&of.attrs));
            }
            Item::Enum(of) => {
                let name = format!("{path}{}", of.ident);
                for variant in &of.variants {
                    let fields = if let Fields::Unit = variant.fields { String::new() } else { text(&variant.fields) };
                    items.insert(format!("{name}::{}", variant.ident), fields);
                }
                items.insert(name, derived(&of.attrs));
            }
            // An open enum: `pub enum Name { Variant = "text", }`.
            Item::Macro(of) => {
                let mut tokens =
                    of.mac.tokens.clone().into_iter().skip_while(|token| token.to_string() != "enum").skip(1);
                let name = format!("{path}{}", tokens.next().map(|name| name.to_string()).unwrap_or_default());
                let Some(TokenTree::Group(variants)) = tokens.next() else { continue };
                for ident in variants.stream().into_iter().filter(|token| matches!(token, TokenTree::Ident(_))) {
                    items.insert(format!("{name}::{ident}"), String::new());
                }
                items.insert(name, "open".to_owned());
            }
            Item::Impl(of) => {
                let name = format!("{path}{}", text(&of.self_ty).split('<').next().unwrap_or_default().trim());
                if let Some((of_trait, _)) = &of.trait_ {
                    items.insert(format!("impl {} for {name}", text(of_trait)), String::new());
                }
                for function in of
                    .items
                    .iter()
                    .filter_map(|item| if let ImplItem::Fn(function) = item { Some(function) } else { None })
                {
                    if is_public(&function.vis) {
                        items.insert(format!("{name}::{}", function.sig.ident), text(&function.sig));
                    }
                    for field in needed(&function.block.stmts) {
                        items.insert(format!("{name}{NEEDS}{field}"), String::new());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The fields of a builder that hold an error until they are given.
fn needed(body: &[Stmt]) -> Vec<String> {
    let Some(Stmt::Expr(Expr::Struct(made), _)) = body.last() else { return Vec::new() };
    let needed = made.fields.iter().filter(|field| text(&field.expr).starts_with("Err"));
    needed.map(|field| text(&field.member)).collect()
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

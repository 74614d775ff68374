//! The items of the generated code: which names are taken twice, and how the public items of two documents differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, ensure};
use proc_macro2::TokenTree;
use quote::{ToTokens, quote};
use syn::{Expr, File, ImplItem, Item, ItemImpl, Stmt, Visibility};

use crate::api::Bump;

/// Names that no item can have: what Rust's own code calls without a path, and the methods that the client has from its traits.
const RESERVED: [(&str, &str); 3] =
    [("types::", PRELUDE), ("builder::", PRELUDE), ("Client::", "api_version baseurl client exec inner post pre")];
const PRELUDE: &str = "Box Clone Copy Debug Default Deserialize Err From Into None Ok Option Result Self Serialize Some String ToString Vec";

/// What must be given to a builder.
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
pub(crate) fn compare(old: &File, new: &File) -> Vec<Changed> {
    let public = |code: &File| -> BTreeMap<String, String> {
        items("", &code.items).into_iter().filter_map(|(path, seen)| Some((path, seen?))).collect()
    };
    let (old, new) = (public(old), public(new));
    let mut changed = Vec::new();
    let mut add = |path: &str, what: String, bump| changed.push(Changed { path: path.to_owned(), what, bump });
    for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        // Users notice only if a builder needs more. All structs and enums are non-exhaustive.
        let is_need = path.contains(NEEDS);
        match (old.get(path), new.get(path)) {
            (Some(_), None) if is_need => add(path, "no longer".to_owned(), Bump::Minor),
            (Some(_), None) => add(path, "removed".to_owned(), Bump::Major),
            (None, _) => add(path, "added".to_owned(), if is_need { Bump::Major } else { Bump::Minor }),
            (Some(before), Some(after)) if before != after => {
                add(path, format!("`{before}` is now `{after}`"), Bump::Major);
            }
            _ => {}
        }
    }
    changed
}

/// Checks that no name in the generated code is taken twice, which the compiler would refuse.
///
/// # Errors
/// One is.
pub(crate) fn check(code: &File) -> Result<()> {
    let reserved =
        RESERVED.iter().flat_map(|(place, names)| names.split(' ').map(move |name| format!("{place}{name}")));
    let mut taken: BTreeSet<String> = reserved.collect();
    for (path, _) in items("", &code.items) {
        ensure!(taken.insert(path.clone()), "two things would be called {path}, or the name is reserved");
    }
    Ok(())
}

/// All items below `path` by their paths, and what is seen of each if it is public.
fn items(path: &str, within: &[Item]) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for item in within {
        let mut add = |name: String, seen| found.push((format!("{path}{name}"), seen));
        match item {
            Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                found.extend(items(&format!("{path}{}::", module.ident), inner));
            }
            Item::Struct(of) => {
                add(of.ident.to_string(), Some(derived(&of.attrs)));
                for (index, field) in of.fields.iter().enumerate() {
                    let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                    add(format!("{}.{name}", of.ident), is_public(&field.vis).then(|| text(&field.ty)));
                }
            }
            Item::Enum(of) => {
                add(of.ident.to_string(), Some(derived(&of.attrs)));
                for variant in &of.variants {
                    add(format!("{}::{}", of.ident, variant.ident), Some(text(&variant.fields)));
                }
            }
            // An open enum: `pub enum Name { Variant = "text", }`.
            Item::Macro(of) => {
                let mut tokens =
                    of.mac.tokens.clone().into_iter().skip_while(|token| token.to_string() != "enum").skip(1);
                let (Some(name), Some(TokenTree::Group(variants))) = (tokens.next(), tokens.next()) else { continue };
                add(name.to_string(), Some("open".to_owned()));
                for ident in variants.stream().into_iter().filter(|token| matches!(token, TokenTree::Ident(_))) {
                    add(format!("{name}::{ident}"), Some(String::new()));
                }
            }
            Item::Type(of) => add(of.ident.to_string(), Some(text(&of.ty))),
            Item::Use(of) => {
                // `a :: { b , c }` brings b and c.
                let names = text(&of.tree).replace(['{', '}'], ",");
                let names = names.split(',').map(|part| part.rsplit_once("::").map_or(part, |(_, name)| name).trim());
                names.filter(|name| !["", "*"].contains(name)).for_each(|name| add(name.to_owned(), None));
            }
            Item::Impl(of) => found.extend(of_impl(path, of)),
            _ => {}
        }
    }
    found
}

fn of_impl(path: &str, of: &ItemImpl) -> Vec<(String, Option<String>)> {
    let (mut found, of_type) = (Vec::new(), text(&of.self_ty));
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
    found
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

//! The crate's public items, as a list that is reviewed when it changes.
//!
//! `LDTOKENS_UPDATE=1 cargo test -p ldtokens --test it public_items` writes it anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::{Fields, ImplItem, Item, Type, Visibility};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public_items.txt");

#[test]
fn the_public_items_match_the_reviewed_list() {
    let mut items = BTreeSet::new();
    let mut exported = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = syn::parse_file(&fs::read_to_string(source.join("lib.rs")).unwrap()).unwrap();
    for item in root.items {
        if let Item::Use(exports) = item
            && is_public(&exports.vis)
        {
            names(&exports.tree, &mut exported);
        }
    }
    items.extend(exported.iter().map(|name| format!("use {name}")));
    read(&source, &exported, &mut items);
    read(&source.join("../../ldtokens-core/src"), &exported, &mut items);
    read(&source.join("../../ldtokens-client/src"), &exported, &mut items);
    let is = items.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("LDTOKENS_UPDATE").is_some() {
        fs::write(LIST, &is).unwrap();
    }
    let reviewed = fs::read_to_string(LIST).unwrap_or_default();
    let (is, reviewed): (BTreeSet<&str>, BTreeSet<&str>) = (is.lines().collect(), reviewed.lines().collect());
    let (new, gone): (Vec<_>, Vec<_>) = (is.difference(&reviewed).collect(), reviewed.difference(&is).collect());
    assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\ngone: {gone:#?}\nSee this test's first lines.");
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn names(tree: &syn::UseTree, into: &mut BTreeSet<String>) {
    match tree {
        syn::UseTree::Path(path) => names(&path.tree, into),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, into)),
        syn::UseTree::Name(name) => drop(into.insert(name.ident.to_string())),
        syn::UseTree::Rename(name) => drop(into.insert(name.rename.to_string())),
        syn::UseTree::Glob(_) => panic!("a glob hides what is public"),
    }
}

fn read(folder: &Path, exported: &BTreeSet<String>, items: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The snapshots of the client crate show what is generated.
        if path.ends_with("generated.rs") {
            continue;
        }
        if path.is_dir() {
            read(&path, exported, items);
            continue;
        }
        for item in syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap().items {
            add(item, exported, items);
        }
    }
}

fn add(item: Item, exported: &BTreeSet<String>, items: &mut BTreeSet<String>) {
    match item {
        Item::Struct(item) if exported.contains(&item.ident.to_string()) => {
            let name = &item.ident;
            items.insert(format!("struct {name}{}", marks(&item.attrs)));
            if let Fields::Named(fields) = &item.fields {
                for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                    items.insert(format!("{name}.{}: {}", field.ident.as_ref().unwrap(), text(&field.ty)));
                }
            }
        }
        Item::Enum(item) if exported.contains(&item.ident.to_string()) => {
            items.insert(format!("enum {}{}", item.ident, marks(&item.attrs)));
            for mut variant in item.variants {
                variant.attrs.clear();
                variant.fields.iter_mut().for_each(|field| field.attrs.clear());
                items.insert(format!("{}::{}", item.ident, text(&variant)));
            }
        }
        Item::Trait(item) if exported.contains(&item.ident.to_string()) => {
            items.insert(format!("trait {}", item.ident));
            for inner in item.items {
                if let syn::TraitItem::Fn(function) = inner {
                    items.insert(format!("{}::{}", item.ident, text(&function.sig)));
                }
            }
        }
        Item::Impl(item) => {
            let Type::Path(path) = &*item.self_ty else { return };
            let name = path.path.segments.last().unwrap().ident.to_string();
            if !exported.contains(&name) {
                return;
            }
            if let Some((implemented, _)) = &item.trait_ {
                items.insert(format!("impl {} for {name}", text(implemented)));
                return;
            }
            for inner in item.items {
                match inner {
                    ImplItem::Fn(function) if is_public(&function.vis) => {
                        items.insert(format!("{name}::{}", text(&function.sig)));
                    }
                    ImplItem::Const(constant) if is_public(&constant.vis) => {
                        items.insert(format!("{name}::{}: {}", constant.ident, text(&constant.ty)));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// What of the attributes callers can see.
fn marks(attributes: &[syn::Attribute]) -> String {
    let mut marks = String::new();
    for attribute in attributes {
        if attribute.path().is_ident("non_exhaustive") {
            marks += ", non-exhaustive";
        } else if attribute.path().is_ident("derive")
            && let syn::Meta::List(list) = &attribute.meta
        {
            marks += &format!(", {}", list.tokens);
        }
    }
    marks
}

fn text(tokens: &impl quote::ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

//! What `openapi.yaml` gives, piece by piece: one snapshot for each operation and each schema.
//!
//! They are made from the document itself, so that changing it fails here and in `cargo xtask generate --check` alike.
//! After `cargo xtask generate`, accept what changed with `INSTA_UPDATE=always cargo test -p ldtokens-client`.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::Value;
use syn::{File, ImplItem, Item};

const DOCUMENT: &str = include_str!("../../../../openapi.yaml");

/// Schemas in whose place the generator was given a type written by hand.
const BY_HAND: [&str; 5] = ["Link", "Links", "Role", "TokenId", "UnixMillis"];

#[test]
fn generated_code_matches_the_accepted_snapshots() {
    let pieces = pieces();
    let changed: Vec<&String> = pieces
        .iter()
        .filter(|(name, code)| {
            let settings = || {
                insta::with_settings!({
                    prepend_module_to_snapshot => false,
                    omit_expression => true,
                    snapshot_path => "snapshots",
                }, { insta::assert_snapshot!(name.as_str(), code.as_str()) });
            };
            catch_unwind(AssertUnwindSafe(settings)).is_err()
        })
        .map(|(name, _)| name)
        .collect();
    assert!(changed.is_empty(), "not as accepted: {changed:?}");
}

#[test]
fn every_snapshot_belongs_to_an_operation_or_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept: BTreeSet<String> = files.filter_map(|file| Some(file.strip_suffix(".snap")?.to_owned())).collect();
    let made: BTreeSet<String> = pieces().into_keys().collect();
    let stale: Vec<_> = kept.difference(&made).collect();
    assert!(stale.is_empty(), "delete these snapshots, nothing gives them any more: {stale:?}");
}

/// The generated code by the operation or schema that it belongs to.
fn pieces() -> BTreeMap<String, String> {
    let document: Value = serde_saphyr::from_str(DOCUMENT).unwrap();
    let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let schemas = keys(&document["components"]["schemas"]);
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let operations: Vec<&str> = operations.filter_map(|operation| operation.get("operationId")?.as_str()).collect();

    let file = syn::parse_file(&xtask::client_code(DOCUMENT).unwrap()).unwrap();
    let mut pieces: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for item in module(&file.items, "types") {
        match item {
            Item::Mod(builders) if builders.ident == "builder" => {
                for item in &builders.content.as_ref().unwrap().1 {
                    put(&mut pieces, schema_of(item, &schemas), item);
                }
            }
            Item::Mod(_) | Item::Use(_) => {}
            item => put(&mut pieces, schema_of(item, &schemas), item),
        }
    }
    for operation in operations {
        let method = snake_case(operation);
        for item in &file.items {
            let Item::Impl(client) = item else { continue };
            let mut part = client.clone();
            part.items.retain(|item| matches!(item, ImplItem::Fn(function) if function.sig.ident == method));
            if !part.items.is_empty() {
                put(&mut pieces, operation.to_owned(), &Item::Impl(part));
            }
        }
        let builder = operation[..1].to_uppercase() + &operation[1..];
        for item in module(&file.items, "builder").iter().filter(|item| names(item).first() == Some(&builder)) {
            put(&mut pieces, operation.to_owned(), item);
        }
        assert_eq!(pieces[operation].len(), 3, "a method, a struct and its methods for {operation}");
    }
    for schema in schemas.iter().filter(|schema| !BY_HAND.contains(&schema.as_str())) {
        assert!(pieces.contains_key(schema), "nothing is generated for the schema {schema}");
    }
    let print = |items| prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items });
    pieces.into_iter().map(|(name, items)| (name, print(items))).collect()
}

fn put(pieces: &mut BTreeMap<String, Vec<Item>>, name: String, item: &Item) {
    pieces.entry(name).or_default().push(item.clone());
}

fn module<'a>(items: &'a [Item], name: &str) -> &'a [Item] {
    let found = items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == name => module.content.as_ref(),
        _ => None,
    });
    &found.unwrap().1
}

/// The schema that an item belongs to: the one it is named after, or whose name it begins with, as inline enums do.
fn schema_of(item: &Item, schemas: &[String]) -> String {
    let names = names(item);
    let exact = names.iter().find(|name| schemas.contains(name));
    let owner = |name: &&String| {
        schemas.iter().filter(|schema| name.starts_with(schema.as_str())).max_by_key(|schema| schema.len())
    };
    let inline = || names.iter().find_map(|name| owner(&name));
    exact.or_else(inline).unwrap_or_else(|| panic!("{names:?} belong to no schema")).clone()
}

/// What an item is about: its own name, or that of the type that it implements something for or from.
fn names(item: &Item) -> Vec<String> {
    match item {
        Item::Struct(item) => vec![item.ident.to_string()],
        Item::Enum(item) => vec![item.ident.to_string()],
        // An open enum: what stands behind the word `enum`.
        Item::Macro(item) => {
            let words: Vec<String> = item.mac.tokens.clone().into_iter().map(|word| word.to_string()).collect();
            let name = words.iter().skip_while(|word| *word != "enum").nth(1);
            vec![name.expect("a macro writes an enum").clone()]
        }
        Item::Impl(item) => {
            let of_trait = item.trait_.iter().flat_map(|of| words(&of.0));
            let mut names = match &*item.self_ty {
                syn::Type::Path(path) => words(&path.path),
                _ => Vec::new(),
            };
            names.extend(of_trait);
            names
        }
        _ => Vec::new(),
    }
}

/// The last names of a path and of its generic arguments.
fn words(path: &syn::Path) -> Vec<String> {
    let last = path.segments.last().unwrap();
    let mut words = vec![last.ident.to_string()];
    if let syn::PathArguments::AngleBracketed(arguments) = &last.arguments {
        for argument in &arguments.args {
            if let syn::GenericArgument::Type(syn::Type::Path(inner)) = argument {
                words.extend(self::words(&inner.path));
            }
        }
    }
    words
}

fn snake_case(operation: &str) -> String {
    let mut snake = String::new();
    for letter in operation.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

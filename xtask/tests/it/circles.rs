//! Our choice: what two files or folders share is in a third, so that each can be read alone. Only a parent and its children may use
//! each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

use crate::support::root;

/// The names from the root of a crate to a module, or to an item in it.
type Names = Vec<String>;

/// A crate's files as modules, and what each of them names.
#[derive(Default)]
struct Crate {
    modules: BTreeSet<Names>,
    /// Module and path, as it is written.
    paths: Vec<(Names, Names)>,
    /// The full path of each name that a module imports.
    imported: BTreeMap<Names, Names>,
}

impl Crate {
    fn read(source: &Path) -> Self {
        let mut read = Self::default();
        let mut texts = Vec::new();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let module = path.strip_prefix(source).unwrap().with_extension("");
                    let module: Names = module.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
                    let module = if ["lib", "main"].contains(&&*module[0]) { Names::new() } else { module };
                    texts.push((module, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        read.modules = texts.iter().map(|(module, _)| module.clone()).collect();
        for (module, text) in texts {
            read.add(&module, syn::parse_file(&text).unwrap().items);
        }
        read
    }

    fn add(&mut self, module: &Names, items: Vec<Item>) {
        for item in items {
            match item {
                Item::Use(item) => self.add_use(module, &Names::new(), &item.tree),
                Item::Mod(item) if is_for_tests(&item.attrs) => {}
                Item::Mod(item) => {
                    let items = item.content.map(|(_, items)| items);
                    self.add(&[&**module, &[item.ident.to_string()]].concat(), items.unwrap_or_default());
                }
                item => self.add_tokens(module, item.into_token_stream()),
            }
        }
    }

    fn add_use(&mut self, module: &Names, before: &Names, tree: &UseTree) {
        let with = |name: &dyn ToString| [&**before, &[name.to_string()]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.add_use(module, &with(&path.ident), &path.tree),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.add_use(module, before, tree)),
            UseTree::Glob(_) => return self.paths.push((module.clone(), before.clone())),
            UseTree::Name(name) if name.ident == "self" => (before.clone(), before.last().unwrap().clone()),
            UseTree::Name(name) => (with(&name.ident), name.ident.to_string()),
            UseTree::Rename(renamed) => (with(&renamed.ident), renamed.rename.to_string()),
        };
        if let Some(path) = self.full(module, &path) {
            self.imported.insert([&**module, &[name]].concat(), path);
        }
        self.paths.push((module.clone(), path));
    }

    /// Adds each path in `tokens` that starts with `crate` or `super`.
    fn add_tokens(&mut self, module: &Names, tokens: TokenStream) {
        let mut path = Names::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.add_tokens(module, group.stream()),
                TokenTree::Ident(name) if !path.is_empty() || name == "crate" || name == "super" => {
                    path.push(name.to_string());
                }
                TokenTree::Punct(colon) if colon.as_char() == ':' && !path.is_empty() => continue,
                _ => {}
            }
            if !path.is_empty() && !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':') {
                self.paths.push((module.clone(), std::mem::take(&mut path)));
            }
        }
    }

    /// The path from the root of the crate. None if it leads to another crate.
    fn full(&self, module: &Names, path: &Names) -> Option<Names> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        match &*path[0] {
            "crate" => Some(path[1..].to_vec()),
            "super" => Some([&module[..module.len() - ups], &path[ups..]].concat()),
            "self" => Some([&**module, &path[1..]].concat()),
            _ => {
                let below = [&**module, &path[..1]].concat();
                self.modules.contains(&below).then(|| [&**module, path].concat())
            }
        }
    }

    /// The module that has what a full path leads to, whatever imports it on the way.
    fn owner(&self, path: &[String]) -> Names {
        let module = (0..=path.len()).rev().map(|end| &path[..end]).find(|module| self.modules.contains(*module));
        let module = module.expect("the root is a module");
        let imported = path.get(..module.len() + 1).and_then(|name| self.imported.get(name));
        match imported.filter(|imported| **imported != path[..module.len() + 1]) {
            Some(imported) => self.owner(&[&**imported, &path[module.len() + 1..]].concat()),
            None => module.to_vec(),
        }
    }

    /// The files and folders that use each other, with the paths by which they do.
    fn circles(&self) -> BTreeMap<BTreeSet<Names>, BTreeSet<String>> {
        // From a module to each one that it uses, of two that are in the same folder: from `a` to `b` if `a::c` uses `b::d`.
        let mut arrows: BTreeMap<Names, BTreeMap<Names, BTreeSet<String>>> = BTreeMap::new();
        for (module, path) in &self.paths {
            let Some(full) = self.full(module, path) else { continue };
            let owner = self.owner(&full);
            let shared = module.iter().zip(&owner).take_while(|(one, other)| one == other).count();
            if shared < module.len().min(owner.len()) {
                let targets = arrows.entry(module[..=shared].to_vec()).or_default();
                let arrow = format!("{} has {}, of {}", module.join("::"), path.join("::"), owner.join("::"));
                targets.entry(owner[..=shared].to_vec()).or_default().insert(arrow);
            }
        }
        let reached_from = |from: &Names| {
            let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
            while let Some(module) = next.pop() {
                let targets = arrows.get(module).into_iter().flat_map(BTreeMap::keys);
                next.extend(targets.filter(|to| reached.insert((*to).clone())));
            }
            reached
        };
        let reached: BTreeMap<&Names, BTreeSet<Names>> = arrows.keys().map(|from| (from, reached_from(from))).collect();
        let mut circles: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (from, to, uses) in arrows.iter().flat_map(|(from, to)| to.iter().map(move |(to, uses)| (from, to, uses))) {
            if reached.get(to).is_some_and(|back| back.contains(from)) {
                let circle = reached[from].iter().filter(|at| reached.get(at).is_some_and(|back| back.contains(from)));
                circles.entry(circle.cloned().collect()).or_default().extend(uses.iter().cloned());
            }
        }
        circles
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]")
}

#[test]
fn no_two_files_use_each_other() {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    for folder in crates.chain([root().join("xtask")]) {
        let read = Crate::read(&folder.join("src"));
        assert!(!read.paths.is_empty(), "{}", folder.display());
        let circles = read.circles();
        assert!(circles.is_empty(), "{}: {circles:#?}", folder.display());
    }
}

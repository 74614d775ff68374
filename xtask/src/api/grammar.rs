//! What an OpenAPI document can say, in version 3.0 or 3.1: the keywords of each part, and what a change of each means.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::document::{Document, escape, yaml};

/// A part of a document.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    Body,
    Media,
    Response,
    Schema,
}

/// What a keyword holds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Words for people.
    Words,
    /// A switch that tells something without changing what is allowed. Absent means `false`.
    Mark,
    /// A limit. Whatever it is: to set it narrows, to lift it widens.
    Limit,
    /// A number below which nothing is allowed.
    Lower,
    /// A number above which nothing is allowed.
    Upper,
    /// How something is written on the wire.
    Form,
    /// What is meant where nothing is said.
    Default,
    /// What is compared by code of its own.
    Own,
    /// What is compared as a whole, and of which only a change is told.
    Whole,
    One(Part),
    List(Part),
    Map(Part),
}

/// The table in `grammar.yaml`. Several keywords of the same kind are in one text.
#[derive(Deserialize)]
pub(crate) struct Grammar {
    keywords: Vec<(Part, Holds, String)>,
    /// What the generator can't do: the part, its keywords, and what to write.
    pub(crate) unsupported: Vec<(Part, String, String)>,
    /// Where the generator can use only some values: the part, its keyword, these values, and what to write.
    pub(crate) values: Vec<(Part, String, String, String)>,
}

pub(crate) static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| yaml(include_str!("grammar.yaml")).expect("the tests read it"));

/// What `keyword` holds in `part`, unless it is unknown there.
pub(crate) fn holds(part: Part, keyword: &str) -> Option<Holds> {
    static KNOWN: LazyLock<HashMap<(Part, &str), Holds>> = LazyLock::new(|| {
        let all = GRAMMAR.keywords.iter();
        all.flat_map(|(part, holds, keywords)| keywords.split(' ').map(|it| ((*part, it), *holds))).collect()
    });
    KNOWN.get(&(part, keyword)).copied().or(keyword.starts_with("x-").then_some(Holds::Words))
}

/// The keywords of `part`.
pub(crate) fn keywords(part: Part) -> impl Iterator<Item = &'static str> {
    GRAMMAR.keywords.iter().filter(move |(of, ..)| *of == part).flat_map(|(.., keywords)| keywords.split(' '))
}

/// Calls `visit` with each part of what is at `pointer`, which is a `part`. References are not followed.
pub(crate) fn walk(document: &Document, part: Part, pointer: &str, visit: &mut impl FnMut(Part, &str, &Value)) {
    let value = document.at(pointer);
    visit(part, pointer, value);
    if value.get("$ref").is_some() {
        return;
    }
    for (keyword, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{pointer}/{}", escape(keyword));
        match holds(part, keyword) {
            Some(Holds::One(part)) if inner.is_object() => walk(document, part, &at, visit),
            Some(Holds::Map(part) | Holds::List(part)) => {
                document.within(&at).iter().for_each(|at| walk(document, part, at, visit));
            }
            _ => {}
        }
    }
}

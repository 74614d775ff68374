//! Compares two APIs.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::change::{Change, Difference, Direction};
use super::grammar::{Holds, Part, escape, holds};
use super::{Document, JSON, Operation, Schema, keys, media_type};

/// All differences between `old` and those operations of `new` for which `wanted` holds, each once.
pub fn compare(old: &Document, new: &Document, wanted: impl Fn(&Operation<'_>) -> bool) -> Vec<Difference> {
    let mut found = Comparison { old, new, differences: BTreeSet::new(), seen: BTreeSet::new() };
    found.operations(&old.operations(), new.operations().into_iter().filter(wanted).collect());
    let at = |text: &str| Location { text: text.to_owned(), direction: Direction::Request };
    let servers = |document: &Document| -> IndexMap<String, &str> {
        hosts(document).into_iter().map(|host| (host, "/servers")).collect()
    };
    found.pairs(&at("servers"), ["/servers"; 2], "server", &servers(old), &servers(new), |_, _, _, _, _| {});
    let webhooks = [old, new].map(|document| document.at("/webhooks"));
    found.fact(&at("webhooks"), ["/webhooks"; 2], "webhooks", Some(Holds::Whole), webhooks);
    found.differences.into_iter().collect()
}

/// The servers' schemes and hosts.
fn hosts(document: &Document) -> IndexSet<String> {
    let urls = document.at("/servers").as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    urls.map(|url| url.match_indices('/').nth(2).map_or(url, |(at, _)| &url[..at]).to_owned()).collect()
}

#[derive(Clone)]
struct Location {
    text: String,
    direction: Direction,
}

impl Location {
    fn inner(&self, part: &str) -> Self {
        Self { text: format!("{} > {part}", self.text), direction: self.direction }
    }
}

struct Comparison<'a> {
    old: &'a Document,
    new: &'a Document,
    differences: BTreeSet<Difference>,
    /// What several operations use is compared once for each direction.
    seen: BTreeSet<(String, String, Direction)>,
}

impl Comparison<'_> {
    fn note(&mut self, location: &Location, [old, new]: [&str; 2], change: Change) {
        let (location, direction) = (location.text.clone(), location.direction);
        self.differences.insert(Difference { location, old: old.to_owned(), new: new.to_owned(), direction, change });
    }

    fn is_new(&mut self, old: &str, new: &str, direction: Direction) -> bool {
        self.seen.insert((old.to_owned(), new.to_owned(), direction))
    }

    /// Notes what is in only one of two maps of pointers, and compares what is in both.
    fn pairs<T: AsRef<str>>(
        &mut self,
        location: &Location,
        owners: [&str; 2],
        kind: &str,
        old: &IndexMap<String, T>,
        new: &IndexMap<String, T>,
        mut both: impl FnMut(&mut Self, &Location, &str, &str, &str),
    ) {
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let location = if name.is_empty() { location.clone() } else { location.inner(name) };
            let kind = if kind == "response" { if name.starts_with('2') { "success" } else { "error" } } else { kind };
            let is_required =
                |document: &Document, at: &str| document.follow(at).0.get("required") == Some(&Value::Bool(true));
            match (old.get(name).map(AsRef::as_ref), new.get(name).map(AsRef::as_ref)) {
                (Some(old), Some(new)) => both(self, &location, name, old, new),
                (Some(gone), None) => {
                    self.note(&location, [gone, owners[1]], Change::removed(kind, is_required(self.old, gone)));
                }
                (None, Some(come)) => {
                    self.note(&location, [owners[0], come], Change::added(kind, is_required(self.new, come)));
                }
                (None, None) => {}
            }
        }
    }

    /// Pairs operations by method and path, and what is left by ID.
    fn operations(&mut self, old: &[Operation<'_>], mut new: Vec<Operation<'_>>) {
        let stays = |new: &Operation<'_>| old.iter().any(|old| old.request_line == new.request_line);
        let mut in_order: Vec<_> = old.iter().collect();
        in_order.sort_by_key(|before| before.name());
        for before in in_order {
            let location = Location { text: before.name(), direction: Direction::Request };
            let same = new.iter().position(|new| new.request_line == before.request_line);
            let moved = || new.iter().position(|new| before.id.is_some() && new.id == before.id && !stays(new));
            match same.or_else(moved) {
                Some(at) => self.operation(&location, before, &new.remove(at)),
                None => self.note(&location, [&before.pointer, "/paths"], Change::removed("operation", false)),
            }
        }
        for come in new {
            let location = Location { text: come.name(), direction: Direction::Request };
            self.note(&location, ["/paths", &come.pointer], Change::added("operation", false));
        }
    }

    fn operation(&mut self, location: &Location, old: &Operation<'_>, new: &Operation<'_>) {
        let at = [old.pointer.as_str(), &new.pointer];
        if old.request_line != new.request_line {
            self.note(location, at, Change::Moved { from: old.request_line.clone(), to: new.request_line.clone() });
        }
        if old.id != new.id {
            let [from, to] = [old.id, new.id].map(|id| id.unwrap_or("none").to_owned());
            self.note(location, at, Change::Renamed { kind: "operation ID", from, to });
        }
        let shown = |way: &String| if way.is_empty() { "none".to_owned() } else { way.clone() };
        for gone in old.security.difference(&new.security) {
            self.note(location, at, Change::Narrowed(format!("no longer authorized by {}", shown(gone))));
        }
        for come in new.security.difference(&old.security) {
            self.note(location, at, Change::Widened(format!("also authorized by {}", shown(come))));
        }
        let pointers = |operation: &Operation<'_>| -> IndexMap<String, String> {
            operation.parameters.iter().map(|(key, parameter)| (key.clone(), parameter.pointer.clone())).collect()
        };
        self.pairs(location, at, "parameter", &pointers(old), &pointers(new), |this, location, key, before, after| {
            let [from, to] = [old, new].map(|operation| operation.parameters[key].name.clone());
            if from != to {
                this.note(location, [before, after], Change::Renamed { kind: "path parameter", from, to });
            }
            this.object(location, Part::Parameter, before, after);
        });
        let bodies = |operation: &Operation<'_>| operation.body.iter().map(|at| (String::new(), at.clone())).collect();
        self.pairs(&location.inner("body"), at, "body", &bodies(old), &bodies(new), |this, location, _, old, new| {
            this.object(location, Part::Body, old, new);
        });
        let received = Location { direction: Direction::Response, ..location.clone() };
        self.pairs(&received, at, "response", &old.responses, &new.responses, |this, location, _, old, new| {
            this.object(location, Part::Response, old, new);
        });
        self.keywords(location, Part::Operation, at, [old.value, new.value]);
    }

    fn object(&mut self, location: &Location, part: Part, old: &str, new: &str) {
        let ((before, old), (after, new)) = (self.old.follow(old), self.new.follow(new));
        if self.is_new(&old, &new, location.direction) {
            self.keywords(location, part, [&old, &new], [before, after]);
        }
    }

    /// Compares the keywords of a part as the grammar says.
    fn keywords(&mut self, location: &Location, part: Part, at: [&str; 2], values: [&Value; 2]) {
        let all = values.into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
        for keyword in all.collect::<BTreeSet<_>>() {
            let [old, new] = at.map(|at| format!("{at}/{}", escape(keyword)));
            match holds(part, keyword) {
                Some(Holds::Map(inner)) if part != Part::Operation => {
                    let named = |pointer: &str, value: &Value| -> IndexMap<String, String> {
                        let name = |name: &String| match inner {
                            Part::Media => Some(media_type(name)).filter(|name| name != JSON).unwrap_or_default(),
                            _ => format!("header {}", name.to_ascii_lowercase()),
                        };
                        keys(value, keyword).map(|own| (name(own), format!("{pointer}/{}", escape(own)))).collect()
                    };
                    let kind = if inner == Part::Media { "media type" } else { "header" };
                    let (old, new) = (named(&old, values[0]), named(&new, values[1]));
                    self.pairs(location, at, kind, &old, &new, |this, location, _, old, new| {
                        this.object(location, inner, old, new);
                    });
                }
                Some(Holds::One(Part::Schema)) => self.schema(location, &old, &new),
                Some(Holds::Own) if keyword == "required" => {
                    let [before, after] = values.map(|value| value.get(keyword) == Some(&Value::Bool(true)));
                    self.required(location, at, before, after);
                }
                Some(Holds::Own | Holds::One(_) | Holds::List(_) | Holds::Map(_)) => {}
                fact => self.fact(location, at, keyword, fact, values.map(|value| said(value, keyword))),
            }
        }
    }

    fn required(&mut self, location: &Location, at: [&str; 2], old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.note(location, at, Change::Narrowed("became required".to_owned())),
            (true, false) => self.note(location, at, Change::Widened("became optional".to_owned())),
            _ => {}
        }
    }

    /// Notes that a keyword says something else.
    fn fact(
        &mut self,
        location: &Location,
        at: [&str; 2],
        keyword: &str,
        holds: Option<Holds>,
        [old, new]: [&Value; 2],
    ) {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        if old == new || number(old) == number(new) {
            return;
        }
        let from_to = format!("{keyword} from {old} to {new}");
        let change = match holds {
            Some(Holds::Words) => Change::Redescribed(keyword.to_owned()),
            Some(Holds::Mark) => Change::Marked { mark: keyword.to_owned(), set: new == &Value::Bool(true) },
            Some(Holds::Limit | Holds::Lower | Holds::Upper) if old.is_null() => {
                Change::Narrowed(format!("{keyword} {new} set"))
            }
            Some(Holds::Limit | Holds::Lower | Holds::Upper) if new.is_null() => {
                Change::Widened(format!("{keyword} {old} lifted"))
            }
            Some(Holds::Lower) if number(new) < number(old) => Change::Widened(from_to),
            Some(Holds::Upper) if number(new) > number(old) => Change::Widened(from_to),
            Some(Holds::Lower | Holds::Upper | Holds::Default) => Change::Narrowed(from_to),
            Some(Holds::Limit | Holds::Form) => Change::Altered(from_to),
            _ => Change::Unclassified(keyword.to_owned()),
        };
        self.note(location, at, change);
    }

    fn schema(&mut self, location: &Location, old: &str, new: &str) {
        let (old, new) = (self.old.schema(old), self.new.schema(new));
        let (at, site) = ([old.pointer.as_str(), &new.pointer], [old.site.as_str(), &new.site]);
        let is_new = self.is_new(at[0], at[1], location.direction);
        let is_new_site = self.is_new(&format!("{} words", site[0]), site[1], location.direction);
        for keyword in old.words.keys().chain(new.words.keys()).collect::<BTreeSet<_>>() {
            let (fact, said) = (holds(Part::Schema, keyword), [&old, &new].map(|schema| said_of(schema, keyword)));
            match fact {
                Some(Holds::Words | Holds::Mark | Holds::Default) if is_new_site => {
                    self.fact(location, site, keyword, fact, said)
                }
                Some(Holds::Words | Holds::Mark | Holds::Default | Holds::Own) => {}
                _ if is_new => self.fact(location, at, keyword, fact, said),
                _ => {}
            }
        }
        if !is_new {
            return;
        }
        if old.variants.len() + new.variants.len() > 0 {
            self.variants(location, &old, &new);
            if old.variants.is_empty() || new.variants.is_empty() {
                return;
            }
        }
        if let Some(change) = retyped(&old, &new) {
            let incomparable = matches!(change, Change::Altered(_));
            self.note(location, at, change);
            if incomparable {
                return;
            }
        }
        match (old.values(), new.values()) {
            (Some(before), Some(after)) => {
                for value in before.iter().filter(|value| !after.contains(value)) {
                    self.note(location, at, Change::ValueRemoved(value.to_string()));
                }
                for value in after.iter().filter(|value| !before.contains(value)) {
                    self.note(location, at, Change::ValueAdded(value.to_string()));
                }
            }
            (None, Some(_)) => self.note(location, at, Change::Narrowed("restricted to the listed values".to_owned())),
            (Some(_), None) => {
                self.note(location, at, Change::Widened("no longer restricted to the listed values".to_owned()))
            }
            (None, None) => {}
        }
        for (keyword, part) in [("additionalProperties", "*"), ("items", "[]")] {
            let inner = |schema: &Schema| schema.inner.get(keyword).cloned();
            // What is not said is like `{}`.
            let or_any = |schema: &Schema| inner(schema).unwrap_or_else(|| format!("{}/{keyword}", schema.pointer));
            if inner(&old).or(inner(&new)).is_some() {
                self.schema(&location.inner(part), &or_any(&old), &or_any(&new));
            }
        }
        self.properties(location, &old, &new);
    }

    /// Pairs variants that have the same name or are the same, then those of the same type, in their order.
    fn variants(&mut self, location: &Location, old: &Schema, new: &Schema) {
        // A schema that can be only one thing can be put among others.
        let all = |document: &Document, schema: &Schema| -> Vec<Schema> {
            let own =
                if schema.variants.is_empty() { std::slice::from_ref(&schema.pointer) } else { &schema.variants[..] };
            own.iter().map(|pointer| document.schema(pointer)).collect()
        };
        let (mut before, mut after) = (all(self.old, old), all(self.new, new));
        let (from, to) = (self.old, self.new);
        let alike = |old: &Schema, new: &Schema| {
            old.name().is_some() && old.name() == new.name() || from.at(&old.pointer) == to.at(&new.pointer)
        };
        for alike in [&alike as &dyn Fn(&Schema, &Schema) -> bool, &|old, new| old.kinds == new.kinds] {
            before.retain(|old| match after.iter().position(|new| alike(old, new)) {
                Some(at) => {
                    let name = old.name().map_or_else(|| old.kind(), str::to_owned);
                    self.schema(&location.inner(&format!("variant {name}")), &old.pointer, &after.remove(at).pointer);
                    false
                }
                None => true,
            });
        }
        let at = [old.pointer.as_str(), &new.pointer];
        for gone in before {
            self.note(location, at, Change::Narrowed(format!("variant {} removed", type_name(&gone))));
        }
        for come in after {
            self.note(location, at, Change::Widened(format!("variant {} added", type_name(&come))));
        }
    }

    fn properties(&mut self, location: &Location, old: &Schema, new: &Schema) {
        // What is only read is no part of a request, and what is only written none of a response.
        let hides = match location.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let read = |document: &Document, schema: &Schema| -> BTreeMap<String, (bool, String, Schema)> {
            let all = schema.properties.iter();
            all.map(|(name, it)| (name.clone(), (it.required, it.pointer.clone(), document.schema(&it.pointer))))
                .collect()
        };
        let (mut gone, mut come) = (read(self.old, old), read(self.new, new));
        for name in old.properties.keys().filter(|name| new.properties.contains_key(*name)) {
            let location = location.inner(name);
            let ((was, from, before), (is, to, after)) = (gone[name].clone(), come[name].clone());
            self.schema(&location, &from, &to);
            if before.is(hides) == after.is(hides) {
                gone.remove(name);
                come.remove(name);
                if !before.is(hides) {
                    self.required(&location, [&from, &to], was, is);
                }
            }
        }
        gone.retain(|_, (.., schema)| !schema.is(hides));
        come.retain(|_, (.., schema)| !schema.is(hides));
        // One that went and one that came, alike but for the name, is one that was renamed.
        if let ([(from, (was, before_at, before))], [(to, (is, after_at, after))]) =
            (&gone.iter().collect::<Vec<_>>()[..], &come.iter().collect::<Vec<_>>()[..])
            && (was, type_name(before), before.description()) == (is, type_name(after), after.description())
        {
            let change = Change::Renamed { kind: "property", from: (*from).clone(), to: (*to).clone() };
            return self.note(&location.inner(from), [before_at, after_at], change);
        }
        for (name, (required, pointer, _)) in gone {
            self.note(&location.inner(&name), [&pointer, &new.pointer], Change::removed("property", required));
        }
        for (name, (required, pointer, _)) in come {
            self.note(&location.inner(&name), [&old.pointer, &pointer], Change::added("property", required));
        }
    }
}

/// What a part says under a keyword, or what is meant where it says nothing.
pub(crate) fn said<'a>(value: &'a Value, keyword: &str) -> &'a Value {
    static SIMPLE_FORM: std::sync::LazyLock<[Value; 2]> = std::sync::LazyLock::new(|| ["simple".into(), "form".into()]);
    let is_form = || match value.get("style").and_then(Value::as_str) {
        Some(style) => style == "form",
        None => matches!(value.get("in").and_then(Value::as_str), Some("query" | "cookie")),
    };
    match (value.get(keyword), keyword) {
        (Some(said), _) if said != &Value::Bool(false) || keyword == "explode" => said,
        (None, "explode") => {
            if is_form() {
                &Value::Bool(true)
            } else {
                &Value::Bool(false)
            }
        }
        (None, "style") => &SIMPLE_FORM[usize::from(is_form())],
        _ => &Value::Null,
    }
}

/// What a schema says under a keyword. What is not unique, not deprecated and the like says nothing.
fn said_of<'a>(schema: &'a Schema, keyword: &str) -> &'a Value {
    let switches = ["deprecated", "readOnly", "writeOnly", "uniqueItems"];
    let said = schema.words.get(keyword).filter(|said| **said != Value::Bool(false) || !switches.contains(&keyword));
    said.unwrap_or(&Value::Null)
}

/// How the types differ, if they do.
fn retyped(old: &Schema, new: &Schema) -> Option<Change> {
    let text = format!("retyped from {} to {}", type_name(old), type_name(new));
    match (holds_all(new, old), holds_all(old, new)) {
        (true, true) => None,
        (true, false) => Some(Change::Widened(text)),
        (false, true) => Some(Change::Narrowed(text)),
        (false, false) => Some(Change::Altered(text)),
    }
}

/// Whether each value of the types of `inner` is one of the types of `outer`.
fn holds_all(outer: &Schema, inner: &Schema) -> bool {
    let is_held = |kind: &String| outer.kinds.contains(kind) || kind == "integer" && outer.kinds.contains("number");
    let formats = (outer.text("format"), inner.text("format"));
    let format = formats.0 == formats.1 || matches!(formats, ("", _) | ("int64", "int32") | ("double", "float"));
    outer.kinds.is_empty() || !inner.kinds.is_empty() && inner.kinds.iter().all(is_held) && format
}

/// The type in a word or two.
fn type_name(schema: &Schema) -> String {
    let kind = schema.kind();
    let name = if !kind.is_empty() {
        kind
    } else if schema.variants.is_empty() {
        "anything".to_owned()
    } else {
        "one of several".to_owned()
    };
    let format = if schema.text("format").is_empty() { String::new() } else { format!(" ({})", schema.text("format")) };
    format!("{name}{format}{}", if schema.kinds.contains("null") { " or null" } else { "" })
}

//! Compares two APIs. In a pair, the old one comes first.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::change::{Change, Difference, Direction};
use super::document::escape;
use super::grammar::{Holds, Part, holds};
use super::{Document, JSON, Operation, Schema, media_type, said};

/// All differences between `old` and those operations of `new` for which `wanted` holds, each once.
pub fn compare(old: &Document, new: &Document, wanted: impl Fn(&Operation<'_>) -> bool) -> Vec<Difference> {
    let mut found = Comparison { documents: [old, new], differences: BTreeSet::new(), seen: BTreeSet::new() };
    found.operations(&old.operations(), new.operations().into_iter().filter(wanted).collect());
    let [servers, webhooks] = ["servers", "webhooks"].map(|name| Place::of(name, [&format!("/{name}"); 2]));
    found.pairs(&servers, "server", [old, new].map(hosts));
    found.fact(&webhooks, "webhooks", Some(Holds::Whole), [old, new].map(|document| document.at("/webhooks")));
    found.differences.into_iter().collect()
}

/// Where things with names stand, and whether each is required.
type Named = IndexMap<String, (String, bool)>;

/// The servers' schemes and hosts.
fn hosts(document: &Document) -> Named {
    let urls = document.at("/servers").as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    let hosts = urls.map(|url| url.match_indices('/').nth(2).map_or(url, |(at, _)| &url[..at]).to_owned());
    hosts.map(|host| (host, ("/servers".to_owned(), false))).collect()
}

/// The things in a map, by what they are called on the wire; or the only one.
fn named(document: &Document, at: &str, part: Part) -> Named {
    let pointer = |at: &str| {
        let (value, at) = document.follow(at);
        (at, value.get("required") == Some(&Value::Bool(true)))
    };
    match document.at(at).as_object() {
        Some(_) if part == Part::Body => [("body".to_owned(), pointer(at))].into(),
        Some(object) => {
            let name = |own: &String| match part {
                Part::Media => Some(media_type(own)).filter(|name| name != JSON).unwrap_or_default(),
                Part::Header => format!("header {}", own.to_ascii_lowercase()),
                _ => own.clone(),
            };
            object.keys().map(|own| (name(own), pointer(&format!("{at}/{}", escape(own))))).collect()
        }
        None => Named::new(),
    }
}

/// Where something is.
#[derive(Clone)]
struct Place {
    text: String,
    direction: Direction,
    at: [String; 2],
}

impl Place {
    fn of(text: &str, at: [&str; 2]) -> Self {
        Self { text: text.to_owned(), direction: Direction::Request, at: at.map(str::to_owned) }
    }

    fn at(&self, at: [&str; 2]) -> Self {
        Self { at: at.map(str::to_owned), text: self.text.clone(), direction: self.direction }
    }

    fn inner(&self, part: &str, at: [&str; 2]) -> Self {
        let separator = if part.is_empty() { "" } else { " > " };
        Self { text: format!("{}{separator}{part}", self.text), ..self.at(at) }
    }
}

struct Comparison<'a> {
    documents: [&'a Document; 2],
    differences: BTreeSet<Difference>,
    /// What several operations use is compared once for each direction.
    seen: BTreeSet<([String; 2], Direction)>,
}

impl Comparison<'_> {
    fn note(&mut self, place: &Place, change: Change) {
        let Place { text: location, direction, at: [old, new] } = place.clone();
        self.differences.insert(Difference { location, old, new, direction, change });
    }

    fn is_new(&mut self, place: &Place) -> bool {
        self.seen.insert((place.at.clone(), place.direction))
    }

    /// Notes what is in only one of two maps. Returns what is in both, with its name.
    fn pairs(&mut self, place: &Place, kind: &'static str, [old, new]: [Named; 2]) -> Vec<(String, Place)> {
        let mut pairs = Vec::new();
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let kind = if kind == "success" && !name.starts_with('2') { "error" } else { kind };
            let found = [old.get(name), new.get(name)];
            let at = [0, 1].map(|side| found[side].map_or(&*place.at[side], |(at, _)| at));
            let place = place.inner(name, at);
            match found {
                [Some(_), Some(_)] => pairs.push((name.clone(), place)),
                [Some((_, required)), _] => self.note(&place, Change::Removed { kind, required: *required }),
                [_, come] => self.note(&place, Change::Added { kind, required: come.is_some_and(|it| it.1) }),
            }
        }
        pairs
    }

    /// Pairs operations by method and path, and what is left by ID.
    fn operations(&mut self, old: &[Operation<'_>], mut new: Vec<Operation<'_>>) {
        let stays = |new: &Operation<'_>| old.iter().any(|old| old.request_line == new.request_line);
        let mut in_order: Vec<_> = old.iter().collect();
        in_order.sort_by_key(|before| before.name());
        let (kind, required) = ("operation", false);
        for before in in_order {
            let same = new.iter().position(|new| new.request_line == before.request_line);
            let moved = || new.iter().position(|new| before.id.is_some() && new.id == before.id && !stays(new));
            match same.or_else(moved).map(|at| new.remove(at)) {
                Some(after) => self.operation(before, &after),
                None => {
                    let place = Place::of(&before.name(), [&before.pointer, "/paths"]);
                    self.note(&place, Change::Removed { kind, required });
                }
            }
        }
        for come in new {
            self.note(&Place::of(&come.name(), ["/paths", &come.pointer]), Change::Added { kind, required });
        }
    }

    fn operation(&mut self, old: &Operation<'_>, new: &Operation<'_>) {
        let place = Place::of(&old.name(), [&old.pointer, &new.pointer]);
        if old.request_line != new.request_line {
            self.note(&place, Change::Moved { from: old.request_line.clone(), to: new.request_line.clone() });
        }
        if old.id != new.id {
            let [from, to] = [old.id, new.id].map(|id| id.unwrap_or("none").to_owned());
            self.note(&place, Change::Renamed { kind: "operation ID", from, to });
        }
        let shown = |way: &String| if way.is_empty() { "none".to_owned() } else { way.clone() };
        for gone in old.security.difference(&new.security) {
            self.note(&place, Change::Narrowed(format!("no longer authorized by {}", shown(gone))));
        }
        for come in new.security.difference(&old.security) {
            self.note(&place, Change::Widened(format!("also authorized by {}", shown(come))));
        }
        let parameters = [old, new].map(|operation| {
            let all = operation.parameters.iter();
            all.map(|(key, it)| (key.clone(), (it.pointer.clone(), it.required))).collect()
        });
        for (key, place) in self.pairs(&place, "parameter", parameters) {
            let [from, to] = [old, new].map(|operation| operation.parameters[&key].name.clone());
            if from != to {
                self.note(&place, Change::Renamed { kind: "path parameter", from, to });
            }
            self.part(&place, Part::Parameter);
        }
        self.keywords(&place, Part::Operation);
    }

    fn part(&mut self, place: &Place, part: Part) {
        if self.is_new(place) {
            self.keywords(place, part);
        }
    }

    /// Compares the keywords of a part as the grammar says.
    fn keywords(&mut self, place: &Place, part: Part) {
        let documents = self.documents;
        let values = [0, 1].map(|side| documents[side].at(&place.at[side]));
        let all = values.into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
        for keyword in all.collect::<BTreeSet<_>>() {
            let [old, new] = place.at.each_ref().map(|at| format!("{at}/{keyword}"));
            match holds(part, keyword) {
                Some(Holds::Map(inner) | Holds::One(inner @ Part::Body)) => {
                    let (kind, direction) = match inner {
                        Part::Media => ("media type", place.direction),
                        Part::Response => ("success", Direction::Response),
                        Part::Body => ("body", place.direction),
                        _ => ("header", place.direction),
                    };
                    let place = Place { direction, ..place.clone() };
                    let named = [named(documents[0], &old, inner), named(documents[1], &new, inner)];
                    for (_, place) in self.pairs(&place, kind, named) {
                        self.part(&place, inner);
                    }
                }
                Some(Holds::One(Part::Schema)) => self.schema(&place.at([&old, &new])),
                Some(Holds::Own) if keyword == "required" => {
                    self.required(place, values.map(|value| value.get(keyword) == Some(&Value::Bool(true))));
                }
                Some(Holds::Own | Holds::One(_) | Holds::List(_)) => {}
                fact => {
                    let said = values.map(|value| said(value, keyword));
                    self.fact(place, keyword, fact, said.each_ref().map(|said| &**said));
                }
            }
        }
    }

    fn required(&mut self, place: &Place, required: [bool; 2]) {
        match required {
            [false, true] => self.note(place, Change::Narrowed("became required".to_owned())),
            [true, false] => self.note(place, Change::Widened("became optional".to_owned())),
            _ => {}
        }
    }

    /// Notes that a keyword says something else.
    fn fact(&mut self, place: &Place, keyword: &str, holds: Option<Holds>, [old, new]: [&Value; 2]) {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        if old == new || number(old) == number(new) {
            return;
        }
        let from_to = format!("{keyword} from {old} to {new}");
        let is_limit = matches!(holds, Some(Holds::Limit | Holds::Lower | Holds::Upper));
        let change = match holds {
            Some(Holds::Words) => Change::Redescribed(keyword.to_owned()),
            Some(Holds::Mark) => Change::Marked { mark: keyword.to_owned(), set: new == &Value::Bool(true) },
            _ if is_limit && old.is_null() => Change::Narrowed(format!("{keyword} {new} set")),
            _ if is_limit && new.is_null() => Change::Widened(format!("{keyword} {old} lifted")),
            Some(Holds::Lower) if number(new) < number(old) => Change::Widened(from_to),
            Some(Holds::Upper) if number(new) > number(old) => Change::Widened(from_to),
            Some(Holds::Lower | Holds::Upper | Holds::Default) => Change::Narrowed(from_to),
            Some(Holds::Limit | Holds::Form) => Change::Altered(from_to),
            _ => Change::Unclassified(keyword.to_owned()),
        };
        self.note(place, change);
    }

    fn schema(&mut self, place: &Place) {
        let schemas = [0, 1].map(|side| self.documents[side].schema(&place.at[side]));
        let [old, new] = &schemas;
        let (site, place) = (place.at([&old.site, &new.site]), &place.at([&old.pointer, &new.pointer]));
        let is_new = self.is_new(place);
        let is_new_site = self.is_new(&place.at([&format!("{} words", old.site), &new.site]));
        for keyword in old.words.keys().chain(new.words.keys()).collect::<BTreeSet<_>>() {
            let fact = holds(Part::Schema, keyword);
            let (place, is_new) = match fact {
                Some(Holds::Words | Holds::Mark | Holds::Default) => (&site, is_new_site),
                _ => (place, is_new && fact != Some(Holds::Own)),
            };
            if is_new {
                let said = [old, new].map(|schema| schema.words.get(keyword).unwrap_or(&Value::Null));
                self.fact(place, keyword, fact, said);
            }
        }
        if !is_new {
            return;
        }
        if old.variants.len() + new.variants.len() > 0 {
            self.variants(place, &schemas);
            if old.variants.is_empty() || new.variants.is_empty() {
                return;
            }
        }
        let retyped = format!("retyped from {} to {}", old.type_name(), new.type_name());
        match [holds_all(new, old), holds_all(old, new)] {
            [true, true] => {}
            [true, false] => self.note(place, Change::Widened(retyped)),
            [false, true] => self.note(place, Change::Narrowed(retyped)),
            [false, false] => return self.note(place, Change::Altered(retyped)),
        }
        match [old.values(), new.values()] {
            [None, None] => {}
            [None, _] => self.note(place, Change::Narrowed("restricted to the listed values".to_owned())),
            [_, None] => self.note(place, Change::Widened("no longer restricted to the listed values".to_owned())),
            [Some(before), Some(after)] => {
                for value in before.iter().filter(|value| !after.contains(value)) {
                    self.note(place, Change::ValueRemoved(value.to_string()));
                }
                for value in after.iter().filter(|value| !before.contains(value)) {
                    self.note(place, Change::ValueAdded(value.to_string()));
                }
            }
        }
        for (keyword, part) in [("additionalProperties", "*"), ("items", "[]")] {
            if old.inner.contains_key(keyword) || new.inner.contains_key(keyword) {
                // What is not said is like `{}`, which is at a place where there is nothing.
                let inner = |it: &Schema| it.inner.get(keyword).cloned().unwrap_or(format!("{}/{keyword}", it.pointer));
                self.schema(&place.inner(part, [&inner(old), &inner(new)]));
            }
        }
        self.properties(place, &schemas);
    }

    /// Pairs variants that have the same name or are the same, then those of the same type, in their order.
    fn variants(&mut self, place: &Place, schemas: &[Schema; 2]) {
        let documents = self.documents;
        // A schema that can be only one thing can be put among others.
        let [mut before, mut after] = [0, 1].map(|side| {
            let Schema { pointer, variants, .. } = &schemas[side];
            let all = if variants.is_empty() { std::slice::from_ref(pointer) } else { variants };
            all.iter().map(|pointer| documents[side].schema(pointer)).collect::<Vec<_>>()
        });
        let is_same = |old: &Schema, new: &Schema| {
            let [is, was] = [documents[1].at(&new.pointer), documents[0].at(&old.pointer)];
            old.name().is_some() && old.name() == new.name() || was == is
        };
        for alike in [&is_same as &dyn Fn(&Schema, &Schema) -> bool, &|old, new| old.kinds == new.kinds] {
            before.retain(|old| {
                let Some(at) = after.iter().position(|new| alike(old, new)) else { return true };
                let name = old.name().map_or_else(|| old.kind(), str::to_owned);
                self.schema(&place.inner(&format!("variant {name}"), [&old.pointer, &after.remove(at).pointer]));
                false
            });
        }
        for gone in before {
            self.note(place, Change::Narrowed(format!("variant {} removed", gone.type_name())));
        }
        for come in after {
            self.note(place, Change::Widened(format!("variant {} added", come.type_name())));
        }
    }

    fn properties(&mut self, place: &Place, schemas: &[Schema; 2]) {
        // What is only read is no part of a request, and what is only written none of a response.
        let hides = if place.direction == Direction::Request { "readOnly" } else { "writeOnly" };
        let [mut gone, mut come] = [0, 1].map(|side| {
            let all = schemas[side].properties.iter();
            all.map(|(name, at)| (name, self.documents[side].schema(at))).collect::<BTreeMap<_, _>>()
        });
        let [old, new] = schemas;
        for name in old.properties.keys().filter(|name| new.properties.contains_key(*name)) {
            let place = place.inner(name, [&old.properties[name], &new.properties[name]]);
            self.schema(&place);
            let is_hidden = gone[name].is(hides);
            if is_hidden == come[name].is(hides) {
                gone.remove(name);
                come.remove(name);
                if !is_hidden {
                    self.required(&place, [old, new].map(|schema| schema.required.contains(name)));
                }
            }
        }
        gone.retain(|_, schema| !schema.is(hides));
        come.retain(|_, schema| !schema.is(hides));
        // One that went and one that came, alike but for the name, is one that was renamed.
        let alike = |name: &String, schemas: [&Schema; 2]| {
            let [of, property] = schemas;
            (of.required.contains(name), property.type_name(), property.text("description").to_owned())
        };
        if let ([(from, before)], [(to, after)]) =
            (&gone.iter().collect::<Vec<_>>()[..], &come.iter().collect::<Vec<_>>()[..])
            && alike(from, [old, before]) == alike(to, [new, after])
        {
            let place = place.inner(from, [&old.properties[**from], &new.properties[**to]]);
            return self.note(&place, Change::Renamed { kind: "property", from: from.to_string(), to: to.to_string() });
        }
        let named = |names: BTreeMap<&String, Schema>, of: &Schema| -> Named {
            let named = |name: &String| (name.clone(), (of.properties[name].clone(), of.required.contains(name)));
            names.into_keys().map(named).collect()
        };
        self.pairs(place, "property", [named(gone, old), named(come, new)]);
    }
}

/// Whether each value of the types of `inner` is one of the types of `outer`.
fn holds_all(outer: &Schema, inner: &Schema) -> bool {
    let is_held = |kind: &String| outer.kinds.contains(kind) || kind == "integer" && outer.kinds.contains("number");
    let formats = (outer.text("format"), inner.text("format"));
    let format = formats.0 == formats.1 || matches!(formats, ("", _) | ("int64", "int32") | ("double", "float"));
    outer.kinds.is_empty() || !inner.kinds.is_empty() && inner.kinds.iter().all(is_held) && format
}

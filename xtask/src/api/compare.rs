//! What is different between two APIs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use indexmap::IndexMap;

use super::{Api, Operation, Property, Response, Schema};

/// Which way a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the caller to the API.
    Request,
    /// From the API to the caller.
    Response,
}

/// One difference between two APIs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Where it is, from the operation inwards.
    pub place: String,
    /// Where it stands in the old document, or where what is new would.
    pub old: String,
    /// Where it stands in the new document, or where what is gone would.
    pub new: String,
    /// The component schema that it lies in, if it lies in one.
    pub component: String,
    /// Which way the value travels.
    pub direction: Direction,
    /// What is different.
    pub what: What,
}

/// What can be different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // each is a word, and `Display` says it in a sentence
pub enum What {
    OperationAdded,
    OperationRemoved,
    Moved { from: String, to: String },
    Added { thing: &'static str, required: bool },
    Removed { thing: &'static str, required: bool },
    Renamed { thing: &'static str, from: String, to: String },
    BecameRequired,
    BecameOptional,
    Retyped { from: String, to: String },
    ValueAdded(String),
    ValueRemoved(String),
    ValuesListed,
    ValuesFreed,
    Tightened(String),
    Loosened(String),
    Redescribed,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must = |required: &bool| if *required { "required " } else { "" };
        match self {
            Self::OperationAdded => f.write_str("operation added"),
            Self::OperationRemoved => f.write_str("operation removed"),
            Self::Moved { from, to } => write!(f, "moved from {from} to {to}"),
            Self::Added { thing, required } => write!(f, "{}{thing} added", must(required)),
            Self::Removed { thing, required } => write!(f, "{}{thing} removed", must(required)),
            Self::Renamed { thing, from, to } => write!(f, "{thing} renamed from {from} to {to}"),
            Self::BecameRequired => f.write_str("became required"),
            Self::BecameOptional => f.write_str("became optional"),
            Self::Retyped { from, to } => write!(f, "retyped from {from} to {to}"),
            Self::ValueAdded(value) => write!(f, "value {value} added"),
            Self::ValueRemoved(value) => write!(f, "value {value} removed"),
            Self::ValuesListed => f.write_str("values listed, where any was allowed"),
            Self::ValuesFreed => f.write_str("any value allowed, where they were listed"),
            Self::Tightened(bound) => write!(f, "bound tightened: {bound}"),
            Self::Loosened(bound) => write!(f, "bound loosened: {bound}"),
            Self::Redescribed => f.write_str("described otherwise"),
        }
    }
}

/// All differences between `old` and `new`, each once.
pub fn compare(old: &Api, new: &Api) -> Vec<Difference> {
    let mut found = Comparison::default();
    for (id, pair) in pairs(&old.operations, &new.operations) {
        let place = Location { text: id.clone(), direction: Direction::Request };
        match pair {
            Pair::Both(old, new) => found.operation(&place, old, new),
            Pair::Old(old) => found.note(&place, (&old.pointer, &old.pointer, ""), What::OperationRemoved),
            Pair::New(new) => found.note(&place, (&new.pointer, &new.pointer, ""), What::OperationAdded),
        }
    }
    found.differences.into_iter().collect()
}

/// What one of two maps has, or both.
enum Pair<'a, T> {
    Old(&'a T),
    New(&'a T),
    Both(&'a T, &'a T),
}

fn pairs<'a, T>(old: &'a IndexMap<String, T>, new: &'a IndexMap<String, T>) -> BTreeMap<&'a String, Pair<'a, T>> {
    let mut pairs: BTreeMap<&String, Pair<'_, T>> = old.iter().map(|(name, old)| (name, Pair::Old(old))).collect();
    for (name, new) in new {
        let pair = match pairs.remove(name) {
            Some(Pair::Old(old)) => Pair::Both(old, new),
            _ => Pair::New(new),
        };
        pairs.insert(name, pair);
    }
    pairs
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

    fn response(&self, part: &str) -> Self {
        Self { direction: Direction::Response, ..self.inner(part) }
    }
}

#[derive(Default)]
struct Comparison {
    differences: BTreeSet<Difference>,
    /// A schema that many operations reach is told of once for each way it travels.
    seen: BTreeSet<(String, String, Direction)>,
}

impl Comparison {
    fn note(&mut self, place: &Location, (old, new, component): (&str, &str, &str), what: What) {
        self.differences.insert(Difference {
            place: place.text.clone(),
            old: old.to_owned(),
            new: new.to_owned(),
            component: component.to_owned(),
            direction: place.direction,
            what,
        });
    }

    fn operation(&mut self, place: &Location, old: &Operation, new: &Operation) {
        let at = (old.pointer.as_str(), new.pointer.as_str(), "");
        if old.request_line != new.request_line {
            self.note(place, at, What::Moved { from: old.request_line.clone(), to: new.request_line.clone() });
        }
        if old.description != new.description {
            self.note(place, at, What::Redescribed);
        }
        for (key, pair) in pairs(&old.parameters, &new.parameters) {
            let place = place.inner(key);
            match pair {
                Pair::Both(old, new) => {
                    let at = (old.pointer.as_str(), new.pointer.as_str(), "");
                    if old.name != new.name {
                        let (from, to) = (old.name.clone(), new.name.clone());
                        self.note(&place, at, What::Renamed { thing: "path parameter", from, to });
                    }
                    self.required(&place, at, old.required, new.required);
                    self.schema(&place, &old.schema, &new.schema);
                }
                Pair::Old(gone) => {
                    let what = What::Removed { thing: "parameter", required: gone.required };
                    self.note(&place, (&gone.pointer, &new.pointer, ""), what);
                }
                Pair::New(come) => {
                    let what = What::Added { thing: "parameter", required: come.required };
                    self.note(&place, (&old.pointer, &come.pointer, ""), what);
                }
            }
        }
        let body = place.inner("body");
        match (&old.body, &new.body) {
            (Some(old), Some(new)) => {
                self.required(&body, (&old.pointer, &new.pointer, ""), old.required, new.required);
                self.schema(&body, &old.schema, &new.schema);
            }
            (Some(gone), None) => {
                let what = What::Removed { thing: "body", required: gone.required };
                self.note(&body, (&gone.pointer, &new.pointer, ""), what);
            }
            (None, Some(come)) => {
                let what = What::Added { thing: "body", required: come.required };
                self.note(&body, (&old.pointer, &come.pointer, ""), what);
            }
            (None, None) => {}
        }
        for (status, pair) in pairs(&old.responses, &new.responses) {
            let place = place.response(status);
            let thing = if status.starts_with('2') { "success" } else { "error" };
            match pair {
                Pair::Both(old, new) => self.response(&place, old, new),
                Pair::Old(gone) => {
                    self.note(&place, (&gone.pointer, &new.pointer, ""), What::Removed { thing, required: false });
                }
                Pair::New(come) => {
                    self.note(&place, (&old.pointer, &come.pointer, ""), What::Added { thing, required: false });
                }
            }
        }
    }

    fn response(&mut self, place: &Location, old: &Response, new: &Response) {
        for (name, pair) in pairs(&old.headers, &new.headers) {
            let place = place.inner(&format!("header {name}"));
            match pair {
                Pair::Both(old, new) => self.schema(&place, old, new),
                Pair::Old(gone) => {
                    let what = What::Removed { thing: "header", required: false };
                    self.note(&place, (&gone.pointer, &new.pointer, ""), what);
                }
                Pair::New(come) => {
                    let what = What::Added { thing: "header", required: false };
                    self.note(&place, (&old.pointer, &come.pointer, ""), what);
                }
            }
        }
        match (&old.body, &new.body) {
            (Some(old), Some(new)) => self.schema(place, old, new),
            (Some(gone), None) => {
                self.note(place, (&gone.pointer, &new.pointer, ""), What::Removed { thing: "body", required: true });
            }
            (None, Some(come)) => {
                self.note(place, (&old.pointer, &come.pointer, ""), What::Added { thing: "body", required: true });
            }
            (None, None) => {}
        }
    }

    fn required(&mut self, place: &Location, at: (&str, &str, &str), old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.note(place, at, What::BecameRequired),
            (true, false) => self.note(place, at, What::BecameOptional),
            _ => {}
        }
    }

    fn schema(&mut self, place: &Location, old: &Schema, new: &Schema) {
        let component = if new.component.is_empty() { &old.component } else { &new.component };
        let at = (old.pointer.as_str(), new.pointer.as_str(), component.as_str());
        if old.description != new.description {
            self.note(place, at, What::Redescribed);
        }
        if !self.seen.insert((old.pointer.clone(), new.pointer.clone(), place.direction)) {
            return;
        }
        let (from, to) = (old.type_name(), new.type_name());
        if from != to || old.variants.len() != new.variants.len() {
            self.note(place, at, What::Retyped { from, to });
            return;
        }
        match (&old.values, &new.values) {
            (Some(old), Some(new)) => {
                for value in old.difference(new) {
                    self.note(place, at, What::ValueRemoved(value.to_string()));
                }
                for value in new.difference(old) {
                    self.note(place, at, What::ValueAdded(value.to_string()));
                }
            }
            (None, Some(_)) => self.note(place, at, What::ValuesListed),
            (Some(_), None) => self.note(place, at, What::ValuesFreed),
            (None, None) => {}
        }
        self.bounds(place, at, &old.bounds, &new.bounds);
        self.properties(place, old, new);
        for (part, old, new) in [("*", &old.others, &new.others), ("[]", &old.items, &new.items)] {
            if let (Some(old), Some(new)) = (old, new) {
                self.schema(&place.inner(part), old, new);
            }
        }
        for (number, (old, new)) in old.variants.iter().zip(&new.variants).enumerate() {
            self.schema(&place.inner(&format!("variant {number}")), old, new);
        }
    }

    fn bounds(
        &mut self,
        place: &Location,
        at: (&str, &str, &str),
        old: &IndexMap<String, String>,
        new: &IndexMap<String, String>,
    ) {
        for (name, pair) in pairs(old, new) {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            match pair {
                Pair::Old(gone) => self.note(place, at, What::Loosened(format!("{name} {gone} lifted"))),
                Pair::New(come) => self.note(place, at, What::Tightened(format!("{name} {come} set"))),
                Pair::Both(old, new) if old == new => {}
                Pair::Both(old, new) => {
                    let wider = if name.to_lowercase().contains("min") {
                        number(new) < number(old)
                    } else {
                        number(new) > number(old)
                    };
                    let change = format!("{name} from {old} to {new}");
                    self.note(place, at, if wider { What::Loosened(change) } else { What::Tightened(change) });
                }
            }
        }
    }

    fn properties(&mut self, place: &Location, old: &Schema, new: &Schema) {
        let owner = new.component.as_str();
        let (mut gone, mut come) = (Vec::<(&String, &Property)>::new(), Vec::<(&String, &Property)>::new());
        for (name, pair) in pairs(&old.properties, &new.properties) {
            match pair {
                Pair::Old(property) => gone.push((name, property)),
                Pair::New(property) => come.push((name, property)),
                Pair::Both(old, new) => {
                    let place = place.inner(name);
                    let at = (old.schema.pointer.as_str(), new.schema.pointer.as_str(), owner);
                    self.required(&place, at, old.required, new.required);
                    self.schema(&place, &old.schema, &new.schema);
                }
            }
        }
        // One that went and one that came, alike but for the name, is one that was renamed.
        if let ([(from, before)], [(to, after)]) = (gone.as_slice(), come.as_slice())
            && before.required == after.required
            && before.schema.type_name() == after.schema.type_name()
            && before.schema.description == after.schema.description
        {
            let at = (before.schema.pointer.as_str(), after.schema.pointer.as_str(), owner);
            let what = What::Renamed { thing: "property", from: (*from).clone(), to: (*to).clone() };
            return self.note(&place.inner(from), at, what);
        }
        for (name, property) in gone {
            let at = (property.schema.pointer.as_str(), new.pointer.as_str(), owner);
            let what = What::Removed { thing: "property", required: property.required };
            self.note(&place.inner(name), at, what);
        }
        for (name, property) in come {
            let at = (old.pointer.as_str(), property.schema.pointer.as_str(), owner);
            let what = What::Added { thing: "property", required: property.required };
            self.note(&place.inner(name), at, what);
        }
    }
}

impl Schema {
    /// Its type in a word or two.
    fn type_name(&self) -> String {
        let mut name = if !self.variants.is_empty() {
            "one of several".to_owned()
        } else if self.kind.is_empty() {
            "anything".to_owned()
        } else {
            self.kind.clone()
        };
        if !self.format.is_empty() {
            name = format!("{name} ({})", self.format);
        }
        if self.others.is_some() {
            name.push_str(" of any properties");
        }
        if self.nullable {
            name.push_str(" or null");
        }
        name
    }
}

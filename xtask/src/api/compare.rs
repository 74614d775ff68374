//! Compares two APIs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use indexmap::IndexMap;

use super::{Api, Operation, Property, Response, Schema};

/// Whether a value is sent to the API or received from it.
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
    /// Where it is, in words, starting with the operation.
    pub location: String,
    /// A JSON Pointer into the old document. For an addition, to the object that lacks it.
    pub old: String,
    /// A JSON Pointer into the new document. For a removal, to the object that lacks it.
    pub new: String,
    /// The component schema that contains it. Empty if there is none.
    pub component: String,
    /// Whether the value is sent or received.
    pub direction: Direction,
    /// The change.
    pub change: Change,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // `Display` describes each
pub enum Change {
    OperationAdded,
    OperationRemoved,
    Moved { from: String, to: String },
    Added { kind: &'static str, required: bool },
    Removed { kind: &'static str, required: bool },
    Renamed { kind: &'static str, from: String, to: String },
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
    Deprecated,
    Undeprecated,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must = |required: &bool| if *required { "required " } else { "" };
        match self {
            Self::OperationAdded => f.write_str("operation added"),
            Self::OperationRemoved => f.write_str("operation removed"),
            Self::Moved { from, to } => write!(f, "moved from {from} to {to}"),
            Self::Added { kind, required } => write!(f, "{}{kind} added", must(required)),
            Self::Removed { kind, required } => write!(f, "{}{kind} removed", must(required)),
            Self::Renamed { kind, from, to } => write!(f, "{kind} renamed from {from} to {to}"),
            Self::BecameRequired => f.write_str("became required"),
            Self::BecameOptional => f.write_str("became optional"),
            Self::Retyped { from, to } => write!(f, "retyped from {from} to {to}"),
            Self::ValueAdded(value) => write!(f, "value {value} added"),
            Self::ValueRemoved(value) => write!(f, "value {value} removed"),
            Self::ValuesListed => f.write_str("restricted to the listed values"),
            Self::ValuesFreed => f.write_str("no longer restricted to the listed values"),
            Self::Tightened(bound) => write!(f, "bound tightened: {bound}"),
            Self::Loosened(bound) => write!(f, "bound loosened: {bound}"),
            Self::Redescribed => f.write_str("description changed"),
            Self::Deprecated => f.write_str("deprecated"),
            Self::Undeprecated => f.write_str("no longer deprecated"),
        }
    }
}

/// All differences between `old` and `new`, each once.
pub fn compare(old: &Api, new: &Api) -> Vec<Difference> {
    let mut found = Comparison::default();
    for (id, pair) in pairs(&old.operations, &new.operations) {
        let location = Location { text: id.clone(), direction: Direction::Request };
        match pair {
            Pair::Both(old, new) => found.operation(&location, old, new),
            Pair::Old(old) => found.note(&location, (&old.pointer, &old.pointer, ""), Change::OperationRemoved),
            Pair::New(new) => found.note(&location, (&new.pointer, &new.pointer, ""), Change::OperationAdded),
        }
    }
    found.differences.into_iter().collect()
}

/// The values of a key that is in one of two maps, or in both.
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
    /// A schema that several operations use is compared once for each direction.
    seen: BTreeSet<(String, String, Direction)>,
}

impl Comparison {
    fn note(&mut self, location: &Location, (old, new, component): (&str, &str, &str), change: Change) {
        self.differences.insert(Difference {
            location: location.text.clone(),
            old: old.to_owned(),
            new: new.to_owned(),
            component: component.to_owned(),
            direction: location.direction,
            change,
        });
    }

    fn operation(&mut self, location: &Location, old: &Operation, new: &Operation) {
        let at = (old.pointer.as_str(), new.pointer.as_str(), "");
        if old.request_line != new.request_line {
            self.note(location, at, Change::Moved { from: old.request_line.clone(), to: new.request_line.clone() });
        }
        if old.description != new.description {
            self.note(location, at, Change::Redescribed);
        }
        self.deprecated(location, at, old.deprecated, new.deprecated);
        for (key, pair) in pairs(&old.parameters, &new.parameters) {
            let location = location.inner(key);
            match pair {
                Pair::Both(old, new) => {
                    let at = (old.pointer.as_str(), new.pointer.as_str(), "");
                    if old.name != new.name {
                        let (from, to) = (old.name.clone(), new.name.clone());
                        self.note(&location, at, Change::Renamed { kind: "path parameter", from, to });
                    }
                    self.required(&location, at, old.required, new.required);
                    self.schema(&location, &old.schema, &new.schema);
                }
                Pair::Old(gone) => {
                    let change = Change::Removed { kind: "parameter", required: gone.required };
                    self.note(&location, (&gone.pointer, &new.pointer, ""), change);
                }
                Pair::New(come) => {
                    let change = Change::Added { kind: "parameter", required: come.required };
                    self.note(&location, (&old.pointer, &come.pointer, ""), change);
                }
            }
        }
        let body = location.inner("body");
        match (&old.body, &new.body) {
            (Some(old), Some(new)) => {
                self.required(&body, (&old.pointer, &new.pointer, ""), old.required, new.required);
                self.schema(&body, &old.schema, &new.schema);
            }
            (Some(gone), None) => {
                let change = Change::Removed { kind: "body", required: gone.required };
                self.note(&body, (&gone.pointer, &new.pointer, ""), change);
            }
            (None, Some(come)) => {
                let change = Change::Added { kind: "body", required: come.required };
                self.note(&body, (&old.pointer, &come.pointer, ""), change);
            }
            (None, None) => {}
        }
        for (status, pair) in pairs(&old.responses, &new.responses) {
            let location = location.response(status);
            let kind = if status.starts_with('2') { "success" } else { "error" };
            match pair {
                Pair::Both(old, new) => self.response(&location, old, new),
                Pair::Old(gone) => {
                    self.note(&location, (&gone.pointer, &new.pointer, ""), Change::Removed { kind, required: false });
                }
                Pair::New(come) => {
                    self.note(&location, (&old.pointer, &come.pointer, ""), Change::Added { kind, required: false });
                }
            }
        }
    }

    fn response(&mut self, location: &Location, old: &Response, new: &Response) {
        for (name, pair) in pairs(&old.headers, &new.headers) {
            let location = location.inner(&format!("header {name}"));
            match pair {
                Pair::Both(old, new) => self.schema(&location, old, new),
                Pair::Old(gone) => {
                    let change = Change::Removed { kind: "header", required: false };
                    self.note(&location, (&gone.pointer, &new.pointer, ""), change);
                }
                Pair::New(come) => {
                    let change = Change::Added { kind: "header", required: false };
                    self.note(&location, (&old.pointer, &come.pointer, ""), change);
                }
            }
        }
        match (&old.body, &new.body) {
            (Some(old), Some(new)) => self.schema(location, old, new),
            (Some(gone), None) => {
                self.note(
                    location,
                    (&gone.pointer, &new.pointer, ""),
                    Change::Removed { kind: "body", required: true },
                );
            }
            (None, Some(come)) => {
                self.note(location, (&old.pointer, &come.pointer, ""), Change::Added { kind: "body", required: true });
            }
            (None, None) => {}
        }
    }

    fn required(&mut self, location: &Location, at: (&str, &str, &str), old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.note(location, at, Change::BecameRequired),
            (true, false) => self.note(location, at, Change::BecameOptional),
            _ => {}
        }
    }

    fn deprecated(&mut self, location: &Location, at: (&str, &str, &str), old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.note(location, at, Change::Deprecated),
            (true, false) => self.note(location, at, Change::Undeprecated),
            _ => {}
        }
    }

    fn schema(&mut self, location: &Location, old: &Schema, new: &Schema) {
        let component = if new.component.is_empty() { &old.component } else { &new.component };
        let at = (old.pointer.as_str(), new.pointer.as_str(), component.as_str());
        if old.description != new.description {
            self.note(location, at, Change::Redescribed);
        }
        self.deprecated(location, at, old.deprecated, new.deprecated);
        if !self.seen.insert((old.pointer.clone(), new.pointer.clone(), location.direction)) {
            return;
        }
        let (from, to) = (old.type_name(), new.type_name());
        if from != to || old.variants.len() != new.variants.len() {
            self.note(location, at, Change::Retyped { from, to });
            return;
        }
        match (&old.values, &new.values) {
            (Some(old), Some(new)) => {
                for value in old.difference(new) {
                    self.note(location, at, Change::ValueRemoved(value.to_string()));
                }
                for value in new.difference(old) {
                    self.note(location, at, Change::ValueAdded(value.to_string()));
                }
            }
            (None, Some(_)) => self.note(location, at, Change::ValuesListed),
            (Some(_), None) => self.note(location, at, Change::ValuesFreed),
            (None, None) => {}
        }
        self.bounds(location, at, &old.bounds, &new.bounds);
        self.properties(location, old, new);
        for (part, old, new) in [("*", &old.others, &new.others), ("[]", &old.items, &new.items)] {
            if let (Some(old), Some(new)) = (old, new) {
                self.schema(&location.inner(part), old, new);
            }
        }
        for (number, (old, new)) in old.variants.iter().zip(&new.variants).enumerate() {
            self.schema(&location.inner(&format!("variant {number}")), old, new);
        }
    }

    fn bounds(
        &mut self,
        location: &Location,
        at: (&str, &str, &str),
        old: &IndexMap<String, String>,
        new: &IndexMap<String, String>,
    ) {
        for (name, pair) in pairs(old, new) {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            match pair {
                Pair::Old(gone) => self.note(location, at, Change::Loosened(format!("{name} {gone} lifted"))),
                Pair::New(come) => self.note(location, at, Change::Tightened(format!("{name} {come} set"))),
                Pair::Both(old, new) if old == new => {}
                Pair::Both(old, new) => {
                    let wider = if name.to_lowercase().contains("min") {
                        number(new) < number(old)
                    } else {
                        number(new) > number(old)
                    };
                    let change = format!("{name} from {old} to {new}");
                    self.note(location, at, if wider { Change::Loosened(change) } else { Change::Tightened(change) });
                }
            }
        }
    }

    fn properties(&mut self, location: &Location, old: &Schema, new: &Schema) {
        let owner = new.component.as_str();
        let (mut gone, mut come) = (Vec::<(&String, &Property)>::new(), Vec::<(&String, &Property)>::new());
        for (name, pair) in pairs(&old.properties, &new.properties) {
            match pair {
                Pair::Old(property) => gone.push((name, property)),
                Pair::New(property) => come.push((name, property)),
                Pair::Both(old, new) => {
                    let location = location.inner(name);
                    let at = (old.schema.pointer.as_str(), new.schema.pointer.as_str(), owner);
                    self.required(&location, at, old.required, new.required);
                    self.schema(&location, &old.schema, &new.schema);
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
            let change = Change::Renamed { kind: "property", from: (*from).clone(), to: (*to).clone() };
            return self.note(&location.inner(from), at, change);
        }
        for (name, property) in gone {
            let at = (property.schema.pointer.as_str(), new.pointer.as_str(), owner);
            let change = Change::Removed { kind: "property", required: property.required };
            self.note(&location.inner(name), at, change);
        }
        for (name, property) in come {
            let at = (old.pointer.as_str(), property.schema.pointer.as_str(), owner);
            let change = Change::Added { kind: "property", required: property.required };
            self.note(&location.inner(name), at, change);
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

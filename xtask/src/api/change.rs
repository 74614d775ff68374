//! What can be different between two APIs, and what that asks of callers.

use std::collections::BTreeMap;
use std::fmt;

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
    /// Whether the value is sent or received.
    pub direction: Direction,
    /// The change.
    pub change: Change,
}

/// A change. `Display` describes each. A mark is `deprecated` and the like; what is unclassified is compared only as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Change {
    Added { kind: &'static str, required: bool },
    Removed { kind: &'static str, required: bool },
    Renamed { kind: &'static str, from: String, to: String },
    Moved { from: String, to: String },
    ValueAdded(String),
    ValueRemoved(String),
    Narrowed(String),
    Widened(String),
    Altered(String),
    Marked { mark: String, set: bool },
    Redescribed(String),
    Unclassified(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must = |required: &bool| if *required { "required " } else { "" };
        match self {
            Self::Added { kind, required } => write!(f, "{}{kind} added", must(required)),
            Self::Removed { kind, required } => write!(f, "{}{kind} removed", must(required)),
            Self::Renamed { kind, from, to } => write!(f, "{kind} renamed from {from} to {to}"),
            Self::Moved { from, to } => write!(f, "moved from {from} to {to}"),
            Self::ValueAdded(value) => write!(f, "value {value} added"),
            Self::ValueRemoved(value) => write!(f, "value {value} removed"),
            Self::Narrowed(text) | Self::Widened(text) | Self::Altered(text) => f.write_str(text),
            Self::Marked { mark, set } => write!(f, "{}{mark}", if *set { "" } else { "no longer " }),
            Self::Redescribed(keyword) => write!(f, "{keyword} changed"),
            Self::Unclassified(keyword) => write!(f, "changed, not classified: {keyword}"),
        }
    }
}

/// The version that a change requires, by the rules of semantic versioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// No code notices it.
    Patch,
    /// Something is added, and everything else stays the same.
    Minor,
    /// Something is removed or changed.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(["patch", "minor", "MAJOR"][*self as usize])
    }
}

/// What a difference asks of callers of the API, in any language: [`Bump::Major`] breaks them. `None` if that is not known.
///
/// The API must still accept what callers send, and callers must still accept what the API returns.
pub fn caller(difference: &Difference) -> Option<Bump> {
    use Direction::{Request, Response};
    Some(match (&difference.change, difference.direction) {
        (Change::Unclassified(_), _) => return None,
        // The name of a path parameter or of an operation is not sent. An error that no longer occurs harms nobody.
        (Change::Redescribed(_) | Change::Renamed { kind: "path parameter" | "operation ID", .. }, _)
        | (Change::Removed { kind: "error", .. }, _) => Bump::Patch,
        (Change::Marked { mark, .. }, _) if mark != "deprecated" => Bump::Patch,
        (Change::Added { required: true, .. }, Request) => Bump::Major,
        (Change::Marked { .. } | Change::Added { .. }, _)
        | (Change::Narrowed(_) | Change::ValueRemoved(_), Response)
        | (Change::Widened(_) | Change::ValueAdded(_), Request) => Bump::Minor,
        _ => Bump::Major,
    })
}

/// One of the differences with each `key`, and how many more there are.
pub(crate) fn grouped<'a, K: Ord>(
    differences: impl IntoIterator<Item = &'a Difference>,
    key: impl Fn(&'a Difference) -> K,
) -> Vec<(&'a Difference, String)> {
    let mut groups: BTreeMap<K, (&Difference, usize)> = BTreeMap::new();
    for difference in differences {
        groups.entry(key(difference)).or_insert((difference, 0)).1 += 1;
    }
    let more = |count| if count > 1 { format!(", and {} more like it", count - 1) } else { String::new() };
    groups.into_values().map(|(first, count)| (first, more(count))).collect()
}

//! What a difference means to whom: `cargo xtask diff`.

use std::fmt;

use crate::api::{Change, Difference, Direction};

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
        f.pad(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "MAJOR",
        })
    }
}

/// What a change means for each group that depends on the API's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// For callers of the API, in any language: [`Bump::Major`] breaks them.
    pub caller: Bump,
    /// For users of `ldtokens-client`, the generated crate.
    pub generated: Bump,
    /// For users of `ldtokens`, the facade, who do not use its access to the generated crate.
    pub facade: Bump,
}

/// The schemas whose generated types are part of the facade's interface.
const IN_FACADE: [&str; 10] = [
    "BaseRole",
    "Link",
    "Links",
    "MemberSummary",
    "PatchOperation",
    "Role",
    "Statement",
    "Token",
    "TokenId",
    "UnixMillis",
];

/// The class of a difference.
pub fn class(difference: &Difference) -> Class {
    let caller = caller(&difference.change, difference.direction);
    let generated = generated(&difference.change);
    // Other types can break the facade's users only by what the API refuses or leaves out.
    let facade = match caller {
        _ if IN_FACADE.contains(&difference.component.as_str()) => generated,
        Bump::Major => Bump::Major,
        _ => Bump::Patch,
    };
    Class { caller, generated, facade }
}

/// The API must still accept what callers send, and callers must still accept what the API returns.
fn caller(change: &Change, direction: Direction) -> Bump {
    use Direction::{Request, Response};
    match (change, direction) {
        (Change::Redescribed, _) => Bump::Patch,
        // The name of a path parameter is not sent.
        (Change::Renamed { kind: "path parameter", .. }, _) => Bump::Patch,
        (Change::OperationAdded | Change::Deprecated | Change::Undeprecated, _) => Bump::Minor,
        (Change::OperationRemoved | Change::Moved { .. } | Change::Renamed { .. } | Change::Retyped { .. }, _) => {
            Bump::Major
        }
        (Change::Added { required, .. }, Request) => {
            if *required {
                Bump::Major
            } else {
                Bump::Minor
            }
        }
        (Change::Added { .. }, Response) => Bump::Minor,
        // An error that no longer occurs harms nobody.
        (Change::Removed { kind: "error", .. }, _) => Bump::Patch,
        (Change::Removed { .. }, _) => Bump::Major,
        // Narrowing what may be sent breaks senders. Widening what may be returned breaks readers.
        (Change::BecameRequired | Change::ValueRemoved(_) | Change::ValuesListed | Change::Tightened(_), Request) => {
            Bump::Major
        }
        (Change::BecameRequired | Change::ValueRemoved(_) | Change::ValuesListed | Change::Tightened(_), Response) => {
            Bump::Minor
        }
        (Change::BecameOptional | Change::ValueAdded(_) | Change::ValuesFreed | Change::Loosened(_), Request) => {
            Bump::Minor
        }
        (Change::BecameOptional | Change::ValueAdded(_) | Change::ValuesFreed | Change::Loosened(_), Response) => {
            Bump::Major
        }
    }
}

/// The Rust types are `#[non_exhaustive]`, so another optional field or variant breaks nobody. But `required`, `enum` and
/// `minimum` decide whether a type is an `Option`, an enum or a `NonZeroU64`, and a builder fails without a required field.
fn generated(change: &Change) -> Bump {
    match change {
        Change::Redescribed | Change::Moved { .. } => Bump::Patch,
        Change::OperationAdded | Change::Deprecated | Change::Undeprecated => Bump::Minor,
        Change::Added { kind: "parameter" | "property", required: false } | Change::ValueAdded(_) => Bump::Minor,
        // Headers and errors have no types of their own.
        Change::Added { kind: "header" | "error", .. } | Change::Removed { kind: "header" | "error", .. } => {
            Bump::Patch
        }
        _ => Bump::Major,
    }
}

/// A report of `differences`, and the versions that they require together.
pub fn report(differences: &[Difference]) -> String {
    let mut text = String::new();
    if differences.is_empty() {
        return "no difference\n".to_owned();
    }
    let mut together = Class { caller: Bump::Patch, generated: Bump::Patch, facade: Bump::Patch };
    text.push_str("API    client facade\n");
    for difference in differences {
        let Class { caller, generated, facade } = class(difference);
        together.caller = together.caller.max(caller);
        together.generated = together.generated.max(generated);
        together.facade = together.facade.max(facade);
        let Difference { location, change, old, new, .. } = difference;
        let pointer = if matches!(change, Change::Added { .. } | Change::OperationAdded) { new } else { old };
        text.push_str(&format!("{caller:<6} {generated:<6} {facade:<6} {location}: {change}  ({pointer})\n"));
    }
    let breaking =
        if together.caller == Bump::Major { "breaks callers of the API" } else { "breaks no caller of the API" };
    text.push_str(&format!(
        "\nTogether this {breaking}; it asks for a {} version of ldtokens-client and a {} version of ldtokens.\n",
        together.generated.to_string().to_lowercase(),
        together.facade.to_string().to_lowercase(),
    ));
    text
}

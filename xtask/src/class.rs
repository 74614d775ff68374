//! What a difference means to whom: `cargo xtask diff`.

use std::fmt;

use crate::api::{Difference, Direction, What};

/// How far a version has to move for a change, by the rules of semantic versioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// Nothing that anyone could notice by the code.
    Patch,
    /// Something new; what was there stays.
    Minor,
    /// Something that was there is gone or otherwise.
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

/// What a change asks of each of those that depend on the API's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Who calls the API, in whatever language: [`Bump::Major`] breaks them.
    pub caller: Bump,
    /// Who uses `ldtokens-client`, the generated crate.
    pub generated: Bump,
    /// Who uses `ldtokens`, the facade, but not its escape hatches to the generated crate.
    pub facade: Bump,
}

/// The schemas whose generated types the facade shows.
const SHOWN: [&str; 10] = [
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
    let caller = caller(&difference.what, difference.direction);
    let generated = generated(&difference.what);
    // What the facade does not show can only break it by what the API then refuses or leaves out.
    let facade = match caller {
        _ if SHOWN.contains(&difference.component.as_str()) => generated,
        Bump::Major => Bump::Major,
        _ => Bump::Patch,
    };
    Class { caller, generated, facade }
}

/// Who calls must still be understood, and must still understand.
fn caller(what: &What, direction: Direction) -> Bump {
    use Direction::{Request, Response};
    match (what, direction) {
        (What::Redescribed, _) => Bump::Patch,
        // The name of a parameter in the path is not on the wire.
        (What::Renamed { thing: "path parameter", .. }, _) => Bump::Patch,
        (What::OperationAdded, _) => Bump::Minor,
        (What::OperationRemoved | What::Moved { .. } | What::Renamed { .. } | What::Retyped { .. }, _) => Bump::Major,
        (What::Added { required, .. }, Request) => {
            if *required {
                Bump::Major
            } else {
                Bump::Minor
            }
        }
        (What::Added { .. }, Response) => Bump::Minor,
        // An error that comes no more harms nobody.
        (What::Removed { thing: "error", .. }, _) => Bump::Patch,
        (What::Removed { .. }, _) => Bump::Major,
        // What narrows what may be sent breaks those who send it; what widens what may come, those who read it.
        (What::BecameRequired | What::ValueRemoved(_) | What::ValuesListed | What::Tightened(_), Request) => {
            Bump::Major
        }
        (What::BecameRequired | What::ValueRemoved(_) | What::ValuesListed | What::Tightened(_), Response) => {
            Bump::Minor
        }
        (What::BecameOptional | What::ValueAdded(_) | What::ValuesFreed | What::Loosened(_), Request) => Bump::Minor,
        (What::BecameOptional | What::ValueAdded(_) | What::ValuesFreed | What::Loosened(_), Response) => Bump::Major,
    }
}

/// The Rust types are `#[non_exhaustive]`, so an optional field or a variant more breaks nobody. But `Option`, an enum in
/// place of a string, and `NonZeroU64` come and go with `required`, `enum` and `minimum`, and a builder fails without a
/// required field.
fn generated(what: &What) -> Bump {
    match what {
        What::Redescribed | What::Moved { .. } => Bump::Patch,
        What::OperationAdded => Bump::Minor,
        What::Added { thing: "parameter" | "property", required: false } | What::ValueAdded(_) => Bump::Minor,
        // Headers and errors have no types of their own.
        What::Added { thing: "header" | "error", .. } | What::Removed { thing: "header" | "error", .. } => Bump::Patch,
        _ => Bump::Major,
    }
}

/// A report of `differences`, and the steps that they ask for together.
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
        let Difference { place, what, old, new, .. } = difference;
        let pointer = if matches!(what, What::Added { .. } | What::OperationAdded) { new } else { old };
        text.push_str(&format!("{caller:<6} {generated:<6} {facade:<6} {place}: {what}  ({pointer})\n"));
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

//! What the differences mean to whom: `cargo xtask diff`.

use std::collections::BTreeMap;
use std::fmt;

use crate::api::{Change, Difference, Direction, Document, compare};
use crate::generate;
use crate::public_items::{self, Changed};

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

/// The types of the generated code that are part of the facade's interface. Those written by hand are not in that code.
const IN_FACADE: [&str; 7] =
    ["BaseRole", "MemberSummary", "PatchOperation", "PatchOperationOp", "Statement", "StatementEffect", "Token"];

/// What a difference asks of callers of the API, in any language: [`Bump::Major`] breaks them. `None` if that is not known.
///
/// The API must still accept what callers send, and callers must still accept what the API returns.
pub fn caller(difference: &Difference) -> Option<Bump> {
    use Direction::{Request, Response};
    Some(match (&difference.change, difference.direction) {
        (Change::Unclassified(_), _) => return None,
        // The name of a path parameter or of an operation is not sent. An error that no longer occurs harms nobody.
        (Change::Redescribed(_) | Change::Renamed { kind: "path parameter" | "operation ID", .. }, _) => Bump::Patch,
        (Change::Removed { kind, .. }, _) if kind == "error" => Bump::Patch,
        (Change::Marked { mark, .. }, _) => {
            if mark == "deprecated" {
                Bump::Minor
            } else {
                Bump::Patch
            }
        }
        (Change::Added { required: true, .. }, Request) => Bump::Major,
        (Change::Added { .. }, _) => Bump::Minor,
        (Change::Narrowed(_) | Change::ValueRemoved(_), Response) => Bump::Minor,
        (Change::Widened(_) | Change::ValueAdded(_), Request) => Bump::Minor,
        _ => Bump::Major,
    })
}

/// What the differences between two documents mean.
#[derive(Debug)]
pub struct Diff {
    /// Each difference, for callers of the API.
    pub differences: Vec<Difference>,
    /// Each difference between the public items of the generated crate; or why the code can't be generated.
    pub items: Result<Vec<Changed>, String>,
}

impl Diff {
    /// Compares two documents.
    pub fn of(old: &Document, new: &Document) -> Self {
        let items = |document| public_items::of(&generate::checked(document)?);
        let items = items(old).and_then(|old| Ok(public_items::compare(&old, &items(new)?)));
        Self { differences: compare(old, new, |_| true), items: items.map_err(|error| format!("{error:#}")) }
    }

    /// What it asks of callers of the API, as far as it is known.
    pub fn caller(&self) -> Bump {
        self.differences.iter().filter_map(caller).max().unwrap_or(Bump::Patch)
    }

    /// The version that it asks for of `ldtokens-client`, the generated crate.
    pub fn client(&self) -> Option<Bump> {
        let items = self.items.as_ref().ok()?;
        Some(items.iter().map(|item| item.bump).max().unwrap_or(Bump::Patch))
    }

    /// The version that it asks for of `ldtokens`, the facade, for users who do not use its access to the generated crate.
    pub fn facade(&self) -> Option<Bump> {
        let shown = |item: &&Changed| IN_FACADE.iter().any(|name| item.is_of(name));
        let shown = self.items.as_ref().ok()?.iter().filter(shown).map(|item| item.bump).max();
        // Other types can break the facade's users only by what the API refuses or leaves out. Its enums keep a new value.
        let breaks = |it: &&Difference| caller(it) == Some(Bump::Major) && !matches!(it.change, Change::ValueAdded(_));
        let caller = self.differences.iter().find(breaks).map(|_| Bump::Major);
        Some(caller.max(shown).unwrap_or(Bump::Patch))
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} differences for callers of the API:", self.differences.len())?;
        // What many places share is told once.
        let mut same: BTreeMap<_, (&Difference, usize)> = BTreeMap::new();
        for difference in &self.differences {
            let Difference { old, new, direction, change, .. } = difference;
            same.entry((old, new, direction, change)).or_insert((difference, 0)).1 += 1;
        }
        for (difference, count) in same.values() {
            let Difference { location, change, old, new, .. } = difference;
            let class = caller(difference).map_or_else(|| "?".to_owned(), |bump| bump.to_string());
            let pointer = if matches!(change, Change::Added { .. }) { new } else { old };
            let more = if *count > 1 { format!(", and {} more like it", count - 1) } else { String::new() };
            writeln!(f, "{class:<5}  {location}: {change}{more}  ({pointer})")?;
        }
        let breaks = if self.caller() == Bump::Major {
            "breaks callers of the API"
        } else {
            "breaks no caller of the API, as far as it is classified"
        };
        match (&self.items, self.client(), self.facade()) {
            (Ok(items), Some(client), Some(facade)) => {
                writeln!(f, "\n{} differences between the public items of ldtokens-client:", items.len())?;
                items.iter().try_for_each(|item| writeln!(f, "{item}"))?;
                let [client, facade] = [client, facade].map(|bump| bump.to_string().to_lowercase());
                writeln!(
                    f,
                    "\nThis {breaks}; it asks for a {client} version of ldtokens-client and a {facade} version of ldtokens."
                )
            }
            (items, ..) => {
                let reason = items.as_ref().err().map_or("", String::as_str);
                writeln!(f, "\nThis {breaks}. The code of ldtokens-client can't be compared: {reason}")
            }
        }
    }
}

//! What the differences mean to whom: `cargo xtask diff`.

use std::fmt;

use crate::api::{Bump, Change, Difference, Document, caller, compare, grouped};
use crate::generate;
use crate::items::{self, Changed};

/// The types of the generated code that are part of the facade's interface. Those written by hand are not in that code.
const IN_FACADE: [&str; 6] =
    ["MemberSummary", "PatchOperation", "PatchOperationOp", "Statement", "StatementEffect", "Token"];

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
        let items = generate::checked(old).and_then(|old| Ok(items::compare(&old, &generate::checked(new)?)));
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
        for (difference, more) in grouped(&self.differences, |it| (&it.old, &it.new, it.direction, &it.change)) {
            let Difference { location, change, old, new, .. } = difference;
            let class = caller(difference).map_or_else(|| "?".to_owned(), |bump| bump.to_string());
            let pointer = if matches!(change, Change::Added { .. }) { new } else { old };
            writeln!(f, "{class:<5}  {location}: {change}{more}  ({pointer})")?;
        }
        let breaks = match self.caller() {
            Bump::Major => "breaks callers of the API",
            _ => "breaks no caller of the API, as far as it is classified",
        };
        let items = match &self.items {
            Ok(items) => items,
            Err(error) => {
                return writeln!(f, "\nThis {breaks}. The code of ldtokens-client can't be compared: {error}");
            }
        };
        writeln!(f, "\n{} differences between the public items of ldtokens-client:", items.len())?;
        items.iter().try_for_each(|item| writeln!(f, "{item}"))?;
        let [client, facade] =
            [self.client(), self.facade()].map(|it| it.unwrap_or(Bump::Patch).to_string().to_lowercase());
        writeln!(
            f,
            "\nThis {breaks}; it asks for a {client} version of ldtokens-client and a {facade} version of ldtokens."
        )
    }
}

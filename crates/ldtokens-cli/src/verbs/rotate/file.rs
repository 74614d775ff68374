//! A file of rotations, for `ldtokens rotate --file`: which tokens, how often, and where their secrets go.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ldtokens_lifecycle::{Options, Strategy};
use ldtokens_plan::{DestinationSpec, Length, Taken};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::files::text;
use crate::terminal::{Failure, Kind, has_secret};
use crate::verbs::deliver::Places;
use crate::verbs::rotate::{Rotations, Task};

/// Which tokens are rotated, how often, and where their new secrets go. Its JSON Schema is made from this type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RotationsFile {
    /// One for each token.
    rotations: Vec<Entry>,
}

/// How one token is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    /// The token's name or ID. A replacement has another ID, so with `strategy: replace` give the name.
    token: String,
    /// The token is rotated when its last rotation, or else its creation, is at least this long ago, such as `60d`.
    older_than: Length,
    /// Where the new secret goes. Relative paths are relative to the file's folder.
    #[schemars(length(min = 1))]
    destinations: Vec<DestinationSpec>,
    /// `reset`: a new secret, the same token. `replace`: an identical new token. Default: `reset`.
    #[schemars(with = "Option<String>", extend("enum" = ["reset", "replace"]))]
    strategy: Option<Strategy>,
    /// How long the old secret keeps working. Default: `24h`. With `0s` it ends at once, which is asked about.
    overlap: Option<Length>,
    /// How long a replacement works, such as `90d`. By default as long as its predecessor.
    lifetime: Option<Length>,
}

impl RotationsFile {
    /// Its JSON Schema, for editors.
    pub(crate) fn json_schema() -> Value {
        schemars::schema_for!(Self).into()
    }

    /// Reads and checks the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
        let mut file: Self = text::yaml_of_file(path).map_err(unusable)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let (mut faults, mut tokens, mut places) = (Vec::new(), BTreeSet::new(), Taken::default());
        for Entry { token, older_than, destinations, strategy, overlap, lifetime } in &mut file.rotations {
            if has_secret(token) {
                return Err(unusable("a secret was given instead of a token's ID or name".to_owned()));
            }
            destinations.iter_mut().for_each(|spec| spec.relative_to(folder));
            let mut found = DestinationSpec::faults(destinations, &mut places);
            if destinations.is_empty() {
                found.push("it has no destination for the new secret".to_owned());
            }
            if !tokens.insert(token.clone()) {
                found.push("two rotations are of this token".to_owned());
            }
            if lifetime.is_some() && *strategy != Some(Strategy::Replace) {
                found.push("lifetime needs `strategy: replace`".to_owned());
            }
            let age = older_than.duration();
            if !age.is_zero() && overlap.as_ref().is_some_and(|overlap| overlap.duration() > age) {
                found.push(
                    "its overlap is longer than olderThan, and within it the token is not rotated again".to_owned(),
                );
            }
            faults.extend(found.into_iter().map(|fault| format!("{token:?}: {fault}")));
        }
        if faults.is_empty() { Ok(file) } else { Err(unusable(faults.join("; "))) }
    }

    /// The rotations, and what could not be found, so that it does not keep the others from being rotated. The `options` are those
    /// that the file does not have.
    pub(crate) async fn tasks(
        &self,
        rotations: &Rotations<'_>,
        options: &Options,
        places: &Places,
    ) -> Result<(Vec<Task>, Vec<Failure>), Failure> {
        let words: Vec<String> = self.rotations.iter().map(|entry| entry.token.clone()).collect();
        let (mut tasks, mut missing, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
        for (entry, found) in self.rotations.iter().zip(rotations.find(&words, true).await?) {
            let item = match found {
                Err(failure) if matches!(failure.kind(), Kind::NotFound | Kind::Usage) => {
                    missing.push(failure);
                    continue;
                }
                found => found?,
            };
            if let Some(other) = seen.insert(item.target.id.clone(), &entry.token) {
                let both = format!("`{other}` and `{}` are one token: rotate it once", entry.token);
                return Err(Failure::usage(both));
            }
            let places = places.and_described(&entry.destinations);
            let [overlap, lifetime] = [&entry.overlap, &entry.lifetime].map(|length| Some(length.as_ref()?.duration()));
            let options = Options { strategy: entry.strategy, overlap, lifetime, ..options.clone() };
            tasks.push(Task {
                item,
                places: rotations.with_own(places),
                options,
                age: Some(entry.older_than.duration()),
            });
        }
        Ok((tasks, missing))
    }
}

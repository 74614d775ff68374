//! Edits a token: reads it, changes it, and writes the differences.

use serde_json::{Map, Value};

use crate::patch::properties;
use crate::{Client, Error, Operation, Patch, PatchOperationOp, Token, TokenId};

/// The maximum number of times that an edit reads and writes.
const MAX_ROUNDS: u32 = 8;

/// The properties that give a token its permissions.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

impl Client {
    /// Reads the token `id`, calls `change` to change it, and writes the differences, if there are any.
    ///
    /// It sends the smallest patch, with a `test` for each value that it replaces or removes, so that it overwrites nothing
    /// that `change` has not seen, except a property that the token did not have and someone adds at the same moment. If the
    /// token changed, it waits and starts again, up to eight rounds in all. So `change` can be called several times, each time
    /// with the current token. All rounds together end by the deadline of the [`RetryPolicy`](crate::RetryPolicy).
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client, id: ldtokens::TokenId) -> Result<(), ldtokens::Error> {
    /// let token = client.edit(&id, |token| token.description = Some("Used by the nightly export".into())).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Conflict`] or [`Error::PatchFailed`] if others kept changing the token; [`Error::OutcomeUnknown`] if the
    /// response is lost and the token, read again, does not show whether the change was made; and those of
    /// [`get`](Self::get) and [`update`](Self::update).
    pub async fn edit(&self, id: &TokenId, mut change: impl FnMut(&mut Token)) -> Result<Token, Error> {
        let change = |token: &mut Token| -> Result<(), Error> {
            change(token);
            Ok(())
        };
        self.try_edit(id, None, change).await
    }

    /// The same as [`edit`](Self::edit), with an optional comment for the audit log, and with a `change` that can fail. If it
    /// fails, nothing more is written, and its error is returned. An earlier patch whose response was lost may be applied.
    ///
    /// # Errors
    /// The error of `change`, and those of [`edit`](Self::edit).
    pub async fn try_edit<E: From<Error>>(
        &self,
        id: &TokenId,
        comment: Option<&str>,
        mut change: impl FnMut(&mut Token) -> Result<(), E>,
    ) -> Result<Token, E> {
        let client = self.with_one_deadline();
        let mut token = client.get(id).await?;
        let mut round = 1;
        let mut lost: Option<Difference> = None;
        loop {
            let mut wanted = token.clone();
            change(&mut wanted)?;
            let difference = Difference::between(&token, &wanted);
            if difference.names.is_empty() {
                return Ok(token);
            }
            let mut patch = difference.patch();
            if let Some(comment) = comment {
                patch = patch.comment(comment);
            }
            let error = match client.update(id, &patch).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let is_unknown = matches!(error, Error::OutcomeUnknown { .. });
            let is_stale = matches!(error, Error::Conflict(_) | Error::PatchFailed(_));
            let may_be_applied = lost.is_some();
            let give_up = |error| match may_be_applied {
                true => Err(Error::outcome_unknown(Operation::PatchToken, error).into()),
                false => Err(error.into()),
            };
            if !(is_unknown || is_stale && round < MAX_ROUNDS) {
                return give_up(error);
            }
            let now = match client.get(id).await {
                Ok(now) => now,
                // The patch may have been applied, or the first error says more.
                Err(Error::DeadlineExceeded { .. }) => return give_up(error),
                Err(_) if is_unknown => return give_up(error),
                Err(failed) => return give_up(failed),
            };
            let is_applied = |patch: &Difference| patch.fits(&now, &patch.after);
            if is_unknown && is_applied(&difference) || lost.as_ref().is_some_and(is_applied) {
                return Ok(now);
            }
            let is_unchanged = difference.fits(&now, &difference.before);
            let is_final = match error {
                Error::OutcomeUnknown { .. } => !is_unchanged || round >= MAX_ROUNDS,
                // Nobody changed the token, so the patch can never apply.
                Error::PatchFailed(_) => is_unchanged && now.last_modified == token.last_modified,
                _ => false,
            };
            if is_final || !client.sender.back_off(round, client.options).await {
                return give_up(error);
            }
            if is_unknown {
                lost = Some(difference);
            }
            (token, round) = (now, round + 1);
        }
    }
}

/// What an edit changes: the names of the properties that differ, and all properties before and after.
struct Difference {
    names: Vec<String>,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Difference {
    fn between(before: &Token, after: &Token) -> Self {
        let (before, after) = (properties(before), properties(after));
        let all = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let names = all.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
        Self { names, before, after }
    }

    fn patch(&self) -> Patch {
        let mut patch = Patch::new();
        for name in &self.names {
            // As a JSON Pointer (RFC 6901, section 3).
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let op = match (self.before.get(name), self.after.get(name)) {
                (_, None) => PatchOperationOp::Remove,
                // The vendor's own tools set absent permissions in this way (fact 6).
                (None, _) if !PERMISSIONS.contains(&name.as_str()) => PatchOperationOp::Add,
                _ => PatchOperationOp::Replace,
            };
            if let Some(value) = self.before.get(name) {
                patch = patch.expect(pointer.as_str(), value.clone());
            }
            patch = patch.change(op, pointer, self.after.get(name).cloned());
        }
        patch
    }

    /// Whether `token` has the properties of one `side` of the difference.
    fn fits(&self, token: &Token, side: &Map<String, Value>) -> bool {
        let now = properties(token);
        self.names.iter().all(|name| now.get(name) == side.get(name))
    }
}

#[cfg(test)]
#[path = "../tests/unit/edit.rs"]
mod tests;

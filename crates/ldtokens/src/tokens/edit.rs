//! Edits a token: reads it, changes it, and writes the differences.

use serde_json::{Map, Value};

use crate::{Client, Error, Operation, Patch, PatchOperationOp, Token, TokenId};

/// The maximum number of times that an edit reads and writes.
const MAX_ROUNDS: u32 = 8;

/// The properties that give a token its permissions.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

impl Client {
    /// Reads the token `id`, calls `change` to change it, and writes the differences, if there are any.
    ///
    /// It sends the smallest patch, with a `test` for each value that it replaces or removes, so that it overwrites nothing
    /// that `change` has not seen. If the token changed at the same time, it waits and starts again, up to eight rounds in
    /// all. So `change` can be called several times, each time with the current token. All rounds together end by the
    /// deadline of the [`RetryPolicy`](crate::RetryPolicy).
    ///
    /// There is no `test` for a property that the token does not have. If someone else adds it at the same moment, their
    /// value is overwritten.
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
    /// fails, nothing more is written, and its error is returned. If the response to an earlier patch was lost, that patch may
    /// be applied.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client, id: ldtokens::TokenId) -> Result<(), Box<dyn std::error::Error>> {
    /// let rename = |token: &mut ldtokens::Token| -> Result<(), Box<dyn std::error::Error>> {
    ///     token.name = Some(token.name.as_deref().ok_or("the token has no name")?.to_uppercase());
    ///     Ok(())
    /// };
    /// client.try_edit(&id, None, rename).await?;
    /// # Ok(())
    /// # }
    /// ```
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
            if difference.0.is_empty() {
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
            if !(is_unknown || is_stale && round < MAX_ROUNDS) {
                return Err(final_error(error, lost.is_some()).into());
            }
            let now = match client.get(id).await {
                Ok(now) => now,
                // The read failed, but the patch may have been applied, or the first error says more.
                Err(failed) => {
                    let says_less = is_unknown || matches!(failed, Error::DeadlineExceeded { .. });
                    return Err(final_error(if says_less { error } else { failed }, lost.is_some()).into());
                }
            };
            let is_unchanged = difference.fits(&now, |property| &property.before);
            match error {
                Error::OutcomeUnknown { .. } if difference.fits(&now, |property| &property.after) => return Ok(now),
                // An earlier patch without a response was applied after all.
                _ if lost.as_ref().is_some_and(|lost| lost.fits(&now, |property| &property.after)) => return Ok(now),
                Error::OutcomeUnknown { .. } if !is_unchanged || round >= MAX_ROUNDS => return Err(error.into()),
                // Nobody changed the token, so the patch can never apply.
                Error::PatchFailed(_) if is_unchanged && now.last_modified == token.last_modified => {
                    return Err(final_error(error, lost.is_some()).into());
                }
                _ => {}
            }
            if is_unknown {
                lost = Some(difference);
            }
            if !client.sender.back_off(round, client.options).await {
                return Err(final_error(error, lost.is_some()).into());
            }
            (token, round) = (now, round + 1);
        }
    }
}

/// The error that ends an edit. If an earlier patch may have been applied, it is `OutcomeUnknown`.
fn final_error(error: Error, may_be_applied: bool) -> Error {
    match error {
        Error::OutcomeUnknown { .. } => error,
        error if may_be_applied => Error::outcome_unknown(Operation::PatchToken, error),
        error => error,
    }
}

/// What an edit changes.
struct Difference(Vec<Property>);

struct Property {
    name: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl Difference {
    fn between(before: &Token, after: &Token) -> Self {
        let (old, new) = (properties(before), properties(after));
        let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
        let changed = names.filter(|name| old.get(*name) != new.get(*name));
        let property = |name: &String| Property {
            name: name.clone(),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        };
        Self(changed.map(property).collect())
    }

    fn patch(&self) -> Patch {
        let mut patch = Patch::new();
        for Property { name, before, after } in &self.0 {
            if let Some(value) = before {
                patch = patch.expect(pointer(name), value.clone());
            }
            let op = match (before, after) {
                (_, None) => PatchOperationOp::Remove,
                (Some(_), Some(_)) => PatchOperationOp::Replace,
                // The vendor's own tools set absent permissions in this way (fact 6).
                (None, _) if PERMISSIONS.contains(&name.as_str()) => PatchOperationOp::Replace,
                (None, _) => PatchOperationOp::Add,
            };
            patch = patch.change(op, pointer(name), after.clone());
        }
        patch
    }

    /// Whether `token` has the properties of one `side` of the difference.
    fn fits(&self, token: &Token, side: fn(&Property) -> &Option<Value>) -> bool {
        let now = properties(token);
        self.0.iter().all(|property| now.get(&property.name) == side(property).as_ref())
    }
}

pub(crate) fn properties(token: &Token) -> Map<String, Value> {
    match serde_json::to_value(token) {
        Ok(Value::Object(properties)) => properties,
        _ => unreachable!("a token is a JSON object"),
    }
}

/// A property's JSON Pointer (RFC 6901, section 3).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
#[path = "../../tests/unit/edit.rs"]
mod tests;

//! Read, change, write back, without overwriting what others wrote.

use ldtokens_client::types::{PatchOperationOp, Token};
use serde_json::{Map, Value};

use crate::TokenId;
use crate::client::Client;
use crate::error::Error;
use crate::tokens::patch::Patch;

/// The maximum number of times that an edit reads and writes.
const MAX_ROUNDS: u32 = 8;

/// The properties that give a token its permissions.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

impl Client {
    /// Reads the token `id`, lets `change` change it, and writes what is different, if anything is.
    ///
    /// It sends the smallest patch, with a `test` for each value that it replaces or removes, so that it overwrites nothing
    /// that `change` has not seen. If the token changed at the same time, it starts again, at most eight times, with a wait
    /// before each time; so `change` can be called several times, each time with the token as it is then. All of it ends by
    /// the deadline of the [`RetryPolicy`](crate::RetryPolicy).
    ///
    /// A property that the token does not have can't be tested for: there, what someone else adds at the same moment is
    /// overwritten.
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
    pub async fn edit(&self, id: &TokenId, change: impl FnMut(&mut Token)) -> Result<Token, Error> {
        self.edit_infallible(id, None, change).await
    }

    /// The same as [`edit`](Self::edit), with a comment for the audit log on why the change is made.
    ///
    /// # Errors
    /// Those of [`edit`](Self::edit).
    pub async fn edit_with_comment(
        &self,
        id: &TokenId,
        comment: &str,
        change: impl FnMut(&mut Token),
    ) -> Result<Token, Error> {
        self.edit_infallible(id, Some(comment), change).await
    }

    /// The same as [`edit`](Self::edit), with a `change` that may fail. Then nothing is written, and its error is returned.
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
        loop {
            let mut wanted = token.clone();
            change(&mut wanted)?;
            let difference = Difference::between(&token, &wanted);
            if difference.patch.is_empty() {
                return Ok(token);
            }
            token = match client.write(id, &difference, comment, round, &token).await? {
                Written::Done(token) => return Ok(token),
                Written::Again(token) => token,
            };
            client.back_off(round).await;
            round += 1;
        }
    }

    async fn edit_infallible(
        &self,
        id: &TokenId,
        comment: Option<&str>,
        mut change: impl FnMut(&mut Token),
    ) -> Result<Token, Error> {
        let change = |token: &mut Token| -> Result<(), Error> {
            change(token);
            Ok(())
        };
        self.try_edit(id, comment, change).await
    }

    /// Writes a difference to what `before` was. If that fails, the token read again tells whether to start again.
    async fn write(
        &self,
        id: &TokenId,
        difference: &Difference,
        comment: Option<&str>,
        round: u32,
        before: &Token,
    ) -> Result<Written, Error> {
        let patch = match comment {
            Some(comment) => &difference.patch.clone().comment(comment),
            None => &difference.patch,
        };
        let error = match self.update(id, patch).await {
            Ok(token) => return Ok(Written::Done(token)),
            Err(error) => error,
        };
        let is_unknown = matches!(error, Error::OutcomeUnknown { .. });
        if !is_unknown && (round >= MAX_ROUNDS || !matches!(error, Error::Conflict(_) | Error::PatchFailed(_))) {
            return Err(error);
        }
        let now = match self.get(id).await {
            Ok(now) => now,
            // The failed read does not change that the patch may have been applied.
            Err(_) if is_unknown => return Err(error),
            Err(failed) => return Err(failed),
        };
        match (is_unknown, difference.state(&now)) {
            (true, State::Changed) => Ok(Written::Done(now)),
            (true, State::Other) => Err(error),
            (true, State::Unchanged) if round >= MAX_ROUNDS => Err(error),
            // Nobody changed the token, so it is the patch that does not apply.
            (false, State::Unchanged)
                if matches!(error, Error::PatchFailed(_)) && now.last_modified == before.last_modified =>
            {
                Err(error)
            }
            _ => Ok(Written::Again(now)),
        }
    }
}

enum Written {
    Done(Token),
    Again(Token),
}

/// What an edit changes.
struct Difference {
    patch: Patch,
    properties: Vec<Property>,
}

struct Property {
    name: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// A token compared with a difference.
#[derive(Debug, PartialEq)]
enum State {
    /// As before the change.
    Unchanged,
    /// As after the change.
    Changed,
    /// Neither.
    Other,
}

impl Difference {
    fn between(before: &Token, after: &Token) -> Self {
        let (old, new) = (properties(before), properties(after));
        let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
        let properties: Vec<Property> = names
            .filter(|name| old.get(*name) != new.get(*name))
            .map(|name| Property { name: name.clone(), before: old.get(name).cloned(), after: new.get(name).cloned() })
            .collect();

        let mut patch = Patch::new();
        for Property { name, before, .. } in &properties {
            if let Some(value) = before {
                patch = patch.expect(pointer(name), value.clone());
            }
        }
        for Property { name, before, after } in &properties {
            let op = match (before, after) {
                (_, None) => PatchOperationOp::Remove,
                (Some(_), Some(_)) => PatchOperationOp::Replace,
                // The vendor's own tools set absent permissions so (fact 6).
                (None, _) if PERMISSIONS.contains(&name.as_str()) => PatchOperationOp::Replace,
                (None, _) => PatchOperationOp::Add,
            };
            patch = patch.change(op, pointer(name), after.clone());
        }
        Self { patch, properties }
    }

    fn state(&self, token: &Token) -> State {
        let now = properties(token);
        let all = |side: fn(&Property) -> &Option<Value>| {
            self.properties.iter().all(|property| now.get(&property.name) == side(property).as_ref())
        };
        if all(|property| &property.before) {
            State::Unchanged
        } else if all(|property| &property.after) {
            State::Changed
        } else {
            State::Other
        }
    }
}

fn properties(token: &Token) -> Map<String, Value> {
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

//! Read, change, write: without overwriting what was not read.

use ldtokens_client::types::{PatchOperationOp, Token};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;
use crate::patch::Patch;
use crate::token_id::TokenId;

/// How often an edit starts over before it gives up.
const MAX_ROUNDS: u32 = 8;

impl Client {
    /// Reads the token `id`, lets `change` change it, and writes what is different, if anything is.
    ///
    /// What is written is the smallest patch, with a `test` for each value that it replaces, so that nothing is
    /// overwritten that `change` has not seen. If another change comes between, it all starts over from a fresh read,
    /// at most eight times; so `change` can be called several times, each time with what is there by then.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client, id: ldtokens::TokenId) -> Result<(), ldtokens::Error> {
    /// let token = client.edit(&id, |token| token.description = Some("Used by the nightly export".into())).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Conflict`] or [`Error::PatchFailed`] if others kept changing the token; [`Error::OutcomeUnknown`] if an
    /// answer is lost and what is there afterwards shows neither that the change was made nor that it was not; and those
    /// of [`get`](Self::get) and [`update`](Self::update).
    pub async fn edit(&self, id: &TokenId, change: impl FnMut(&mut Token)) -> Result<Token, Error> {
        self.edit_and_say(id, None, change).await
    }

    /// The same, with a comment for the audit log on why the change is made.
    ///
    /// # Errors
    /// Those of [`edit`](Self::edit).
    pub async fn edit_with_comment(
        &self,
        id: &TokenId,
        comment: &str,
        change: impl FnMut(&mut Token),
    ) -> Result<Token, Error> {
        self.edit_and_say(id, Some(comment), change).await
    }

    async fn edit_and_say(
        &self,
        id: &TokenId,
        comment: Option<&str>,
        mut change: impl FnMut(&mut Token),
    ) -> Result<Token, Error> {
        let mut token = self.get(id).await?;
        for round in 1.. {
            let mut wanted = token.clone();
            change(&mut wanted);
            let difference = Difference::between(&token, &wanted);
            if difference.patch.is_empty() {
                return Ok(token);
            }
            let patch = match comment {
                Some(comment) => &difference.patch.clone().comment(comment),
                None => &difference.patch,
            };
            let error = match self.update(id, patch).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let now = match error {
                Error::Conflict(_) | Error::PatchFailed(_) if round < MAX_ROUNDS => self.get(id).await?,
                // What can't be looked at stays unknown.
                Error::OutcomeUnknown { .. } if round < MAX_ROUNDS => match self.get(id).await {
                    Ok(now) => now,
                    Err(_) => return Err(error),
                },
                error => return Err(error),
            };
            match (&error, difference.state(&now)) {
                (Error::OutcomeUnknown { .. }, State::Changed) => return Ok(now),
                (Error::OutcomeUnknown { .. }, State::Other) => return Err(error),
                // Nobody came between, so it is the patch itself that doesn't apply.
                (Error::PatchFailed(_), State::Unchanged) if now.last_modified == token.last_modified => {
                    return Err(error);
                }
                _ => token = now,
            }
        }
        unreachable!("the last round returns")
    }
}

/// What an edit changes, property by property.
struct Difference {
    patch: Patch,
    properties: Vec<Property>,
}

struct Property {
    name: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// How a token stands to a difference.
#[derive(Debug, PartialEq)]
enum State {
    /// As it was before.
    Unchanged,
    /// As it is to be.
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
            patch = match before {
                Some(value) => patch.expect(pointer(name), value.clone()),
                // No `test` says that something is absent; but when the token last changed says as much.
                None if patch.operations().any(|test| test.path == "/lastModified") => patch,
                None => patch.expect("/lastModified", before_last_modified(&old)),
            };
        }
        for Property { name, before, after } in &properties {
            let op = match (before, after) {
                (Some(_), Some(_)) => PatchOperationOp::Replace,
                (_, None) => PatchOperationOp::Remove,
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

fn before_last_modified(token: &Map<String, Value>) -> Value {
    token.get("lastModified").cloned().unwrap_or_default()
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
mod tests {
    use super::{Difference, State};
    use ldtokens_client::types::Token;

    fn token(json: &str) -> Token {
        let mut all = serde_json::json!({
            "_id": "a", "ownerId": "b", "memberId": "b", "creationDate": 1, "lastModified": 2, "_links": {}
        });
        let some: serde_json::Value = serde_json::from_str(json).unwrap();
        all.as_object_mut().unwrap().extend(some.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn patch(before: &str, after: &str) -> String {
        let difference = Difference::between(&token(before), &token(after));
        if difference.patch.is_empty() {
            return String::new();
        }
        serde_json::to_string(&difference.patch.to_delta().unwrap()).unwrap()
    }

    #[test]
    fn only_what_differs_is_written_and_each_value_replaced_is_tested() {
        assert_eq!(patch(r#"{"name": "a"}"#, r#"{"name": "a"}"#), "");
        assert_eq!(
            patch(r#"{"name": "a", "role": "reader"}"#, r#"{"name": "b", "role": "reader"}"#),
            r#"[{"op":"test","path":"/name","value":"a"},{"op":"replace","path":"/name","value":"b"}]"#
        );
        assert_eq!(
            patch(r#"{"description": "a"}"#, "{}"),
            r#"[{"op":"test","path":"/description","value":"a"},{"op":"remove","path":"/description"}]"#
        );
    }

    #[test]
    fn what_was_absent_is_added_only_if_the_token_has_not_changed_since() {
        assert_eq!(
            patch("{}", r#"{"name": "a", "description": "b"}"#),
            r#"[{"op":"test","path":"/lastModified","value":2},{"op":"add","path":"/description","value":"b"},{"op":"add","path":"/name","value":"a"}]"#
        );
    }

    #[test]
    fn a_token_shows_whether_the_change_was_made() {
        let difference = Difference::between(&token(r#"{"name": "a"}"#), &token(r#"{"name": "b"}"#));
        assert_eq!(difference.state(&token(r#"{"name": "a", "description": "x"}"#)), State::Unchanged);
        assert_eq!(difference.state(&token(r#"{"name": "b", "description": "x"}"#)), State::Changed);
        assert_eq!(difference.state(&token(r#"{"name": "c"}"#)), State::Other);
    }
}

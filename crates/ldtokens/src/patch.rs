//! Changes to a token: patches, and edits, which read the token and make a patch of what changed.

use ldtokens_client::types::{JsonPatch, PatchDelta, PatchWithComment};
use ldtokens_core::DecodedResponse;
use serde_json::{Map, Value};

use crate::unexpected_response::{self, is_undecodable_success};
use crate::{Client, Error, Operation, PatchOperation, PatchOperationOp, Permissions, Token, TokenId, UnixMillis};

/// The maximum number of times that an edit reads and writes.
const MAX_ROUNDS: u32 = 8;

/// The properties that give a token its permissions.
const PERMISSIONS: [&str; 3] = ["role", "customRoleIds", "inlineRole"];

/// Changes to a token, as a JSON Patch (RFC 6902). Either all of them are applied or none is.
///
/// ```
/// use ldtokens::Patch;
/// let patch = Patch::new().expect("/name", "Nightly export").name("Export").comment("Renamed with the project");
/// # let _ = patch;
/// ```
///
/// A patch writes without reading. If others may write at the same time, use [`Client::edit`](crate::Client::edit).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "nothing is changed until it is given to `Client::update`"]
pub struct Patch {
    operations: Vec<PatchOperation>,
    /// So many of the operations were set by [`expect`](Self::expect), and are the first.
    tests: usize,
    comment: Option<String>,
}

impl Patch {
    /// An empty patch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The patch of these operations, in this order.
    pub fn from_operations(operations: impl IntoIterator<Item = PatchOperation>) -> Self {
        Self { operations: operations.into_iter().collect(), ..Self::default() }
    }

    /// Sets the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.change(PatchOperationOp::Add, "/name", Some(name.into().into()))
    }

    /// Sets the description.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.change(PatchOperationOp::Add, "/description", Some(description.into().into()))
    }

    /// Removes the description of a token that has one.
    pub fn remove_description(self) -> Self {
        self.change(PatchOperationOp::Remove, "/description", None)
    }

    /// Sets when the token expires, to the millisecond. From then on the API refuses it.
    ///
    /// Look at the [`expiry`](Token::expiry) of the token that [`Client::update`](crate::Client::update) returns: an instance of
    /// the API that does not know the property may ignore it.
    pub fn expiry(self, moment: impl Into<UnixMillis>) -> Self {
        self.change(PatchOperationOp::Add, "/expiry", Some(moment.into().get().into()))
    }

    /// Makes a token that has an expiry never expire.
    pub fn remove_expiry(self) -> Self {
        self.change(PatchOperationOp::Remove, "/expiry", None)
    }

    /// Replaces the permissions of a token that has others of the same kind. To change the kind, use
    /// [`Permissions::apply_to`] in an [`edit`](crate::Client::edit).
    pub fn permissions(self, permissions: impl Into<Permissions>) -> Self {
        let (pointer, value) = match permissions.into() {
            Permissions::Role(role) => ("/role", role.as_str().into()),
            Permissions::CustomRoles(keys) => ("/customRoleIds", keys.into()),
            Permissions::Inline(policy) => {
                ("/inlineRole", serde_json::to_value(policy.to_wire()).expect("statements are JSON"))
            }
        };
        self.change(PatchOperationOp::Replace, pointer, Some(value))
    }

    /// Applies the patch only if the token holds `value` at `pointer`, a JSON Pointer (RFC 6901) such as `/name`. This is a
    /// `test`, which comes before all changes.
    pub fn expect(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.operations.insert(self.tests, new_operation(PatchOperationOp::Test, pointer.into(), Some(value.into())));
        self.tests += 1;
        self
    }

    /// Why the change is made, for the audit log.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    pub(crate) fn change(mut self, op: PatchOperationOp, pointer: impl Into<String>, value: Option<Value>) -> Self {
        self.operations.push(new_operation(op, pointer.into(), value));
        self
    }

    /// Whether `token` is as the patch leaves it. False where that can't be told: with a `test`, or for a part of a property.
    fn is_shown_by(&self, token: &Token) -> bool {
        let now = properties(token);
        let is_shown = |change: &PatchOperation| match (change.op.clone(), change.path.strip_prefix('/')) {
            (PatchOperationOp::Add | PatchOperationOp::Replace | PatchOperationOp::Remove, Some(name)) => {
                !name.contains('/') && now.get(name) == change.value.as_ref()
            }
            _ => false,
        };
        self.operations.iter().all(is_shown)
    }

    /// The patch as the API takes it.
    pub(crate) fn to_delta(&self) -> Result<PatchDelta, Error> {
        if self.operations.len() == self.tests {
            return Err(Error::InvalidInput("the patch changes nothing".to_owned()));
        }
        let patch = JsonPatch(self.operations.clone());
        let Some(comment) = self.comment.clone() else { return Ok(patch.into()) };
        let delta = PatchWithComment::builder().patch(patch).comment(comment);
        Ok(PatchWithComment::try_from(delta).expect("all that it requires is set").into())
    }
}

impl Client {
    /// Applies `patch` to the token `id`: all of it or nothing. Returns the changed token.
    ///
    /// If a successful response has another body than the token, the token is read again.
    ///
    /// # Errors
    /// [`Error::PatchFailed`] if the patch does not apply or a `test` in it fails; [`Error::Conflict`] if the token changed
    /// at the same time; [`Error::OutcomeUnknown`] if the response is lost, and a retry could do harm or did not show whether
    /// the patch was applied, or if it was applied and the token can't be read; [`Error::NotFound`]; and the errors of every
    /// call.
    pub async fn update(&self, id: &TokenId, patch: &Patch) -> Result<Token, Error> {
        let delta = patch.to_delta()?;
        let update = async |raw: &ldtokens_client::Client| raw.patch_token().token_id(id).body(delta).send().await;
        let client = self.with_one_deadline();
        let (error, is_done) = match client.exchange(update).await {
            Ok(DecodedResponse { decoded: Ok(token), .. }) => return Ok(token),
            Ok(reply) => {
                let body = reply.response.body();
                let is_done = body.is_empty() || unexpected_response::is_of(body, id);
                (reply.into_value().expect_err("it was not decoded"), is_done)
            }
            Err(error) if is_undecodable_success(&error) => (error, false),
            Err(error) => return Err(error),
        };
        match client.get(id).await {
            Ok(token) if is_done || patch.is_shown_by(&token) => Ok(token),
            // Any other error would say that nothing was done.
            Ok(_) => Err(Error::outcome_unknown(Operation::PatchToken, error)),
            Err(failed) => Err(Error::outcome_unknown(Operation::PatchToken, failed)),
        }
    }

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
            if difference.0.is_empty() {
                return Ok(token);
            }
            let patch = Patch { comment: comment.map(str::to_owned), ..difference.patch() };
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
            // The first error says more.
            let Ok(now) = client.get(id).await else { return give_up(error) };
            let is_applied = |patch: &Difference| patch.fits(&now, true);
            if is_unknown && is_applied(&difference) || lost.as_ref().is_some_and(is_applied) {
                return Ok(now);
            }
            let is_unchanged = difference.fits(&now, false);
            let is_final = match error {
                // A page in place of the API's response would come again.
                Error::OutcomeUnknown { .. } => !is_unchanged || round >= MAX_ROUNDS || is_undecodable_success(&error),
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

/// What an edit changes: the name of each property that differs, and its values before and after.
struct Difference(Vec<(String, [Option<Value>; 2])>);

impl Difference {
    fn between(before: &Token, after: &Token) -> Self {
        let (before, after) = (properties(before), properties(after));
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let sides = names.map(|name| (name.clone(), [&before, &after].map(|side| side.get(name).cloned())));
        Self(sides.filter(|(_, [before, after])| before != after).collect())
    }

    fn patch(&self) -> Patch {
        let mut patch = Patch::new();
        for (name, [before, after]) in &self.0 {
            // As a JSON Pointer (RFC 6901, section 3).
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let op = match (before, after) {
                (_, None) => PatchOperationOp::Remove,
                // The vendor's own tools set absent permissions in this way (fact 6).
                (None, _) if !PERMISSIONS.contains(&name.as_str()) => PatchOperationOp::Add,
                _ => PatchOperationOp::Replace,
            };
            if let Some(value) = before {
                patch = patch.expect(pointer.as_str(), value.clone());
            }
            patch = patch.change(op, pointer, after.clone());
        }
        patch
    }

    /// Whether `token` has the values before the change, or after it.
    fn fits(&self, token: &Token, is_after: bool) -> bool {
        let now = properties(token);
        self.0.iter().all(|(name, sides)| now.get(name) == sides[usize::from(is_after)].as_ref())
    }
}

fn properties(token: &Token) -> Map<String, Value> {
    match serde_json::to_value(token) {
        Ok(Value::Object(properties)) => properties,
        _ => unreachable!("a token is a JSON object"),
    }
}

fn new_operation(op: PatchOperationOp, path: String, value: Option<Value>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).try_into().expect("all that an operation requires is set")
}

#[cfg(test)]
#[path = "../tests/unit/patch.rs"]
mod tests;

use ldtokens_client::types::{JsonPatch, PatchDelta, PatchWithComment};
use ldtokens_core::DecodedResponse;
use serde_json::{Map, Value};

use crate::odd_response::{self, is_foreign};
use crate::{Client, Error, Operation, PatchOperation, PatchOperationOp, Permissions, Token, TokenId, UnixMillis};

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
            (PatchOperationOp::Add | PatchOperationOp::Replace, Some(name)) => now.get(name) == change.value.as_ref(),
            (PatchOperationOp::Remove, Some(name)) => !name.contains('/') && !now.contains_key(name),
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
                let is_done = body.is_empty() || odd_response::is_of(body, id);
                (reply.into_value().expect_err("it was not decoded"), is_done)
            }
            Err(error) if is_foreign(&error) => (error, false),
            Err(error) => return Err(error),
        };
        match client.get(id).await {
            Ok(token) if is_done || patch.is_shown_by(&token) => Ok(token),
            // Any other error would say that nothing was done.
            Ok(_) => Err(Error::outcome_unknown(Operation::PatchToken, error)),
            Err(failed) => Err(Error::outcome_unknown(Operation::PatchToken, failed)),
        }
    }
}

pub(crate) fn properties(token: &Token) -> Map<String, Value> {
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

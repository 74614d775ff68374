//! The operations: the six of `openapi.yaml`, and five that only read. Each has a route, and a function that carries it out.

mod identity_and_roles;
pub(crate) mod listing;
mod patch;
pub(crate) mod token_response;
pub(crate) mod token_rules;
mod tokens;
pub(crate) mod validation;

use std::collections::BTreeMap;

use axum::response::Response;
use ldtokens_client::ApiVersion;
use ldtokens_operations::OPERATIONS;
use serde_json::Value;

use crate::access::{Action, Caller, Credential};
use crate::operations::listing::Listing;
use crate::operations::token_rules::Strictness;
use crate::response::ApiError;
use crate::store::{LastUse, Records, StoredToken};

/// All operations that this server has.
pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    let of_tokens = OPERATIONS.iter().filter_map(|spec| {
        let handler = tokens::handler(spec.id)?;
        Some(Operation { id: spec.id, method: spec.method, path: spec.path, parameters_of: spec.id, handler })
    });
    of_tokens.chain(identity_and_roles::OPERATIONS)
}

/// The IDs of all operations.
pub(crate) fn operation_ids() -> impl Iterator<Item = &'static str> {
    operations().map(|operation| operation.id)
}

/// An operation that this server has.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    /// In capitals.
    pub(crate) method: &'static str,
    /// Relative to the path of the API, with parameters in braces.
    pub(crate) path: &'static str,
    /// The ID of the operation in `openapi.yaml` whose parameters it takes.
    pub(crate) parameters_of: &'static str,
    pub(crate) handler: Handler,
}

/// The function that carries out an operation, by how it uses the store.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// It only reads.
    Read(fn(&Request<'_>) -> Result<Response, ApiError>),
    /// It reads tokens, perhaps many.
    List(fn(&Request<'_>) -> Result<Listing, ApiError>),
    /// It reads and writes in one transaction.
    Write(fn(&Request<'_>) -> Result<Response, ApiError>),
    /// It reads a token and returns a changed one, which is written if the token has not been changed meanwhile. If it has, the
    /// function runs again. If the change can then no longer be applied, the response is a conflict, which the vendor calls
    /// optimistic locking.
    Change(fn(&Request<'_>) -> Result<Change, ApiError>),
}

/// A request to an operation, within a transaction.
pub(crate) struct Request<'a> {
    pub(crate) records: &'a Records<'a>,
    pub(crate) caller: &'a Caller,
    pub(crate) last_use: &'a LastUse,
    pub(crate) strictness: Strictness,
    pub(crate) input: &'a RequestInput,
}

/// The checked input of a request.
#[derive(Debug)]
pub(crate) struct RequestInput {
    pub(crate) credential: Credential,
    /// Unix milliseconds.
    pub(crate) now: i64,
    /// The API version of the request.
    pub(crate) version: ApiVersion,
    /// The ID in the path, or an empty text.
    pub(crate) path_id: String,
    /// The parameters of the query, of the types that `openapi.yaml` gives them.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// The body, or null if the operation has none.
    pub(crate) body: Value,
}

/// A changed token, and the response once it is written.
pub(crate) struct Change {
    /// The changed token, with the revision that was read.
    pub(crate) token: StoredToken,
    /// Whether it differs from what was read.
    pub(crate) is_change: bool,
    /// The actions that the change consists of.
    pub(crate) actions: Vec<Action>,
    pub(crate) response: Response,
}

impl Change {
    /// Whether the caller still has permission for the change. False if the token is gone, or can't be seen any more.
    pub(crate) fn is_still_allowed(&self, request: &Request<'_>) -> Result<bool, ApiError> {
        let Some(current) = request.records.token(&self.token.id)? else { return Ok(false) };
        request.caller.decide(request.records, &current, &self.actions, Some(&self.token.properties))?;
        Ok(true)
    }
}

impl Request<'_> {
    pub(crate) fn parameter(&self, name: &str) -> Option<i64> {
        self.input.parameters.get(name).and_then(Value::as_i64)
    }
}

//! The six operations.

pub(crate) mod identity_and_roles;
pub(crate) mod listing;
pub(crate) mod patch;
pub(crate) mod strictness;
pub(crate) mod token_response;
pub(crate) mod token_rules;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use ldtokens_client::Secret;
use serde_json::{Value, json};

use crate::access::{Action, Caller};
use crate::account::custom_role_ids;
use crate::http::response::{ApiError, json_text_response, no_content};
use crate::operations::listing::Listing;
use crate::operations::patch::patched;
use crate::operations::strictness::Strictness;
use crate::operations::token_rules::{kept, later, link, new_token};
use crate::secrets;
use crate::store::{LastUse, Records, StoredToken};
use axum::response::Response;

/// The first version of the API whose lists come in pages.
const FIRST_PAGED_VERSION: i64 = 20240415;
const DEFAULT_LIMIT: i64 = 25;

/// A page never has more tokens, whatever is asked for. Our choice: the vendor names no limit.
const LARGEST_LIMIT: i64 = 1000;

/// What is asked for, as far as it is the same for all operations.
#[derive(Debug)]
pub(crate) struct RequestInput {
    /// The hash of the caller's secret.
    pub(crate) credential: [u8; 32],
    /// Unix milliseconds.
    pub(crate) now: i64,
    /// The API version that it is for.
    pub(crate) version: i64,
    /// The token or custom role that the path names, if it names one.
    pub(crate) path_id: String,
    /// The query's parameters, as the document types them.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// The body, which the document allows; null if there is none to be.
    pub(crate) body: Value,
}

/// A request as an operation sees it, within a transaction.
pub(crate) struct Request<'a> {
    pub(crate) records: &'a Records<'a>,
    pub(crate) caller: &'a Caller,
    pub(crate) last_use: &'a LastUse,
    pub(crate) strictness: Strictness,
    pub(crate) input: &'a RequestInput,
}

/// How an operation does its work.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// It only reads.
    Read(fn(&Request<'_>) -> Result<Response, ApiError>),
    /// It reads tokens, perhaps many.
    List(fn(&Request<'_>) -> Result<Listing, ApiError>),
    /// It reads and writes, after all writes before it.
    Write(fn(&Request<'_>) -> Result<Response, ApiError>),
    /// It decides by what it reads, and then writes; what no longer holds by then is a conflict: what the vendor calls
    /// optimistic locking.
    Change(fn(&Request<'_>) -> Result<Change, ApiError>),
}

/// What is to take a token's place, and the response if it does.
pub(crate) struct Change {
    /// As it is to be, with the revision that it was read at.
    pub(crate) token: StoredToken,
    /// Whether that differs from what was read.
    pub(crate) is_change: bool,
    pub(crate) response: Response,
}

/// The operation of that name, if this server has it.
pub(crate) fn work(operation: &str) -> Option<Work> {
    Some(match operation {
        "getTokens" => Work::List(get_tokens),
        "postToken" => Work::Write(post_token),
        "getToken" => Work::Read(get_token),
        "patchToken" => Work::Change(patch_token),
        "deleteToken" => Work::Write(delete_token),
        "resetToken" => Work::Write(reset_token),
        other => return identity_and_roles::work(other),
    })
}

impl Request<'_> {
    pub(crate) fn parameter(&self, name: &str) -> Option<i64> {
        self.input.parameters.get(name).and_then(Value::as_i64)
    }

    /// The response that shows the token.
    fn show(&self, status: StatusCode, token: &StoredToken) -> Response {
        json_text_response(status, token_response::text(token, self.last_used(token)))
    }

    /// The one time that a secret is shown whole.
    fn show_with_secret(&self, status: StatusCode, mut token: StoredToken, secret: &Secret) -> Response {
        token.document["token"] = secret.expose().into();
        self.show(status, &token)
    }

    fn last_used(&self, token: &StoredToken) -> Option<i64> {
        self.last_use.of(token.number).or(token.last_used)
    }
}

fn get_tokens(request: &Request<'_>) -> Result<Listing, ApiError> {
    let records = request.records;
    let show_all = request.input.parameters.get("showAll").and_then(Value::as_bool).unwrap_or(false);
    let visible = request.caller.visible(show_all);
    if request.input.version < FIRST_PAGED_VERSION {
        let links = json!({ "self": link(&href(None, 0, show_all)) });
        let place = records.place(&visible, 0)?;
        return Ok(Listing::begin(records, visible, place, None, &links, None)?);
    }
    let limit = request.parameter("limit").unwrap_or(DEFAULT_LIMIT).min(LARGEST_LIMIT);
    let offset = request.parameter("offset").unwrap_or(0);
    let count = records.total(&visible)?;
    let to = |offset| link(&href(Some(limit), offset, show_all));
    let mut links = json!({ "self": to(offset) });
    if offset > 0 {
        links["first"] = to(0);
        links["prev"] = to(offset.saturating_sub(limit).max(0));
    }
    if offset.saturating_add(limit) < count {
        links["next"] = to(offset + limit);
        links["last"] = to((count - 1) / limit * limit);
    }
    let place = records.place(&visible, offset)?;
    Ok(Listing::begin(records, visible, place, Some(limit), &links, Some(count))?)
}

fn href(limit: Option<i64>, offset: i64, show_all: bool) -> String {
    let mut parts = Vec::new();
    parts.extend(limit.map(|limit| format!("limit={limit}")));
    parts.extend((offset > 0).then(|| format!("offset={offset}")));
    parts.extend(show_all.then(|| "showAll=true".to_owned()));
    let query = parts.join("&");
    if query.is_empty() { "/api/v2/tokens".to_owned() } else { format!("/api/v2/tokens?{query}") }
}

fn post_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let Request { records, caller, input, .. } = request;
    let owner = records.owner_id()?;
    let mut token = new_token(secrets::new_id(), &input.body, &owner, caller.token.member.clone(), input.now)?;
    caller.require(records, Action::Create, &token)?;
    if let Some(document) = token.document.as_object_mut() {
        custom_role_ids::resolve(records, request.strictness, document)?;
    }
    caller.require_permissions(records, &token.document)?;
    let secret = secrets::new_secret();
    token.document["token"] = secret.last_four().into();
    records.add_token(&token)?;
    records.add_secret(&token.id, &secrets::hash(secret.expose()))?;
    Ok(request.show_with_secret(StatusCode::CREATED, token, &secret))
}

fn get_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = request.caller.find(request.records, &request.input.path_id, &[])?;
    Ok(request.show(StatusCode::OK, &token))
}

fn patch_token(request: &Request<'_>) -> Result<Change, ApiError> {
    let Request { records, caller, input, .. } = request;
    let token = records.token(&input.path_id)?.ok_or_else(ApiError::not_found)?;
    let patched =
        patched(&token_response::value(&token, request.last_used(&token)), &input.body, input.now, |document| {
            custom_role_ids::resolve(records, request.strictness, document)
        });
    let actions = patched.as_ref().map_or(&[][..], |(_, actions)| actions);
    let mut token = caller.known(records, token, actions)?;
    let (document, actions) = patched?;
    let document = kept(document);
    if actions.contains(&Action::UpdatePolicy) {
        caller.require_permissions(records, &document)?;
    }
    let is_change = document != *token.document;
    token.document = document.into();
    let response = request.show(StatusCode::OK, &token);
    Ok(Change { token, is_change, response })
}

fn delete_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = request.caller.find(request.records, &request.input.path_id, &[Action::Delete])?;
    request.records.delete_token(&token.id)?;
    request.last_use.forget(token.number);
    Ok(no_content())
}

/// The end of the year 9999. A later expiry is no time in milliseconds.
const LATEST_EXPIRY: i64 = 253_402_300_799_999;

/// When the old secrets of a token that is reset stop working: a time that has passed, as 0 has, means at once.
fn expiry(request: &Request<'_>) -> Result<i64, ApiError> {
    match request.parameter("expiry") {
        None => Ok(request.input.now),
        Some(expiry @ 0..=LATEST_EXPIRY) => Ok(expiry),
        Some(expiry) => Err(ApiError::invalid_request(format!(
            "expiry: {expiry} is not a Unix time in milliseconds; leave it out to end the old secret at once"
        ))),
    }
}

/// The secrets that the token has work until `expiry`, those that expire sooner excepted.
fn reset_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let Request { records, caller, input, .. } = request;
    let mut token = caller.find(records, &input.path_id, &[Action::Reset])?;
    let is_its_own = !caller.token.service && caller.token.member.id == token.member.id;
    if !token.service && !is_its_own {
        request.strictness.refuse_if_strict(ApiError::not_its_member())?;
    }
    records.expire_secrets(&token.id, expiry(request)?, input.now)?;
    let secret = secrets::new_secret();
    records.add_secret(&token.id, &secrets::hash(secret.expose()))?;
    token.document["lastModified"] = later(&token.document, input.now).into();
    token.document["token"] = secret.last_four().into();
    records.replace(&token)?;
    Ok(request.show_with_secret(StatusCode::OK, token, &secret))
}

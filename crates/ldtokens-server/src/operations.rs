//! The six operations.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use ldtokens_client::Secret;
use serde_json::{Value, json};

use crate::access::{Action, Caller};
use crate::answer::{Answer, Refusal, json_answer, no_content};
use crate::document::{link, new_token, patched, shown};
use crate::secrets;
use crate::store::{Records, StoredToken};

/// The first version of the API whose lists come in pages.
const FIRST_PAGED_VERSION: i64 = 20240415;
const DEFAULT_LIMIT: i64 = 25;

/// A request, as far as it is the same for all operations.
pub(crate) struct Request<'a> {
    pub(crate) records: &'a Records<'a>,
    pub(crate) caller: &'a Caller,
    /// Unix milliseconds.
    pub(crate) now: i64,
    /// The API version that it is for.
    pub(crate) version: i64,
    /// The query's parameters, as the document types them.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// The body, which the document allows.
    pub(crate) body: &'a [u8],
}

pub(crate) fn get_tokens(request: &Request<'_>) -> Result<Answer, Refusal> {
    let integer = |name: &str| request.parameters.get(name).and_then(Value::as_i64);
    let show_all = request.parameters.get("showAll").and_then(Value::as_bool).unwrap_or(false);
    let (limit, offset) = (integer("limit"), integer("offset"));
    let visible = request.caller.visible(show_all);

    if request.version < FIRST_PAGED_VERSION && limit.is_none() && offset.is_none() {
        let (count, tokens) = request.records.page(&visible, -1, 0)?;
        return Ok(page_answer(&tokens, count, json!({ "self": link(&href(None, 0, show_all)) })));
    }
    let (limit, offset) = (limit.unwrap_or(DEFAULT_LIMIT), offset.unwrap_or(0));
    let (count, tokens) = request.records.page(&visible, limit, offset)?;
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
    Ok(page_answer(&tokens, count, links))
}

fn page_answer(tokens: &[StoredToken], count: i64, links: Value) -> Answer {
    let items: Vec<Value> = tokens.iter().map(shown).collect();
    json_answer(StatusCode::OK, &json!({ "items": items, "totalCount": count, "_links": links }))
}

fn href(limit: Option<i64>, offset: i64, show_all: bool) -> String {
    let mut parts = Vec::new();
    parts.extend(limit.map(|limit| format!("limit={limit}")));
    parts.extend((offset > 0).then(|| format!("offset={offset}")));
    parts.extend(show_all.then(|| "showAll=true".to_owned()));
    let query = parts.join("&");
    if query.is_empty() { "/api/v2/tokens".to_owned() } else { format!("/api/v2/tokens?{query}") }
}

pub(crate) fn post_token(request: &Request<'_>) -> Result<Answer, Refusal> {
    let mut token = new_token(secrets::new_id(), request.body, request.caller.token.member.clone(), request.now)?;
    request.caller.require(Action::Create, &token)?;
    request.caller.require_reach(&token.document)?;
    let secret = secrets::new_secret();
    token.document["token"] = secret.last_four().into();
    request.records.add_token(&token)?;
    request.records.add_secret(&token.id, &secrets::hash(secret.expose()))?;
    Ok(json_answer(StatusCode::CREATED, &with_secret(&token, &secret)))
}

pub(crate) fn get_token(request: &Request<'_>, id: &str) -> Result<Answer, Refusal> {
    let token = request.caller.find(request.records, id)?;
    Ok(json_answer(StatusCode::OK, &shown(&token)))
}

pub(crate) fn patch_token(request: &Request<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut token = request.caller.find(request.records, id)?;
    let (document, actions) = patched(&token.document, request.body, request.now)?;
    for action in &actions {
        request.caller.require(*action, &token)?;
    }
    if actions.contains(&Action::UpdatePolicy) {
        request.caller.require_reach(&document)?;
    }
    request.records.set_document(id, &document)?;
    token.document = document;
    Ok(json_answer(StatusCode::OK, &shown(&token)))
}

pub(crate) fn delete_token(request: &Request<'_>, id: &str) -> Result<Answer, Refusal> {
    let token = request.caller.find(request.records, id)?;
    request.caller.require(Action::Delete, &token)?;
    request.records.delete_token(id)?;
    Ok(no_content())
}

/// The secrets that the token has work until `expiry`, those that expire sooner excepted.
pub(crate) fn reset_token(request: &Request<'_>, id: &str) -> Result<Answer, Refusal> {
    let expiry = request.parameters.get("expiry").and_then(Value::as_i64);
    let mut token = request.caller.find(request.records, id)?;
    request.caller.require(Action::Reset, &token)?;
    request.records.expire_secrets(id, expiry.unwrap_or(request.now), request.now)?;
    let secret = secrets::new_secret();
    request.records.add_secret(id, &secrets::hash(secret.expose()))?;
    let modified = token.document["lastModified"].as_i64().map_or(request.now, |last| request.now.max(last + 1));
    token.document["lastModified"] = modified.into();
    token.document["token"] = secret.last_four().into();
    request.records.set_document(id, &token.document)?;
    Ok(json_answer(StatusCode::OK, &with_secret(&token, &secret)))
}

/// The one time that a secret is shown whole.
fn with_secret(token: &StoredToken, secret: &Secret) -> Value {
    let mut whole = shown(token);
    whole["token"] = secret.expose().into();
    whole
}

//! A token's document: how it begins, and what is kept of it.

use ldtokens_client::types::{Statement, TokenBody};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::response::ApiError;
use crate::store::{Member, StoredToken};

/// The versions of the API, the oldest first.
pub(crate) const API_VERSIONS: [i64; 5] = [20160426, 20191212, 20210729, 20220603, 20240415];

/// A new token of `member`'s in the account of the member with the ID `owner`, as `body` asks for it.
pub(crate) fn new_token(
    id: String,
    body: &Value,
    owner: &str,
    member: Member,
    now: i64,
) -> Result<StoredToken, ApiError> {
    let invalid = |error: serde_json::Error| ApiError::invalid_request(format!("Invalid request body: {error}"));
    let body = TokenBody::deserialize(body).map_err(invalid)?;
    let service = body.service_token.unwrap_or(false);
    let version = body.default_api_version.unwrap_or(API_VERSIONS[API_VERSIONS.len() - 1]);
    if !API_VERSIONS.contains(&version) {
        return Err(ApiError::invalid_request(format!("defaultApiVersion must be one of {API_VERSIONS:?}")));
    }
    check_permissions(&body)?;
    let mut document = serde_json::to_value(&body).map_err(invalid)?;
    let fixed = json!({
        "_id": id,
        "ownerId": owner,
        "memberId": member.id,
        "creationDate": now,
        "lastModified": now,
        "serviceToken": service,
        "defaultApiVersion": version,
    });
    if let (Value::Object(document), Value::Object(fixed)) = (&mut document, fixed) {
        document.extend(fixed);
    }
    let document = document.into();
    Ok(StoredToken { number: 0, id, member, service, last_used: None, revision: 0, document })
}

/// When a change at `now` counts as made: after the one before it, also where the clock stands still or went back, so that
/// a `test` of it tells any two states apart.
pub(crate) fn later(document: &Value, now: i64) -> i64 {
    document["lastModified"].as_i64().map_or(now, |last| now.max(last.saturating_add(1)))
}

/// Refuses what does not have one kind of permissions.
pub(crate) fn check_permissions(body: &TokenBody) -> Result<(), ApiError> {
    let kinds = [body.role.is_some(), !body.custom_role_ids.is_empty(), !body.inline_role.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() != 1 {
        let message = "exactly one of role, customRoleIds and inlineRole gives a token its permissions";
        return Err(ApiError::invalid_request(message));
    }
    body.inline_role.iter().try_for_each(check_statement)
}

fn check_statement(statement: &Statement) -> Result<(), ApiError> {
    if statement.actions.is_empty() == statement.not_actions.is_empty() {
        return Err(ApiError::invalid_request("a statement of inlineRole has either actions or notActions"));
    }
    if statement.resources.is_empty() == statement.not_resources.is_empty() {
        return Err(ApiError::invalid_request("a statement of inlineRole has either resources or notResources"));
    }
    Ok(())
}

/// What is not kept in the document, since it follows from elsewhere.
const NOT_KEPT: [&str; 3] = ["_member", "_links", "lastUsed"];

/// What is kept of a token that the API shows.
pub(crate) fn kept(mut shown: Value) -> Value {
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    }
    shown
}

pub(crate) fn link(href: &str) -> Value {
    json!({ "href": href, "type": "application/json" })
}

//! A token's document: how it begins, how a patch changes it, and how it is shown.

use json_patch::{PatchErrorKind, PatchOperation};
use ldtokens_client::types::{Statement, TokenBody};
use serde_json::{Map, Value, json};

use crate::access::Action;
use crate::answer::Refusal;
use crate::judge;
use crate::store::{Member, StoredToken};

/// The versions of the API, the oldest first.
pub(crate) const API_VERSIONS: [i64; 4] = [20160426, 20210729, 20220603, 20240415];

/// How large a token may grow by a patch, in bytes and levels: what a body could hold, and what a reader of JSON takes.
const LONGEST_TOKEN: usize = 256 * 1024;
const DEEPEST_TOKEN: usize = 100;

/// The properties that a patch may change, and what changing them is called.
const MUTABLE: [(&str, Action); 5] = [
    ("name", Action::UpdateName),
    ("description", Action::UpdateDescription),
    ("role", Action::UpdatePolicy),
    ("customRoleIds", Action::UpdatePolicy),
    ("inlineRole", Action::UpdatePolicy),
];

/// A new token of `member`'s in the account of the member with the ID `owner`, as `body` asks for it.
pub(crate) fn new_token(
    id: String,
    body: &[u8],
    owner: &str,
    member: Member,
    now: i64,
) -> Result<StoredToken, Refusal> {
    let invalid = |error: serde_json::Error| Refusal::invalid_request(format!("Invalid request body: {error}"));
    let body: TokenBody = serde_json::from_slice(body).map_err(invalid)?;
    let service = body.service_token.unwrap_or(false);
    let version = body.default_api_version.unwrap_or(API_VERSIONS[API_VERSIONS.len() - 1]);
    if !API_VERSIONS.contains(&version) {
        return Err(Refusal::invalid_request(format!("defaultApiVersion must be one of {API_VERSIONS:?}")));
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
    Ok(StoredToken { id, member, service, last_used: None, revision: 0, document })
}

/// What `patch` makes of `document`, and what has to be allowed for it.
pub(crate) fn patched(document: &Value, patch: &[u8], now: i64) -> Result<(Value, Vec<Action>), Refusal> {
    let invalid = |error: serde_json::Error| Refusal::invalid_request(format!("Invalid patch: {error}"));
    let patch: Value = serde_json::from_slice(patch).map_err(invalid)?;
    let operations = match patch {
        Value::Object(mut form) => form.remove("patch").unwrap_or_default(),
        list => list,
    };
    let patch: json_patch::Patch = serde_json::from_value(operations).map_err(invalid)?;
    let mut changed = document.clone();
    for operation in patch.iter() {
        // What it leaves half done goes with the copy.
        json_patch::patch_unsafe(&mut changed, std::slice::from_ref(operation)).map_err(|error| match error.kind {
            PatchErrorKind::TestFailed => Refusal::patch_failed("a test does not hold"),
            _ => Refusal::patch_failed(&error),
        })?;
        // Each can double the token, or put it into itself; what else there is grows no more than the body does.
        let may_multiply = matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_));
        if may_multiply && !is_within(&changed, LONGEST_TOKEN, DEEPEST_TOKEN) {
            return Err(Refusal::patch_failed("the token would be too large"));
        }
    }
    let (Some(before), Some(after)) = (document.as_object(), changed.as_object_mut()) else {
        return Err(Refusal::invalid_request("A patch cannot replace the token itself"));
    };
    keep_as_created(after)?;
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut actions = Vec::new();
    for name in names.filter(|name| before.get(*name) != after.get(*name)) {
        match MUTABLE.iter().find(|(mutable, _)| mutable == name) {
            Some((_, action)) => actions.push(*action),
            None => return Err(Refusal::invalid_request(format!("{name} cannot be changed"))),
        }
    }
    if !actions.is_empty() {
        changed["lastModified"] = later(document, now).into();
    }
    Ok((changed, actions))
}

/// When a change at `now` counts as made: after the one before it, also where the clock stands still or went back, so that
/// a `test` of it tells any two states apart.
pub(crate) fn later(document: &Value, now: i64) -> i64 {
    document["lastModified"].as_i64().map_or(now, |last| now.max(last.saturating_add(1)))
}

/// Makes of the properties that a patch may change what creating a token with them makes. Refuses what that refuses.
fn keep_as_created(document: &mut Map<String, Value>) -> Result<(), Refusal> {
    let part: Map<String, Value> = MUTABLE.iter().filter_map(|(name, _)| document.remove_entry(*name)).collect();
    let part = Value::Object(part);
    judge::body("postToken", part.to_string().as_bytes())?;
    let invalid = |error: serde_json::Error| Refusal::invalid_request(error.to_string());
    let body: TokenBody = serde_json::from_value(part).map_err(invalid)?;
    check_permissions(&body)?;
    if let Value::Object(kept) = serde_json::to_value(&body).map_err(invalid)? {
        document.extend(kept);
    }
    Ok(())
}

/// Refuses what does not have one kind of permissions.
fn check_permissions(body: &TokenBody) -> Result<(), Refusal> {
    let kinds = [body.role.is_some(), !body.custom_role_ids.is_empty(), !body.inline_role.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() != 1 {
        let message = "exactly one of role, customRoleIds and inlineRole gives a token its permissions";
        return Err(Refusal::invalid_request(message));
    }
    body.inline_role.iter().try_for_each(check_statement)
}

/// Whether `value` has no more than about so many bytes, and is nested no deeper than this.
fn is_within(value: &Value, bytes: usize, depth: usize) -> bool {
    /// What is left of `bytes`.
    fn left(value: &Value, bytes: usize, depth: usize) -> Option<usize> {
        let (bytes, depth) = (bytes.checked_sub(1)?, depth.checked_sub(1)?);
        match value {
            Value::String(text) => bytes.checked_sub(text.len()),
            Value::Array(items) => items.iter().try_fold(bytes, |bytes, item| left(item, bytes, depth)),
            Value::Object(object) => {
                object.iter().try_fold(bytes, |bytes, (name, item)| left(item, bytes.checked_sub(name.len())?, depth))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(bytes),
        }
    }
    left(value, bytes, depth).is_some()
}

fn check_statement(statement: &Statement) -> Result<(), Refusal> {
    if statement.actions.is_empty() == statement.not_actions.is_empty() {
        return Err(Refusal::invalid_request("a statement of inlineRole has either actions or notActions"));
    }
    if statement.resources.is_empty() == statement.not_resources.is_empty() {
        return Err(Refusal::invalid_request("a statement of inlineRole has either resources or notResources"));
    }
    Ok(())
}

/// The token as the API shows it.
pub(crate) fn shown(token: &StoredToken, last_used: Option<i64>) -> Value {
    let mut shown = token.document.clone();
    let member = &token.member;
    shown["_member"] = json!({
        "_id": member.id,
        "_links": { "self": link(&format!("/api/v2/members/{}", member.id)) },
        "email": member.email,
        "role": member.role,
        "firstName": member.first_name,
        "lastName": member.last_name,
    });
    shown["_links"] =
        json!({ "self": link(&format!("/api/v2/tokens/{}", token.id)), "parent": link("/api/v2/tokens") });
    if let Some(last_used) = last_used {
        shown["lastUsed"] = last_used.into();
    }
    shown
}

pub(crate) fn link(href: &str) -> Value {
    json!({ "href": href, "type": "application/json" })
}

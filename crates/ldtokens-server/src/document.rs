//! A token's document: how it begins, how a patch changes it, and how it is shown.

use json_patch::PatchErrorKind;
use ldtokens_client::types::{Statement, TokenBody};
use serde_json::{Value, json};

use crate::access::Action;
use crate::answer::Refusal;
use crate::store::{Member, StoredToken};

/// The versions of the API, the oldest first.
pub(crate) const API_VERSIONS: [i64; 4] = [20160426, 20210729, 20220603, 20240415];

/// The properties that a patch may change, and what changing them is called.
const MUTABLE: [(&str, Action); 5] = [
    ("name", Action::UpdateName),
    ("description", Action::UpdateDescription),
    ("role", Action::UpdatePolicy),
    ("customRoleIds", Action::UpdatePolicy),
    ("inlineRole", Action::UpdatePolicy),
];

/// A new token of `member`'s, as `body` asks for it.
pub(crate) fn new_token(id: String, body: &[u8], member: Member, now: i64) -> Result<StoredToken, Refusal> {
    let invalid = |error: serde_json::Error| Refusal::invalid_request(format!("Invalid request body: {error}"));
    let body: TokenBody = serde_json::from_slice(body).map_err(invalid)?;
    let service = body.service_token.unwrap_or(false);
    let version = body.default_api_version.unwrap_or(API_VERSIONS[API_VERSIONS.len() - 1]);
    if !API_VERSIONS.contains(&version) {
        return Err(Refusal::invalid_request(format!("defaultApiVersion must be one of {API_VERSIONS:?}")));
    }
    let mut document = serde_json::to_value(&body).map_err(invalid)?;
    let fixed = json!({
        "_id": id,
        "ownerId": member.id,
        "memberId": member.id,
        "creationDate": now,
        "lastModified": now,
        "serviceToken": service,
        "defaultApiVersion": version,
    });
    if let (Value::Object(document), Value::Object(fixed)) = (&mut document, fixed) {
        document.extend(fixed);
    }
    check_permissions(&document)?;
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
    json_patch::patch(&mut changed, &patch).map_err(|error| match error.kind {
        PatchErrorKind::TestFailed => Refusal::patch_failed("a test does not hold"),
        _ => Refusal::patch_failed(&error),
    })?;
    let (Some(before), Some(after)) = (document.as_object(), changed.as_object_mut()) else {
        return Err(Refusal::invalid_request("A patch cannot replace the token itself"));
    };
    for list in ["customRoleIds", "inlineRole"] {
        if after.get(list).is_some_and(|value| value == &json!([])) {
            after.remove(list);
        }
    }
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut actions = Vec::new();
    for name in names.filter(|name| before.get(*name) != after.get(*name)) {
        match MUTABLE.iter().find(|(mutable, _)| mutable == name) {
            Some((_, action)) => actions.push(*action),
            None => return Err(Refusal::invalid_request(format!("{name} cannot be changed"))),
        }
    }
    check_permissions(&changed)?;
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

/// Refuses a document whose mutable properties are not of their type, or that does not have one kind of permissions.
fn check_permissions(document: &Value) -> Result<(), Refusal> {
    let wanted = json!({});
    let part = MUTABLE.iter().fold(wanted, |mut part, (name, _)| {
        if let Some(value) = document.get(*name) {
            part[*name] = value.clone();
        }
        part
    });
    let body: TokenBody = serde_json::from_value(part).map_err(|error| Refusal::invalid_request(error.to_string()))?;
    let kinds = [body.role.is_some(), !body.custom_role_ids.is_empty(), !body.inline_role.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() != 1 {
        let message = "exactly one of role, customRoleIds and inlineRole gives a token its permissions";
        return Err(Refusal::invalid_request(message));
    }
    body.inline_role.iter().try_for_each(check_statement)
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

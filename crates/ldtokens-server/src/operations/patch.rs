//! What a JSON Patch (RFC 6902) makes of a token.

use json_patch::{AddOperation, PatchErrorKind, PatchOperation};
use ldtokens_client::types::TokenBody;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::access::Action;
use crate::http::response::ApiError;
use crate::http::validation;
use crate::operations::token_rules::{check_permissions, later};

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

/// What `patch` makes of a token, given as the API shows it, and what has to be allowed for it. Only the end counts: in
/// between, the token may have no permissions or two kinds of them.
///
/// `resolve` is called when `customRoleIds` changes, to put IDs in the place of keys.
pub(crate) fn patched(
    shown: &Value,
    patch: &Value,
    now: i64,
    resolve: impl Fn(&mut Map<String, Value>) -> Result<(), ApiError>,
) -> Result<(Value, Vec<Action>), ApiError> {
    let invalid = |error: serde_json::Error| ApiError::invalid_request(format!("Invalid patch: {error}"));
    let operations = match patch {
        Value::Object(form) => form.get("patch").unwrap_or(&Value::Null),
        list => list,
    };
    let patch = json_patch::Patch::deserialize(operations).map_err(invalid)?;
    let mut changed = shown.clone();
    for (index, operation) in patch.0.into_iter().enumerate() {
        let failed = |reason: &str| ApiError::patch_failed(format!("operation {index}, counted from 0: {reason}"));
        apply(&mut changed, operation).map_err(failed)?;
    }
    let (Some(before), Some(after)) = (shown.as_object(), changed.as_object_mut()) else {
        return Err(ApiError::invalid_request("A patch cannot replace the token itself"));
    };
    keep_as_created(after)?;
    if after.get("customRoleIds") != before.get("customRoleIds") {
        resolve(after)?;
    }
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut actions = Vec::new();
    for name in names.filter(|name| before.get(*name) != after.get(*name)) {
        match MUTABLE.iter().find(|(mutable, _)| mutable == name) {
            Some((_, action)) => actions.push(*action),
            None => return Err(ApiError::invalid_request(format!("{name} cannot be changed"))),
        }
    }
    if !actions.is_empty() {
        changed["lastModified"] = later(shown, now).into();
    }
    Ok((changed, actions))
}

/// Does one operation, or says why it can't. What it leaves half done is thrown away with `token`.
fn apply(token: &mut Value, operation: PatchOperation) -> Result<(), &'static str> {
    let operation = replace_or_add(token, operation);
    json_patch::patch_unsafe(token, std::slice::from_ref(&operation)).map_err(|error| match error.kind {
        PatchErrorKind::TestFailed => "the test does not hold",
        PatchErrorKind::InvalidFromPointer => "there is nothing at its `from`",
        PatchErrorKind::InvalidPointer => "there is nothing at its path",
        PatchErrorKind::CannotMoveInsideItself => "it moves a value into itself",
        _ => "it can't be applied",
    })?;
    // Each of these can double the token, or put it into itself; what else there is grows no more than the body does.
    let may_multiply = matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_));
    if may_multiply && !is_within(token, LONGEST_TOKEN, DEEPEST_TOKEN) {
        return Err("the token would be too large");
    }
    Ok(())
}

/// By RFC 6902, only what exists can be replaced. The vendor's server also sets a property that is absent, and its Terraform
/// provider relies on that.
fn replace_or_add(token: &Value, operation: PatchOperation) -> PatchOperation {
    let PatchOperation::Replace(replace) = operation else { return operation };
    let parent = replace.path.split_back().and_then(|(parent, _)| parent.resolve(token).ok());
    if parent.is_some_and(Value::is_object) {
        PatchOperation::Add(AddOperation { path: replace.path, value: replace.value })
    } else {
        PatchOperation::Replace(replace)
    }
}

/// Makes of the properties that a patch may change what creating a token with them makes. Refuses what that refuses.
fn keep_as_created(document: &mut Map<String, Value>) -> Result<(), ApiError> {
    let part: Map<String, Value> = MUTABLE.iter().filter_map(|(name, _)| document.remove_entry(*name)).collect();
    let part = Value::Object(part);
    validation::check_body("postToken", &part)?;
    let invalid = |error: serde_json::Error| ApiError::invalid_request(error.to_string());
    let body: TokenBody = serde_json::from_value(part).map_err(invalid)?;
    check_permissions(&body)?;
    if let Value::Object(kept) = serde_json::to_value(&body).map_err(invalid)? {
        document.extend(kept);
    }
    Ok(())
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

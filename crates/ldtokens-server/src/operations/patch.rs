//! JSON Patch (RFC 6902) on a token.

use json_patch::{AddOperation, PatchErrorKind, PatchOperation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::access::Action;
use crate::operations::token_rules::{check_new, next_last_modified, token_body};
use crate::operations::validation;
use crate::response::ApiError;

/// The largest token that a patch may make, in bytes: the maximum for the body of a create.
const MAX_SIZE: usize = 256 * 1024;

/// The deepest nesting that a patch may make. JSON parsers have a limit of their own, often 128.
const MAX_DEPTH: usize = 100;

/// The properties that a patch may change, and the action that each change needs.
const MUTABLE: [(&str, Action); 6] = [
    ("name", Action::UpdateName),
    ("description", Action::UpdateDescription),
    ("role", Action::UpdatePolicy),
    ("customRoleIds", Action::UpdatePolicy),
    ("inlineRole", Action::UpdatePolicy),
    ("expiry", Action::UpdateExpiry),
];

/// Applies `patch` to `token`, which has the form that the API returns. Returns the changed token and the actions that the
/// caller needs for it. Only the result is checked: on the way, the token may have no permissions, or two kinds of them.
///
/// `replace_keys` is called if `customRoleIds` changes, to replace keys with IDs.
pub(crate) fn patched(
    token: &Value,
    patch: &Value,
    now: i64,
    replace_keys: impl Fn(&mut Map<String, Value>) -> Result<(), ApiError>,
) -> Result<(Value, Vec<Action>), ApiError> {
    let invalid = |error: serde_json::Error| ApiError::invalid_request(format!("Invalid patch: {error}"));
    let operations = match patch {
        Value::Object(form) => form.get("patch").unwrap_or(&Value::Null),
        list => list,
    };
    let patch = json_patch::Patch::deserialize(operations).map_err(invalid)?;
    let mut changed = token.clone();
    for (index, operation) in patch.0.into_iter().enumerate() {
        let failed = |reason: &str| ApiError::patch_failed(format!("operation {index} (the first is 0): {reason}"));
        apply(&mut changed, operation).map_err(failed)?;
    }
    let (Some(before), Some(after)) = (token.as_object(), changed.as_object_mut()) else {
        return Err(ApiError::invalid_request("A patch can't replace the whole token"));
    };
    normalize(after)?;
    if after.get("customRoleIds") != before.get("customRoleIds") {
        replace_keys(after)?;
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
        changed["lastModified"] = next_last_modified(token, now).into();
    }
    Ok((changed, actions))
}

/// Applies one operation, or returns why it can't be applied. Then `token` may be half changed, and is of no use.
fn apply(token: &mut Value, operation: PatchOperation) -> Result<(), &'static str> {
    let operation = replace_or_add(token, operation);
    json_patch::patch_unsafe(token, std::slice::from_ref(&operation)).map_err(|error| match error.kind {
        PatchErrorKind::TestFailed => "the value differs from that of the test",
        PatchErrorKind::InvalidFromPointer => "there is no value at its `from`",
        PatchErrorKind::InvalidPointer => "there is no value at its path",
        PatchErrorKind::CannotMoveInsideItself => "it would move a value into itself",
        _ => "it can't be applied",
    })?;
    // Each copy or move can double the size or the depth. The other operations add no more than the request's body has.
    let may_double = matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_));
    if may_double && !is_within(token, MAX_SIZE, MAX_DEPTH) {
        return Err("the token would be too large, or nested too deep");
    }
    Ok(())
}

/// By RFC 6902, `replace` needs an existing value. The vendor's server also sets an absent property, and its Terraform provider
/// relies on that.
fn replace_or_add(token: &Value, operation: PatchOperation) -> PatchOperation {
    let PatchOperation::Replace(replace) = operation else { return operation };
    let parent = replace.path.split_back().and_then(|(parent, _)| parent.resolve(token).ok());
    if parent.is_some_and(Value::is_object) {
        PatchOperation::Add(AddOperation { path: replace.path, value: replace.value })
    } else {
        PatchOperation::Replace(replace)
    }
}

/// Brings the properties that a patch may change into the form that a new token with them has. Refuses what a create refuses.
fn normalize(properties: &mut Map<String, Value>) -> Result<(), ApiError> {
    let part: Map<String, Value> = MUTABLE.iter().filter_map(|(name, _)| properties.remove_entry(*name)).collect();
    let part = Value::Object(part);
    validation::check_body("postToken", &part)?;
    let body = token_body(&part)?;
    check_new(&body)?;
    if let Value::Object(part) = serde_json::to_value(&body).map_err(ApiError::invalid_body)? {
        properties.extend(part);
    }
    Ok(())
}

/// Whether `value` has about `bytes` bytes at most, and no more than `depth` levels.
fn is_within(value: &Value, bytes: usize, depth: usize) -> bool {
    /// The bytes that are left after `value`, or none if it is too large or too deep.
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

//! Creates a replacement: a token with the settings of another.

use std::time::Duration;

use jiff::Timestamp;
use ldtokens::raw::reqwest::Method;
use ldtokens::{Client, Error, Operation, Secret, Token, TokenId, UnixMillis};
use serde_json::{Map, Value};

/// The start of the marker in the description of a replacement whose rotation is not over.
pub(crate) const MARKER: &str = "[ldtokens rotate ";

/// Whether a description contains the marker of a rotation that is not over.
pub fn has_marker(description: &str) -> bool {
    description.contains(MARKER)
}

/// Returns a marker unique to this rotation.
pub(crate) fn new_marker() -> String {
    format!("{MARKER}{:016x}]", fastrand::u64(..))
}

/// The start of the note in a token's description that holds the time of its last rotation.
pub(crate) const TIME_NOTE: &str = "[ldtokens rotated ";

/// Returns the time of the last rotation that a description notes.
pub fn noted_time(description: &str) -> Option<UnixMillis> {
    let (_, rest) = description.split_once(TIME_NOTE)?;
    let noted: Timestamp = rest.split_once(']')?.0.parse().ok()?;
    Some(UnixMillis::new(noted.as_millisecond()))
}

/// Formats a moment as in `2026-01-31T12:00:00Z`, to the second.
pub(crate) fn time(moment: UnixMillis) -> String {
    match Timestamp::from_second(moment.get().div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{moment} ms after 1970"),
    }
}

/// Returns the description without the notes and markers of rotations.
pub fn without_notes(description: &str) -> String {
    without(MARKER, description).and_then(|text| without(TIME_NOTE, &text)).unwrap_or_default()
}

/// Returns the description without notes that start with `start`.
pub(crate) fn without(start: &str, description: &str) -> Option<String> {
    let mut left = description.to_owned();
    while let Some(at) = left.find(start) {
        let end = left[at..].find(']').map_or(left.len(), |length| at + length + 1);
        let begin = left[..at].trim_end().len();
        left.replace_range(begin..end, "");
    }
    Some(left).filter(|left| !left.is_empty())
}

/// Returns the request body for a token with the name, description, permissions, kind and API version of `token`, that expires
/// `lifetime` after `now`, or works as long as `token` was made to.
pub(crate) fn body(token: &Token, marker: &str, lifetime: Option<Duration>, now: UnixMillis) -> Value {
    let Ok(Value::Object(mut properties)) = serde_json::to_value(token) else {
        unreachable!("a token is a JSON object")
    };
    let mut take = |name: &str| properties.remove(name).filter(|value| !is_nothing(value));
    let mut body = Map::new();
    for name in ["name", "serviceToken", "defaultApiVersion"] {
        body.extend(take(name).map(|value| (name.to_owned(), value)));
    }
    // The API takes one of them.
    let permissions = ["inlineRole", "customRoleIds", "role"].into_iter().find_map(|name| Some((name, take(name)?)));
    body.extend(permissions.map(|(name, value)| (name.to_owned(), value)));
    // A note of the predecessor's rotation is not about the new token.
    let description = token.description.as_deref().map(without_notes).filter(|text| !text.is_empty());
    let description = description.map_or_else(|| marker.to_owned(), |text| format!("{text} {marker}"));
    body.insert("description".to_owned(), description.into());
    let inherited = token.expiry.map(|expiry| expiry.saturating_duration_since(token.creation_date));
    if let Some(lifetime) = lifetime.or(inherited) {
        body.insert("expiry".to_owned(), now.saturating_add(lifetime).get().into());
    }
    Value::Object(body)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Creates a token. Returns its ID, secret and expiry.
pub(crate) async fn create(client: &Client, body: &Value) -> Result<(TokenId, Secret, Option<i64>), Error> {
    const CREATE: Operation = Operation::PostToken;
    let created: Value = client.request(CREATE, Method::POST, "/tokens").json(body).send_json().await?;
    let text = |name: &str| created.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("_id").and_then(|id| TokenId::new(id).ok());
    let id = id.ok_or_else(|| Error::outcome_unknown(CREATE, Error::undecodable(CREATE, "_id")))?;
    let secret = text("token").map(Secret::new).ok_or_else(|| Error::no_secret(CREATE, id.clone()))?;
    Ok((id, secret, created.get("expiry").and_then(Value::as_i64)))
}

#[cfg(test)]
#[path = "../../tests/unit/replacement.rs"]
mod tests;

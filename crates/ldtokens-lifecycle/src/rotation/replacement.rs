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
    parse(rest.split_once(']')?.0)
}

/// Formats a moment as in `2026-01-31T12:00:00Z`, to the second.
pub(crate) fn time(moment: UnixMillis) -> String {
    match Timestamp::from_second(moment.get().div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{moment} ms after 1970"),
    }
}

/// Parses a moment that [`time`] wrote.
fn parse(text: &str) -> Option<UnixMillis> {
    Some(UnixMillis::new(text.parse::<Timestamp>().ok()?.as_millisecond()))
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

/// A created token.
pub(crate) struct Created {
    pub(crate) id: TokenId,
    pub(crate) secret: Secret,
    pub(crate) expiry: Option<i64>,
}

/// Creates a token. Returns `None` if the response lacks the ID or the secret.
pub(crate) async fn create(client: &Client, body: &Value) -> Result<Option<Created>, Error> {
    let response = client.request(Operation::PostToken, Method::POST, "/tokens").json(body).send().await?;
    let Ok(mut created) = serde_json::from_slice::<Value>(&response) else { return Ok(None) };
    let expiry = created.get("expiry").and_then(Value::as_i64);
    let mut take = |name: &str| match created.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let (id, secret) = (take("_id").and_then(|id| TokenId::new(id).ok()), take("token").map(Secret::new));
    Ok(id.zip(secret).map(|(id, secret)| Created { id, secret, expiry }))
}

#[cfg(test)]
#[path = "../../tests/unit/replacement.rs"]
mod tests;

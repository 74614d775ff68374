//! Successful responses that differ from the API's documentation: what can be read is used, and the rest is named.

use ldtokens_client::types::Tokens;
use ldtokens_client::{Links, Secret, arrived_properties, read_token};
use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Operation, Token, TokenId};

/// Reads a token with properties that can't be read. If they are optional, they are left unchanged in its `extra`.
pub(crate) fn token(operation: Operation, body: &[u8], place: &str) -> Result<Token, Error> {
    match serde_json::from_slice(body) {
        Ok(json) => part_of_token(operation, &json),
        Err(_) => Err(Error::undecodable(operation, place)),
    }
}

fn part_of_token(operation: Operation, json: &Value) -> Result<Token, Error> {
    let Ok(read) = read_token(json) else { return Err(Error::undecodable(operation, names(&["_id".to_owned()]))) };
    if read.has_required {
        tracing::warn!(token_id = %read.token.id, "{operation}: properties are {}", names(&read.unreadable));
        return Ok(read.token);
    }
    let mut error = Error::undecodable(operation, names(&read.unreadable));
    if let Error::Undecodable { token_id, .. } = &mut error {
        *token_id = Some(read.token.id.to_string());
    }
    Err(error)
}

/// Whether the body is the token `id`, or what arrived of it.
pub(crate) fn is_of(body: &[u8], id: &TokenId) -> bool {
    arrived_properties(body).is_some_and(|json| json.get("_id").and_then(Value::as_str) == Some(id.as_str()))
}

/// The secret in the response to a create, if nothing in it says of which token it is.
pub(crate) fn secret_without_id(body: &[u8]) -> Option<Secret> {
    let json = arrived(body)?;
    let secret = Secret::new(json_text(&json, "/token")?);
    (id_in(&json).is_none() && secret.is_whole()).then_some(secret)
}

/// The ID of the token, or the one in its link `self`.
fn id_in(json: &Value) -> Option<TokenId> {
    let id = json_text(json, "/_id").and_then(|id| TokenId::new(id).ok());
    id.or_else(|| TokenId::new(json_text(json, "/_links/self/href")?.rsplit('/').next()?).ok())
}

fn json_text<'a>(json: &'a Value, pointer: &str) -> Option<&'a str> {
    json.pointer(pointer).and_then(Value::as_str)
}

/// Names the properties. Only those of the API's description can be missing here, so their names are no secrets.
fn names(properties: &[String]) -> String {
    format!("missing or of an unexpected type: {}", properties.join(", "))
}

/// Reads what can be read of a token that was created or reset: the token, and a warning. Decoding failed at `place`.
///
/// If the `_id` is missing, it is `requested_id`, or else the one in the link `self`.
pub(crate) fn issued_token(body: &[u8], requested_id: Option<&TokenId>, place: String) -> Option<(Token, String)> {
    let mut json = arrived(body)?;
    let has_id = json_text(&json, "/_id").is_some_and(|id| TokenId::new(id).is_ok());
    if !has_id {
        let id = requested_id.cloned().or_else(|| id_in(&json))?;
        json.as_object_mut()?.insert("_id".to_owned(), id.as_str().into());
    }
    let mut read = read_token(&json).ok()?;
    if !has_id {
        read.unreadable.push("_id".to_owned());
    }
    let warning =
        if read.unreadable.is_empty() { place } else { format!("properties are {}", names(&read.unreadable)) };
    Some((read.token, warning))
}

/// The JSON, or the properties of it that can be read.
fn arrived(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| arrived_properties(body).map(Value::Object))
}

/// Reads a page token by token: those that can be read, the errors of the others, and an error if its links can't be read.
pub(crate) fn page(body: &[u8], place: String) -> Result<(Tokens, Vec<Error>, Option<Error>), Error> {
    let operation = Operation::GetTokens;
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return Err(Error::undecodable(operation, place)) };
    let items = match json.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        Some(Value::Null) => Vec::new(),
        _ => return Err(Error::undecodable(operation, "`items` is not a list")),
    };
    let (mut tokens, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match Token::deserialize(&item).or_else(|_| part_of_token(operation, &item)) {
            Ok(token) => tokens.push(token),
            Err(error) => errors.push(error),
        }
    }
    let (links, bad_link) = match serde_json::from_value::<Option<Links>>(json["_links"].take()) {
        Ok(links) => (links, None),
        Err(_) => (None, Some(bad_link("it can't be read"))),
    };
    let total_count = json.get("totalCount").and_then(Value::as_i64);
    let page = Tokens::builder().items(tokens).total_count(total_count).links(links);
    Ok((page.try_into().expect("all that a page requires is set"), errors, bad_link))
}

pub(crate) fn bad_link(reason: &str) -> Error {
    Error::BadLink(format!("the link to the next page can't be followed: {reason}"))
}

/// Whether the outcome is unknown because a success came that is not the API's.
pub(crate) fn is_undecodable_success(error: &Error) -> bool {
    matches!(error, Error::OutcomeUnknown { source, .. } if matches!(**source, Error::Undecodable { .. }))
}

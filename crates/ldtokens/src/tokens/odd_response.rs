//! Successful responses that differ from the API's documentation: what can be read is used, and the rest is named.

use ldtokens_client::types::Tokens;
use ldtokens_client::{Links, read_token, types};
use serde_json::Value;

use crate::{Error, Operation, Token, TokenId};

/// The error of a token that can't be read: with its ID, and the properties that can't be read.
pub(crate) fn unreadable_token(operation: Operation, body: &[u8], place: &str) -> Error {
    match serde_json::from_slice(body) {
        Ok(json) => unreadable(operation, &json),
        Err(_) => Error::undecodable(operation, place),
    }
}

fn unreadable(operation: Operation, json: &Value) -> Error {
    let (token_id, odd) = match read_token(json) {
        Ok(read) => (Some(read.token.id.to_string()), read.odd),
        Err(_) => (None, vec!["_id".to_owned()]),
    };
    Error::Undecodable { operation, token_id, place: names(&odd) }
}

/// Names the properties. Only those of the API's description can be odd, so their names are no secrets.
fn names(properties: &[String]) -> String {
    format!("missing or of an unexpected type: {}", properties.join(", "))
}

/// Reads what can be read of a token that was created or reset: the token, and a warning.
///
/// If the `_id` is missing, it is `requested_id`, or else the one in the link `self`.
pub(crate) fn issued_token(body: &[u8], requested_id: Option<&TokenId>) -> Option<(Token, String)> {
    let mut json: Value = serde_json::from_slice(body).ok()?;
    let id = json.get("_id").and_then(Value::as_str).and_then(|id| TokenId::new(id).ok());
    if id.is_none() {
        let href = json.pointer("/_links/self/href").and_then(Value::as_str);
        let linked = href.and_then(|href| href.rsplit('/').next());
        let id = requested_id.map(TokenId::as_str).or(linked)?.to_owned();
        json.as_object_mut()?.insert("_id".to_owned(), id.into());
    }
    let mut read = read_token(&json).ok()?;
    if id.is_none() {
        read.odd.push("_id".to_owned());
    }
    Some((read.token, names(&read.odd)))
}

/// Reads a page token by token: those that can be read, and the errors of the others.
pub(crate) fn page(body: &[u8], place: String) -> Result<(Tokens, Vec<Error>), Error> {
    let operation = Operation::GetTokens;
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return Err(Error::undecodable(operation, place)) };
    let items = match json.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        Some(Value::Null) => Vec::new(),
        _ => return Err(Error::undecodable(operation, "`items` is not a list")),
    };
    let (mut tokens, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match serde_json::from_value::<Token>(item.clone()) {
            Ok(token) => tokens.push(token),
            Err(_) => errors.push(unreadable(operation, &item)),
        }
    }
    // Without its links a page would look like the last one.
    let links: Option<Links> = match json.get_mut("_links").map(Value::take) {
        Some(links) => {
            serde_json::from_value(links).map_err(|_| Error::undecodable(operation, "`_links` can't be read"))?
        }
        None => None,
    };
    let total_count = json.get("totalCount").and_then(Value::as_i64);
    let page = types::Tokens::builder().items(tokens).links(links).total_count(total_count);
    Ok((page.try_into().expect("all that a page requires is set"), errors))
}

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::types::Token;
use crate::{InvalidTokenId, TokenId};

/// A token with properties that could not be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadToken {
    /// The token, from every property that could be read.
    ///
    /// A required property that could not be read holds a placeholder: an empty text, or 0 for a time. An optional one is
    /// absent, and unchanged in `extra`.
    pub token: Token,
    /// The names of the properties that are missing or could not be read, as the API writes them. Empty if all could.
    pub unreadable: Vec<String>,
    /// Whether all required properties could be read.
    pub has_required: bool,
}

/// Reads all properties of a token that can be read.
///
/// Use it only if reading a [`Token`] fails: it is slow, and `json` holds the secret unprotected.
///
/// ```
/// let json = serde_json::json!({ "_id": "61095542756dba551110ae21", "name": 7, "token": "api-0", "ownerId": "a" });
/// let read = ldtokens_client::read_token(&json).unwrap();
/// assert_eq!(read.token.token.unwrap().expose(), "api-0");
/// assert_eq!(read.unreadable, ["creationDate", "lastModified", "memberId", "name"]);
/// ```
///
/// # Errors
/// [`InvalidTokenId`] if `json` has no `_id`, or one that can't be the ID of a token.
pub fn read_token(json: &Value) -> Result<ReadToken, InvalidTokenId> {
    let id = TokenId::new(json.get("_id").and_then(Value::as_str).unwrap_or_default())?;
    // The required properties, all empty except the ID.
    let required = json!({ "_id": id, "ownerId": "", "memberId": "", "creationDate": 0, "lastModified": 0 });
    let required = required.as_object().expect("it is written as an object");
    let (read, unreadable) = readable_properties::<Token>(required, json.as_object().cloned().unwrap_or_default());
    let missing = required.keys().filter(|name| json.get(name.as_str()).is_none()).cloned();
    let mut names: Vec<String> = unreadable.keys().cloned().chain(missing).collect();
    names.sort();
    let mut whole = required.clone();
    whole.extend(read);
    let mut token = Token::deserialize(Value::Object(whole)).expect("each property can be read");
    token.extra.extend(unreadable.into_iter().filter(|(name, _)| !required.contains_key(name) && name != "token"));
    let has_required = names.iter().all(|name| !required.contains_key(name));
    Ok(ReadToken { token, unreadable: names, has_required })
}

/// Splits properties into those with which a `T` can be read, beside its `required` ones, and the others.
pub fn readable_properties<T: DeserializeOwned>(
    required: &Map<String, Value>,
    properties: impl IntoIterator<Item = (String, Value)>,
) -> (Map<String, Value>, Map<String, Value>) {
    properties.into_iter().partition(|(name, value)| {
        let mut alone = required.clone();
        alone.insert(name.clone(), value.clone());
        T::deserialize(Value::Object(alone)).is_ok()
    })
}

/// The properties of an object that arrived whole, if the JSON is cut short, followed by something else, or not valid in other
/// properties. Those of objects in it don't count. `None` if there is none.
///
/// ```
/// let cut = br#"{"_id": "a", "odd": 1e999, "token": "api-0", "_member": {"_id": "b"#;
/// let arrived = ldtokens_client::arrived_properties(cut).unwrap();
/// assert_eq!(serde_json::Value::from(arrived), serde_json::json!({ "_id": "a", "token": "api-0" }));
/// ```
pub fn arrived_properties(json: &[u8]) -> Option<Map<String, Value>> {
    let text = String::from_utf8_lossy(json);
    let mut arrived = Map::new();
    let mut add =
        |property: &str| arrived.extend(serde_json::from_str(&format!("{{{property}}}")).unwrap_or(Map::new()));
    let (mut depth, mut in_string, mut is_escaped, mut start) = (0_usize, false, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                start = if depth == 0 { at + 1 } else { start };
                depth += 1;
            }
            b'}' | b']' | b',' if depth == 1 => {
                add(&text[start..at]);
                start = at + 1;
                depth = usize::from(byte == b',');
                if depth == 0 {
                    break;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    // A number that is cut short would be another number.
    if depth == 1 && !in_string && text.ends_with(['"', '}', ']']) {
        add(&text[start..]);
    }
    (!arrived.is_empty()).then_some(arrived)
}

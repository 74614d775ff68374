//! Creates a replacement: a token with the settings of another.

use ldtokens::raw::reqwest::Method;
use ldtokens::{Client, Error, Operation, Secret, Token};
use serde_json::{Map, Value};

/// The start of the marker in the description of a replacement whose rotation is not over.
pub const MARKER: &str = "[ldtokens rotate ";

/// Whether a description contains the marker of a rotation that is not over.
pub fn has_marker(description: &str) -> bool {
    description.contains(MARKER)
}

/// Returns a marker unique to this rotation.
pub(crate) fn new_marker() -> String {
    format!("{MARKER}{:016x}]", fastrand::u64(..))
}

/// Returns the description without markers.
pub(crate) fn without_marker(description: &str) -> Option<String> {
    let mut left = description.to_owned();
    while let Some(at) = left.find(MARKER) {
        let end = left[at..].find(']').map_or(left.len(), |length| at + length + 1);
        let begin = left[..at].trim_end().len();
        left.replace_range(begin..end, "");
    }
    Some(left).filter(|left| !left.is_empty())
}

/// Returns the request body for a token with the name, description, permissions, kind and API version of `token`.
pub(crate) fn body(token: &Token, marker: &str) -> Value {
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
    let description = token.description.as_deref().and_then(without_marker);
    let description = description.map_or_else(|| marker.to_owned(), |description| format!("{description} {marker}"));
    body.insert("description".to_owned(), description.into());
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
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

/// Creates a token. Returns `None` if the response lacks the ID or the secret.
pub(crate) async fn create(client: &Client, body: &Value) -> Result<Option<Created>, Error> {
    let response = client.request(Operation::PostToken, Method::POST, "/tokens").json(body).send().await?;
    let Ok(mut created) = serde_json::from_slice::<Value>(&response) else { return Ok(None) };
    let mut take = |name: &str| match created.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    Ok(take("_id").zip(take("token")).map(|(id, secret)| Created { id, secret: Secret::new(secret) }))
}

#[cfg(test)]
mod tests {
    use super::{body, new_marker, without_marker};
    use ldtokens::Token;
    use serde_json::{Value, json};

    fn token(properties: Value) -> Token {
        let mut all = json!({
            "_id": "a", "ownerId": "b", "memberId": "b", "creationDate": 1, "lastModified": 2, "_links": {},
            "token": "1234"
        });
        all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_like_token_has_name_description_permissions_kind_and_version_and_nothing_else() {
        let policy = json!([{"effect": "allow", "notActions": ["*"], "notResources": ["proj/*"]}]);
        for (properties, expected) in [
            (json!({"role": "reader"}), json!({"role": "reader", "description": "M"})),
            (
                json!({"name": "n", "description": "d", "serviceToken": true, "defaultApiVersion": 20240415, "inlineRole": policy, "role": "reader"}),
                json!({"name": "n", "description": "d M", "serviceToken": true, "defaultApiVersion": 20240415, "inlineRole": policy}),
            ),
            (
                json!({"serviceToken": false, "customRoleIds": ["a", "b"], "description": ""}),
                json!({"serviceToken": false, "customRoleIds": ["a", "b"], "description": "M"}),
            ),
        ] {
            assert_eq!(body(&token(properties), "M"), expected);
        }
    }

    #[test]
    fn markers_are_removed_wherever_they_are() {
        let marker = new_marker();
        for (text, left) in [
            (format!("d {marker}"), Some("d")),
            (marker.clone(), None),
            (format!("{marker} d"), Some(" d")),
            (format!("d {marker} {marker}"), Some("d")),
            ("d".to_owned(), Some("d")),
            (String::new(), None),
        ] {
            assert_eq!(without_marker(&text).as_deref(), left, "{text}");
        }
    }
}

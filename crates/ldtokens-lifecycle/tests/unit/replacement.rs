use super::{MARKER, body, new_marker, without};
use ldtokens::{Token, UnixMillis};
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
        (
            json!({"role": "reader", "description": "d [ldtokens rotated 2026-01-31T12:00:00Z]", "expiry": 51}),
            json!({"role": "reader", "description": "d M", "expiry": 1050}),
        ),
    ] {
        assert_eq!(body(&token(properties), "M", None, UnixMillis::new(1000)), expected);
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
        assert_eq!(without(MARKER, &text).as_deref(), left, "{text}");
    }
}

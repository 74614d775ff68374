use super::{MARKER, new_marker, replacement_of, without};
use ldtokens::{ApiVersion, BaseRole, NewToken, Permissions, Policy, Token};
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
    let statements = json!([{"effect": "allow", "notActions": ["*"], "notResources": ["proj/*"]}]);
    let policy = Policy::from_json(&statements.to_string()).unwrap();
    for (properties, expected) in [
        (json!({"role": "reader"}), NewToken::new(BaseRole::Reader).description("M")),
        (
            json!({"name": "n", "description": "d", "serviceToken": true, "defaultApiVersion": 20240415, "inlineRole": statements, "role": "reader"}),
            NewToken::new(policy).name("n").description("d M").service().default_api_version(ApiVersion::V20240415),
        ),
        (
            json!({"serviceToken": false, "customRoleIds": ["a", "b"], "description": ""}),
            NewToken::new(Permissions::custom_roles(["a", "b"])).description("M"),
        ),
        (
            json!({"role": "reader", "description": "d [ldtokens rotated 2026-01-31T12:00:00Z]", "expiry": 51}),
            NewToken::new(BaseRole::Reader).description("d M").expires_in(std::time::Duration::from_millis(50)),
        ),
    ] {
        assert_eq!(replacement_of(&token(properties), "M", None).unwrap(), expected);
    }
}

#[test]
fn markers_are_removed_wherever_they_are() {
    let marker = new_marker(&"a".parse().unwrap());
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

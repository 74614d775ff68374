use super::Difference;
use ldtokens_client::types::Token;

fn token(json: &str) -> Token {
    let mut all = serde_json::json!({
        "_id": "a", "ownerId": "b", "memberId": "b", "creationDate": 1, "lastModified": 2, "_links": {}
    });
    let some: serde_json::Value = serde_json::from_str(json).unwrap();
    all.as_object_mut().unwrap().extend(some.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn patch(before: &str, after: &str) -> String {
    let patch = Difference::between(&token(before), &token(after)).patch();
    patch.to_delta().map_or(String::new(), |delta| serde_json::to_string(&delta).unwrap())
}

#[test]
fn the_patch_has_only_the_difference_and_a_test_of_each_old_value() {
    assert_eq!(patch(r#"{"name": "a"}"#, r#"{"name": "a"}"#), "");
    assert_eq!(
        patch(r#"{"name": "a", "role": "reader"}"#, r#"{"name": "b", "role": "reader"}"#),
        r#"[{"op":"test","path":"/name","value":"a"},{"op":"replace","path":"/name","value":"b"}]"#
    );
    assert_eq!(
        patch(r#"{"description": "a"}"#, "{}"),
        r#"[{"op":"test","path":"/description","value":"a"},{"op":"remove","path":"/description"}]"#
    );
}

// Our choice: no witness shows that the API takes a `test` of what is absent, or of `/lastModified`.
#[test]
fn an_absent_property_is_added_without_a_test() {
    assert_eq!(
        patch("{}", r#"{"name": "a", "description": "b"}"#),
        r#"[{"op":"add","path":"/description","value":"b"},{"op":"add","path":"/name","value":"a"}]"#
    );
}

// Fact 6.
#[test]
fn absent_permissions_are_set_by_replace() {
    assert_eq!(
        patch(r#"{"role": "reader"}"#, r#"{"customRoleIds": ["a"]}"#),
        r#"[{"op":"test","path":"/role","value":"reader"},{"op":"remove","path":"/role"},{"op":"replace","path":"/customRoleIds","value":["a"]}]"#
    );
}

#[test]
fn a_token_shows_whether_the_change_was_made() {
    let difference = Difference::between(&token(r#"{"name": "a"}"#), &token(r#"{"name": "b"}"#));
    let fits = |now: &str| {
        let now = token(now);
        (difference.fits(&now, &difference.before), difference.fits(&now, &difference.after))
    };
    assert_eq!(fits(r#"{"name": "a", "description": "x"}"#), (true, false));
    assert_eq!(fits(r#"{"name": "b", "description": "x"}"#), (false, true));
    assert_eq!(fits(r#"{"name": "c"}"#), (false, false));
}

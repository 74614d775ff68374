use super::{Difference, Patch};
use ldtokens_client::types::Token;

fn wire(patch: &Patch) -> String {
    serde_json::to_string(&patch.to_delta().unwrap()).unwrap()
}

#[test]
fn tests_come_before_changes() {
    let patch = Patch::new().name("b").expect("/name", "a");
    let expected = r#"[{"op":"test","path":"/name","value":"a"},{"op":"add","path":"/name","value":"b"}]"#;
    assert_eq!(wire(&patch), expected);
    assert_eq!(wire(&patch.comment("why")), format!(r#"{{"comment":"why","patch":{expected}}}"#));
}

#[test]
fn operations_are_sent_unchanged_even_with_null_values() {
    let text = r#"[{"op":"test","path":"/description","value":null},{"from":"/a","op":"move","path":"/b"}]"#;
    let operations: Vec<ldtokens_client::types::PatchOperation> = serde_json::from_str(text).unwrap();
    assert_eq!(wire(&Patch::from_operations(operations)), text);
}

#[test]
fn a_patch_that_changes_nothing_is_refused() {
    assert!(Patch::new().to_delta().is_err());
    assert!(Patch::new().expect("/name", "a").to_delta().is_err());
}

// RFC 6902: each permission is replaced as a whole, which sets one that is absent too (fact 6).
#[test]
fn each_kind_of_permissions_is_replaced_at_its_own_path() {
    use crate::{Actions, BaseRole, Permissions, Policy, Resources, Statement};
    let replaces = |path: &str, value: &str| format!(r#"[{{"op":"replace","path":"{path}","value":{value}}}]"#);
    assert_eq!(wire(&Patch::new().permissions(BaseRole::Writer)), replaces("/role", r#""writer""#));
    assert_eq!(
        wire(&Patch::new().permissions(Permissions::custom_roles(["a", "b"]))),
        replaces("/customRoleIds", r#"["a","b"]"#)
    );
    let policy =
        Policy::new([Statement::allow(Actions::only(["updateOn"]), Resources::only(["proj/*:env/*:flag/*"]))]).unwrap();
    let statements = serde_json::to_string(&serde_json::to_value(policy.to_wire()).unwrap()).unwrap();
    assert_eq!(wire(&Patch::new().permissions(policy)), replaces("/inlineRole", &statements));
    assert!(statements.contains("updateOn"), "{statements}");
}

fn token(json: &str) -> Token {
    let mut all = serde_json::json!({
        "_id": "a", "ownerId": "b", "memberId": "b", "creationDate": 1, "lastModified": 2, "_links": {}
    });
    let some: serde_json::Value = serde_json::from_str(json).unwrap();
    all.as_object_mut().unwrap().extend(some.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn difference(before: &str, after: &str) -> String {
    let patch = Difference::between(&token(before), &token(after)).patch();
    patch.to_delta().map_or(String::new(), |delta| serde_json::to_string(&delta).unwrap())
}

#[test]
fn the_patch_has_only_the_difference_and_a_test_of_each_old_value() {
    assert_eq!(difference(r#"{"name": "a"}"#, r#"{"name": "a"}"#), "");
    assert_eq!(
        difference(r#"{"name": "a", "role": "reader"}"#, r#"{"name": "b", "role": "reader"}"#),
        r#"[{"op":"test","path":"/name","value":"a"},{"op":"replace","path":"/name","value":"b"}]"#
    );
    assert_eq!(
        difference(r#"{"description": "a"}"#, "{}"),
        r#"[{"op":"test","path":"/description","value":"a"},{"op":"remove","path":"/description"}]"#
    );
}

// Our choice: no witness shows that the API takes a `test` of what is absent, or of `/lastModified`.
#[test]
fn an_absent_property_is_added_without_a_test() {
    assert_eq!(
        difference("{}", r#"{"name": "a", "description": "b"}"#),
        r#"[{"op":"add","path":"/description","value":"b"},{"op":"add","path":"/name","value":"a"}]"#
    );
}

// Fact 6.
#[test]
fn absent_permissions_are_set_by_replace() {
    assert_eq!(
        difference(r#"{"role": "reader"}"#, r#"{"customRoleIds": ["a"]}"#),
        r#"[{"op":"test","path":"/role","value":"reader"},{"op":"remove","path":"/role"},{"op":"replace","path":"/customRoleIds","value":["a"]}]"#
    );
}

#[test]
fn a_token_shows_whether_the_change_was_made() {
    let difference = Difference::between(&token(r#"{"name": "a"}"#), &token(r#"{"name": "b"}"#));
    let fits = |now: &str| {
        let now = token(now);
        (difference.fits(&now, false), difference.fits(&now, true))
    };
    assert_eq!(fits(r#"{"name": "a", "description": "x"}"#), (true, false));
    assert_eq!(fits(r#"{"name": "b", "description": "x"}"#), (false, true));
    assert_eq!(fits(r#"{"name": "c"}"#), (false, false));
}

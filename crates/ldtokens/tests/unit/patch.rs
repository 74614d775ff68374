use super::Patch;

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

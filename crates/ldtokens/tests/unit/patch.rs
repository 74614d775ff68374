use super::Patch;

fn wire(patch: &Patch) -> String {
    serde_json::to_string(&patch.to_delta().unwrap()).unwrap()
}

#[test]
fn tests_go_before_changes() {
    let patch = Patch::new().name("b").expect("/name", "a");
    let expected = r#"[{"op":"test","path":"/name","value":"a"},{"op":"add","path":"/name","value":"b"}]"#;
    assert_eq!(wire(&patch), expected);
    assert_eq!(wire(&patch.comment("why")), format!(r#"{{"comment":"why","patch":{expected}}}"#));
}

#[test]
fn raw_operations_pass_as_they_are_null_included() {
    let text = r#"[{"op":"test","path":"/description","value":null},{"from":"/a","op":"move","path":"/b"}]"#;
    assert_eq!(wire(&Patch::from_json(text).unwrap()), text);
    let commented = format!(r#"{{"comment":"why","patch":{text}}}"#);
    assert_eq!(wire(&Patch::from_json(&commented).unwrap()), commented);
}

#[test]
fn what_rfc_6902_does_not_allow_is_refused() {
    for text in [
        "",
        "{}",
        "[1]",
        r#"{"patch": 1}"#,
        r#"{"patch": [], "commment": "typo"}"#,
        r#"[{"op": "add", "path": "/name"}]"#,
        r#"[{"op": "move", "path": "/name"}]"#,
        r#"[{"op": "rename", "path": "/name", "value": 1}]"#,
        r#"[{"op": "replace", "path": "name", "value": 1}]"#,
    ] {
        assert!(Patch::from_json(text).is_err(), "{text}");
    }
    assert!(Patch::from_json("[]").unwrap().to_delta().is_err());
    assert!(Patch::new().expect("/name", "a").to_delta().is_err());
}

use super::{Actions, Policy, Resources, Statement};

// The vendor's documentation of resources has all of these.
#[test]
fn resource_specifiers_are_not_checked() {
    for specifier in ["acct", "proj/*", "proj/*:env/*;{critical:true}:flag/*", "member/*:token/*", "proj/a;b,c"] {
        Policy::new([Statement::allow(Actions::all(), Resources::only([specifier]))]).unwrap();
    }
}

#[test]
fn an_empty_or_contradictory_statement_is_refused() {
    let none: [&str; 0] = [];
    assert!(Policy::new([]).is_err());
    assert!(Policy::new([Statement::allow(Actions::only(none), Resources::only(["proj/*"]))]).is_err());
    assert!(Policy::new([Statement::allow(Actions::all(), Resources::all_but(none))]).is_err());
    let both = r#"[{"effect": "allow", "actions": ["*"], "notActions": ["*"], "resources": ["proj/*"]}]"#;
    assert!(Policy::from_json(both).unwrap_err().to_string().contains("either `actions` or `notActions`"));
    assert!(Policy::from_json("{}").is_err());
    let unknown = r#"[{"effect": "ponder", "actions": ["*"], "resources": ["proj/*"]}]"#;
    assert!(Policy::from_json(unknown).unwrap_err().to_string().contains("effect"));
}

#[test]
fn a_policy_is_read_as_it_was_written() {
    let policy = Policy::new([
        Statement::allow(Actions::all_but(["deleteFlag"]), Resources::only(["proj/*:env/*:flag/*"])),
        Statement::deny(Actions::all(), Resources::all_but(["proj/a"])),
    ])
    .unwrap();
    let text = serde_json::to_string(&policy.to_wire()).unwrap();
    assert_eq!(Policy::from_json(&text).unwrap(), policy);
    assert_eq!(policy.statements().len(), 2);
}

/// Without its `notResource` a statement allows more than was meant.
#[test]
fn an_unknown_property_is_refused_when_written_by_hand_and_kept_when_read() {
    for (unknown, known) in
        [("notResource", "notResources"), ("Action", "actions"), ("resoruces", "resources"), ("efect", "effect")]
    {
        let text = format!(r#"[{{"effect": "allow", "actions": ["*"], "resources": ["proj/*"], "{unknown}": ["a"]}}]"#);
        let error = Policy::from_json(&text).unwrap_err().to_string();
        assert_eq!(error, format!("a statement has no property `{unknown}`: is it `{known}`?"));
        let wire: Vec<crate::types::Statement> = serde_json::from_str(&text).unwrap();
        let kept = serde_json::to_value(Policy::from_wire(wire).unwrap().to_wire()).unwrap();
        assert_eq!(kept, serde_json::from_str::<serde_json::Value>(&text).unwrap());
    }
}

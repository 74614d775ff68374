use super::policy;

/// The file that the manual shows.
#[test]
fn the_example_of_a_policy_is_one() {
    assert_eq!(policy(include_str!("../../../../docs/policy.json")).unwrap().statements().len(), 2);
}

#[test]
fn a_typo_in_a_policy_is_named_with_its_statement_and_key() {
    let good = r#"{"effect": "allow", "actions": ["*"], "resources": ["proj/*"]}"#;
    for (second, words) in [
        (
            good.replace("resources", "resorces"),
            "statement 2: a statement has no property `resorces`: is it `resources`?",
        ),
        (
            good.replace("allow", "alow"),
            "statement 2: `effect` is `allow` or `deny`, not `alow`; did you mean `allow`?",
        ),
        (good.replace(r#"["*"]"#, "[]"), "statement 2: a statement has either `actions` or `notActions`"),
        (good.replace(r#"["*"]"#, r#""*""#), "statement 2: `actions` is a list, as in \"actions\": [\"...\"]"),
        ("1".to_owned(), "statement 2: it is not a JSON object"),
        ("{".to_owned(), "not JSON"),
    ] {
        let error = policy(&format!("[{good}, {second}]")).unwrap_err();
        assert!(error.contains(words), "{words} in {error}");
    }
    assert!(policy(good).unwrap_err().contains("between `[` and `]`"));
}

//! The policy: what it accepts and refuses, and exceptions.

use ldtokens_audit::{Policy, Rule, audit};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, found, id, inventory, policy, token};

#[test]
fn a_typing_error_in_a_policy_is_refused() {
    for (text, words) in [
        ("rulse: {}", "rulse"),
        ("rules: {unsued: {days: 3}}", "unsued"),
        ("rules: {unused: {day: 3}}", "day"),
        ("rules: {admin: {days: 3}}", "days"),
        ("rules: {unused: {days: 0}}", "zero"),
        ("rules: {unused: {severity: hihg}}", "hihg"),
        ("exceptions: [{rule: admin, until: 2027-01-31}]", "reason"),
        ("exceptions: [{rule: admin, reason: x}]", "until"),
        ("exceptions: [{rule: admin, reason: ' ', until: 2027-01-31}]", "has a reason"),
        ("exceptions: [{rule: admin, reason: x, until: 2027-02-31}]", "2027-01-31"),
        ("exceptions: [{rule: partial-inventory, reason: x, until: 2027-01-31}]", "partial-inventory"),
        ("exceptions: [{rule: admin, token: a/b, reason: x, until: 2027-01-31}]", "token ID"),
    ] {
        let error = serde_saphyr::from_str::<Policy>(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn the_schema_accepts_what_is_read_and_refuses_what_is_not() {
    let schema = Policy::json_schema().to_value();
    assert!(!schema.to_string().contains("```"), "it is not for readers of Rust: {schema}");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (text, is_valid) in [
        ("{}", true),
        ("strict: true", true),
        ("rules: {unused: {days: 45, severity: high}, admin: {enabled: false}, expiring: {days: [60, 14]}}", true),
        ("exceptions: [{rule: admin, token: 61095542756dba551110ae21, reason: x, until: 2027-01-31}]", true),
        ("rules: {unused: {days: 0}}", false),
        ("rules: {unsued: {}}", false),
        ("rules: {admin: {days: 3}}", false),
        ("exceptions: [{rule: nothing, reason: x, until: 2027-01-31}]", false),
        ("exceptions: [{rule: admin, until: 2027-01-31}]", false),
    ] {
        let value: Value = serde_saphyr::from_str(text).unwrap();
        assert_eq!(validator.is_valid(&value), is_valid, "{text}");
        assert_eq!(serde_saphyr::from_str::<Policy>(text).is_ok(), is_valid, "{text}");
    }
}

#[test]
fn an_exception_holds_through_its_last_day_and_is_reported() {
    let admin = token(1, &json!({ "role": "admin", "_member": { "_id": "m", "role": "owner" } }));
    let text = format!("exceptions: [{{rule: admin, token: '{}', reason: Terraform, until: 2026-11-30}}]", id(1));
    let at = |now: i64| {
        let mut inventory = inventory(std::slice::from_ref(&admin));
        inventory.taken_at = ldtokens::UnixMillis::new(now);
        audit(&inventory, &policy(&text))
    };
    let midnight = NOW / DAY * DAY + DAY;
    let accepted = at(midnight - 1);
    assert_eq!((found(&accepted), accepted.accepted.len(), accepted.notes.len()), (vec![], 1, 0));
    assert_eq!(accepted.accepted[0].exception.reason, "Terraform");
    let ended = at(midnight);
    assert_eq!((found(&ended), ended.accepted.len()), (vec!["admin"], 0));
    assert!(ended.notes[0].contains("ended on 2026-11-30"), "{:?}", ended.notes);
}

#[test]
fn an_exception_is_for_its_rule_and_its_token_and_one_that_accepts_nothing_is_noted() {
    let admins =
        [1, 2].map(|number| token(number, &json!({ "role": "admin", "_member": { "_id": "m", "role": "owner" } })));
    let with = |exception: &str| {
        let exceptions = format!("exceptions: [{{{exception}, reason: x, until: 2027-01-31}}]");
        audit(&inventory(&admins), &policy(&exceptions))
    };
    let one = with(&format!("rule: admin, token: '{}'", id(2)));
    assert_eq!((one.findings.len(), one.accepted.len()), (1, 1));
    assert_eq!(one.findings[0].subject.ids()[0].as_str(), id(1));
    assert_eq!(with("rule: admin").findings.len(), 0);
    for nothing in [format!("rule: admin, token: '{}'", id(3)), "rule: unused".to_owned()] {
        let report = with(&nothing);
        assert_eq!(report.findings.len(), 2);
        assert!(report.notes[0].contains("accepts nothing"), "{:?}", report.notes);
    }
}

#[test]
fn a_rule_can_be_turned_off_or_given_another_severity_but_what_was_not_seen_is_always_said() {
    let bare = token(1, &json!({ "expiry": null, "description": null }));
    let set = policy("rules: {no-expiry: {enabled: false}, no-description: {severity: critical}}");
    let mut inventory = inventory(&[bare]);
    let report = audit(&inventory, &set);
    assert_eq!((found(&report), report.findings[0].severity.name()), (vec!["no-description"], "critical"));
    inventory.add_gap("x");
    let report = audit(&inventory, &set);
    assert_eq!(found(&report), ["partial-inventory", "no-description"]);
    assert!(!report.complete);
    assert_eq!(Rule::PartialInventory.severity().name(), "critical");
}

//! Comparing two inventories.

use ldtokens::UnixMillis;
use ldtokens_audit::{Diff, Policy, diff};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, inventory, token};

/// The differences after ten days.
fn after_ten_days(before: &[Value], after: &[Value]) -> Diff {
    let mut later = inventory(after);
    later.taken_at = UnixMillis::new(NOW + 10 * DAY);
    diff(&inventory(before), &later, &Policy::default()).unwrap()
}

/// The kinds of differences of one token that changed so.
fn kinds(before: &Value, after: &Value) -> Vec<String> {
    let diff = after_ten_days(&[token(1, before)], &[token(1, after)]);
    diff.changes.iter().map(|change| change.kind.to_string()).collect()
}

#[test]
fn a_new_token_a_gone_one_and_last_used_alone() {
    let used = |number: u64, used: i64| token(number, &json!({ "lastUsed": used, "lastModified": used }));
    let diff = after_ten_days(&[used(1, NOW - 9), used(2, NOW - 9)], &[used(3, NOW), used(1, NOW + DAY)]);
    let changes: Vec<_> =
        diff.changes.iter().map(|change| (change.kind.to_string(), change.token_name.as_deref().unwrap())).collect();
    assert_eq!(changes, [("new".to_owned(), "Export 3"), ("gone".to_owned(), "Export 2")]);
}

#[test]
fn each_property_that_matters_is_a_change() {
    for (before, after, property) in [
        (json!({}), json!({ "name": "b" }), "name"),
        (json!({}), json!({ "description": null }), "description"),
        (json!({}), json!({ "expiry": NOW + 300 * DAY }), "expiry"),
        (json!({}), json!({ "token": "abcd" }), "token"),
        (json!({}), json!({ "memberId": "n" }), "memberId"),
        (json!({ "role": "writer" }), json!({ "role": "reader" }), "role"),
        (json!({}), json!({ "defaultApiVersion": 20_220_603 }), "defaultApiVersion"),
        (json!({}), json!({ "serviceToken": false }), "serviceToken"),
    ] {
        let diff = after_ten_days(&[token(1, &before)], &[token(1, &after)]);
        let changes: Vec<_> =
            diff.changes.iter().map(|change| (change.kind.to_string(), change.properties.clone())).collect();
        assert_eq!(changes, [("changed".to_owned(), vec![property.to_owned()])], "{after}");
    }
}

#[test]
fn a_token_is_more_powerful_unless_it_can_be_shown_that_it_is_not() {
    let allow = |resource: &str| json!({ "effect": "allow", "actions": ["*"], "resources": [resource] });
    let deny = json!({ "effect": "deny", "actions": ["*"], "resources": ["proj/a"] });
    let policy = |statements: Value| json!({ "role": null, "inlineRole": statements });
    let roles = |roles: Value| json!({ "role": null, "customRoleIds": roles });
    let role = |role: &str| json!({ "role": role });
    for (before, after) in [
        (role("reader"), role("writer")),
        (role("writer"), role("admin")),
        (role("reader"), role("astronaut")),
        (role("writer"), policy(json!([allow("proj/a")]))),
        (roles(json!(["a"])), role("reader")),
        (roles(json!(["a"])), roles(json!(["a", "b"]))),
        (policy(json!([allow("proj/a")])), policy(json!([allow("proj/a"), allow("proj/b")]))),
        (policy(json!([allow("proj/a"), deny])), policy(json!([allow("proj/a")]))),
    ] {
        assert_eq!(kinds(&before, &after), ["more-powerful"], "{before} to {after}");
    }
    for (before, after) in [
        (role("admin"), role("reader")),
        (role("admin"), policy(json!([allow("*")]))),
        (roles(json!(["a", "b"])), roles(json!(["b"]))),
        (policy(json!([allow("proj/a"), allow("proj/b")])), policy(json!([deny, allow("proj/b")]))),
    ] {
        assert_eq!(kinds(&before, &after), ["changed"], "{before} to {after}");
    }
    assert_eq!(kinds(&roles(json!(["a", "b"])), &roles(json!(["b", "a"]))), [""; 0], "the order means nothing");
}

#[test]
fn a_token_has_woken_up_if_it_was_unused_and_was_used_again() {
    let used = |at: i64| json!({ "lastUsed": at });
    assert_eq!(kinds(&used(NOW - 90 * DAY), &used(NOW + DAY)), ["woken-up"]);
    assert_eq!(kinds(&used(0), &used(NOW + DAY)), ["woken-up"]);
    assert_eq!(kinds(&used(NOW - 90 * DAY + 1), &used(NOW + DAY)), [""; 0]);
    assert_eq!(kinds(&used(NOW - 95 * DAY), &used(NOW - 95 * DAY)), [""; 0]);
}

#[test]
fn a_token_is_expiring_if_it_was_not_before_or_has_ended_since() {
    let ends = |days: i64| json!({ "expiry": NOW + days * DAY });
    assert_eq!(kinds(&ends(40), &ends(40)), ["expiring"]);
    assert_eq!(kinds(&ends(41), &ends(41)), [""; 0]);
    assert_eq!(kinds(&ends(20), &ends(20)), [""; 0], "it was before");
    assert_eq!(kinds(&ends(10), &ends(10)), ["expiring"], "it has ended");
}

#[test]
fn inventories_that_cannot_be_compared_are_refused_and_partial_ones_noted() {
    let (mut one, mut other) = (inventory(&[]), inventory(&[]));
    (one.account_id, other.account_id) = (Some("a".to_owned()), Some("b".to_owned()));
    assert!(diff(&one, &other, &Policy::default()).unwrap_err().contains("two accounts"));
    other.account_id = None;
    other.taken_at = UnixMillis::new(NOW - 2000);
    assert!(diff(&one, &other, &Policy::default()).is_ok(), "the API's clock is known to a second or two");
    other.taken_at = UnixMillis::new(NOW - 2001);
    assert!(diff(&one, &other, &Policy::default()).unwrap_err().contains("older one first"));
    other.taken_at = UnixMillis::new(NOW);
    other.add_gap("x");
    assert!(diff(&one, &other, &Policy::default()).unwrap().notes[0].contains("may still be there"));
}

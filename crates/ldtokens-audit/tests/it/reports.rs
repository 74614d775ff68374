//! Reports: their JSON, and comparison with an earlier one.

use ldtokens_audit::{Report, Severity};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, id, judged, token};

#[test]
fn a_finding_has_the_documented_properties() {
    let tokens = [token(1, &json!({ "name": "a", "expiry": null })), token(2, &json!({ "name": "a" }))];
    let report = judged(&tokens);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["findings"],
        json!([
            {
                "rule": "no-expiry", "severity": "low", "tokenId": id(1), "tokenName": "a", "message": "It never expires.",
                "fix": "Set an expiry by which it will be replaced.",
            },
            {
                "rule": "duplicate-name", "severity": "low", "tokenIds": [id(1), id(2)],
                "message": "2 tokens have the name \"a\".",
                "fix": "Give each a name of its own, or delete those that were replaced.",
            },
        ])
    );
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

/// Whether each finding of `after` is known, if `before` is the baseline.
fn known(before: &[Value], after: &[Value]) -> Vec<bool> {
    let mut report = judged(after);
    report.compare_with(&judged(before)).unwrap();
    report.findings.iter().map(|finding| finding.known.unwrap()).collect()
}

#[test]
fn only_findings_that_the_baseline_does_not_have_are_news() {
    let unused = |number: u64| token(number, &json!({ "lastUsed": NOW - 95 * DAY }));
    assert_eq!(known(&[unused(1)], &[unused(1)]), [true]);
    assert_eq!(known(&[unused(1)], &[unused(1), unused(2)]), [true, false]);
    assert_eq!(known(&[token(1, &json!({ "expiry": null }))], &[unused(1)]), [false], "another rule");
    let ends = |days: i64| [token(1, &json!({ "expiry": NOW + days * DAY }))];
    assert_eq!(
        (known(&ends(9), &ends(7)), known(&ends(7), &ends(9))),
        (vec![false], vec![true]),
        "more severe is news"
    );
    let same = |count: u64| (1..=count).map(|number| token(number, &json!({ "name": "a" }))).collect::<Vec<_>>();
    assert_eq!((known(&same(3), &same(2)), known(&same(2), &same(3))), (vec![true], vec![false]));
    let mut report = judged(&[unused(1), unused(2)]);
    report.compare_with(&judged(&[unused(1)])).unwrap();
    assert_eq!((report.news(Severity::Medium).count(), report.news(Severity::High).count()), (1, 0));
}

#[test]
fn what_was_not_seen_is_never_known_and_another_account_is_refused() {
    let partial = || {
        let mut inventory = crate::support::inventory(&[]);
        inventory.add_gap("x");
        ldtokens_audit::audit(&inventory, &ldtokens_audit::Policy::default())
    };
    let mut report = partial();
    report.compare_with(&partial()).unwrap();
    assert_eq!(report.findings[0].known, Some(false));
    let mut other = partial();
    (report.account_id, other.account_id) = (Some("a".to_owned()), Some("b".to_owned()));
    assert!(report.compare_with(&other).unwrap_err().contains("account b"));
}

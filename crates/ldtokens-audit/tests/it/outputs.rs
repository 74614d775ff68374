//! The report as CSV, Markdown and Prometheus text, with hostile names.

use ldtokens_audit::{Policy, audit, csv, html, markdown, prometheus};
use serde_json::json;

use crate::support::{DAY, NOW, id, inventory, judged, token};

const HOSTILE: &str =
    "</script><img src=https://evil.example/x onerror=alert(1)> [x](https://evil.example) @team `a` | \u{202e}\n\"b\"";

#[test]
fn csv_has_one_finding_a_line_and_no_formula() {
    let named = |name: &str| token(1, &json!({ "name": name, "expiry": null }));
    assert_eq!(
        csv(&judged(&[named("a, \"b\"")])),
        format!(
            "rule,severity,tokenIds,tokenName,known,message,fix\r\n\
             no-expiry,low,{},\"a, \"\"b\"\"\",,It never expires.,Set an expiry by which it will be replaced.\r\n",
            id(1)
        )
    );
    for formula in ["=1+1", "+1", "-1", "@x"] {
        assert!(csv(&judged(&[named(formula)])).contains(&format!(",'{formula},")), "{formula}");
    }
}

#[test]
fn markdown_shows_hostile_names_as_code() {
    let text = markdown(&judged(&[
        token(1, &json!({ "name": HOSTILE, "expiry": null })),
        token(2, &json!({ "name": HOSTILE })),
    ]));
    let name = HOSTILE.replace('\n', " ").replace('|', "\\|");
    assert!(text.contains(&format!("- `` {name} `` (` {} `): It never expires.", id(1))), "{text}");
    for line in text.lines().filter(|line| line.contains("evil")) {
        assert!(line.contains("`` "), "outside of code: {line}");
    }
    assert!(text.starts_with("## Access tokens: 2 low\n"), "{text}");
}

#[test]
fn markdown_lists_at_most_twenty_findings_of_a_rule() {
    let tokens: Vec<_> = (1..=25).map(|number| token(number, &json!({ "expiry": null }))).collect();
    let text = markdown(&judged(&tokens));
    assert_eq!(text.matches("It never expires.").count(), 20);
    assert!(text.contains("- and 5 more"), "{text}");
}

#[test]
fn prometheus_text_has_seconds_and_escaped_labels() {
    let tokens = [
        token(1, &json!({ "name": "a\\b\"c\nd", "expiry": NOW + 37, "lastUsed": 0 })),
        token(2, &json!({ "expiry": null, "serviceToken": false })),
    ];
    let inventory = inventory(&tokens);
    let text = prometheus(&audit(&inventory, &Policy::default()), &inventory);
    let labels = format!(r#"{{token_id="{}",name="a\\b\"c\nd",kind="service"}}"#, id(1));
    assert!(text.contains(&format!("ldtokens_token_expiration_timestamp_seconds{labels} 1796018802.1\n")), "{text}");
    assert!(!text.contains(&format!("ldtokens_token_last_used_timestamp_seconds{labels}")), "never used has no time");
    assert!(text.contains(&format!("ldtokens_token_age_seconds{labels} {}\n", 100 * DAY / 1000)), "{text}");
    assert!(text.contains("ldtokens_audit_findings{rule=\"no-expiry\",severity=\"low\"} 1\n"), "{text}");
    assert!(text.contains("ldtokens_audit_complete 1\n"), "{text}");
    // Each metric has its help and type, and each line is a sample or one of these.
    for line in text.lines() {
        let metric = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        assert!(metric.starts_with("ldtokens_"), "{line}");
    }
}

#[test]
fn the_page_has_hostile_names_only_as_text() {
    let inventory = inventory(&[token(1, &json!({ "name": HOSTILE, "role": "admin" }))]);
    let page = html(&audit(&inventory, &Policy::default()), &inventory);
    assert!(page.contains("&lt;/script&gt;&lt;img src=https://evil.example/x onerror=alert(1)&gt;"), "{page}");
    assert!(!page.contains("<img") && !page.contains("<script") && !page.contains("\u{202e}"), "{page}");
}

/// `INSTA_UPDATE=always cargo test -p ldtokens-audit` accepts others.
#[test]
fn the_page_and_the_markdown_of_a_small_account_are_as_they_were_reviewed() {
    let tokens = [
        token(1, &json!({ "name": "<'>", "role": "admin", "serviceToken": false, "lastUsed": NOW - 95 * DAY })),
        token(2, &json!({ "expiry": null, "lastUsed": null, "creationDate": NOW - 400 * DAY, "description": null })),
        token(3, &json!({ "expiry": NOW - 10 * DAY, "lastUsed": NOW - 20 * DAY, "creationDate": NOW - 300 * DAY })),
        token(4, &json!({ "role": null, "inlineRole": [{ "effect": "allow", "actions": ["*"], "resources": ["*"] }] })),
        token(5, &json!({ "role": null, "customRoleIds": ["ops"], "creationDate": NOW, "lastUsed": NOW })),
        token(6, &json!({ "name": "Export 2", "creationDate": NOW - 401 * DAY, "lastUsed": NOW - 399 * DAY })),
        token(7, &json!({})),
    ];
    let inventory = inventory(&tokens);
    let report = audit(&inventory, &Policy::default());
    insta::assert_snapshot!("page", html(&report, &inventory));
    insta::assert_snapshot!("markdown", markdown(&report));
}

#[test]
fn a_page_of_ten_thousand_tokens_is_under_five_megabytes() {
    let tokens: Vec<_> = (1..=10_000)
        .map(|number| {
            let changes = json!({
                "name": format!("Nightly export of team {number}"), "role": "admin", "expiry": null, "lastUsed": NOW - 95 * DAY,
                "description": null, "creationDate": NOW - 400 * DAY,
            });
            token(number, &changes)
        })
        .collect();
    let inventory = inventory(&tokens);
    let page = html(&audit(&inventory, &Policy::default()), &inventory);
    assert!(page.len() < 5_000_000, "{}", page.len());
}

//! Each rule fires, and does not, on both sides of its threshold.

use ldtokens_audit::{Policy, Report, audit};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, found, id, inventory, judged, policy, token};

/// What the default policy finds in a healthy token with these changes.
fn rules(changes: &Value) -> Vec<&'static str> {
    found(&judged(&[token(1, changes)]))
}

/// The severity of the only finding.
fn severity(changes: &Value) -> &'static str {
    let report = judged(&[token(1, changes)]);
    assert_eq!(report.findings.len(), 1, "{report:?}");
    report.findings[0].severity.name()
}

#[test]
fn a_healthy_token_has_no_finding() {
    assert_eq!(rules(&json!({})), [""; 0]);
}

#[test]
fn a_token_is_unused_from_the_90th_day_on() {
    let unused = |created: i64, used: i64| rules(&json!({ "creationDate": NOW - created, "lastUsed": NOW - used }));
    assert_eq!(unused(100 * DAY, 90 * DAY), ["unused"]);
    assert_eq!(unused(100 * DAY, 90 * DAY - 1), [""; 0]);
    assert_eq!(unused(90 * DAY, 90 * DAY), ["unused"]);
    // Younger than the window: a last use of before it existed is no reason to judge it.
    assert_eq!(unused(90 * DAY - 1, 95 * DAY), [""; 0]);
}

#[test]
fn a_token_is_never_used_from_its_30th_day_on() {
    for never in [json!(0), json!(null)] {
        let at = |age: i64| rules(&json!({ "creationDate": NOW - age, "lastUsed": never }));
        assert_eq!(at(30 * DAY), ["never-used"]);
        assert_eq!(at(30 * DAY - 1), [""; 0]);
    }
    assert_eq!(rules(&json!({ "creationDate": NOW - 40 * DAY, "lastUsed": 1 })), [""; 0], "1970 is a use, if not 0");
}

#[test]
fn a_secret_is_old_from_its_365th_day_on() {
    let at = |age: i64, description: &str| rules(&json!({ "creationDate": NOW - age, "description": description }));
    assert_eq!(at(365 * DAY, "x"), ["old-secret"]);
    assert_eq!(at(365 * DAY - 1, "x"), [""; 0]);
    // 2026-11-29 was yesterday; 2025-11-30 is 365 days ago to the hour.
    assert_eq!(at(900 * DAY, "x [ldtokens rotated 2026-11-29T00:00:00Z]"), [""; 0]);
    assert_eq!(at(900 * DAY, "x [ldtokens rotated 2025-11-30T06:06:42Z]"), ["old-secret"]);
    assert_eq!(at(900 * DAY, "x [ldtokens rotated 2025-11-30T06:06:43Z]"), [""; 0]);
    assert_eq!(at(900 * DAY, "x [ldtokens rotated soon]"), ["old-secret"], "a note that can't be read says nothing");
    assert_eq!(at(DAY, "x [ldtokens rotated 2020-01-01T00:00:00Z]"), [""; 0], "a note of before it existed");
}

#[test]
fn the_note_of_a_rotation_is_read_as_the_crate_that_writes_it_reads_it() {
    let note = "x [ldtokens rotated 2025-11-30T06:06:42Z]";
    let noted = ldtokens_lifecycle::noted_time(note).unwrap().get();
    for (now, expected) in [(noted + 365 * DAY, true), (noted + 365 * DAY - 1, false)] {
        let mut inventory = inventory(&[token(1, &json!({ "creationDate": NOW - 900 * DAY, "description": note }))]);
        inventory.taken_at = ldtokens::UnixMillis::new(now);
        assert_eq!(found(&audit(&inventory, &Policy::default())).contains(&"old-secret"), expected);
    }
}

#[test]
fn a_token_expires_soon_from_30_7_and_1_days_before_its_end() {
    let at = |left: i64| json!({ "expiry": NOW + left });
    for (left, expected) in
        [(30 * DAY, "low"), (7 * DAY + 1, "low"), (7 * DAY, "medium"), (DAY + 1, "medium"), (DAY, "high"), (1, "high")]
    {
        assert_eq!((rules(&at(left)), severity(&at(left))), (vec!["expiring"], expected), "{left}");
    }
    assert_eq!(rules(&at(30 * DAY + 1)), [""; 0]);
}

#[test]
fn a_token_has_expired_from_its_end_on_and_is_then_judged_by_nothing_else() {
    let all = json!({ "expiry": NOW, "role": "admin", "description": null, "lastUsed": NOW - 95 * DAY });
    assert_eq!((rules(&all), severity(&all)), (vec!["expired"], "medium"));
    assert_eq!(rules(&json!({ "expiry": NOW + 1 })), ["expiring"]);
    let used = |at: i64| severity(&json!({ "expiry": NOW - 9 * DAY, "lastUsed": at }));
    assert_eq!((used(NOW - 9 * DAY), used(NOW - 9 * DAY + 1)), ("medium", "high"));
}

#[test]
fn a_token_without_an_expiry_is_found() {
    assert_eq!(rules(&json!({ "expiry": null })), ["no-expiry"]);
    assert_eq!(rules(&json!({ "expiry": NOW + 31 * DAY })), [""; 0]);
}

#[test]
fn the_role_admin_is_found() {
    let admin = |role: &str| rules(&json!({ "role": role, "_member": { "_id": "m", "role": "owner" } }));
    assert_eq!((admin("admin"), admin("owner")), (vec!["admin"], vec!["admin"]));
    assert_eq!((admin("writer"), admin("astronaut")), (vec![], vec![]));
}

#[test]
fn a_policy_is_a_wildcard_if_it_allows_everything_on_all_of_a_kind() {
    let policy = |statement: Value| rules(&json!({ "role": null, "inlineRole": [statement] }));
    for statement in [
        json!({ "effect": "allow", "actions": ["*"], "resources": ["*"] }),
        json!({ "effect": "allow", "actions": ["*"], "resources": ["proj/a", "proj/*"] }),
        json!({ "effect": "allow", "actions": ["*"], "resources": ["proj/*:env/*:flag/*"] }),
        json!({ "effect": "allow", "notActions": ["deleteFlag"], "resources": ["member/*:token/*"] }),
        json!({ "effect": "allow", "actions": ["*"], "notResources": ["proj/payments"] }),
    ] {
        assert_eq!(policy(statement.clone()), ["wildcard-policy"], "{statement}");
    }
    for statement in [
        json!({ "effect": "deny", "actions": ["*"], "resources": ["*"] }),
        json!({ "effect": "allow", "actions": ["updateOn"], "resources": ["*"] }),
        json!({ "effect": "allow", "actions": ["*"], "resources": ["proj/*:env/test:flag/*"] }),
        json!({ "effect": "allow", "actions": ["*"], "resources": ["proj/*;critical"] }),
    ] {
        assert_eq!(policy(statement.clone()), [""; 0], "{statement}");
    }
}

#[test]
fn a_token_outranks_a_member_with_a_lower_role() {
    let ranks = |token: &str, member: &str| {
        let rules = rules(&json!({ "role": token, "_member": { "_id": "m", "role": member } }));
        rules.contains(&"outranks-member")
    };
    for (token, member) in [("writer", "reader"), ("admin", "writer"), ("reader", "no_access")] {
        assert!(ranks(token, member), "{token} of {member}");
    }
    for (token, member) in [("writer", "writer"), ("writer", "owner"), ("admin", "astronaut"), ("astronaut", "reader")]
    {
        assert!(!ranks(token, member), "{token} of {member}");
    }
}

#[test]
fn a_member_is_gone_if_the_api_names_those_of_other_tokens() {
    let other = token(2, &json!({}));
    for gone in [json!(null), json!({})] {
        let gone = token(1, &json!({ "_member": gone }));
        assert_eq!(found(&judged(&[gone.clone(), other.clone()])), ["member-gone"]);
        assert_eq!(found(&judged(&[gone])), [""; 0], "an API that names no member says nothing");
    }
}

#[test]
fn a_personal_token_with_a_word_of_automation_in_its_name_is_found() {
    let named = |name: &str, service: Value| rules(&json!({ "name": name, "serviceToken": service }));
    for name in ["CI", "github-actions", "Terraform prod", "web:jenkins", "deploy_bot"] {
        assert_eq!(named(name, json!(null)), ["personal-token-for-automation"], "{name}");
        assert_eq!(named(name, json!(true)), [""; 0], "{name}");
    }
    for name in ["Cindy", "Ada's laptop", "robot arm", "decision", "Export"] {
        assert_eq!(named(name, json!(false)), [""; 0], "{name}");
    }
}

#[test]
fn a_custom_role_that_the_account_does_not_have_is_found() {
    let mut inventory = inventory(&[token(1, &json!({ "role": null, "customRoleIds": ["here", "gone"] }))]);
    let rules = |report: &Report| found(report);
    assert_eq!(rules(&audit(&inventory, &Policy::default())), [""; 0]);
    inventory.unknown_roles = vec!["gone".to_owned()];
    let report = audit(&inventory, &Policy::default());
    assert_eq!(rules(&report), ["unknown-custom-role"]);
    assert!(report.findings[0].message.contains("gone") && !report.findings[0].message.contains("here"));
}

#[test]
fn names_that_several_tokens_have_are_one_finding_each() {
    let named = |number: u64, name: Value| token(number, &json!({ "name": name }));
    let tokens = [named(1, json!("a")), named(2, json!("b")), named(3, json!(" a ")), named(4, json!("a"))];
    let report = judged(&tokens);
    assert_eq!(found(&report), ["duplicate-name"]);
    let ids: Vec<&str> = report.findings[0].subject.ids().iter().map(|id| id.as_str()).collect();
    assert_eq!(ids, [id(1), id(3), id(4)]);
    let different = [named(1, json!("a")), named(2, json!("A")), named(3, json!(null)), named(4, json!(""))];
    assert_eq!(found(&judged(&different)), [""; 0]);
    let expired = token(5, &json!({ "name": "a", "expiry": NOW - DAY }));
    assert_eq!(found(&judged(&[named(1, json!("a")), expired])), ["expired"], "an expired one does not count");
}

#[test]
fn a_version_is_retired_from_the_day_its_life_ends() {
    let version = |version: i64| rules(&json!({ "defaultApiVersion": version }));
    for retired in [20_160_426, 20_191_212, 20_210_729, 20_220_603] {
        assert_eq!(version(retired), ["retired-api-version"]);
    }
    assert_eq!((version(20_240_415), version(20_990_101)), (vec![], vec![]));
    assert_eq!(rules(&json!({ "defaultApiVersion": null })), [""; 0]);
    // 20220603 ended on 2025-04-15.
    for (now, expected) in [(1_744_675_200_000, true), (1_744_675_199_999, false)] {
        let mut inventory = inventory(&[token(1, &json!({ "defaultApiVersion": 20_220_603 }))]);
        inventory.taken_at = ldtokens::UnixMillis::new(now);
        let report = audit(&inventory, &Policy::default());
        assert_eq!(found(&report).contains(&"retired-api-version"), expected, "{now}");
    }
}

#[test]
fn a_missing_description_is_found_also_behind_a_rotations_note() {
    for nothing in [json!(null), json!(""), json!(" "), json!("[ldtokens rotated 2026-11-29T00:00:00Z]")] {
        assert_eq!(rules(&json!({ "description": nothing })), ["no-description"], "{nothing}");
    }
    assert_eq!(rules(&json!({ "description": "x [ldtokens rotated 2026-11-29T00:00:00Z]" })), [""; 0]);
}

#[test]
fn an_account_is_near_its_limit_from_90_percent_on() {
    let service = |count: u64| (1..=count).map(|number| token(number, &json!({}))).collect::<Vec<_>>();
    assert_eq!(found(&judged(&service(179))), [""; 0]);
    assert_eq!(found(&judged(&service(180))), ["near-account-limit"]);
    assert_eq!(found(&judged(&service(200))), ["near-account-limit"]);
    assert_eq!(found(&judged(&service(201))), [""; 0], "this account's limit is another one");
    let set = policy("rules: {near-account-limit: {limit: 10, percent: 50}}");
    let with = |count: u64| audit(&inventory(&service(count)), &set);
    assert_eq!((found(&with(4)), found(&with(5))), (vec![], vec!["near-account-limit"]));
    assert_eq!(found(&with(11)), ["near-account-limit"]);
    let personal: Vec<Value> = (1..=190).map(|number| token(number, &json!({ "serviceToken": false }))).collect();
    assert_eq!(found(&judged(&personal)), [""; 0], "personal tokens don't count");
}

#[test]
fn strict_and_single_thresholds_move_the_windows() {
    let find = |text: &str, changes: Value| found(&audit(&inventory(&[token(1, &changes)]), &policy(text)));
    let used = |days: i64| json!({ "lastUsed": NOW - days * DAY });
    assert_eq!(find("strict: true", used(45)), ["unused", "old-secret"]);
    assert_eq!(find("{strict: true, rules: {old-secret: {days: 101}}}", used(44)), [""; 0]);
    assert_eq!(find("rules: {unused: {days: 3}}", used(3)), ["unused"]);
    let never = |days: i64| json!({ "lastUsed": 0, "creationDate": NOW - days * DAY });
    assert_eq!((find("strict: true", never(14)), find("strict: true", never(13))), (vec!["never-used"], vec![]));
    let ends = |days: i64| json!({ "expiry": NOW + days * DAY });
    assert_eq!(find("rules: {expiring: {days: [60]}}", ends(60)), ["expiring"]);
    assert_eq!(find("rules: {expiring: {days: [60]}}", ends(61)), [""; 0]);
    let named = json!({ "name": "Fivetran", "serviceToken": false });
    assert_eq!(
        find("rules: {personal-token-for-automation: {words: [fivetran]}}", named),
        ["personal-token-for-automation"]
    );
}

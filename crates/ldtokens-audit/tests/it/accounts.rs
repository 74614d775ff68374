//! An account of 10,000 tokens on the local server, with planted problems.

use std::collections::BTreeSet;

use ldtokens::raw::reqwest::Method;
use ldtokens::{Client, Error, NewToken, Operation, Permissions, UnixMillis};
use ldtokens_audit::{Inventory, Policy, Scope, audit};
use ldtokens_server::{Account, Clock, Server};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, id};

const OWNER: &str = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
const COUNT: u64 = 10_000;

/// Problems, each of one token: the token's number, its changes, and the rule that finds it.
fn problems() -> Vec<(u64, Value, &'static str)> {
    let resets = json!([{ "effect": "allow", "actions": ["resetAccessToken"], "resources": ["service-token/*"] }]);
    let wildcard = json!([{ "effect": "allow", "actions": ["*"], "resources": ["proj/*:env/*:flag/*"] }]);
    vec![
        (17, json!({ "lastUsed": NOW - 90 * DAY }), "unused"),
        (999, json!({ "lastUsed": null }), "never-used"),
        (1_000, json!({ "creationDate": NOW - 365 * DAY }), "old-secret"),
        (2_500, json!({ "role": "admin", "member": "owner@example.com" }), "admin"),
        (3_333, json!({ "role": null, "inlineRole": wildcard }), "wildcard-policy"),
        (4_000, json!({ "role": "writer", "member": "grace@example.com" }), "outranks-member"),
        (4_100, json!({ "role": null, "inlineRole": resets }), "resets-stronger-token"),
        (5_001, json!({ "name": "Jenkins", "serviceToken": false }), "personal-token-for-automation"),
        (6_100, json!({ "defaultApiVersion": 20_220_603 }), "retired-api-version"),
        (7_002, json!({ "description": null }), "no-description"),
        (8_003, json!({ "expiry": null }), "no-expiry"),
        (9_004, json!({ "expiry": NOW + 7 * DAY }), "expiring"),
        (9_999, json!({ "expiry": NOW }), "expired"),
    ]
}

fn account() -> Account {
    let problems = problems();
    let mut tokens = vec![json!({
        "id": id(COUNT + 1), "secret": OWNER, "name": "Audit", "description": "the audit itself", "role": "admin",
        "member": "owner@example.com", "expiry": NOW + 200 * DAY, "creationDate": NOW - 100 * DAY,
    })];
    tokens.extend((1..=COUNT).map(|number| {
        let mut token = json!({
            "id": id(number), "name": format!("Export {number}"), "description": "feeds the warehouse", "role": "reader",
            "member": "ada@example.com", "serviceToken": number % 3 > 0, "defaultApiVersion": 20_240_415,
            "creationDate": NOW - 364 * DAY, "lastUsed": NOW - 89 * DAY, "expiry": NOW + 31 * DAY,
        });
        for (_, changes, _) in problems.iter().filter(|(planted, ..)| *planted == number) {
            token.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        }
        token
    }));
    tokens[42]["name"] = "Export 43".into();
    let members = [("owner", "owner"), ("ada", "writer"), ("grace", "reader")]
        .map(|(name, role)| json!({ "email": format!("{name}@example.com"), "role": role }));
    json!({ "members": members, "tokens": tokens }).to_string().parse().unwrap()
}

#[tokio::test]
async fn in_an_account_of_ten_thousand_tokens_the_audit_finds_exactly_the_planted_problems() {
    let server = Server::builder().account(account()).clock(Clock::manual(UnixMillis::new(NOW))).start().await.unwrap();
    let client = Client::builder(OWNER).host(server.url()).build().unwrap();
    let lost = NewToken::new(Permissions::custom_roles(["gone"])).name("Lost role").description("x").service();
    let created = client.create(&lost.expires_at(UnixMillis::new(NOW + 200 * DAY))).await.unwrap();

    let caller = client.whoami().await.unwrap();
    let tokens = client.list().all_members(true).page_size(100).collect_all().await.unwrap();
    let mut inventory = Inventory::new(UnixMillis::new(NOW), Scope::AllMembers, tokens);
    inventory.seen_by(Some(&caller));
    for role in inventory.custom_roles().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let request = client.request(Operation::Other("getCustomRole"), Method::GET, &format!("/roles/{role}"));
        assert!(matches!(request.send().await, Err(Error::NotFound(_))), "{role}");
        inventory.unknown_roles.push(role);
    }
    let report = audit(&inventory, &Policy::default());

    let mut expected: BTreeSet<(String, String)> =
        problems().into_iter().map(|(number, _, rule)| (rule.to_owned(), id(number))).collect();
    expected.insert(("admin".to_owned(), id(COUNT + 1)));
    expected.insert(("duplicate-name".to_owned(), format!("{},{}", id(42), id(43))));
    expected.insert(("unknown-custom-role".to_owned(), created.id.to_string()));
    let found = report.findings.iter().map(|finding| {
        let ids: Vec<&str> = finding.subject.ids().iter().map(|id| id.as_str()).collect();
        (finding.rule.id().to_owned(), ids.join(","))
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
    assert_eq!((report.findings.len(), report.tokens, report.complete), (expected.len(), 10_002, true));
}

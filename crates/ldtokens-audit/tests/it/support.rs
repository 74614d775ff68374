//! Tokens and inventories for tests.

use ldtokens::{CallerIdentity, Token, UnixMillis};
use ldtokens_audit::{Inventory, Policy, Report, Scope, audit};
use serde_json::{Value, json};

pub const DAY: i64 = 86_400_000;

/// 2026-11-30T06:06:42.063Z.
pub const NOW: i64 = 1_796_018_802_063;

/// The ID of token number `number`.
pub fn id(number: u64) -> String {
    format!("{number:024x}")
}

/// A token in which no rule finds anything, with these properties changed. A property that is null is removed.
pub fn token(number: u64, changes: &Value) -> Value {
    let mut token = json!({
        "_id": id(number), "ownerId": "o", "memberId": "m", "name": format!("Export {number}"),
        "description": "feeds the warehouse", "role": "reader", "serviceToken": true, "defaultApiVersion": 20_240_415,
        "creationDate": NOW - 100 * DAY, "lastModified": NOW - 100 * DAY, "lastUsed": NOW - DAY, "expiry": NOW + 200 * DAY,
        "_member": { "_id": "m", "email": "ada@example.com", "role": "writer" }, "token": "1234",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(token.as_object_mut().unwrap().remove(name)),
            value => token[name] = value.clone(),
        }
    }
    token
}

pub fn inventory(tokens: &[Value]) -> Inventory {
    let tokens: Vec<Token> = tokens.iter().map(|token| serde_json::from_value(token.clone()).unwrap()).collect();
    Inventory::new(UnixMillis::new(NOW), Scope::AllMembers, tokens)
}

pub fn policy(text: &str) -> Policy {
    serde_saphyr::from_str(text).unwrap()
}

pub fn judged(tokens: &[Value]) -> Report {
    audit(&inventory(tokens), &Policy::default())
}

/// The IDs of the rules that found something, in the order of the report.
pub fn found(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.rule.id()).collect()
}

pub fn caller(json: Value) -> CallerIdentity {
    serde_json::from_value(json).unwrap()
}

//! A model of the rules that shares no code with them, on random inventories.

use std::collections::BTreeSet;

use ldtokens_audit::{Policy, audit};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, id, inventory, token};

/// Rules and the tokens that they find, joined by commas.
type Findings = BTreeSet<(String, String)>;

/// A policy, whether it is one of wildcards, and the service tokens that it may reset, by their numbers.
type Known = (Value, bool, fn(u64) -> bool);

/// Policies, whose meanings were worked out by hand.
fn policies() -> Vec<Known> {
    let allow =
        |actions: Value, resources: Value| json!({ "effect": "allow", "actions": actions, "resources": resources });
    let deny =
        |actions: Value, resources: Value| json!({ "effect": "deny", "actions": actions, "resources": resources });
    let reset = || json!(["resetAccessToken"]);
    let all = || json!(["service-token/*"]);
    vec![
        (json!([allow(json!(["*"]), json!(["proj/*"]))]), true, |_| false),
        (json!([allow(json!(["*"]), json!(["proj/a"]))]), false, |_| false),
        (json!([deny(json!(["*"]), json!(["proj/*"]))]), false, |_| false),
        (json!([deny(reset(), all())]), false, |_| false),
        (json!([allow(reset(), all())]), false, |_| true),
        (json!([allow(reset(), json!(["member/*:token/*", "service-token/*;tag"]))]), false, |_| false),
        (json!([allow(json!(["update*", "*set*Token"]), json!(["*-token/0*"]))]), false, |_| true),
        (json!([allow(json!(["update*"]), all())]), false, |_| false),
        (json!([allow(reset(), json!([format!("service-token/x,{}", id(2))]))]), false, |number| number == 2),
        (json!([allow(reset(), json!(["service-token/*1"]))]), false, |number| number % 16 == 1),
        (json!([allow(reset(), all()), deny(json!(["*"]), json!(["service-token/*1"]))]), false, |number| {
            number % 16 != 1
        }),
        (json!([allow(json!(["*"]), all())]), true, |_| true),
        // Whoever may do everything gains nothing.
        (json!([allow(json!(["*"]), json!(["*"]))]), true, |_| false),
    ]
}

/// What the rules' descriptions say of these tokens, read from their JSON.
fn expected(tokens: &[Value]) -> Findings {
    let mut found = Findings::new();
    let api_names_members = tokens.iter().any(|token| token["_member"]["_id"].is_string());
    let alive: Vec<&Value> =
        tokens.iter().filter(|token| token["expiry"].as_i64().is_none_or(|end| end > NOW)).collect();
    let policies = policies();
    let known = |token: &Value| policies.iter().find(|(policy, ..)| *policy == token["inlineRole"]);
    // The stronger service tokens: their numbers, and the policies with wildcards, which whoever has the same does not gain.
    let strong: Vec<(u64, Option<&Value>)> = alive
        .iter()
        .filter(|token| token["serviceToken"] == true)
        .filter_map(|token| {
            let wildcard = known(token).filter(|(_, is_wildcard, _)| *is_wildcard).map(|(policy, ..)| policy);
            let is_strong = wildcard.is_some() || token["role"] == "writer" || token["role"] == "admin";
            is_strong.then(|| (u64::from_str_radix(token["_id"].as_str().unwrap(), 16).unwrap(), wildcard))
        })
        .collect();
    for token in tokens {
        let mut fires = |rule: &str| found.extend([(rule.to_owned(), token["_id"].as_str().unwrap().to_owned())]);
        let end = token["expiry"].as_i64();
        if end.is_some_and(|end| end <= NOW) {
            fires("expired");
            continue;
        }
        match end {
            None => fires("no-expiry"),
            Some(end) if end - NOW <= 30 * DAY => fires("expiring"),
            Some(_) => {}
        }
        let created = token["creationDate"].as_i64().unwrap();
        let used = token["lastUsed"].as_i64().unwrap_or(0);
        if used == 0 && created + 30 * DAY <= NOW {
            fires("never-used");
        }
        if used != 0 && used.max(created) + 90 * DAY <= NOW {
            fires("unused");
        }
        if created + 365 * DAY <= NOW {
            fires("old-secret");
        }
        let ranks = ["no_access", "reader", "writer", "admin", "owner"];
        let rank = |role: &Value| ranks.iter().position(|known| role == known);
        let role = rank(&token["role"]);
        if role >= Some(3) {
            fires("admin");
        }
        if let (Some(role), Some(member)) = (role, rank(&token["_member"]["role"]))
            && role > member
        {
            fires("outranks-member");
        }
        if api_names_members && !token["_member"]["_id"].is_string() {
            fires("member-gone");
        }
        if token["description"].as_str().unwrap_or_default().is_empty() {
            fires("no-description");
        }
        if token["serviceToken"] != true && token["name"] == "deploy" {
            fires("personal-token-for-automation");
        }
        if token["defaultApiVersion"].as_i64() < Some(20_240_415) {
            fires("retired-api-version");
        }
        if let Some((policy, is_wildcard, may_reset)) = known(token) {
            if *is_wildcard {
                fires("wildcard-policy");
            }
            if strong.iter().any(|(number, others)| may_reset(*number) && *others != Some(policy)) {
                fires("resets-stronger-token");
            }
        }
        if token["customRoleIds"] == json!(["gone"]) {
            fires("unknown-custom-role");
        }
    }
    for name in ["deploy", "export", "relay"] {
        let same: Vec<&str> =
            alive.iter().filter(|token| token["name"] == name).map(|token| token["_id"].as_str().unwrap()).collect();
        if same.len() > 1 {
            found.insert(("duplicate-name".to_owned(), same.join(",")));
        }
    }
    let service = tokens.iter().filter(|token| token["serviceToken"] == true).count();
    if (180..=200).contains(&service) {
        found.insert(("near-account-limit".to_owned(), String::new()));
    }
    found
}

/// A moment near a threshold, or anywhere.
fn moment(random: &mut fastrand::Rng) -> i64 {
    let days = [30, 90, 365, random.i64(1..1000)];
    NOW - days[random.usize(..days.len())] * DAY + random.i64(-1..=1)
}

fn random_token(random: &mut fastrand::Rng, number: u64) -> Value {
    let one = |random: &mut fastrand::Rng, values: Value| {
        let values = values.as_array().unwrap().clone();
        values[random.usize(..values.len())].clone()
    };
    let created = moment(random);
    let used = [moment(random), moment(random)];
    let end = [30, 7, 1, 0, 400][random.usize(..5)] * DAY + random.i64(-1..=1);
    let mut changes = json!({
        "creationDate": created,
        "lastUsed": one(random, json!([null, 0, used[0], used[1], NOW - 1])),
        "expiry": one(random, json!([null, NOW + end, NOW + end])),
        "name": one(random, json!(["deploy", "export", "relay", format!("only {number}"), null])),
        "description": one(random, json!([null, "", "x", "y"])),
        "serviceToken": one(random, json!([null, false, true, true, true])),
        "defaultApiVersion": one(random, json!([20_160_426, 20_220_603, 20_240_415, 20_240_415])),
        "_member": one(random, json!([
            null, {}, {"_id": "a", "role": "reader"}, {"_id": "b", "role": "admin"}, {"_id": "c", "role": "owner"},
        ])),
        "role": null,
    });
    match random.u8(..6) {
        0 | 1 => {
            let policies = policies();
            changes["inlineRole"] = policies[random.usize(..policies.len())].0.clone();
        }
        2 => changes["customRoleIds"] = json!([one(random, json!(["gone", "here"]))]),
        _ => changes["role"] = one(random, json!(["reader", "writer", "admin"])),
    }
    token(number, &changes)
}

#[test]
fn the_audit_finds_what_a_model_finds_in_random_inventories() {
    let seed = std::env::var("LDTOKENS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut fired = BTreeSet::new();
    for _ in 0..60 {
        let count = [1, 3, 40, 310][random.usize(..4)];
        let tokens: Vec<Value> = (1..=count).map(|number| random_token(&mut random, number)).collect();
        let mut inventory = inventory(&tokens);
        inventory.unknown_roles = vec!["gone".to_owned()];
        let report = audit(&inventory, &Policy::default());
        let found: Findings = report
            .findings
            .iter()
            .map(|finding| {
                let ids: Vec<&str> = finding.subject.ids().iter().map(|id| id.as_str()).collect();
                (finding.rule.id().to_owned(), ids.join(","))
            })
            .collect();
        assert_eq!(found.len(), report.findings.len(), "nothing is found twice (LDTOKENS_SEED={seed})");
        assert_eq!(found, expected(&tokens), "LDTOKENS_SEED={seed}");
        fired.extend(found.into_iter().map(|(rule, _)| rule));
    }
    assert_eq!(fired.len(), ldtokens_audit::Rule::ALL.len() - 1, "every rule but partial-inventory fired: {fired:?}");
}

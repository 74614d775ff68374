//! The rule about tokens that may reset stronger ones, beside what the local server lets them do.

use ldtokens::{Client, Error, Overlap};
use ldtokens_server::{Account, Server};
use serde_json::{Value, json};

use crate::support::{DAY, NOW, found, id, judged, token};

const CALLER: &str = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";

fn statement(effect: &str, actions: &[&str], resources: &[&str]) -> Value {
    json!({ "effect": effect, "actions": actions, "resources": resources })
}

/// Whether the local server lets a service token with this policy reset token 2, which is an Admin's.
async fn resets(policy: &Value) -> bool {
    let account = json!({
        "members": [{ "email": "ada@example.com", "role": "owner" }],
        "tokens": [
            { "id": id(1), "name": "Rotation", "secret": CALLER, "inlineRole": policy, "serviceToken": true, "member": "ada@example.com" },
            { "id": id(2), "name": "Terraform", "role": "admin", "serviceToken": true, "member": "ada@example.com" },
        ],
    });
    let account: Account = account.to_string().parse().unwrap();
    let server = Server::builder().account(account).start().await.unwrap();
    let client = Client::builder(CALLER).host(server.url()).build().unwrap();
    match client.reset(&id(2).parse().unwrap(), Overlap::None).await {
        Ok(issued) => issued.id.as_str() == id(2),
        Err(Error::Forbidden(_)) => false,
        Err(other) => panic!("{policy}: {other}"),
    }
}

#[tokio::test]
async fn a_takeover_is_found_exactly_if_the_local_server_lets_the_token_reset_the_stronger_one() {
    let two = format!("service-token/{}", id(2));
    let strong = token(2, &json!({ "role": "admin", "_member": { "_id": "m", "role": "owner" } }));
    let mut outcomes = [0, 0];
    for policy in [
        json!([statement("allow", &["resetAccessToken"], &["service-token/*"])]),
        json!([statement("allow", &["reset*"], &["*"])]),
        json!([statement("allow", &["re*cc*n", "updateOn"], &["proj/a", "service-*/*"])]),
        json!([statement("allow", &["*"], &["service-token/0*2"])]),
        json!([statement("allow", &["*Token"], &[&format!("service-token/1,{}", id(2))])]),
        json!([statement("allow", &["resetAccessToken"], &[&two])]),
        json!([{ "effect": "allow", "notActions": ["deleteAccessToken"], "notResources": ["proj/*"] }]),
        json!([statement("allow", &["*"], &["*"]), statement("deny", &["deleteAccessToken"], &["*"])]),
        json!([statement("allow", &["resetAccessToken"], &["*"]), statement("deny", &["*"], &["service-token/*3"])]),
        // These don't reset it.
        json!([statement("allow", &["updateAccessToken*"], &["service-token/*"])]),
        json!([statement("allow", &["resetAccessTokens", "*ResetAccessToken"], &["*"])]),
        json!([statement("allow", &["resetAccessToken"], &["service-token/*3"])]),
        json!([statement("allow", &["resetAccessToken"], &["member/*:token/*", "service-token", "token/*"])]),
        json!([statement("allow", &["resetAccessToken"], &["service-token/*;important", "service-token/*:a/*"])]),
        json!([statement("deny", &["resetAccessToken"], &["service-token/*3"])]),
        json!([statement("allow", &["*"], &["*"]), statement("deny", &["reset*"], &["service-token/*"])]),
        json!([{ "effect": "allow", "notActions": ["*Token"], "resources": ["*"] }]),
        json!([{ "effect": "allow", "actions": ["resetAccessToken"], "notResources": [two] }]),
    ] {
        let caller = token(1, &json!({ "role": null, "inlineRole": policy }));
        let report = judged(&[caller, strong.clone()]);
        let finding = report.findings.iter().find(|finding| finding.rule.id() == "resets-stronger-token");
        let is_allowed = resets(&policy).await;
        assert_eq!(finding.is_some(), is_allowed, "{policy}");
        outcomes[usize::from(is_allowed)] += 1;
        if let Some(finding) = finding {
            assert_eq!((finding.subject.ids()[0].as_str(), finding.severity.name()), (&*id(1), "high"));
            assert!(
                finding.message.ends_with(&format!("token {} \"Export 2\", whose role is admin.", id(2))),
                "{finding:?}"
            );
        }
    }
    assert_eq!(outcomes, [9, 9]);
}

#[test]
fn a_takeover_needs_a_service_token_that_is_stronger_and_has_not_expired() {
    let reset = || statement("allow", &["resetAccessToken"], &["service-token/*"]);
    let is_found = |caller: &Value, other: &Value| {
        found(&judged(&[token(1, caller), token(2, other)])).contains(&"resets-stronger-token")
    };
    let weak = json!({ "role": null, "inlineRole": [reset()] });
    let wildcard = json!({ "role": null, "inlineRole": [statement("allow", &["*"], &["proj/*"])] });
    for stronger in [json!({ "role": "admin" }), json!({ "role": "writer" }), wildcard.clone()] {
        assert!(is_found(&weak, &stronger), "{stronger}");
        for changes in [json!({ "serviceToken": false }), json!({ "expiry": NOW })] {
            let mut other = stronger.clone();
            other.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            assert!(!is_found(&weak, &other), "{other}");
        }
    }
    for other in [json!({ "role": "reader" }), weak.clone(), json!({ "role": "astronaut" })] {
        assert!(!is_found(&weak, &other), "{other}");
    }
    let as_strong = json!({ "role": null, "inlineRole": [reset(), wildcard["inlineRole"][0]] });
    assert!(!is_found(&as_strong, &wildcard) && is_found(&as_strong, &json!({ "role": "writer" })));
    let everything = json!({ "role": null, "inlineRole": [statement("allow", &["*"], &["*"])] });
    assert!(!is_found(&everything, &json!({ "role": "admin" })) && is_found(&weak, &everything));
    let admin = json!({ "role": "admin", "inlineRole": [reset()] });
    assert!(!is_found(&admin, &json!({ "role": "owner" })));
    assert!(!is_found(
        &json!({ "role": null, "inlineRole": [reset()], "expiry": NOW - DAY }),
        &json!({ "role": "admin" })
    ));
}

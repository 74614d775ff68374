//! Tokens that expire (facts 14 and 20). What no outside witness says is a choice, which docs/local-server.md lists.

use std::time::Duration;

use ldtokens_client::Secret;
use ldtokens_server::{Account, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, START, refused};

const SOON: i64 = START + 60_000;

/// A token that expires a minute after the start, as its path and its secret.
async fn expiring(api: &Api) -> (String, Secret) {
    api.create(&json!({ "name": "expiring", "role": "reader", "expiry": SOON })).await
}

async fn patch(api: &Api, path: &str, operation: Value) -> (u16, Value) {
    let (status, token) = api.owner(Method::PATCH, path, Some(&json!([operation]))).await;
    (status.as_u16(), token)
}

async fn shown(api: &Api, path: &str) -> Value {
    api.owner(Method::GET, path, None).await.1["expiry"].clone()
}

#[tokio::test]
async fn a_token_works_until_its_expiry_to_the_millisecond() {
    let api = Api::start().await;
    let (path, secret) = expiring(&api).await;
    api.clock.advance(Duration::from_millis(59_999));
    assert!(api.works(&secret).await);
    api.clock.advance(Duration::from_millis(1));
    assert!(!api.works(&secret).await);
    for (method, path) in [(Method::GET, "/api/v2/caller-identity"), (Method::DELETE, &*path)] {
        let refusal = refused(api.send(&secret, method, path, None).await, 401, "unauthorized").await;
        assert_eq!(refusal["message"], "Invalid key");
    }
    assert_eq!(shown(&api, &path).await, SOON, "our choice: it can still be read");
}

#[tokio::test]
async fn reads_lists_and_the_callers_identity_show_the_expiry() {
    let api = Api::start().await;
    let (path, secret) = expiring(&api).await;
    assert_eq!(shown(&api, &path).await, SOON);
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens", None).await;
    let in_list = |list: &Value, name: &str| {
        let mut tokens = list["items"].as_array().unwrap().iter();
        tokens.find(|token| token["name"] == name).unwrap().get("expiry").cloned()
    };
    assert_eq!((in_list(&list, "expiring"), in_list(&list, "Owner")), (Some(json!(SOON)), None));
    let identity = async |secret: &Secret| -> Value {
        api.send(secret, Method::GET, "/api/v2/caller-identity", None).await.json().await.unwrap()
    };
    assert_eq!(identity(&secret).await["expiresAt"], SOON);
    assert!(identity(&api.owner).await.get("expiresAt").is_none());
    api.advance(60);
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(in_list(&list, "expiring"), Some(json!(SOON)), "our choice: an expired token stays in lists");
}

#[tokio::test]
async fn a_patch_adds_moves_and_removes_an_expiry() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    for op in ["add", "replace"] {
        let (status, token) = patch(&api, &path, json!({ "op": op, "path": "/expiry", "value": SOON })).await;
        assert_eq!((status, &token["expiry"]), (200, &json!(SOON)), "{op}");
        let (status, _) = patch(&api, &path, json!({ "op": "test", "path": "/expiry", "value": SOON })).await;
        assert_eq!(status, 200);
        assert_eq!(patch(&api, &path, json!({ "op": "remove", "path": "/expiry" })).await.0, 200);
        assert_eq!(shown(&api, &path).await, Value::Null);
    }
    assert_eq!(patch(&api, &path, json!({ "op": "remove", "path": "/expiry" })).await.0, 422, "it is absent");
    patch(&api, &path, json!({ "op": "replace", "path": "/expiry", "value": SOON })).await;
    api.advance(60);
    assert!(!api.works(&secret).await);
    // Our choice: an expired token can be extended, and then works again.
    let later = json!({ "op": "replace", "path": "/expiry", "value": SOON + 1 });
    assert_eq!(patch(&api, &path, later).await.0, 200);
    assert!(api.works(&secret).await);
}

#[tokio::test]
async fn an_expiry_that_is_not_a_time_is_refused() {
    let api = Api::start().await;
    let (path, _) = expiring(&api).await;
    for nonsense in [
        json!("2026-12-01"),
        json!("1785542400000"),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(true),
        json!(null),
        json!([SOON]),
        json!({}),
        json!(253_402_300_800_000_i64),
        json!(u64::MAX),
        json!(1e300),
    ] {
        let body = json!({ "role": "reader", "expiry": nonsense });
        let created = api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await;
        let refusal = refused(created, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().contains("expiry"), "{nonsense}: {refusal}");
        for op in ["add", "replace"] {
            let body = json!([{ "op": op, "path": "/expiry", "value": nonsense }]);
            refused(api.send(&api.owner, Method::PATCH, &path, Some(&body)).await, 400, "invalid_request").await;
        }
        assert_eq!(shown(&api, &path).await, SOON);
    }
    // JSON Schema takes it for a whole number.
    let (path, _) = api.create(&json!({ "role": "reader", "expiry": 1.8e12 })).await;
    assert_eq!(shown(&api, &path).await.as_i64(), Some(1_800_000_000_000));
}

/// Our choices.
#[tokio::test]
async fn a_past_expiry_ends_a_token_at_once_and_a_strict_server_refuses_it() {
    for is_strict in [false, true] {
        let mut api = Api::start().await;
        let builder = Server::builder().clock(api.clock.clone()).owner_secret(api.owner.clone());
        api.server = if is_strict { builder.strict() } else { builder }.start().await.unwrap();
        let (path, secret) = api.reader().await;
        let now = json!({ "op": "add", "path": "/expiry", "value": START });
        let body = json!({ "role": "reader", "expiry": START });
        let created = api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await;
        if is_strict {
            assert_eq!(patch(&api, &path, now).await.0, 400);
            refused(created, 400, "invalid_request").await;
            assert!(api.works(&secret).await);
            // Only a change of the expiry is checked.
            patch(&api, &path, json!({ "op": "add", "path": "/expiry", "value": SOON })).await;
            api.advance(61);
            assert_eq!(patch(&api, &path, json!({ "op": "add", "path": "/name", "value": "new" })).await.0, 200);
        } else {
            assert_eq!(patch(&api, &path, now).await.0, 200);
            let created: Value = created.json().await.unwrap();
            assert!(!api.works(&secret).await);
            assert!(!api.works(&Secret::new(created["token"].as_str().unwrap())).await);
        }
    }
}

/// Our choice.
#[tokio::test]
async fn a_reset_keeps_the_expiry_and_does_not_revive_an_expired_token() {
    let api = Api::start().await;
    let (path, old) = expiring(&api).await;
    let reset = async |query: &str| {
        let (status, token) = api.owner(Method::POST, &format!("{path}/reset{query}"), None).await;
        assert_eq!((status.as_u16(), &token["expiry"]), (200, &json!(SOON)), "{token}");
        Secret::new(token["token"].as_str().unwrap())
    };
    let new = reset(&format!("?expiry={}", SOON + 60_000)).await;
    assert!(api.works(&old).await && api.works(&new).await);
    api.advance(60);
    assert!(!api.works(&old).await && !api.works(&new).await, "the token's expiry is earlier than the old secret's");
    assert!(!api.works(&reset("").await).await);
}

#[tokio::test]
async fn the_action_to_change_an_expiry_is_allowed_and_denied_on_both_kinds_of_tokens() {
    const ACCOUNT: &str = r#"
members: [{email: owner@example.com, role: owner}, {email: other@example.com, role: admin}]
tokens:
  - {name: Owner, member: owner@example.com, role: admin}
  - {name: service, member: other@example.com, role: reader, serviceToken: true, id: 5f3a0c1e9b7d2a4c6e8f0b1d}
  - {name: personal, member: other@example.com, role: reader, id: 5f3a0c1e9b7d2a4c6e8f0b1e}
  - {name: both, member: owner@example.com, inlineRole: [{effect: allow, actions: [updateAccessTokenExpiry], resources: ["service-token/*", "member/*:token/*"]}]}
  - {name: of services, member: owner@example.com, inlineRole: [{effect: allow, actions: ["updateAccessToken*"], resources: ["service-token/*"]}]}
  - {name: names only, member: owner@example.com, inlineRole: [{effect: allow, actions: [updateAccessTokenName], resources: ["*"]}]}
  - name: denied
    member: owner@example.com
    inlineRole:
      - {effect: allow, actions: ["*"], resources: ["*"]}
      - {effect: deny, actions: [updateAccessTokenExpiry], resources: ["*"]}
"#;
    let mut api = Api::start().await;
    let account: Account = ACCOUNT.parse().unwrap();
    api.server = Server::builder().account(account).clock(api.clock.clone()).start().await.unwrap();
    let (service, personal) = ("/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1d", "/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1e");
    // Each patch would change it.
    let mut expiry = SOON;
    for (caller, on_service, on_personal) in
        [("both", 200, 200), ("of services", 200, 404), ("names only", 403, 404), ("denied", 403, 404)]
    {
        let secret = api.server.secret(caller).unwrap();
        for (path, status) in [(service, on_service), (personal, on_personal)] {
            for op in ["add", "replace"] {
                expiry += 1;
                let operation = json!({ "op": op, "path": "/expiry", "value": expiry });
                let changed = api.send(secret, Method::PATCH, path, Some(&json!([operation]))).await;
                assert_eq!(changed.status(), status, "{caller}: {operation} of {path}");
            }
        }
    }
}

#[tokio::test]
async fn an_account_can_have_expired_and_old_tokens() {
    const ACCOUNT: &str = "
members: [{email: a@example.com, role: owner}]
tokens:
  - {name: Owner, member: a@example.com, role: admin}
  - {name: expired, member: a@example.com, role: reader, expiry: 1754006399999}
  - {name: stale, member: a@example.com, role: reader, creationDate: 1700000000000, lastUsed: 1710000000000}
";
    let mut api = Api::start().await;
    let account: Account = ACCOUNT.parse().unwrap();
    api.server = Server::builder().account(account).clock(api.clock.clone()).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens", None).await;
    let [_, expired, stale] = &list["items"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!((&expired["expiry"], &expired["creationDate"]), (&json!(1_754_006_399_999_i64), &json!(START)));
    assert_eq!(
        (&stale["creationDate"], &stale["lastUsed"]),
        (&json!(1_700_000_000_000_i64), &json!(1_710_000_000_000_i64))
    );
    assert!(!api.works(api.server.secret("expired").unwrap()).await);
    let error = ACCOUNT.replace("1754006399999", "0").parse::<Account>().unwrap_err().to_string();
    assert!(error.contains("tokens[1]: expiry must be"), "{error}");
}

//! The six operations and what they answer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, START, refused};

#[tokio::test]
async fn post_token_returns_the_token_and_its_secret() {
    let api = Api::start().await;
    let body = json!({ "name": "Export", "description": "d", "role": "reader", "serviceToken": true, "defaultApiVersion": 20220603 });
    let (status, token) = api.owner(Method::POST, "/api/v2/tokens", Some(&body)).await;
    assert_eq!(status, 201);
    let id = token["_id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert!(token["token"].as_str().unwrap().starts_with("api-"));
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&token[name], value, "{name}");
    }
    assert_eq!((&token["creationDate"], &token["lastModified"]), (&json!(START), &json!(START)));
    assert_eq!(token["ownerId"], token["_member"]["_id"]);
    assert_eq!(token["_links"]["self"]["href"], format!("/api/v2/tokens/{id}"));
    assert_eq!(token["_links"]["parent"]["href"], "/api/v2/tokens");
    assert_eq!(token["lastUsed"], 0, "fact 9: it was never used");
}

#[tokio::test]
async fn get_token_returns_the_end_of_the_secret_and_the_last_use() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    api.advance(100);
    assert!(api.works(&secret).await);
    let (status, token) = api.owner(Method::GET, &path, None).await;
    assert_eq!((status.as_u16(), token["token"].as_str()), (200, Some(secret.last_four())));
    assert_eq!(token["lastUsed"], START + 100_000);
    refused(api.send(&api.owner, Method::GET, "/api/v2/tokens/0123456789abcdef01234567", None).await, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_deleted_token_no_longer_works() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    let response = api.send(&api.owner, Method::DELETE, &path, None).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.text().await.unwrap(), "");
    assert!(!api.works(&secret).await);
    for method in [Method::GET, Method::DELETE] {
        refused(api.send(&api.owner, method, &path, None).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn a_reset_without_expiry_ends_the_old_secret_at_once() {
    let api = Api::start().await;
    let (path, old) = api.reader().await;
    api.advance(5);
    let (status, token) = api.owner(Method::POST, &format!("{path}/reset"), None).await;
    assert_eq!((status.as_u16(), &token["lastModified"]), (200, &json!(START + 5_000)));
    let new = ldtokens_client::Secret::new(token["token"].as_str().unwrap());
    assert!(!api.works(&old).await && api.works(&new).await);
    let (_, token) = api.owner(Method::GET, &path, None).await;
    assert_eq!(token["token"].as_str(), Some(new.last_four()));
}

#[tokio::test]
async fn both_secrets_work_until_the_expiry_to_the_millisecond() {
    let api = Api::start().await;
    let (path, first) = api.reader().await;
    let reset = async |expiry: i64| {
        let (status, token) = api.owner(Method::POST, &format!("{path}/reset?expiry={expiry}"), None).await;
        assert_eq!(status, 200, "{token}");
        ldtokens_client::Secret::new(token["token"].as_str().unwrap())
    };
    let second = reset(START + 10_000).await;
    // Another reset in the overlap: each old secret keeps the earlier of its ends.
    let third = reset(START + 20_000).await;
    api.clock.advance(std::time::Duration::from_millis(9_999));
    assert!(api.works(&first).await && api.works(&second).await && api.works(&third).await);
    api.clock.advance(std::time::Duration::from_millis(1));
    assert!(!api.works(&first).await && api.works(&second).await && api.works(&third).await);
    api.advance(10);
    assert!(!api.works(&second).await && api.works(&third).await);
    let fourth = reset(START - 1).await;
    assert!(!api.works(&third).await && api.works(&fourth).await, "a time that has passed means at once");
}

#[tokio::test]
async fn an_invalid_body_is_refused_and_creates_nothing() {
    let api = Api::start().await;
    let statement = |more: Value| json!({ "inlineRole": [more] });
    for (body, named) in [
        (json!({}), "exactly one of"),
        (json!({ "role": "reader", "customRoleIds": ["a"] }), "exactly one of"),
        (json!({ "role": "owner" }), "/role: expected one of reader, writer, admin"),
        (json!({ "role": 1 }), "/role"),
        (json!({ "name": 1, "role": "reader" }), "/name: expected text"),
        (json!({ "role": "reader", "defaultApiVersion": 1 }), "defaultApiVersion"),
        (json!([]), ""),
        (statement(json!({ "effect": "allow", "actions": ["*"] })), "resources"),
        (statement(json!({ "effect": "maybe", "actions": ["*"], "resources": ["*"] })), "allow"),
        (
            statement(json!({ "effect": "allow", "actions": ["*"], "notActions": ["*"], "resources": ["*"] })),
            "notActions",
        ),
    ] {
        let response = api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await;
        let refusal = refused(response, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().contains(named), "{body}: {refusal}");
    }
    for text in ["", "{", "nonsense", "\u{0}"] {
        let request = api.request(Method::POST, "/api/v2/tokens").header("Authorization", api.owner.expose());
        refused(request.body(text).send().await.unwrap(), 400, "invalid_request").await;
    }
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(list["totalCount"], 1, "the owner's own personal token is all that it sees");
}

/// Our choice, as is that a time which has passed means at once.
#[tokio::test]
async fn an_invalid_expiry_is_refused_and_the_secret_still_works() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    for nonsense in
        ["-1", "-9223372036854775808", "253402300800000", "9223372036854775808", "1e3", "1.5", "soon", "", "%31%20"]
    {
        let response = api.send(&api.owner, Method::POST, &format!("{path}/reset?expiry={nonsense}"), None).await;
        let refusal = refused(response, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().starts_with("expiry"), "{nonsense}: {refusal}");
        assert!(api.works(&secret).await, "{nonsense}");
    }
    let (status, _) = api.owner(Method::POST, &format!("{path}/reset?expiry=0"), None).await;
    assert_eq!(status, 200);
    assert!(!api.works(&secret).await);
}

/// Fact 2.
#[tokio::test]
async fn an_expiry_in_the_body_of_a_reset_is_ignored() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    let body = json!({ "expiry": START + 60_000 });
    assert_eq!(api.owner(Method::POST, &format!("{path}/reset"), Some(&body)).await.0, 200);
    assert!(!api.works(&secret).await);
}

/// Fact 4.
#[tokio::test]
async fn a_token_can_have_any_api_version_as_its_default() {
    let api = Api::start().await;
    for version in [20160426, 20191212, 20210729, 20220603, 20240415] {
        let body = json!({ "role": "reader", "defaultApiVersion": version });
        let (path, _) = api.create(&body).await;
        assert_eq!(api.owner(Method::GET, &path, None).await.1["defaultApiVersion"], version);
    }
}

/// JSON Schema (2020-12, section 4.2.3) takes a number with a zero fraction for an integer.
#[tokio::test]
async fn a_version_with_a_zero_fraction_is_the_same_version() {
    let api = Api::start().await;
    let (path, _) = api.create(&json!({ "role": "reader", "defaultApiVersion": 20240415.0 })).await;
    let (_, token) = api.owner(Method::GET, &path, None).await;
    assert_eq!(token["defaultApiVersion"].as_i64(), Some(20240415), "{token}");
    let body = json!({ "role": "reader", "defaultApiVersion": 20240415.5 });
    let response = api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await;
    let refusal = refused(response, 400, "invalid_request").await;
    assert!(refusal["message"].as_str().unwrap().contains("/defaultApiVersion: expected a whole number"), "{refusal}");
}

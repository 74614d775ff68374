//! The caller's identity, and the account's custom roles.

use std::collections::BTreeSet;

use ldtokens_client::Secret;
use ldtokens_server::{Account, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

const ACCOUNT: &str = r#"
members:
  - {email: admin@example.com, role: admin}
  - {email: owner@example.com, role: owner}
  - {email: reader@example.com, role: reader}
customRoles:
  - {id: 5f3a0c1e9b7d2a4c6e8f0b1d, key: rotators, name: Rotators, policy: [{effect: allow, actions: [resetAccessToken], resources: ["service-token/*"]}]}
  - {key: second, policy: []}
  - {key: third, policy: []}
tokens:
  - {name: owner, member: owner@example.com, role: admin}
  - {name: admin, member: admin@example.com, role: admin}
  - {name: reader, member: reader@example.com, role: reader}
  - {name: service, member: reader@example.com, role: reader, serviceToken: true}
  - {name: nothing, member: reader@example.com, inlineRole: [{effect: deny, actions: ["*"], resources: ["*"]}]}
"#;

async fn api() -> Api {
    let mut api = Api::start().await;
    let account: Account = ACCOUNT.parse().unwrap();
    api.server = Server::builder().account(account).clock(api.clock.clone()).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    api
}

/// The properties of fact 13. By the vendor's document none is required; which ones a token has is our choice.
#[tokio::test]
async fn any_token_can_get_its_identity() {
    const FIELDS: [&str; 16] = [
        "clientName",
        "audience",
        "expiresAt",
        "accountId",
        "authKind",
        "tokenKind",
        "clientId",
        "tokenName",
        "tokenId",
        "memberId",
        "serviceToken",
        "scopes",
        "projectId",
        "projectName",
        "environmentId",
        "environmentName",
    ];
    let api = api().await;
    let mut accounts = BTreeSet::new();
    for name in ["owner", "admin", "reader", "service", "nothing"] {
        let secret = api.server.secret(name).unwrap();
        let answer = api.send(secret, Method::GET, "/api/v2/caller-identity", None).await;
        assert_eq!(answer.status(), 200, "{name}");
        let identity: Value = answer.json().await.unwrap();
        for field in identity.as_object().unwrap().keys() {
            assert!(FIELDS.contains(&field.as_str()), "{field}");
        }
        let path = format!("/api/v2/tokens/{}", identity["tokenId"].as_str().unwrap());
        let token: Value = api.send(secret, Method::GET, &path, None).await.json().await.unwrap();
        assert_eq!((&identity["tokenName"], &token["name"]), (&json!(name), &json!(name)));
        assert_eq!(identity["memberId"], token["memberId"]);
        assert_eq!(identity["serviceToken"], token["serviceToken"]);
        accounts.insert(identity["accountId"].as_str().unwrap().to_owned());
    }
    assert_eq!(accounts.len(), 1);
    refused(
        api.send(&Secret::new("nonsense"), Method::GET, "/api/v2/caller-identity", None).await,
        401,
        "unauthorized",
    )
    .await;
    let response = api.send(&api.owner, Method::POST, "/api/v2/caller-identity", None).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    refused(response, 405, "method_not_allowed").await;
}

/// Fact 5: Terraform asks by ID and by key.
#[tokio::test]
async fn a_custom_role_is_found_by_its_id_and_by_its_key() {
    let api = api().await;
    let (_, by_key) = api.owner(Method::GET, "/api/v2/roles/rotators", None).await;
    let (_, by_id) = api.owner(Method::GET, "/api/v2/roles/5f3a0c1e9b7d2a4c6e8f0b1d", None).await;
    assert_eq!(by_key, by_id);
    assert_eq!((&by_key["_id"], &by_key["key"]), (&json!("5f3a0c1e9b7d2a4c6e8f0b1d"), &json!("rotators")));
    assert_eq!(by_key["policy"][0]["actions"], json!(["resetAccessToken"]));
    refused(api.send(&api.owner, Method::GET, "/api/v2/roles/gone", None).await, 404, "not_found").await;
}

/// Fact 10.
#[tokio::test]
async fn each_token_names_the_accounts_owner_and_the_member_who_created_it() {
    let api = api().await;
    let (_, mine) = api.owner(Method::GET, "/api/v2/caller-identity", None).await;
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens?showAll=true", None).await;
    let tokens = list["items"].as_array().unwrap();
    assert_eq!(tokens.len(), 5);
    for token in tokens {
        assert_eq!(token["ownerId"], mine["memberId"]);
        assert_eq!(token["memberId"], token["_member"]["_id"]);
        assert_eq!(token["memberId"] == mine["memberId"], token["name"] == "owner");
    }
    let admin = api.server.secret("admin").unwrap();
    let body = json!({ "role": "reader" });
    let made: Value = api.send(admin, Method::POST, "/api/v2/tokens", Some(&body)).await.json().await.unwrap();
    assert_eq!((&made["ownerId"], &made["memberId"]), (&mine["memberId"], &made["_member"]["_id"]));
    assert_ne!(made["memberId"], mine["memberId"]);
}

#[tokio::test]
async fn custom_roles_are_listed_in_pages() {
    let api = api().await;
    let keys = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|role| role["key"].as_str().unwrap().to_owned()).collect()
    };
    let (_, all) = api.owner(Method::GET, "/api/v2/roles", None).await;
    assert_eq!((keys(&all).join(" "), &all["totalCount"]), ("rotators second third".to_owned(), &json!(3)));
    assert!(all["_links"].get("next").is_none());
    let (_, first) = api.owner(Method::GET, "/api/v2/roles?limit=2", None).await;
    assert_eq!(keys(&first).len(), 2);
    let (_, second) = api.owner(Method::GET, first["_links"]["next"]["href"].as_str().unwrap(), None).await;
    assert_eq!(keys(&second), ["third"]);
    refused(api.send(&api.owner, Method::GET, "/api/v2/roles?limit=0", None).await, 400, "invalid_request").await;
}

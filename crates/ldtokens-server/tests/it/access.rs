//! Wrong secrets, and what callers may see and create.

use ldtokens_client::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

#[tokio::test]
async fn a_wrong_secret_is_a_401() {
    let api = Api::start().await;
    let right = api.owner.expose().to_owned();
    let mut one_off = right.clone();
    one_off.replace_range(39..40, if right.ends_with('0') { "1" } else { "0" });
    for wrong in [
        "",
        "nonsense",
        &one_off,
        &right[..39],
        &format!("{right}0"),
        &format!("Bearer {right}"),
        &right.to_uppercase(),
    ] {
        let response = api.send(&Secret::new(wrong), Method::GET, "/api/v2/tokens", None).await;
        refused(response, 401, "unauthorized").await;
    }
    let bare = api.request(Method::GET, "/api/v2/tokens").send().await.unwrap();
    refused(bare, 401, "unauthorized").await;
}

#[tokio::test]
async fn nobody_creates_or_raises_a_token_beyond_their_own_permissions() {
    let api = Api::start().await;
    let all = json!([{ "effect": "allow", "actions": ["*"], "resources": ["*"] }]);
    let (_, limited) = api.create(&json!({ "inlineRole": all })).await;
    let create = async |body: Value| api.send(&limited, Method::POST, "/api/v2/tokens", Some(&body)).await;
    refused(create(json!({ "role": "admin" })).await, 403, "forbidden").await;
    refused(create(json!({ "role": "reader" })).await, 403, "forbidden").await;
    assert_eq!(create(json!({ "inlineRole": all })).await.status(), 201);
    let (path, _) = api.create(&json!({ "role": "reader", "serviceToken": true })).await;
    let raise = json!([{ "op": "replace", "path": "/role", "value": "admin" }]);
    refused(api.send(&limited, Method::PATCH, &path, Some(&raise)).await, 403, "forbidden").await;
    assert_eq!(api.owner(Method::GET, &path, None).await.1["role"], "reader");
}

#[tokio::test]
async fn a_service_token_lists_service_tokens_and_an_administrator_can_list_all() {
    let api = Api::start().await;
    let (personal, _) = api.create(&json!({ "name": "personal", "role": "reader" })).await;
    let (_, service) = api.create(&json!({ "name": "service", "role": "reader", "serviceToken": true })).await;
    let (_, admin) = api.create(&json!({ "name": "service admin", "role": "admin", "serviceToken": true })).await;
    let count = async |secret: &Secret, query: &str| {
        let list: Value =
            api.send(secret, Method::GET, &format!("/api/v2/tokens{query}"), None).await.json().await.unwrap();
        list["totalCount"].as_i64().unwrap()
    };
    assert_eq!(count(&service, "").await, 2);
    assert_eq!(count(&service, "?showAll=true").await, 2);
    assert_eq!(count(&admin, "").await, 2);
    assert_eq!(count(&admin, "?showAll=true").await, 7);
    assert_eq!(count(&api.owner, "").await, 4);
    refused(api.send(&service, Method::GET, &personal, None).await, 404, "not_found").await;
    assert_eq!(api.send(&admin, Method::GET, &personal, None).await.status(), 200);
}

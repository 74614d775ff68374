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
    let (token, malformed) = ("Invalid access token", "Invalid account ID header");
    for (wrong, code, message) in [
        ("", "unauthorized", malformed),
        ("nonsense", "unauthorized", malformed),
        (&one_off, "unauthorized", token),
        (&right[..39], "unauthorized", token),
        (&format!("{right}0"), "unauthorized", token),
        (&format!("Bearer {right}"), "invalid_token", token),
        (&right.to_uppercase(), "unauthorized", malformed),
    ] {
        let response = api.send(&Secret::new(wrong), Method::GET, "/api/v2/tokens", None).await;
        assert_eq!(refused(response, 401, code).await["message"], message, "{wrong}");
    }
    let bare = api.request(Method::GET, "/api/v2/tokens").send().await.unwrap();
    assert_eq!(refused(bare, 401, "unauthorized").await["message"], token);
}

#[tokio::test]
async fn two_credentials_are_refused() {
    let api = Api::start().await;
    for second in [api.owner.expose(), "api-nonsense", ""] {
        for is_first in [true, false] {
            let (one, other) = if is_first { (api.owner.expose(), second) } else { (second, api.owner.expose()) };
            let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", one);
            let response = request.header("Authorization", other).send().await.unwrap();
            refused(response, 400, "invalid_request").await;
        }
    }
}

/// Fact 23.
#[tokio::test]
async fn the_personal_tokens_of_a_removed_member_stop_working_and_service_tokens_go_on() {
    let api = Api::start().await;
    let admin = api.server.secret("Admin").unwrap();
    let body = json!({ "name": "service", "role": "reader", "serviceToken": true });
    let made: Value = api.send(admin, Method::POST, "/api/v2/tokens", Some(&body)).await.json().await.unwrap();
    let service = Secret::new(made["token"].as_str().unwrap());
    let member = format!("/api/v2/members/{}", made["memberId"].as_str().unwrap());
    let (status, shown) = api.owner(Method::GET, &member, None).await;
    assert_eq!((status.as_u16(), &shown["email"]), (200, &json!("admin@example.com")));

    assert!(!api.server.remove_member("nobody@example.com").await.unwrap());
    assert!(api.server.remove_member("admin@example.com").await.unwrap());
    assert!(!api.server.remove_member("admin@example.com").await.unwrap(), "already");
    let response = api.send(admin, Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(refused(response, 401, "unauthorized").await["message"], "Invalid key");
    assert!(api.works(&service).await);
    assert_eq!(api.owner(Method::GET, &member, None).await.0, 404);
    // Our choice: the tokens stay in the list, and a reset does not revive them.
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens?showAll=true", None).await;
    let personal = list["items"].as_array().unwrap().iter().find(|token| token["name"] == "Admin").unwrap();
    let path = format!("/api/v2/tokens/{}/reset", personal["_id"].as_str().unwrap());
    let (status, reset) = api.owner(Method::POST, &path, None).await;
    assert_eq!(status, 200);
    assert!(!api.works(&Secret::new(reset["token"].as_str().unwrap())).await);
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

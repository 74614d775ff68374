//! Each operation by each kind of caller on each kind of token.

use ldtokens_client::{Role, Secret};
use ldtokens_server::{Account, Server};
use reqwest::Method;
use serde_json::json;

use crate::support::Api;

const ACCOUNT: &str = r#"
members:
  - {email: owner@example.com, role: owner}
  - {email: admin@example.com, role: admin}
  - {email: writer@example.com, role: writer}
  - {email: reader@example.com, role: reader}
  - {email: lowered@example.com, role: admin}
  - {email: rotator@example.com, role: reader, customRoles: [rotators]}
customRoles:
  - {key: rotators, policy: [{effect: allow, actions: [resetAccessToken], resources: ["service-token/*", "member/*:token/*"]}]}
tokens:
  - {name: owner, member: owner@example.com, role: admin}
  - {name: admin, member: admin@example.com, role: admin}
  - {name: writer, member: writer@example.com, role: writer}
  - {name: reader, member: reader@example.com, role: reader}
  - {name: lowered, member: lowered@example.com, role: admin}
  - {name: custom role, member: rotator@example.com, customRoleIds: [rotators]}
  - {name: beyond its member, member: rotator@example.com, role: admin}
  - {name: inline allow, member: owner@example.com, inlineRole: [{effect: allow, actions: ["*"], resources: ["service-token/*"]}]}
  - name: inline deny
    member: owner@example.com
    inlineRole:
      - {effect: allow, actions: ["*"], resources: ["*"]}
      - {effect: deny, notActions: [updateAccessTokenName], resources: ["member/*:token/*"]}
  - {name: inline rename, member: owner@example.com, inlineRole: [{effect: allow, actions: [updateAccessTokenName], resources: ["service-token/*"]}]}
  - {name: inline reset, member: owner@example.com, inlineRole: [{effect: allow, actions: ["reset*"], resources: ["*"]}]}
  - {name: inline nothing, member: owner@example.com, inlineRole: [{effect: deny, actions: ["*"], resources: ["*"]}]}
  - name: inline all but delete
    member: owner@example.com
    inlineRole:
      - {effect: allow, actions: ["*"], resources: ["*"]}
      - {effect: deny, actions: [deleteAccessToken], resources: ["*"]}
  - {name: service reader, member: owner@example.com, role: reader, serviceToken: true}
  - {name: service admin, member: lowered@example.com, role: admin, serviceToken: true}
"#;

/// What [get, rename, reset, delete] answer on a service token, on a personal token of another member, and what creating a
/// token of the role reader answers. 404: it may not know of it.
const TABLE: [(&str, [u16; 4], [u16; 4], u16); 17] = [
    ("nobody", [401; 4], [401; 4], 401),
    ("reader", [200, 403, 403, 403], [404; 4], 403),
    ("writer", [200, 403, 403, 403], [404; 4], 403),
    ("admin", [200, 200, 200, 204], [200, 200, 200, 204], 201),
    ("owner", [200, 200, 200, 204], [200, 200, 200, 204], 201),
    ("custom role", [200, 403, 200, 403], [404, 404, 200, 404], 403),
    ("beyond its member", [200, 403, 200, 403], [404, 404, 200, 404], 403),
    ("inline allow", [200, 200, 200, 204], [404; 4], 403),
    ("inline deny", [200, 200, 200, 204], [404, 200, 404, 404], 403),
    ("inline rename", [200, 200, 403, 403], [404; 4], 403),
    ("inline reset", [200, 403, 200, 403], [404, 404, 200, 404], 403),
    ("inline nothing", [200, 403, 403, 403], [404; 4], 403),
    ("inline all but delete", [200, 200, 200, 403], [404, 200, 200, 404], 403),
    ("unknown custom role", [200, 403, 403, 403], [404; 4], 403),
    ("service reader", [200, 403, 403, 403], [404; 4], 403),
    ("service admin", [200, 200, 200, 204], [200, 200, 200, 204], 201),
    ("lowered", [200, 403, 403, 403], [404; 4], 403),
];

#[tokio::test]
async fn each_caller_gets_the_responses_of_the_table() {
    let mut api = Api::start().await;
    let account: Account = ACCOUNT.parse().unwrap();
    api.server = Server::builder().account(account).clock(api.clock.clone()).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    assert!(api.server.set_member_role("lowered@example.com", Role::Reader).await.unwrap());
    let admin = api.server.secret("admin").unwrap().clone();
    let rename = json!([{ "op": "add", "path": "/name", "value": "renamed" }]);
    for (caller, on_service, on_personal, create) in TABLE {
        let secret = match caller {
            // An account file can't have it.
            "unknown custom role" => api.create(&json!({ "customRoleIds": ["unknown"] })).await.1,
            "nobody" => Secret::new("api-nobody-has-this-one"),
            name => api.server.secret(name).unwrap().clone(),
        };
        for (kind, service, [get, patch, reset, delete]) in
            [("service", true, on_service), ("personal", false, on_personal)]
        {
            // The personal one is the admin's, or where the admin calls, the owner's.
            let maker = if caller == "admin" { &api.owner } else { &admin };
            let body = json!({ "role": "reader", "serviceToken": service });
            let made: serde_json::Value =
                api.send(maker, Method::POST, "/api/v2/tokens", Some(&body)).await.json().await.unwrap();
            let path = format!("/api/v2/tokens/{}", made["_id"].as_str().unwrap());
            for (method, path, body, status) in [
                (Method::GET, path.clone(), None, get),
                (Method::PATCH, path.clone(), Some(&rename), patch),
                (Method::POST, format!("{path}/reset"), None, reset),
                (Method::DELETE, path.clone(), None, delete),
            ] {
                let answer = api.send(&secret, method.clone(), &path, body).await;
                assert_eq!(answer.status(), status, "{caller}: {method} of a {kind} token");
            }
        }
        let body = json!({ "role": "reader", "serviceToken": true });
        let answer = api.send(&secret, Method::POST, "/api/v2/tokens", Some(&body)).await;
        assert_eq!(answer.status(), create, "{caller}: creating");
        let list = api.send(&secret, Method::GET, "/api/v2/tokens?showAll=true", None).await;
        assert_eq!(list.status(), if caller == "nobody" { 401 } else { 200 }, "{caller}: listing");
    }
}

#[tokio::test]
async fn a_token_can_only_create_tokens_within_its_own_policy() {
    let api = Api::start().await;
    let allow = json!({ "effect": "allow", "actions": ["*"], "resources": ["service-token/*"] });
    let deny = json!({ "effect": "deny", "actions": ["deleteAccessToken"], "resources": ["*"] });
    let (_, limited) = api.create(&json!({ "inlineRole": [allow, deny], "serviceToken": true })).await;
    for (policy, status) in [
        (json!([allow, deny]), 201),
        (json!([deny]), 201),
        (json!([allow]), 403),
        (json!([{ "effect": "allow", "actions": ["*"], "resources": ["*"] }, deny]), 403),
    ] {
        let body = json!({ "inlineRole": policy, "serviceToken": true });
        let answer = api.send(&limited, Method::POST, "/api/v2/tokens", Some(&body)).await;
        assert_eq!(answer.status(), status, "{policy}");
    }
}

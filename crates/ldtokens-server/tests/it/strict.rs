//! What a strict server refuses, and another one accepts with a warning.

use ldtokens_server::{Account, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Api, refused};

const ACCOUNT: &str = r#"
members: [{email: owner@example.com, role: owner}, {email: admin@example.com, role: admin}]
customRoles: [{key: known, policy: []}]
tokens:
  - {name: owner, member: owner@example.com, role: admin}
  - {name: admin, member: admin@example.com, role: admin, id: 5f3a0c1e9b7d2a4c6e8f0b1d}
  - {name: service, member: owner@example.com, role: admin, serviceToken: true, id: 5f3a0c1e9b7d2a4c6e8f0b1e}
"#;

async fn api(is_strict: bool) -> Api {
    let mut api = Api::start().await;
    let account: Account = ACCOUNT.parse().unwrap();
    let builder = Server::builder().account(account).clock(api.clock.clone());
    api.server = if is_strict { builder.strict() } else { builder }.start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    api
}

async fn send(api: &Api, method: Method, path: &str, media_type: Option<&str>, body: &str) -> Response {
    let mut request = api.request(method, path).header("Authorization", api.owner.expose()).body(body.to_owned());
    if let Some(media_type) = media_type {
        request = request.header("Content-Type", media_type);
    }
    request.send().await.unwrap()
}

/// Fact 1.
#[tokio::test]
async fn a_strict_server_refuses_a_write_without_a_json_content_type() {
    let reset = "/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1e/reset";
    let token = "/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1e";
    for is_strict in [false, true] {
        let api = api(is_strict).await;
        for (method, path, body, status) in [
            (Method::POST, "/api/v2/tokens", r#"{"role": "reader"}"#, 201),
            (Method::POST, reset, "", 200),
            (Method::PATCH, token, r#"[{"op": "replace", "path": "/name", "value": "new"}]"#, 200),
        ] {
            for json in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
                let answer = send(&api, method.clone(), path, Some(json), body).await;
                assert_eq!(answer.status(), status, "{method} {path} as {json}");
            }
            for other in
                [None, Some("application/x-www-form-urlencoded"), Some("text/plain"), Some("application/jsonl")]
            {
                let answer = send(&api, method.clone(), path, other, body).await;
                if is_strict {
                    let refusal = refused(answer, 415, "unsupported_media_type").await;
                    assert!(
                        refusal["message"].as_str().unwrap().contains("Content-Type: application/json"),
                        "{refusal}"
                    );
                } else {
                    assert_eq!(answer.status(), status, "{method} {path} as {other:?}");
                }
            }
        }
        // Requests without a body need no Content-Type.
        assert_eq!(send(&api, Method::GET, token, None, "").await.status(), 200);
        assert_eq!(send(&api, Method::DELETE, token, None, "").await.status(), 204);
    }
}

/// Whether production refuses this is not known.
#[tokio::test]
async fn a_strict_server_refuses_an_unknown_custom_role() {
    for is_strict in [false, true] {
        let api = api(is_strict).await;
        let (path, _) = api.create(&json!({ "customRoleIds": ["known"] })).await;
        let (_, created) = api.owner(Method::GET, &path, None).await;
        let create = json!({ "customRoleIds": ["known", "gone"] });
        let patch = json!([{ "op": "replace", "path": "/customRoleIds", "value": ["known", "gone"] }]);
        for (method, path, body) in [(Method::POST, "/api/v2/tokens", &create), (Method::PATCH, &*path, &patch)] {
            let answer = api.send(&api.owner, method, path, Some(body)).await;
            if is_strict {
                let refusal = refused(answer, 400, "invalid_request").await;
                assert!(refusal["message"].as_str().unwrap().starts_with("customRoleIds/1 is not"), "{refusal}");
            } else {
                let token: Value = answer.json().await.unwrap();
                assert_eq!(token["customRoleIds"], json!([created["customRoleIds"][0], "gone"]));
            }
        }
    }
}

/// Whether production refuses this is not known.
#[tokio::test]
async fn a_strict_server_refuses_the_reset_of_another_members_personal_token() {
    let reset = "/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1d/reset";
    for is_strict in [false, true] {
        let api = api(is_strict).await;
        for (caller, is_its_member) in [("owner", false), ("service", false), ("admin", true)] {
            let answer = api
                .request(Method::POST, reset)
                .header("Authorization", api.server.secret(caller).unwrap().expose())
                .header("Content-Type", "application/json");
            let answer = answer.send().await.unwrap();
            if is_its_member || !is_strict {
                // Without --strict the admin's own secret has just been reset by others.
                let status = if is_its_member && !is_strict { 401 } else { 200 };
                assert_eq!(answer.status(), status, "{caller}");
            } else {
                refused(answer, 403, "forbidden").await;
            }
        }
    }
}

/// Fact 20: production ignores them, so a misspelled property does nothing.
#[tokio::test]
async fn a_strict_server_refuses_properties_that_an_operation_does_not_have() {
    let statement = json!({ "effect": "allow", "actions": ["*"], "resources": ["*"], "effcet": "deny" });
    for is_strict in [false, true] {
        let api = api(is_strict).await;
        let token = "/api/v2/tokens/5f3a0c1e9b7d2a4c6e8f0b1e";
        let create = json!({ "role": "reader", "expires": 1 });
        let in_policy = json!({ "inlineRole": [statement] });
        let patch = json!([{ "op": "replace", "path": "/name", "value": {"anything": 1}, "vlaue": 1 }]);
        let patch_with_comment =
            json!({ "commment": "x", "patch": [{ "op": "test", "path": "/name", "value": "service" }] });
        for (method, path, body, status) in [
            (Method::POST, "/api/v2/tokens", &create, 201),
            (Method::POST, "/api/v2/tokens", &in_policy, 201),
            (Method::PATCH, token, &patch, 400),
            (Method::PATCH, token, &patch_with_comment, 200),
        ] {
            let answer = api.send(&api.owner, method, path, Some(body)).await;
            if is_strict {
                let refusal = refused(answer, 400, "invalid_request").await;
                assert!(refusal["message"].as_str().unwrap().starts_with("The body has properties"), "{refusal}");
            } else {
                assert_eq!(answer.status(), status, "{body}");
            }
        }
        // Each value that has the right properties, any value of a patch among them.
        let known =
            json!({ "comment": "why", "patch": [{ "op": "test", "path": "/inlineRole", "value": [{ "other": 1 }] }] });
        assert_eq!(api.send(&api.owner, Method::PATCH, token, Some(&known)).await.status(), 422);
    }
}

/// Fact 16.
#[tokio::test]
async fn a_strict_server_refuses_an_old_api_version_for_a_new_token() {
    for is_strict in [false, true] {
        let api = api(is_strict).await;
        for version in [20160426, 20191212, 20210729, 20220603, 20240415] {
            let body = json!({ "role": "reader", "defaultApiVersion": version });
            let answer = api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await;
            if is_strict && version < 20240415 {
                let refusal = refused(answer, 400, "invalid_request").await;
                assert!(refusal["message"].as_str().unwrap().starts_with("defaultApiVersion"), "{refusal}");
            } else {
                assert_eq!(answer.status(), 201, "{version}");
            }
        }
        let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
        assert_eq!(
            request.header("LD-API-Version", "20220603").send().await.unwrap().status(),
            200,
            "as a header they work"
        );
    }
}

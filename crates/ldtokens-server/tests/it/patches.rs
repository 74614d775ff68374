//! JSON Patches, all or nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

#[tokio::test]
async fn a_patch_is_applied_alone_or_with_a_comment() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let patch = json!([{ "op": "replace", "path": "/name", "value": "new" }, { "op": "add", "path": "/description", "value": "d" }]);
    let (status, token) = api.owner(Method::PATCH, &path, Some(&patch)).await;
    assert_eq!((status.as_u16(), &token["name"], &token["description"]), (200, &json!("new"), &json!("d")));
    let commented = json!({ "comment": "why", "patch": [{ "op": "move", "from": "/description", "path": "/name" }] });
    let (status, token) = api.owner(Method::PATCH, &path, Some(&commented)).await;
    assert_eq!((status.as_u16(), &token["name"], token.get("description")), (200, &json!("d"), None));
    assert_eq!(api.owner(Method::GET, &path, None).await.1["name"], "d");
}

#[tokio::test]
async fn each_change_moves_last_modified_on_and_no_change_leaves_it() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let rename = |name: &str| json!([{ "op": "replace", "path": "/name", "value": name }]);
    let modified = async |name: &str| {
        api.owner(Method::PATCH, &path, Some(&rename(name))).await.1["lastModified"].as_i64().unwrap()
    };
    // Also where the clock stands still, so that a `test` of it tells changes apart.
    let (first, second, same) = (modified("a").await, modified("b").await, modified("b").await);
    assert!(first < second && second == same, "{first} {second} {same}");
}

#[tokio::test]
async fn a_patch_that_fails_leaves_the_token_untouched() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let (_, before) = api.owner(Method::GET, &path, None).await;
    let change = json!({ "op": "replace", "path": "/name", "value": "changed" });
    for (operation, status, code) in [
        (json!({ "op": "test", "path": "/name", "value": "other" }), 422, "patch_failed"),
        (json!({ "op": "remove", "path": "/nothing" }), 422, "patch_failed"),
        (json!({ "op": "replace", "path": "/customRoleIds/0", "value": "x" }), 422, "patch_failed"),
        (json!({ "op": "replace", "path": "/_id", "value": "x" }), 400, "invalid_request"),
        (json!({ "op": "replace", "path": "/serviceToken", "value": true }), 400, "invalid_request"),
        (json!({ "op": "replace", "path": "/defaultApiVersion", "value": 20220603 }), 400, "invalid_request"),
        (json!({ "op": "add", "path": "/unheardOf", "value": 1 }), 400, "invalid_request"),
        (json!({ "op": "replace", "path": "/name", "value": 1 }), 400, "invalid_request"),
        (json!({ "op": "replace", "path": "/role", "value": "owner" }), 400, "invalid_request"),
        (json!({ "op": "remove", "path": "/role" }), 400, "invalid_request"),
        (json!({ "op": "replace", "path": "", "value": 1 }), 400, "invalid_request"),
        (json!({ "op": "rename", "path": "/name" }), 400, "invalid_request"),
        (json!({ "path": "/name" }), 400, "invalid_request"),
        (json!(1), 400, "invalid_request"),
    ] {
        let response = api.send(&api.owner, Method::PATCH, &path, Some(&json!([change, operation]))).await;
        assert_eq!(response.status(), status, "{operation}");
        refused(response, status, code).await;
        let (_, now) = api.owner(Method::GET, &path, None).await;
        assert_eq!(without_use(now), without_use(before.clone()), "{operation}");
    }
    for body in [json!({}), json!(null), json!("x"), json!({ "patch": 1 })] {
        refused(api.send(&api.owner, Method::PATCH, &path, Some(&body)).await, 400, "invalid_request").await;
    }
}

fn without_use(mut token: Value) -> Value {
    token.as_object_mut().unwrap().remove("lastUsed");
    token
}

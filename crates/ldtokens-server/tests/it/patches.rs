//! JSON Patches.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

#[tokio::test]
async fn a_patch_can_have_a_comment() {
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
async fn a_change_increases_last_modified_and_a_patch_without_one_does_not() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let rename = |name: &str| json!([{ "op": "replace", "path": "/name", "value": name }]);
    let modified = async |name: &str| {
        api.owner(Method::PATCH, &path, Some(&rename(name))).await.1["lastModified"].as_i64().unwrap()
    };
    // The clock stands still here; a `test` of `lastModified` must still tell changes apart.
    let (first, second, same) = (modified("a").await, modified("b").await, modified("b").await);
    assert!(first < second && second == same, "{first} {second} {same}");
}

#[tokio::test]
async fn a_failed_patch_changes_nothing() {
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

/// Each of these patches is small, and would make a token that fills the memory or the stack.
#[tokio::test]
async fn a_patch_that_makes_the_token_too_large_is_refused() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let (_, before) = api.owner(Method::GET, &path, None).await;
    let twice = |number: usize| json!({ "op": "copy", "from": "", "path": format!("/{number}") });
    let deeper = json!({ "op": "copy", "from": "/name", "path": "/name/x" });
    let object = json!({ "op": "add", "path": "/name", "value": {} });
    let crossed = ["/a", "/b"].map(|from| {
        let to = if from == "/a" { "/b" } else { "/a" };
        json!([{ "op": "add", "path": to, "value": {} }, { "op": "move", "from": from, "path": format!("{to}/x") }])
    });
    let crossed = crossed.iter().flat_map(|pair| pair.as_array().unwrap().clone());
    for patch in [
        (0..64).map(twice).collect(),
        std::iter::once(object).chain(vec![deeper; 5_000]).collect(),
        std::iter::once(json!({ "op": "add", "path": "/a", "value": {} })).chain(crossed.cycle().take(4_000)).collect(),
    ] {
        let response = api.send(&api.owner, Method::PATCH, &path, Some(&patch)).await;
        let refusal = refused(response, 422, "patch_failed").await;
        assert!(refusal["message"].as_str().unwrap().contains("too large"), "{refusal}");
        assert_eq!(without_use(api.owner(Method::GET, &path, None).await.1), without_use(before.clone()));
    }
}

#[tokio::test]
async fn a_patched_token_is_stored_like_a_created_one() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let statement =
        json!({ "effect": "allow", "actions": ["*"], "notActions": [], "resources": ["*"], "unheardOf": 1 });
    let patch = json!([
        { "op": "remove", "path": "/role" },
        { "op": "add", "path": "/customRoleIds", "value": [] },
        { "op": "add", "path": "/inlineRole", "value": [statement] },
    ]);
    let (status, patched) = api.owner(Method::PATCH, &path, Some(&patch)).await;
    assert_eq!(status, 200, "{patched}");
    let body = json!({ "inlineRole": [statement], "customRoleIds": [] });
    let created = api.owner(Method::POST, "/api/v2/tokens", Some(&body)).await.1;
    assert_eq!(patched["inlineRole"], created["inlineRole"]);
    assert_eq!((patched.get("customRoleIds"), patched.get("role")), (None, None));
    let patch = json!([{ "op": "replace", "path": "/name", "value": null }]);
    refused(api.send(&api.owner, Method::PATCH, &path, Some(&patch)).await, 400, "invalid_request").await;
}

fn without_use(mut token: Value) -> Value {
    token.as_object_mut().unwrap().remove("lastUsed");
    token
}

/// Fact 6: sure for the kinds of permissions, inferred for the others.
#[tokio::test]
async fn replacing_an_absent_property_sets_it_and_removing_it_fails() {
    let api = Api::start().await;
    let (path, _) = api.create(&json!({ "role": "reader" })).await;
    for (name, value) in [("name", "n"), ("description", "d")] {
        let remove = json!([{ "op": "remove", "path": format!("/{name}") }]);
        refused(api.send(&api.owner, Method::PATCH, &path, Some(&remove)).await, 422, "patch_failed").await;
        let set = json!([{ "op": "replace", "path": format!("/{name}"), "value": value }]);
        let (status, token) = api.owner(Method::PATCH, &path, Some(&set)).await;
        assert_eq!((status.as_u16(), &token[name]), (200, &json!(value)));
        assert_eq!(api.owner(Method::PATCH, &path, Some(&remove)).await.0, 200);
    }
    // A value whose parent is absent can't be set, and neither can an item that a list does not have.
    for patch in [
        json!({ "op": "replace", "path": "/inlineRole/0/effect", "value": "deny" }),
        json!({ "op": "replace", "path": "/customRoleIds/0", "value": "x" }),
    ] {
        refused(api.send(&api.owner, Method::PATCH, &path, Some(&json!([patch]))).await, 422, "patch_failed").await;
    }
}

#[tokio::test]
async fn the_operation_that_failed_is_named_by_its_index() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let fine = json!({ "op": "replace", "path": "/name", "value": "new" });
    for (operation, reason) in [
        (json!({ "op": "remove", "path": "/description" }), "there is no value at its path"),
        (json!({ "op": "copy", "from": "/description", "path": "/name" }), "there is no value at its `from`"),
        (json!({ "op": "test", "path": "/name", "value": "reader" }), "the value differs from that of the test"),
        (json!({ "op": "move", "from": "/_links", "path": "/_links/self" }), "into itself"),
    ] {
        for index in 0..3 {
            let mut patch = vec![fine.clone(); 3];
            // Before the first operation the name is still `reader`.
            patch[index] = if index == 0 && operation["op"] == "test" {
                json!({ "op": "test", "path": "/name", "value": "other" })
            } else {
                operation.clone()
            };
            let answer = api.send(&api.owner, Method::PATCH, &path, Some(&patch.into())).await;
            let message = refused(answer, 422, "patch_failed").await["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&format!("operation {index} (the first is 0)")), "{operation}: {message}");
            assert!(message.contains(reason), "{operation}: {message}");
        }
    }
}

#[tokio::test]
async fn every_property_of_a_response_can_be_tested() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    assert!(api.works(&secret).await);
    let (_, shown) = api.owner(Method::GET, &path, None).await;
    let fields = shown.as_object().unwrap();
    assert!(["_member", "_links", "lastUsed", "token"].iter().all(|name| fields.contains_key(*name)));
    let tests: Value = fields
        .iter()
        .map(|(name, value)| json!({ "op": "test", "path": format!("/{name}"), "value": value }))
        .collect();
    let (status, unchanged) = api.owner(Method::PATCH, &path, Some(&tests)).await;
    assert_eq!((status.as_u16(), &unchanged), (200, &shown));
    for name in fields.keys() {
        let other = json!([{ "op": "test", "path": format!("/{name}"), "value": "another value" }]);
        refused(api.send(&api.owner, Method::PATCH, &path, Some(&other)).await, 422, "patch_failed").await;
        if !["name", "role"].contains(&name.as_str()) {
            let change = json!([{ "op": "replace", "path": format!("/{name}"), "value": "another value" }]);
            refused(api.send(&api.owner, Method::PATCH, &path, Some(&change)).await, 400, "invalid_request").await;
        }
    }
}

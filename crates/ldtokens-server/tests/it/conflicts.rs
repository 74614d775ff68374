//! Concurrent patches of one token.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_patches_that_test_the_same_state_exactly_one_is_applied() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let mut conflicts = 0;
    let mut name = "reader".to_owned();
    for round in 0..40 {
        let patch = |to: &str| json!([{ "op": "test", "path": "/name", "value": name }, { "op": "replace", "path": "/name", "value": to }]);
        let wanted: Vec<String> = (0..8).map(|number| format!("{round}.{number}")).collect();
        let patches: Vec<_> = wanted.iter().map(|name| patch(name)).collect();
        let all =
            futures_util::future::join_all(patches.iter().map(|patch| api.owner(Method::PATCH, &path, Some(patch))));
        let answers = all.await;
        let won: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::OK).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        for (status, answer) in answers.iter().filter(|(status, _)| *status != StatusCode::OK) {
            match status.as_u16() {
                409 => {
                    assert_eq!(answer["code"], "optimistic_locking_error");
                    conflicts += 1;
                }
                other => assert_eq!((other, &answer["code"]), (422, &json!("patch_failed"))),
            }
        }
        name = won[0].1["name"].as_str().unwrap().to_owned();
        assert_eq!(api.owner(Method::GET, &path, None).await.1["name"], name);
    }
    assert!(conflicts > 0, "no two patches met");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patches_without_a_conflict_are_all_applied() {
    let api = Api::start().await;
    let (path, _) = api.reader().await;
    let add = |number: usize| {
        if number.is_multiple_of(2) {
            json!([{ "op": "replace", "path": "/name", "value": format!("{number}") }])
        } else {
            json!([{ "op": "add", "path": "/description", "value": format!("{number}") }])
        }
    };
    let patches: Vec<_> = (0..32).map(add).collect();
    let all = futures_util::future::join_all(patches.iter().map(|patch| api.owner(Method::PATCH, &path, Some(patch))));
    let mut modified: Vec<i64> = Vec::new();
    for (status, answer) in all.await {
        assert_eq!(status, 200, "{answer}");
        modified.push(answer["lastModified"].as_i64().unwrap());
    }
    modified.sort_unstable();
    modified.dedup();
    assert_eq!(modified.len(), 32, "each patch has a `lastModified` of its own");
}

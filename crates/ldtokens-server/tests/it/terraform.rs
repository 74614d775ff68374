//! The requests of the vendor's Terraform provider (facts 2 and 5 to 8), as `conformance/replay.py` replays them.

use std::collections::BTreeMap;

use ldtokens_server::{Account, Server};
use reqwest::Method;
use serde_json::Value;

use crate::contract;
use crate::support::Api;

const ACCOUNT: &str = include_str!("../../../../conformance/terraform-account.yaml");
const STEPS: &str = include_str!("../../../../conformance/terraform.json");

/// Replaces each name in braces with the value that an earlier step kept.
fn filled(step: &Value, kept: &BTreeMap<String, String>) -> Value {
    let mut text = step.to_string();
    for (name, value) in kept {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    serde_json::from_str(&text).unwrap()
}

async fn replay(api: &Api) {
    let steps: Vec<Value> = serde_json::from_str(STEPS).unwrap();
    let mut kept = BTreeMap::new();
    for step in &steps {
        let step = filled(step, &kept);
        let (method, path) = step["request"].as_str().unwrap().split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let mut request = api
            .request(method.clone(), path)
            .header("Authorization", step["as"].as_str().unwrap_or(api.owner.expose()))
            .header("LD-API-Version", "20240415");
        if method == Method::POST || method == Method::PATCH {
            let body = step.get("body").map(Value::to_string).unwrap_or_default();
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response = contract::checked(&method, path, request.send().await.unwrap()).await;
        let status = response.status().as_u16();
        let body = response.text().await.unwrap();
        assert_eq!(status, step["status"].as_u64().unwrap() as u16, "{step}\n{body}");
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        for (pointer, wanted) in step["has"].as_object().into_iter().flatten() {
            assert_eq!(answer.pointer(pointer), Some(wanted), "{step}\n{body}");
        }
        for pointer in step["lacks"].as_array().into_iter().flatten() {
            assert_eq!(answer.pointer(pointer.as_str().unwrap()), None, "{step}\n{body}");
        }
        for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
            let value = answer.pointer(pointer.as_str().unwrap()).unwrap();
            kept.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
    }
    assert!(steps.len() > 60 && kept.len() == 6, "{} steps, {kept:?}", steps.len());
}

#[tokio::test]
async fn the_requests_of_terraforms_provider_get_the_expected_responses() {
    for is_strict in [false, true] {
        let mut api = Api::start().await;
        let account: Account = ACCOUNT.parse().unwrap();
        let builder = Server::builder().account(account).clock(api.clock.clone());
        api.server = if is_strict { builder.strict() } else { builder }.start().await.unwrap();
        api.owner = api.server.owner_secret().unwrap().clone();
        replay(&api).await;
    }
}

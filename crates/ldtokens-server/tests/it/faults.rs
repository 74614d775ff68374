//! Injected faults.

use ldtokens_server::{Effect, Fault, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, refused};

fn add_fault(api: &Api, line: &str) {
    api.server.faults().add([line.parse().unwrap()]).unwrap();
}

async fn names(api: &Api) -> Vec<Value> {
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens?limit=100", None).await;
    list["items"].as_array().unwrap().iter().map(|token| token["name"].clone()).collect()
}

/// Creates a token as the owner. The response is not checked, since it may be cut off.
async fn post(api: &Api, name: &str) -> reqwest::Result<String> {
    let body = json!({ "name": name, "role": "reader" });
    let request = api.request(Method::POST, "/api/v2/tokens").header("Authorization", api.owner.expose());
    request.json(&body).send().await?.text().await
}

#[tokio::test]
async fn a_status_fault_responds_as_often_as_asked_and_does_nothing() {
    let api = Api::start().await;
    add_fault(&api, "postToken status=503 retry-after=7 times=2");
    let body = json!({ "name": "third attempt", "role": "reader" });
    for _ in 0..2 {
        let response = api.request(Method::POST, "/api/v2/tokens").header("Authorization", api.owner.expose());
        let response = response.json(&body).send().await.unwrap();
        assert_eq!(response.headers()["retry-after"], "7");
        refused(response, 503, "service_unavailable").await;
    }
    assert!(!names(&api).await.contains(&body["name"]));
    assert_eq!(api.owner(Method::POST, "/api/v2/tokens", Some(&body)).await.0, 201);
    assert!(api.server.faults().left().is_empty());
}

#[tokio::test]
async fn a_connection_is_dropped_before_or_after_the_request_is_carried_out() {
    let api = Api::start().await;
    for (effect, done) in [("drop-before", false), ("drop-after", true), ("cut-body", true)] {
        add_fault(&api, &format!("postToken {effect} times=1"));
        assert!(post(&api, effect).await.is_err(), "{effect}");
        assert_eq!(names(&api).await.contains(&json!(effect)), done, "{effect}");
    }
}

/// A gateway may respond for a server that has carried out the request.
#[tokio::test]
async fn a_status_after_fault_responds_after_the_request_is_carried_out() {
    let api = Api::start().await;
    add_fault(&api, "postToken status-after=503 retry-after=7 times=1");
    let body = json!({ "name": "created", "role": "reader" });
    let request = api.request(Method::POST, "/api/v2/tokens").header("Authorization", api.owner.expose());
    let response = request.json(&body).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    refused(response, 503, "service_unavailable").await;
    assert!(names(&api).await.contains(&body["name"]));
}

#[tokio::test]
async fn a_cut_body_starts_like_the_whole_one_and_breaks_off() {
    let api = Api::start().await;
    add_fault(&api, "getTokens cut-body times=1");
    let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some_and(|chunk| chunk.starts_with(b"{")));
    while let Ok(chunk) = response.chunk().await {
        assert!(chunk.is_some(), "the body ended as if it were whole");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let statuses = async |seed: u64| {
        let fault = Fault::new(Effect::Status { status: 500, retry_after: None }).probability(0.5);
        let server = Server::builder().fault(fault).fault_seed(seed).start().await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..40 {
            let response = http.get(format!("{}/api/v2/tokens", server.url())).send().await.unwrap();
            statuses.push(response.status().as_u16());
        }
        statuses
    };
    let (first, again, other) = (statuses(1).await, statuses(1).await, statuses(2).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert!(first.contains(&500) && first.contains(&401), "{first:?}");
}

#[tokio::test]
async fn the_admin_endpoint_lists_adds_and_removes_faults() {
    let server = Server::builder().admin("127.0.0.1:0".parse().unwrap()).start().await.unwrap();
    let url = format!("{}/faults", server.admin_url().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let added = http.post(&url).body("* delay=1\npostToken status=503 times=3\n").send().await.unwrap();
    assert_eq!((added.status().as_u16(), server.faults().left().len()), (200, 2));
    let refused = http.post(&url).body("getTokens drop-after\nnonsense").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), server.faults().left().len()), (400, 2), "all or none");
    let page = http.post(&url).header("Origin", "https://page.example").body("* drop-after").send().await.unwrap();
    assert_eq!((page.status().as_u16(), server.faults().left().len()), (403, 2));
    let listed = http.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!(listed, "* delay=1\npostToken status=503 times=3\n");
    assert_eq!(http.delete(&url).send().await.unwrap().status(), 204);
    assert!(server.faults().left().is_empty());
    assert!(http.get(format!("{url}/x")).send().await.unwrap().text().await.unwrap().contains("/account/restore"));
}

#[tokio::test]
async fn a_fault_can_leave_out_the_first_requests() {
    let fault: Fault = "getTokens status=503 times=1 after=2".parse().unwrap();
    let server = Server::builder().fault(fault).start().await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(reqwest::get(format!("{}/api/v2/tokens", server.url())).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 503, 401]);
}

/// Fact 18: the vendor's own ldcli handles a 401 without a body.
#[tokio::test]
async fn a_bare_status_has_no_body() {
    let api = Api::start().await;
    add_fault(&api, "getTokens bare-status=401 times=1");
    let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get("content-type")), (401, None));
    assert_eq!(response.text().await.unwrap(), "");
}

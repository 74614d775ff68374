//! HTTP around the operations.

use ldtokens_client::Secret;
use ldtokens_server::{Limits, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Api, refused};

#[tokio::test]
async fn another_method_is_answered_with_those_that_are_taken() {
    let api = Api::start().await;
    for (path, method, allow) in [
        ("/api/v2/tokens", Method::DELETE, ["GET", "HEAD", "POST"].as_slice()),
        ("/api/v2/tokens/a", Method::PUT, &["DELETE", "GET", "HEAD", "PATCH"]),
        ("/api/v2/tokens/a/reset", Method::GET, &["POST"]),
    ] {
        let response = api.send(&api.owner, method, path, None).await;
        assert_eq!(allowed(&response), allow);
        refused(response, 405, "method_not_allowed").await;
    }
}

/// RFC 9110, section 10.2.1: the methods that the resource supports.
fn allowed(response: &Response) -> Vec<&str> {
    let mut methods: Vec<_> = response.headers()["allow"].to_str().unwrap().split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods
}

#[tokio::test]
async fn another_path_is_not_found() {
    let api = Api::start().await;
    for path in ["/", "/api/v2", "/api/v2/tokens/", "/api/v2/flags", "/api/v2/tokens/a/b", "/api/v2/tokens/a%2Fb"] {
        refused(api.send(&api.owner, Method::GET, path, None).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn verbs_are_tunnelled_through_post() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    let tunnelled = |verb: &str| {
        api.request(Method::POST, &path)
            .header("Authorization", api.owner.expose())
            .header("X-HTTP-Method-Override", verb)
    };
    let patch = json!([{ "op": "replace", "path": "/name", "value": "new" }]);
    let patched: Value = tunnelled("PATCH").json(&patch).send().await.unwrap().json().await.unwrap();
    assert_eq!(patched["name"], "new");
    assert_eq!(tunnelled("DELETE").send().await.unwrap().status(), 204);
    assert!(!api.works(&secret).await);
}

#[tokio::test]
async fn a_version_that_is_not_known_is_refused() {
    let api = Api::start().await;
    for version in ["20230101", "latest", ""] {
        let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
        let response = request.header("LD-API-Version", version).send().await.unwrap();
        let refusal = refused(response, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().contains("LD-API-Version"), "{refusal}");
    }
}

#[tokio::test]
async fn the_date_is_the_servers_own() {
    let api = Api::start().await;
    let date = async || {
        let response = api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await;
        response.headers()["date"].to_str().unwrap().to_owned()
    };
    assert_eq!(date().await, "Fri, 01 Aug 2025 00:00:00 GMT");
    api.advance(61);
    assert_eq!(date().await, "Fri, 01 Aug 2025 00:01:01 GMT");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let api = Api::start().await;
    let body = json!({ "role": "reader", "name": "x".repeat(300_000) });
    refused(api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await, 400, "invalid_request").await;
}

/// Fact 12: limits count authenticated requests.
#[tokio::test]
async fn a_request_of_nobodys_spends_none_of_the_limits() {
    let mut api = Api::start().await;
    let limits = Limits::none().account(3).route(2);
    api.server = Server::builder().clock(api.clock.clone()).limits(limits).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let nobody = async || {
        for secret in ["nonsense", ""] {
            let response = api.send(&Secret::new(secret), Method::GET, "/api/v2/tokens", None).await;
            assert!(!response.headers().keys().any(|name| name.as_str().starts_with("x-ratelimit")));
            refused(response, 401, "unauthorized").await;
        }
        assert_eq!(api.request(Method::GET, "/api/v2/tokens").send().await.unwrap().status(), 401);
    };
    for left in ["1", "0"] {
        nobody().await;
        let response = api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await;
        assert_eq!(response.headers()["x-ratelimit-route-remaining"], left);
    }
    assert_eq!(api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await.status(), 429);
    // Neither is it told of the limits of an account that it does not have.
    nobody().await;
}

#[tokio::test]
async fn a_window_takes_so_many_requests_and_says_how_many_are_left() {
    let mut api = Api::start().await;
    let limits = Limits::none().account(5).route(3);
    api.server = Server::builder().clock(api.clock.clone()).limits(limits).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let header = |response: &reqwest::Response, name: &str| response.headers()[name].to_str().unwrap().to_owned();
    for left in [2, 1, 0] {
        let response = api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-ratelimit-route-remaining"), left.to_string());
        assert_eq!(header(&response, "x-ratelimit-global-remaining"), (left + 2).to_string());
        assert_eq!(header(&response, "x-ratelimit-reset"), "1754006410000");
    }
    let response = api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(header(&response, "x-ratelimit-route-remaining"), "0");
    refused(response, 429, "rate_limited").await;
    for status in [404, 404, 429] {
        assert_eq!(api.send(&api.owner, Method::GET, "/api/v2/tokens/a", None).await.status(), status);
    }
    api.advance(10);
    assert_eq!(api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await.status(), 200);
}

//! HTTP around the operations: methods, paths, headers, hosts, rate limits and CORS.

use std::time::Duration;

use ldtokens_client::Secret;
use ldtokens_server::{Limits, Server};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, START, refused};

#[tokio::test]
async fn a_method_that_is_not_allowed_is_a_405_with_the_allowed_ones() {
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
async fn an_unknown_path_is_a_404_with_a_page() {
    let api = Api::start().await;
    for path in ["/", "/api/v2", "/api/v2/tokens/", "/api/v2/flags", "/api/v2/tokens/a/b"] {
        let response = api.send(&api.owner, Method::GET, path, None).await;
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (404, "text/html; charset=utf-8")
        );
        assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"), "{path}");
    }
    let token = api.send(&api.owner, Method::GET, "/api/v2/tokens/a%2Fb", None).await;
    refused(token, 404, "not_found").await;
}

#[tokio::test]
async fn x_http_method_override_sets_the_method() {
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
async fn an_unknown_api_version_is_refused() {
    let api = Api::start().await;
    for version in ["20230101", "latest", ""] {
        let request = api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose());
        let response = request.header("LD-API-Version", version).send().await.unwrap();
        let refusal = refused(response, 400, "invalid_request").await;
        assert!(refusal["message"].as_str().unwrap().contains("LD-API-Version"), "{refusal}");
    }
}

#[tokio::test]
async fn the_date_header_follows_the_servers_clock() {
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
async fn a_body_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let body = json!({ "role": "reader", "name": "x".repeat(300_000) });
    refused(api.send(&api.owner, Method::POST, "/api/v2/tokens", Some(&body)).await, 400, "invalid_request").await;
}

/// Fact 12: limits count authenticated requests.
#[tokio::test]
async fn a_request_without_a_working_credential_does_not_count_toward_the_limits() {
    let mut api = Api::start().await;
    let limits = Limits::none().account(3).route(2);
    api.server = Server::builder().clock(api.clock.clone()).limits(limits).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let nobody = async || {
        for secret in ["api-nonsense", ""] {
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

async fn limited(limits: Limits) -> Api {
    let mut api = Api::start().await;
    api.server = Server::builder().clock(api.clock.clone()).limits(limits).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    api
}

/// The rate-limit headers of a response without their common prefix, in alphabetical order.
fn left(response: &Response) -> Vec<(String, i64)> {
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix("x-ratelimit-")?.to_owned(), value.to_str().ok()?.parse().ok()?))
        })
        .collect();
    headers.sort();
    headers
}

async fn list_as(api: &Api, secret: &Secret) -> Response {
    api.send(secret, Method::GET, "/api/v2/tokens", None).await
}

#[tokio::test]
async fn a_window_allows_the_limit_and_the_headers_say_what_is_left() {
    let api = limited(Limits::none().account(5).route(3)).await;
    let headers = |account: i64, route: i64| {
        let headers = [
            ("global-limit", 5),
            ("global-remaining", account),
            ("reset", START + 10_000),
            ("route-limit", 3),
            ("route-remaining", route),
        ];
        headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
    };
    for used in 1..=3 {
        let response = list_as(&api, &api.owner).await;
        assert_eq!(response.status(), 200);
        assert_eq!(left(&response), headers(5 - used, 3 - used));
    }
    let response = list_as(&api, &api.owner).await;
    assert_eq!(left(&response), headers(2, 0));
    refused(response, 429, "rate_limited").await;
    for status in [404, 404, 429] {
        assert_eq!(api.send(&api.owner, Method::GET, "/api/v2/tokens/a", None).await.status(), status);
    }
    api.advance(10);
    assert_eq!(list_as(&api, &api.owner).await.status(), 200);
}

/// Fact 17: a family without a limit has no headers.
#[tokio::test]
async fn each_family_of_limits_has_its_own_headers() {
    for (limits, expected) in [
        (Limits::none().account(1), &["global-limit", "global-remaining", "reset"][..]),
        (Limits::none().route(1), &["reset", "route-limit", "route-remaining"]),
        (Limits::none().token(1), &["auth-token-limit", "auth-token-remaining", "auth-token-reset"]),
        (Limits::none().address(9), &[]),
    ] {
        let api = limited(limits).await;
        let names: Vec<String> = left(&list_as(&api, &api.owner).await).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected);
        let is_refused = list_as(&api, &api.owner).await.status() == 429;
        assert_eq!(is_refused, !expected.is_empty());
    }
}

#[tokio::test]
async fn a_tokens_limit_counts_the_requests_of_that_token_to_all_routes() {
    let api = limited(Limits::none().token(2)).await;
    let reader = api.server.secret("Reader").unwrap();
    assert_eq!(api.send(&api.owner, Method::GET, "/api/v2/roles", None).await.status(), 200);
    assert_eq!(left(&list_as(&api, &api.owner).await)[1], ("auth-token-remaining".to_owned(), 0));
    let response = list_as(&api, &api.owner).await;
    assert_eq!(left(&response)[2], ("auth-token-reset".to_owned(), START + 10_000));
    refused(response, 429, "rate_limited").await;
    assert_eq!(list_as(&api, reader).await.status(), 200, "another token has another limit");
    api.advance(10);
    assert_eq!(list_as(&api, &api.owner).await.status(), 200);
}

/// Fact 17: nobody promised that the windows of different families align.
#[tokio::test]
async fn independent_windows_end_at_different_times() {
    let api = limited(Limits::none().account(9).route(2).token(3).independent_windows()).await;
    let end = |response: &Response, name: &str| {
        left(response).into_iter().find_map(|(header, value)| (header == name).then_some(value)).unwrap()
    };
    api.advance(5);
    let of_owner = list_as(&api, &api.owner).await;
    let of_reader = list_as(&api, api.server.secret("Reader").unwrap()).await;
    let other_route = api.send(&api.owner, Method::GET, "/api/v2/roles", None).await;
    let ends = [
        end(&of_owner, "auth-token-reset"),
        end(&of_reader, "auth-token-reset"),
        // The later of the ends of the account's window and of the route's.
        end(&of_owner, "reset"),
        end(&other_route, "reset"),
    ];
    let mut different = ends.to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 4, "{ends:?}");
    assert!(ends.iter().all(|end| (START + 5_001..START + 15_000).contains(end)), "{ends:?}");
    assert_eq!(end(&list_as(&api, &api.owner).await, "route-remaining"), 0);
    // Each window ends at its own time: first the token's, then the route's.
    let (token, both) = (ends[0], ends[2]);
    assert!(token < both, "{ends:?}");
    api.clock.advance(Duration::from_millis((token - START - 5_000) as u64));
    let response = list_as(&api, &api.owner).await;
    assert_eq!((end(&response, "auth-token-remaining"), end(&response, "route-remaining")), (3, 0));
    assert_eq!(response.status(), 429);
    api.clock.advance(Duration::from_millis((both - token) as u64));
    assert_eq!(list_as(&api, &api.owner).await.status(), 200);
}

#[tokio::test]
async fn a_request_for_another_host_is_refused_unless_the_name_is_allowed() {
    let mut api = Api::start().await;
    api.server = Server::builder()
        .clock(api.clock.clone())
        .owner_secret(api.owner.clone())
        .allow_host("ld.example")
        .admin(([127, 0, 0, 1], 0).into())
        .start()
        .await
        .unwrap();
    let get = |host: &str| {
        api.request(Method::GET, "/api/v2/tokens").header("Authorization", api.owner.expose()).header("Host", host)
    };
    for host in ["evil.example", "localhost.evil.example:80", "10.0.0.1"] {
        let answer = get(host).header("Origin", "http://evil.example").send().await.unwrap();
        crate::support::refused(answer, 403, "forbidden").await;
        let preflight = api.request(Method::OPTIONS, "/api/v2/tokens").header("Host", host).send().await.unwrap();
        assert_eq!(preflight.status(), 403);
    }
    for host in ["localhost", "ld.example:8765", "[::1]"] {
        assert_eq!(get(host).send().await.unwrap().status(), 200, "{host}");
    }
    let health = api.request(Method::GET, "/healthz").header("Host", "pod.example").send().await.unwrap();
    assert_eq!(health.status(), 204);

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let faults = format!("{}/faults", api.server.admin_url().unwrap());
    for method in [Method::GET, Method::POST, Method::DELETE, Method::PUT] {
        let request = || http.request(method.clone(), &faults).body("* status=500");
        assert_eq!(request().header("Host", "evil.example").send().await.unwrap().status(), 403, "{method}");
        assert_eq!(request().header("Origin", "http://localhost").send().await.unwrap().status(), 403, "{method}");
    }
    assert!(api.server.faults().left().is_empty());
    assert_eq!(http.get(&faults).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_address_over_its_limit_gets_a_429_with_retry_after() {
    let mut api = Api::start().await;
    let limits = Limits::none().address(2);
    api.server = Server::builder().clock(api.clock.clone()).limits(limits).start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    api.clock.advance(Duration::from_millis(2_500));
    for _ in 0..2 {
        assert_eq!(api.owner(Method::GET, "/api/v2/tokens", None).await.0, 200);
    }
    let response = api.send(&api.owner, Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(response.headers()["retry-after"], "8");
    refused(response, 429, "rate_limited").await;
    api.advance(8);
    assert_eq!(api.owner(Method::GET, "/api/v2/tokens", None).await.0, 200);
}

#[tokio::test]
async fn cors_allows_web_pages_and_the_health_check_needs_no_credential() {
    let api = Api::start().await;
    let preflight = api.request(Method::OPTIONS, "/api/v2/tokens").header("Origin", "https://page.example");
    let preflight = preflight.send().await.unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-origin"], "https://page.example");
    assert!(preflight.headers()["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    let refused = api.request(Method::GET, "/api/v2/tokens").send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    assert_eq!(
        (&preflight.headers()["vary"], &refused.headers()["vary"]),
        (&"Origin".parse().unwrap(), &"Origin".parse().unwrap())
    );
    let health = api.request(Method::GET, "/healthz").send().await.unwrap();
    assert_eq!(health.status(), 204);
}

// RFC 9110, section 9.3.2.
#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let owner = server.owner_secret().unwrap();
    let ask = |method: Method, secret: &str| {
        let request = http.request(method, format!("{}/api/v2/tokens", server.url()));
        request.header("Authorization", secret.to_owned()).send()
    };
    let (head, get) =
        (ask(Method::HEAD, owner.expose()).await.unwrap(), ask(Method::GET, owner.expose()).await.unwrap());
    assert_eq!(
        (head.status(), head.headers()["content-type"].clone()),
        (get.status(), get.headers()["content-type"].clone())
    );
    assert_eq!(head.text().await.unwrap(), "");
    assert_eq!(ask(Method::HEAD, "nonsense").await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

//! What a client may not do to the server, and what browsers and monitors may.

use std::time::Duration;

use ldtokens_server::{Limits, Server};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Api, refused};

/// Sends this as it is, and gives all that comes until the server closes.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    // The server may have had enough before it has all.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn who_sends_too_slowly_is_let_go() {
    let server = Server::builder().read_timeout(Duration::from_millis(50)).start().await.unwrap();
    assert_eq!(raw(&server, b"GET /api/v2/tokens HTTP/1.1\r\nHost: x\r\n").await, "", "half a head");
    let half = b"POST /api/v2/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    let answer = raw(&server, half).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_none_is_refused() {
    let server = Server::start().await.unwrap();
    let long = format!("GET /api/v2/tokens HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&server, long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    assert!(raw(&server, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let answer = raw(&server, b"GET /api/v2/tokens/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_a_place() {
    let server = Server::builder().max_connections(1).start().await.unwrap();
    let first = TcpStream::connect(server.addr()).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut second = TcpStream::connect(server.addr()).await.unwrap();
    second.write_all(request).await.unwrap();
    let mut answer = String::new();
    let waited = tokio::time::timeout(Duration::from_millis(100), second.read_to_string(&mut answer)).await;
    assert!(waited.is_err(), "it was answered: {answer}");
    drop(first);
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_again() {
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
async fn web_pages_may_ask_and_monitors_need_no_credential() {
    let api = Api::start().await;
    let preflight = api.request(Method::OPTIONS, "/api/v2/tokens").header("Origin", "https://page.example");
    let preflight = preflight.send().await.unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-origin"], "https://page.example");
    assert!(preflight.headers()["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    let refused = api.request(Method::GET, "/api/v2/tokens").send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    let health = api.request(Method::GET, "/healthz").send().await.unwrap();
    assert_eq!(health.status(), 204);
}

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
    assert_eq!(raw(&server, b"GET /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\n").await, "", "half a head");
    let half = b"POST /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
    let answer = raw(&server, half).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_none_is_refused() {
    let server = Server::start().await.unwrap();
    let long = format!("GET /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&server, long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    assert!(raw(&server, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let answer = raw(&server, b"GET /api/v2/tokens/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// Reads the head of an answer.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn a_request_beyond_the_limit_waits_for_its_turn_and_health_does_not() {
    let fault = "getToken delay=600000 times=1".parse().unwrap();
    let server = Server::builder().max_connections(1).fault(fault).start().await.unwrap();
    let owner = server.owner_secret().unwrap().expose();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\n\r\n");
    let first = send(&server, &get("/api/v2/tokens/a")).await;
    let arrived = async {
        while !server.faults().left().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("the first request arrives");
    let mut second = send(&server, &get("/api/v2/tokens")).await;
    for _ in 0..20 {
        assert!(head(&mut send(&server, HEALTH).await).await.starts_with("HTTP/1.1 204 "));
    }
    let waited = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(waited.is_err(), "it was answered");
    drop(first);
    assert!(head(&mut second).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn where_there_is_no_room_left_the_slowest_idle_connection_goes_first() {
    let hour = Duration::from_secs(3600);
    let server = Server::builder().max_connections(1).read_timeout(hour).start().await.unwrap();
    let mut slowest = send(&server, HEALTH).await;
    head(&mut slowest).await;
    let mut others = Vec::new();
    for _ in 0..64 {
        let mut other = send(&server, HEALTH).await;
        head(&mut other).await;
        others.push(other);
    }
    let mut last = send(&server, HEALTH).await;
    assert!(head(&mut last).await.starts_with("HTTP/1.1 204 "));
    assert_eq!(slowest.read(&mut [0]).await.unwrap(), 0, "it is still open");
    let quicker = others.last_mut().unwrap();
    quicker.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(head(quicker).await.starts_with("HTTP/1.1 204 "));
}

#[tokio::test]
async fn where_there_is_no_room_left_the_request_that_waits_longest_is_refused() {
    let fault = "getToken delay=600000".parse().unwrap();
    let server = Server::builder().max_connections(1).fault(fault).start().await.unwrap();
    let owner = server.owner_secret().unwrap().expose();
    let get = format!("GET /api/v2/tokens/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\n\r\n");
    let mut waiting = Vec::new();
    for _ in 0..65 {
        waiting.push(send(&server, &get).await);
    }
    assert!(head(&mut send(&server, HEALTH).await).await.starts_with("HTTP/1.1 204 "));
    let (refused, ..) = futures_util::future::select_all(waiting.iter_mut().map(|one| Box::pin(head(one)))).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1"), "{refused}");
}

/// A list that is longer than all buffers on its way.
async fn long_list(server: &Server) -> TcpStream {
    let owner = server.owner_secret().unwrap().expose();
    let head = format!("Host: localhost\r\nAuthorization: {owner}\r\nLD-API-Version: 20220603\r\n\r\n");
    send(server, &format!("GET /api/v2/tokens?showAll=true HTTP/1.1\r\n{head}")).await
}

#[tokio::test]
async fn who_never_reads_an_answer_is_let_go() {
    let timeout = Duration::from_millis(50);
    let server = Server::builder().seed_tokens(30_000).write_timeout(timeout).start().await.unwrap();
    let mut stream = long_list(&server).await;
    // What is sent to a connection that the server has closed fails.
    let closed = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed).await.expect("the server still waits for who never reads");
}

#[tokio::test]
async fn others_are_answered_while_lists_wait_for_their_readers() {
    let server = Server::builder().seed_tokens(30_000).start().await.unwrap();
    let mut lists = Vec::new();
    for _ in 0..16 {
        let mut list = long_list(&server).await;
        assert!(head(&mut list).await.starts_with("HTTP/1.1 200 "));
        lists.push(list);
    }
    let owner = server.owner_secret().unwrap().expose();
    let body = r#"{"role": "reader"}"#;
    let post = format!(
        "POST /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(head(&mut send(&server, &post).await).await.starts_with("HTTP/1.1 201 "));
    // And who reads gets all that there was.
    let mut list = String::new();
    while !list.ends_with("\r\n0\r\n\r\n") {
        let mut part = vec![0; 64 * 1024];
        let read = lists[0].read(&mut part).await.unwrap();
        assert!(read > 0, "the list broke off");
        list.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    assert_eq!(list.matches("\"creationDate\"").count(), 30_004);
}

#[tokio::test]
async fn a_request_for_another_host_is_refused_and_one_for_an_allowed_name_is_not() {
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
    assert_eq!(
        (&preflight.headers()["vary"], &refused.headers()["vary"]),
        (&"Origin".parse().unwrap(), &"Origin".parse().unwrap())
    );
    let health = api.request(Method::GET, "/healthz").send().await.unwrap();
    assert_eq!(health.status(), 204);
}

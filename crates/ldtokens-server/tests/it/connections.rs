//! Slow clients, large requests, and the maximum number of connections.

use std::time::Duration;

use ldtokens_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends `request` and returns what the server sends until it closes the connection.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the server keeps the connection open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_that_sends_too_slowly_is_disconnected() {
    let server = Server::builder().read_timeout(Duration::from_millis(50)).start().await.unwrap();
    assert_eq!(raw(&server, b"GET /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\n").await, "", "half a head");
    let answer = raw(&server, half_a_body(server.owner_secret().unwrap().expose()).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
}

/// A create whose body does not arrive completely.
fn half_a_body(credential: &str) -> String {
    format!(
        "POST /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: {credential}\r\nContent-Length: 100\r\n\r\n{{"
    )
}

#[tokio::test]
async fn without_a_working_credential_no_body_is_waited_for() {
    let server = Server::builder().read_timeout(Duration::from_secs(3600)).start().await.unwrap();
    for credential in ["api-nobody", "nonsense"] {
        let refused = raw(&server, half_a_body(credential).as_bytes()).await;
        assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("unauthorized"), "{refused}");
        assert!(refused.contains("connection: close"), "{refused}");
    }
    let none = raw(&server, b"POST /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{").await;
    assert!(none.starts_with("HTTP/1.1 401 "), "{none}");
}

/// As many as are handled at once, and more than may arrive at once from one address.
#[tokio::test]
async fn half_sent_bodies_keep_no_other_request_waiting() {
    let server = Server::builder().max_connections(80).read_timeout(Duration::from_secs(3600)).start().await.unwrap();
    let owner = server.owner_secret().unwrap().expose();
    let mut half = Vec::new();
    for _ in 0..81 {
        half.push(send(&server, &half_a_body(owner)).await);
    }
    let whole = r#"{"role": "reader"}"#;
    let create = format!(
        "POST /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\nContent-Length: {}\r\n\r\n{whole}",
        whole.len()
    );
    for (request, status) in [
        (format!("GET /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\n\r\n"), "200"),
        // It takes the place of a body that is late.
        (create, "201"),
    ] {
        let answered = async { head(&mut send(&server, &request).await).await };
        let answered =
            tokio::time::timeout(Duration::from_secs(60), answered).await.expect("it waits for half-sent bodies");
        assert!(answered.starts_with(&format!("HTTP/1.1 {status} ")), "{answered}");
    }
    let (late, ..) = futures_util::future::select_all(half.iter_mut().map(|one| Box::pin(head(one)))).await;
    assert!(late.starts_with("HTTP/1.1 408 "), "{late}");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_invalid_is_refused() {
    let server = Server::start().await.unwrap();
    let long = format!("GET /api/v2/tokens HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    assert!(raw(&server, long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    assert!(raw(&server, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let answer = raw(&server, b"GET /api/v2/tokens/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// Reads the head of a response.
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
async fn a_request_beyond_the_maximum_waits_and_the_health_check_does_not() {
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
async fn at_the_maximum_the_connection_that_has_been_idle_longest_is_closed() {
    let hour = Duration::from_secs(3600);
    let server = Server::builder().max_connections(1).read_timeout(hour).start().await.unwrap();
    let mut idle_longest = send(&server, HEALTH).await;
    head(&mut idle_longest).await;
    let mut others = Vec::new();
    for _ in 0..64 {
        let mut other = send(&server, HEALTH).await;
        head(&mut other).await;
        others.push(other);
    }
    let mut last = send(&server, HEALTH).await;
    assert!(head(&mut last).await.starts_with("HTTP/1.1 204 "));
    assert_eq!(idle_longest.read(&mut [0]).await.unwrap(), 0, "it is still open");
    let newer = others.last_mut().unwrap();
    newer.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(head(newer).await.starts_with("HTTP/1.1 204 "));
}

#[tokio::test]
async fn at_the_maximum_without_idle_connections_a_waiting_request_is_refused() {
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

/// As many tokens as make a list that is longer than all buffers between the server and a client whose own is small.
const MANY: u32 = 15_000;

/// Requests a list of many tokens.
async fn long_list(server: &Server) -> TcpStream {
    let owner = server.owner_secret().unwrap().expose();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stream = socket.connect(server.addr()).await.unwrap();
    let head = format!("Host: localhost\r\nAuthorization: {owner}\r\nLD-API-Version: 20220603\r\n\r\n");
    stream.write_all(format!("GET /api/v2/tokens?showAll=true HTTP/1.1\r\n{head}").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_does_not_read_the_response_is_disconnected() {
    let timeout = Duration::from_millis(50);
    let server = Server::builder().seed_tokens(MANY).write_timeout(timeout).start().await.unwrap();
    let mut stream = long_list(&server).await;
    // Writing fails once the server has closed the connection.
    let closed = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed)
        .await
        .expect("the server still waits for a client that does not read");
}

#[tokio::test]
async fn other_requests_are_answered_while_clients_do_not_read_their_lists() {
    let server = Server::builder().seed_tokens(MANY).start().await.unwrap();
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
    // A client that reads gets the whole list.
    let mut list = String::new();
    while !list.ends_with("\r\n0\r\n\r\n") {
        let mut part = vec![0; 64 * 1024];
        let read = lists[0].read(&mut part).await.unwrap();
        assert!(read > 0, "the list broke off");
        list.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    assert_eq!(list.matches("\"creationDate\"").count(), MANY as usize + 4);
}

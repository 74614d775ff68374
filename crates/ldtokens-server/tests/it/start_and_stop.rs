//! Starting and stopping: what is written, and what happens to requests in progress.

use std::path::Path;
use std::time::Duration;

use ldtokens_client::Secret;
use ldtokens_server::{Account, Clock, Server};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

fn http() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn get(server: &Server, secret: &Secret, path: &str) -> Value {
    let request = http().get(format!("{}/api/v2{path}", server.url())).header("Authorization", secret.expose());
    request.send().await.unwrap().json().await.unwrap()
}

fn members(store: &Path) -> i64 {
    let store = rusqlite::Connection::open(store).unwrap();
    store.query_row("SELECT count(*) FROM member", [], |row| row.get(0)).unwrap()
}

// The docs of `StartError`: nothing was changed.
#[tokio::test]
async fn a_failed_start_writes_no_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let account: Account = "members: [{email: a@example.com, role: owner}]".parse().unwrap();
    let started = Server::builder().store(&path).account(account).session().start().await;
    assert!(started.unwrap_err().to_string().contains("no personal token with the Admin role"));
    assert_eq!(members(&path), 0);
    let server = Server::builder().store(&path).session().start().await.unwrap();
    assert!(server.owner_secret().is_some(), "the store is still new");
    server.stop().await;
    assert_eq!(members(&path), 4);
}

// The docs of `Server::stop`.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_progress_is_finished_before_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let server = Server::builder().store(&path).start().await.unwrap();
    let owner = server.owner_secret().unwrap().clone();
    let url = format!("{}/api/v2/tokens", server.url());
    let read = || http().get(&url).header("Authorization", owner.expose()).send();
    // Keeps the write waiting until the server is stopping.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let create = http().post(&url).header("Authorization", owner.expose()).json(&json!({ "role": "reader" })).send();
    let create = tokio::spawn(create);
    // By then the create has arrived, since requests are handled in turn.
    for _ in 0..20 {
        assert_eq!(read().await.unwrap().status(), StatusCode::OK);
    }
    let stopping = tokio::spawn(server.stop());
    let refused = async {
        while read().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("the server takes no more requests");
    assert!(!stopping.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(create.await.unwrap().unwrap().status(), StatusCode::CREATED);
    stopping.await.unwrap();
}

// Fact 9.
#[tokio::test]
async fn the_last_use_of_a_token_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let clock = Clock::manual(ldtokens_client::UnixMillis::new(1_754_000_000_000));
    let start = || Server::builder().store(&path).clock(clock.clone()).start();
    let server = start().await.unwrap();
    let (owner, reader) = (server.owner_secret().unwrap().clone(), server.secret("Reader").unwrap().clone());
    let identity = get(&server, &reader, "/caller-identity").await;
    server.stop().await;
    clock.advance(Duration::from_secs(3600));
    let server = start().await.unwrap();
    let token = get(&server, &owner, &format!("/tokens/{}", identity["tokenId"].as_str().unwrap())).await;
    assert_eq!(token["lastUsed"], 1_754_000_000_000_i64);
}

// Our choice: if another program locks the file, a write is a 503 with Retry-After.
#[tokio::test]
async fn a_write_to_a_locked_store_is_a_503_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let server = Server::builder().store(&path).start().await.unwrap();
    let owner = server.owner_secret().unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let create = http().post(format!("{}/api/v2/tokens", server.url())).header("Authorization", owner.expose());
    let response = create.json(&json!({ "role": "reader" })).send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let error: Value = response.json().await.unwrap();
    assert!(error["message"].as_str().unwrap().contains("Nothing was changed"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(get(&server, owner, "/tokens?showAll=true").await["totalCount"], 4);
}

// Our choice: seeded tokens are counted together, and later ones one by one.
#[tokio::test]
async fn seeded_tokens_are_counted_like_created_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ld.db");
    let server = Server::builder().store(&path).seed_tokens(3_000).start().await.unwrap();
    let owner = server.owner_secret().unwrap();
    let total = async || get(&server, owner, "/tokens?showAll=true&limit=1").await["totalCount"].as_i64().unwrap();
    assert_eq!(total().await, 3_004);
    let create = http().post(format!("{}/api/v2/tokens", server.url())).header("Authorization", owner.expose());
    assert_eq!(create.json(&json!({ "role": "reader" })).send().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(total().await, 3_005);
    let last = get(&server, owner, "/tokens?showAll=true&offset=3003").await;
    assert_eq!(last["items"].as_array().unwrap().len(), 2);
    // Counts the tokens of each row of the tally.
    let store = rusqlite::Connection::open(&path).unwrap();
    let mut tally = store.prepare("SELECT owner, block, tokens FROM tally").unwrap();
    let rows = tally.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    let mut count = 0;
    for (owner, block, tokens) in rows.unwrap().map(Result::unwrap) {
        let counted: i64 = store
            .query_row(
                "SELECT count(*) FROM token WHERE (?1 = '*' OR ?1 = iif(service, 'service', member))
                    AND (?2 = -1 OR number / 1024 = ?2)",
                rusqlite::params![owner, block],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(counted, tokens, "{owner} {block}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

/// Half a head, half a body and a delay would take an hour each.
#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_slow_clients_and_delays() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let builder = Server::builder().read_timeout(Duration::from_secs(3600));
    let server = builder.fault("getToken delay=600000 times=1".parse().unwrap()).start().await.unwrap();
    let owner = server.owner_secret().unwrap().expose().to_owned();
    let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\n");
    let mut streams = Vec::new();
    for sent in [
        "GET /api/v2/tokens HTT".to_owned(),
        format!("{}Content-Length: 100\r\n\r\n{{", head("POST /api/v2/tokens")),
        format!("{}\r\n", head("GET /api/v2/tokens/a")),
    ] {
        let mut stream = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let arrived = async {
        while server.requests_in_progress() < 2 || !server.faults().left().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("the requests arrive");
    tokio::time::timeout(Duration::from_secs(60), server.stop()).await.expect("the server stops");
    let mut delayed = String::new();
    streams[2].read_to_string(&mut delayed).await.unwrap();
    assert!(delayed.starts_with("HTTP/1.1 404 "), "it was answered without the rest of its delay: {delayed}");
}

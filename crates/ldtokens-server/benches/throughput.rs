//! `cargo bench -p ldtokens-server --bench throughput`: how many requests a second, beside what the floor gives in the same
//! run: an axum handler that does nothing, and SQLite that only inserts. Servers and clients share this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::CONTENT_TYPE;
use ldtokens_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const MEASURED: Duration = Duration::from_secs(3);
const BODY: &str =
    r#"{"name": "Nightly export", "description": "Reads flag data for the warehouse", "role": "reader"}"#;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    let server =
        Server::builder().store(folder.path().join("ld.db")).start().await.expect("loopback can be listened on");
    let owner = server.owner_secret().expect("the store is new").expose().to_owned();
    let request = |line: &str, body: &str| -> Arc<[u8]> {
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {owner}\r\nContent-Length: {length}\r\n\r\n");
        format!("{head}{body}").into_bytes().into()
    };
    let post = request("POST /api/v2/tokens", BODY);
    let made = Connection::open(server.addr()).await.exchange(&post).await;
    let made: serde_json::Value = serde_json::from_slice(&made).expect("a token is JSON");
    let get = request(&format!("GET /api/v2/tokens/{}", made["_id"].as_str().expect("it has an ID")), "");
    let token = String::from_utf8(Connection::open(server.addr()).await.exchange(&get).await).expect("JSON is text");
    let bare = bare_axum(token.clone()).await;

    println!("requests a second          {}", CONNECTIONS.map(|count| format!("{count:>16}")).concat());
    let mut table: Vec<(&str, [f64; CONNECTIONS.len()])> = Vec::new();
    for (name, addr, request) in [
        ("bare axum handler", bare, &get),
        ("getToken", server.addr(), &get),
        ("postToken, on disk", server.addr(), &post),
    ] {
        let mut rates = [0.0; CONNECTIONS.len()];
        for (rate, connections) in rates.iter_mut().zip(CONNECTIONS) {
            *rate = load(addr, request, connections).await;
        }
        table.push((name, rates));
    }
    let inserts = inserts_a_second(&folder.path().join("bare.db"), &token);
    table.insert(2, ("bare SQLite insert, alone", [inserts; CONNECTIONS.len()]));
    for (row, floor) in [(0, 0), (1, 0), (2, 2), (3, 2)] {
        let (name, rates) = table[row];
        let cells = rates.iter().zip(table[floor].1).map(|(rate, floor)| format!("{rate:>9.0} {:>5.2}x", rate / floor));
        println!("{name:<27}{}", cells.collect::<String>());
    }

    let alone = load(server.addr(), &get, 16).await;
    let (beside, written) = tokio::join!(load(server.addr(), &get, 16), load(server.addr(), &post, 16));
    println!("getToken with 16 connections: {alone:.0} alone, {beside:.0} while 16 others get {written:.0} postToken");
    server.stop().await;

    let begun = Instant::now();
    for _ in 0..20 {
        Server::start().await.expect("loopback can be listened on").stop().await;
    }
    println!("start and stop, in memory: {:.1?}", begun.elapsed() / 20);
    let begun = Instant::now();
    let server = Server::builder().seed_tokens(100_000).start().await.expect("loopback can be listened on");
    println!("start with 100,000 seeded tokens, in memory: {:.1?}", begun.elapsed());
    drop(server);
}

/// A handler that gives always the same.
async fn bare_axum(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be listened on");
    let addr = listener.local_addr().expect("it is bound");
    let handler = async move || ([(CONTENT_TYPE, "application/json")], answer.clone());
    let app = axum::Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

/// One thread that writes as much as postToken does, one commit each, as durable.
fn inserts_a_second(file: &Path, document: &str) -> f64 {
    let store = rusqlite::Connection::open(file).expect("the folder can be written");
    store
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE token (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
             CREATE TABLE secret (hash BLOB PRIMARY KEY, token TEXT NOT NULL) STRICT;",
        )
        .expect("the store is new");
    let mut count: u64 = 0;
    let begun = Instant::now();
    while begun.elapsed() < MEASURED {
        count += 1;
        let id = format!("{:024x}", fastrand::u64(..));
        store.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
        let insert = |sql: &str| store.prepare_cached(sql).expect("it is SQL");
        insert("INSERT INTO token (id, document) VALUES (?, ?)").execute([&id, document]).expect("it is new");
        insert("INSERT INTO secret (hash, token) VALUES (?, ?)")
            .execute(rusqlite::params![fastrand::u128(..).to_le_bytes(), id])
            .expect("it is new");
        store.execute_batch("COMMIT").expect("the disk has room");
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// How many requests a second so many connections get answered, one after the other on each.
async fn load(addr: SocketAddr, request: &Arc<[u8]>, connections: usize) -> f64 {
    let mut under_way = JoinSet::new();
    for _ in 0..connections {
        under_way.spawn(requests(addr, request.clone()));
    }
    under_way.join_all().await.into_iter().sum::<usize>() as f64 / MEASURED.as_secs_f64()
}

async fn requests(addr: SocketAddr, request: Arc<[u8]>) -> usize {
    let mut connection = Connection::open(addr).await;
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < MEASURED {
        connection.exchange(&request).await;
        count += 1;
    }
    count
}

/// A client that does as little as it can.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is TCP");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends a request, and gives the body of the answer, which must be one of success.
    async fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.write_all(request).await.expect("the server listens");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
            assert!(read > 0, "the server hung up");
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).expect("a head is text");
            assert!(head.starts_with("HTTP/1.1 20"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).expect("the length is told");
            if self.buffer.len() >= end + 4 + length {
                return self.buffer.split_off(end + 4);
            }
        }
    }
}

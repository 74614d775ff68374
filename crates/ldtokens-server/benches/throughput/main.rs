//! `cargo bench -p ldtokens-server` measures how long requests take for accounts of several sizes, alone and while another
//! client lists the whole account. It also counts requests per second, and compares them with a floor measured in the same run:
//! an axum handler that does nothing, and SQLite that only inserts.
//!
//! `-- --short` runs briefly on small accounts, `--tokens N,N` sets the sizes, `--seconds S` sets how long each measurement
//! takes, and `--memory` keeps the accounts in memory. Servers are separate processes on the same machine as their clients.

mod client;
mod floor;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::Connection;
use process::Process;
use tokio::task::JoinSet;

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const BODY: &str =
    r#"{"name": "Nightly export", "description": "Reads flag data for the warehouse", "role": "reader"}"#;

/// What to measure.
struct Plan {
    tokens: Vec<u32>,
    measured: Duration,
    is_in_memory: bool,
}

impl Plan {
    fn of(arguments: &[String]) -> Self {
        let value = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
        let is_short = arguments.iter().any(|argument| argument == "--short");
        let default = if is_short { "1000,5000" } else { "1000,100000,1000000" };
        let tokens = value("--tokens").map_or(default, String::as_str).split(',');
        let seconds =
            value("--seconds").map_or(if is_short { 0.2 } else { 2.0 }, |text| text.parse().expect("seconds"));
        Self {
            tokens: tokens.map(|count| count.parse().expect("a number of tokens")).collect(),
            measured: Duration::from_secs_f64(seconds),
            is_in_memory: arguments.iter().any(|argument| argument == "--memory"),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    match process::role(&arguments) {
        Some(role) => runtime.block_on(role.run()),
        None => runtime.block_on(measure(&Plan::of(&arguments))),
    }
}

async fn measure(plan: &Plan) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    println!(
        "{:<38}{:>18}{:>18}{:>18}{:>18}",
        "p50 / p99 in ms, one connection", "getToken", "postToken", "first page", "page at 90 %"
    );
    for (index, tokens) in plan.tokens.iter().enumerate() {
        let store = folder.path().join(format!("{tokens}.db"));
        let account = Account::start(&store, *tokens, plan).await;
        let alone = account.latencies(plan.measured).await;
        print_latencies(&format!("{tokens} tokens, alone"), alone);
        let (beside, listed) = account.beside_a_list(plan.measured).await;
        print_latencies(&format!("{:>width$}  beside a whole list", "", width = tokens.to_string().len()), beside);
        account.print_footprint(listed, &store, plan).await;
        if index == 0 {
            rates(&account, &folder.path().join("bare.db"), plan.measured).await;
        }
    }
}

fn print_latencies(name: &str, latencies: [(f64, f64); 4]) {
    let cells = latencies.map(|(half, most)| format!("{:>18}", format!("{half:.2} / {most:.2}")));
    println!("{name:<38}{}", cells.concat());
}

/// A server with an account, and the requests to it.
struct Account {
    server: Process,
    seeded_in: Duration,
    get: Arc<[u8]>,
    post: Arc<[u8]>,
    first_page: Arc<[u8]>,
    far_page: Arc<[u8]>,
    everything: Arc<[u8]>,
}

impl Account {
    async fn start(store: &Path, tokens: u32, plan: &Plan) -> Self {
        let started = Instant::now();
        let server = Process::server(store_of(store, plan), tokens);
        let seeded_in = started.elapsed();
        let owner = server.secret.clone();
        let request = |line: &str, version: &str, body: &str| -> Arc<[u8]> {
            let length = body.len();
            let head = format!(
                "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {owner}\r\nLD-API-Version: {version}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            format!("{head}{body}").into_bytes().into()
        };
        let post = request("POST /api/v2/tokens", "20240415", BODY);
        let mut connection = Connection::open(server.addr).await;
        let made: serde_json::Value =
            serde_json::from_slice(connection.exchange(&post).await).expect("a token is JSON");
        let get =
            request(&format!("GET /api/v2/tokens/{}", made["_id"].as_str().expect("it has an ID")), "20240415", "");
        let page = |offset: u32| request(&format!("GET /api/v2/tokens?showAll=true&offset={offset}"), "20240415", "");
        let everything = request("GET /api/v2/tokens?showAll=true", "20220603", "");
        let (first_page, far_page) = (page(0), page(tokens / 10 * 9));
        Self { server, seeded_in, get, post, first_page, far_page, everything }
    }

    async fn latencies(&self, measured: Duration) -> [(f64, f64); 4] {
        let mut latencies = [(0.0, 0.0); 4];
        for (at, request) in [&self.get, &self.post, &self.first_page, &self.far_page].into_iter().enumerate() {
            latencies[at] = percentiles(self.server.addr, request, measured).await;
        }
        latencies
    }

    /// The same while another client lists everything again and again, and how many MiB a second that client gets.
    async fn beside_a_list(&self, measured: Duration) -> ([(f64, f64); 4], f64) {
        let done = Arc::new(AtomicBool::new(false));
        let (addr, request, until) = (self.server.addr, self.everything.clone(), done.clone());
        let listing = tokio::spawn(async move {
            let (started, mut listed) = (Instant::now(), 0);
            while !until.load(Ordering::Relaxed) {
                listed += Connection::open(addr).await.read_list(&request).await;
            }
            listed as f64 / f64::from(1 << 20) / started.elapsed().as_secs_f64()
        });
        let latencies = self.latencies(measured).await;
        done.store(true, Ordering::Relaxed);
        (latencies, listing.await.expect("the list is read"))
    }

    async fn print_footprint(&self, listed: f64, store: &Path, plan: &Plan) {
        let peak = self.server.peak_memory();
        let seeded_in = self.seeded_in;
        println!("    {listed:.0} MiB a second in the whole list; {peak} at most; made and started in {seeded_in:.1?}");
        if !plan.is_in_memory {
            let copy = store.with_extension("copy");
            rusqlite::Connection::open(store)
                .and_then(|connection| connection.execute("VACUUM INTO ?", [copy.to_str().expect("it is ASCII")]))
                .expect("the disk has room");
            let started = Instant::now();
            let again = Process::server(Some(copy), 0);
            println!("    started again in {:.1?}, at most {} then", started.elapsed(), again.peak_memory());
        }
    }
}

fn store_of(store: &Path, plan: &Plan) -> Option<PathBuf> {
    (!plan.is_in_memory).then(|| store.to_owned())
}

/// The median and the 99th percentile of the time from request to response on one connection, in milliseconds.
async fn percentiles(addr: SocketAddr, request: &[u8], measured: Duration) -> (f64, f64) {
    let mut connection = Connection::open(addr).await;
    let (started, mut took) = (Instant::now(), Vec::new());
    while started.elapsed() < measured || took.is_empty() {
        let sent = Instant::now();
        connection.exchange(request).await;
        took.push(sent.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    (took[took.len() / 2], took[took.len() * 99 / 100])
}

/// Prints the requests per second, and how they compare with the floor.
async fn rates(account: &Account, file: &Path, measured: Duration) {
    let answer = async |request: &[u8]| Connection::open(account.server.addr).await.exchange(request).await.to_owned();
    let (token, page) = (answer(&account.get).await, answer(&account.first_page).await);
    let bare = Process::bare(&token, &page);
    println!("{:<27}{}", "    requests a second", CONNECTIONS.map(|count| format!("{count:>18}")).concat());
    let rows = [
        ("bare axum, a token", bare.addr, &account.get),
        ("getToken", account.server.addr, &account.get),
        ("bare axum, a page", bare.addr, &account.first_page),
        ("a page of 25", account.server.addr, &account.first_page),
        ("postToken", account.server.addr, &account.post),
    ];
    let mut table: Vec<(&str, [f64; CONNECTIONS.len()])> = Vec::new();
    for (name, addr, request) in rows {
        let mut rates = [0.0; CONNECTIONS.len()];
        for (rate, connections) in rates.iter_mut().zip(CONNECTIONS) {
            *rate = load(addr, request, connections, measured).await;
        }
        table.push((name, rates));
    }
    let inserts = floor::inserts_a_second(file, std::str::from_utf8(&token).expect("JSON is text"), measured);
    table.insert(4, ("bare SQLite, one a commit", [inserts; CONNECTIONS.len()]));
    for (row, floor) in [(0, 0), (1, 0), (2, 2), (3, 2), (4, 4), (5, 4)] {
        let (name, rates) = table[row];
        let cells =
            rates.iter().zip(table[floor].1).map(|(rate, floor)| format!("{rate:>11.0} {:>5.2}x", rate / floor));
        println!("    {name:<27}{}", cells.collect::<String>());
    }
}

/// The requests per second of this many connections, each with one request at a time.
async fn load(addr: SocketAddr, request: &Arc<[u8]>, connections: usize, measured: Duration) -> f64 {
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let request = request.clone();
        clients.spawn(async move {
            let mut connection = Connection::open(addr).await;
            let (started, mut count) = (Instant::now(), 0_usize);
            while started.elapsed() < measured {
                connection.exchange(&request).await;
                count += 1;
            }
            count
        });
    }
    clients.join_all().await.into_iter().sum::<usize>() as f64 / measured.as_secs_f64()
}

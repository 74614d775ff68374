//! `cargo bench -p ldtokens-cli`: what a run of the command costs beside curl making the same request with the same headers:
//! the whole process, and from its start to the first byte of the request. And how large the program is.
//!
//! The two take turns, so that whatever else the machine does befalls both alike. What is told is the median, and between
//! which times half of the runs were.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ldtokens::{BaseRole, Client, NewToken, Secret};
use ldtokens_server::Server;

const LDTOKENS: &str = env!("CARGO_BIN_EXE_ldtokens");
const RUNS: usize = 200;
const WARM_UP: usize = 20;

/// How long after its start the first byte of the request is sent at the latest.
const FIRST_BYTE: Duration = Duration::from_millis(5);

fn main() {
    let account = Account::start();
    let request = account.request();
    let headers = headers_of(&request);
    println!("{RUNS} runs of each, in turns, after {WARM_UP} to warm up\n");
    println!("{:<40}  {:>24}  {:>24}  {:>5}", "", "ldtokens", "curl", "ratio");

    let url = format!("{}/api/v2/tokens/{}", account.url, account.id);
    let ours = request.clone_to(&account.url);
    let curl = curl(&url, &headers);
    let runs = Pair::measure(|| whole(ours.command()), || whole(curl.command()));
    runs.print("getToken, the whole process");

    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let addr = listener.local_addr().expect("it is bound");
    let at = |scheme: &str| format!("{scheme}://{addr}");
    let mut first = Vec::new();
    for scheme in ["http", "https"] {
        let ours = request.clone_to(&at(scheme));
        let curl = self::curl(&format!("{}/api/v2/tokens/{}", at(scheme), account.id), &headers);
        let pair = Pair::measure(|| first_byte(ours.command(), &listener), || first_byte(curl.command(), &listener));
        pair.print(&format!("to the first byte, {scheme}"));
        first.push(pair);
    }
    let version = |program: &'static str| Run { program, arguments: vec!["--version".to_owned()], secret: None };
    let pair = Pair::measure(|| whole(version(LDTOKENS).command()), || whole(version("curl").command()));
    pair.print("--version, the whole process");

    println!();
    for host in ["http://127.0.0.1:9", "https://app.launchdarkly.com"] {
        println!("a client for {host:<28} is made in {:>9}", shown(construction(host)));
    }
    sizes();
    println!();
    promise("ldtokens takes no longer than curl", runs.ours.median <= runs.curls.median);
    promise("the first byte is sent in under 5 ms", first[0].ours.median < FIRST_BYTE);
}

fn promise(promise: &str, holds: bool) {
    println!("{} {promise}", if holds { "ok  " } else { "NOT " });
}

/// An account on a local LaunchDarkly in this process, and a token in it.
struct Account {
    url: String,
    secret: Secret,
    id: String,
    _running: mpsc::Sender<()>,
}

impl Account {
    fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (running, ended) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it can run");
            let server = runtime.block_on(async {
                let server = Server::start().await.expect("loopback can be listened on");
                let secret = server.owner_secret().expect("the server is new").clone();
                let client = Client::builder(secret.clone()).host(server.url()).build().expect("loopback is fine");
                let token = client.create(&NewToken::new(BaseRole::Reader).name("Export")).await.expect("it may");
                tell.send((server.url().to_owned(), secret, token.id.as_str().to_owned())).expect("it is waited for");
                server
            });
            runtime.block_on(async {
                let _ = tokio::task::spawn_blocking(move || ended.recv()).await;
                server.stop().await;
            });
        });
        let (url, secret, id) = told.recv().expect("the server starts");
        Self { url, secret, id, _running: running }
    }

    fn request(&self) -> Run {
        let arguments = ["getToken", &format!("tokenId={}", self.id), "--output", "json", "--host"];
        Run { program: LDTOKENS, arguments: arguments.map(str::to_owned).into(), secret: Some(self.secret.clone()) }
    }
}

/// A program and its arguments. It has no environment but a credential, and no configuration.
struct Run {
    program: &'static str,
    arguments: Vec<String>,
    secret: Option<Secret>,
}

impl Run {
    /// The same, to `host`.
    fn clone_to(&self, host: &str) -> Self {
        let arguments = [&self.arguments[..], &[host.to_owned()]].concat();
        Self { program: self.program, arguments, secret: self.secret.clone() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", "/nonexistent");
        if let Some(secret) = &self.secret {
            command.env("LD_ACCESS_TOKEN", secret.expose());
        }
        command
    }
}

fn curl(url: &str, headers: &[String]) -> Run {
    let mut arguments: Vec<String> = ["--disable", "--silent", "--insecure"].map(str::to_owned).into();
    for header in headers {
        arguments.extend(["--header".to_owned(), header.clone()]);
    }
    arguments.push(url.to_owned());
    Run { program: "curl", arguments, secret: None }
}

/// The headers that `request` sends, but for the host, which is whoever is asked.
fn headers_of(request: &Run) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let host = format!("http://{}", listener.local_addr().expect("it is bound"));
    let mut child = request.clone_to(&host).command().spawn().expect("the command starts");
    let (mut stream, _) = listener.accept().expect("it connects");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("it sends a request");
        head.push(byte[0]);
    }
    let _ = child.kill();
    let _ = child.wait();
    let head = String::from_utf8(head).expect("a head is ASCII");
    let lines = head.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("host:"));
    lines.map(str::to_owned).collect()
}

/// How long a process takes from its start to its end.
fn whole(mut command: Command) -> Duration {
    let begun = Instant::now();
    let status = command.status().expect("the program starts");
    let taken = begun.elapsed();
    assert!(status.success(), "{:?}: {status}", command.get_program());
    taken
}

/// How long after a process's start the first byte arrives.
fn first_byte(mut command: Command, listener: &TcpListener) -> Duration {
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let (mut stream, _) = listener.accept().expect("it connects");
    stream.read_exact(&mut [0]).expect("it sends a byte");
    let taken = begun.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    taken
}

/// What was measured of both.
struct Pair {
    ours: Times,
    curls: Times,
}

impl Pair {
    fn measure(mut ours: impl FnMut() -> Duration, mut curls: impl FnMut() -> Duration) -> Self {
        for _ in 0..WARM_UP {
            ours();
            curls();
        }
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for run in 0..RUNS {
            if run % 2 == 0 {
                mine.push(ours());
                theirs.push(curls());
            } else {
                theirs.push(curls());
                mine.push(ours());
            }
        }
        Self { ours: Times::of(mine), curls: Times::of(theirs) }
    }

    fn print(&self, what: &str) {
        let ratio = self.ours.median.as_secs_f64() / self.curls.median.as_secs_f64();
        println!("{what:<40}  {:>24}  {:>24}  {ratio:>5.2}", self.ours.to_string(), self.curls.to_string());
    }
}

/// The median of some times, and the quarters about it.
struct Times {
    median: Duration,
    quarters: [Duration; 2],
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |quarters: usize| times[(times.len() - 1) * quarters / 4];
        Self { median: at(2), quarters: [at(1), at(3)] }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, third] = self.quarters.map(|time| time.as_secs_f64() * 1e3);
        write!(f, "{} ({first:.2}-{third:.2})", shown(self.median))
    }
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// How long it takes to make a client for `host`, the median of some, in this process.
fn construction(host: &str) -> Duration {
    let make = || {
        let begun = Instant::now();
        let client = Client::builder("api-none".to_owned()).host(host).build().expect("the host is fine");
        let taken = begun.elapsed();
        drop(client);
        taken
    };
    Times::of((0..RUNS / 10).map(|_| make()).collect()).median
}

/// How large the program is, as built and without symbols.
fn sizes() {
    let size = |path: &std::path::Path| fs::metadata(path).expect("it is there").len() as f64 / (1 << 20) as f64;
    let folder = tempfile::tempdir().expect("there is room for a copy");
    let copy = folder.path().join("ldtokens");
    fs::copy(LDTOKENS, &copy).expect("there is room for a copy");
    println!("the program as built: {:.1} MiB", size(LDTOKENS.as_ref()));
    match Command::new("strip").arg(&copy).status() {
        Ok(status) if status.success() => println!("stripped: {:.1} MiB", size(&copy)),
        _ => println!("it can't be stripped here: there is no `strip`"),
    }
}

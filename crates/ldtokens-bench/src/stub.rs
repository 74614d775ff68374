//! Records responses of the local server and replays them, so that the client is measured and not the server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use ldtokens::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Whole responses, heads and bodies, by the [`place`] that is requested.
pub(crate) type Recording = HashMap<String, Vec<u8>>;

/// The length of a rate limit's windows.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// How the stub responds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Conditions {
    /// How long after a request the response comes.
    pub(crate) latency: Duration,
    /// How many requests are allowed in a [`WINDOW`]. Those windows are the clock's.
    pub(crate) limit: Option<u32>,
}

/// What the stub has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) requests: AtomicU32,
    pub(crate) refused: AtomicU32,
    at_once: AtomicU32,
    pub(crate) most_at_once: AtomicU32,
    /// The present window's number, and the requests in it.
    window: Mutex<(u64, u32)>,
}

struct Stub {
    recording: Recording,
    largest: u32,
    conditions: Conditions,
    seen: Arc<Seen>,
}

/// The path of a request's target with its `limit`, `largest` at most, and its `offset`, whatever the order of the query.
fn place(target: &str, largest: u32) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value)).unwrap_or("0")
    };
    let limit = value("limit").parse::<u32>().unwrap_or_default().min(largest);
    format!("{path} {limit} {}", value("offset"))
}

/// Records how the server at `addr` responds to a GET of each of `targets`.
pub(crate) async fn record(addr: SocketAddr, credential: &Secret, targets: Vec<String>) -> Result<Recording> {
    let mut connection = TcpStream::connect(addr).await?;
    let mut recording = Recording::new();
    for target in targets {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {addr}\r\nLD-API-Version: 20240415\r\n");
        let request = format!("{head}Authorization: {}\r\n\r\n", credential.expose());
        connection.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        let end = loop {
            if let Some(end) = end_of_head(&response) {
                break end;
            }
            anyhow::ensure!(connection.read_buf(&mut response).await? > 0, "the server hung up");
        };
        let head = std::str::from_utf8(&response[..end])?;
        anyhow::ensure!(head.starts_with("HTTP/1.1 200"), "{target}: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("the response has no length")?.parse()?;
        while response.len() < end + length {
            anyhow::ensure!(connection.read_buf(&mut response).await? > 0, "the server hung up");
        }
        recording.insert(place(&target, u32::MAX), response);
    }
    Ok(recording)
}

/// Replays `recording` on a free port of loopback until the process ends, in pages of `largest` tokens at most.
pub(crate) fn play(recording: Recording, largest: u32, conditions: Conditions) -> Result<(SocketAddr, Arc<Seen>)> {
    let seen = Arc::new(Seen::default());
    let stub = Arc::new(Stub { recording, largest, conditions, seen: seen.clone() });
    Ok((serve(move |stream| respond(stream, stub.clone()))?, seen))
}

/// Handles each connection to a free port of loopback, until the process ends.
pub(crate) fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Result<SocketAddr>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let addr = listener.local_addr()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(handle(stream));
            }
        });
    });
    Ok(addr)
}

/// How long it takes until a window starts. Runs that start then all have the same windows.
pub(crate) fn until_next_window() -> Result<Duration> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() % WINDOW.as_nanos();
    Ok(WINDOW - Duration::from_nanos(since as u64))
}

async fn respond(mut stream: TcpStream, stub: Arc<Stub>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    loop {
        let Some(end) = end_of_head(&request) else {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let line = String::from_utf8_lossy(&request[..end]);
        let target = line.split(' ').nth(1).unwrap_or_default();
        let nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        let response = stub.recording.get(&place(target, stub.largest)).map_or(&nothing[..], |response| response);
        stub.begin();
        let limited = stub.count();
        if !stub.conditions.latency.is_zero() {
            tokio::time::sleep(stub.conditions.latency).await;
        }
        stub.seen.at_once.fetch_sub(1, Relaxed);
        match limited {
            None => stream.write_all(response).await?,
            Some((head, true)) => {
                stream
                    .write_all(format!("HTTP/1.1 429 Slow Down\r\n{head}Content-Length: 0\r\n\r\n").as_bytes())
                    .await?;
            }
            Some((head, false)) => {
                let line = response.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                stream.write_all(&[&response[..line], head.as_bytes(), &response[line..]].concat()).await?;
            }
        }
        request.drain(..end);
    }
}

impl Stub {
    fn begin(&self) {
        self.seen.requests.fetch_add(1, Relaxed);
        let at_once = self.seen.at_once.fetch_add(1, Relaxed) + 1;
        self.seen.most_at_once.fetch_max(at_once, Relaxed);
    }

    /// Counts a request. If there is a limit: the headers about it, and whether the request is refused.
    fn count(&self) -> Option<(String, bool)> {
        let limit = self.conditions.limit?;
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = since.as_secs() / WINDOW.as_secs();
        let mut window = self.seen.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0 != number {
            *window = (number, 0);
        }
        let is_refused = window.1 >= limit;
        window.1 += u32::from(!is_refused);
        self.seen.refused.fetch_add(u32::from(is_refused), Relaxed);
        let (left, reset) = (limit - window.1, (number + 1) * WINDOW.as_secs() * 1000);
        let date = httpdate::fmt_http_date(now);
        let left = format!("X-Ratelimit-Global-Remaining: {left}\r\nX-Ratelimit-Reset: {reset}\r\n");
        Some((format!("Date: {date}\r\n{left}"), is_refused))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
}

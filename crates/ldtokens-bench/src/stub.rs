//! Records responses of the local server and replays them, so that the client is measured and not the server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use ldtokens::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Whole responses, heads and bodies, by the [`place`] that is requested.
pub(crate) type Recording = HashMap<String, Vec<u8>>;

/// The path of a request's target with its `limit` and `offset`, whatever the order of the query.
fn place(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value)).unwrap_or("0")
    };
    format!("{path} {} {}", value("limit"), value("offset"))
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
        recording.insert(place(&target), response);
    }
    Ok(recording)
}

/// Replays `recording` on a free port of loopback until the process ends.
pub(crate) fn play(recording: Recording) -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let recording = Arc::new(recording);
            let listener = TcpListener::from_std(listener).expect("it listens");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(respond(stream, recording.clone()));
            }
        });
    });
    Ok(addr)
}

async fn respond(mut stream: TcpStream, recording: Arc<Recording>) -> std::io::Result<()> {
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
        let response = recording.get(&place(target)).map_or(&nothing[..], |response| response);
        stream.write_all(response).await?;
        request.drain(..end);
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
}

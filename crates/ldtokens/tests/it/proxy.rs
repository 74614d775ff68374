//! A proxy between client and server that causes faults on demand, at the level of TCP.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Whether a fault happens before or after the server has done the work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// The server never gets the request.
    Before,
    /// The server has done the work.
    After,
}

/// What is done to one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// The connection is reset.
    Reset(Moment),
    /// No response comes, and the connection stays open.
    Hang(Moment),
    /// This response comes instead of the server's.
    Respond(Moment, &'static str),
    /// 429 with the rate limit's headers; the window ends after so many milliseconds.
    WindowSpent(u64),
    /// The server's response comes with the first text in its body replaced by the second.
    Replace(&'static str, &'static str),
    /// The server's response comes with this status, and its JSON changed.
    Odd(u16, fn(&mut serde_json::Value)),
    /// The server's response breaks off in the middle of its body, or of its secret.
    CutOff,
    /// The server's response comes changed in this way, and the connection is closed.
    Bytes(fn(Vec<u8>) -> Vec<u8>),
    /// The server's response never ends.
    Endless,
    /// The server's response comes a few bytes at a time.
    Trickle,
    /// The response comes, and then no connection can be made for so many milliseconds.
    RefuseConnections(u64),
}

pub const HTML_502: &str =
    "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 22\r\n\r\n<html>Bad Gateway</html"; // one byte short on purpose
pub const JSON_500: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 44\r\n\r\n{\"code\":\"internal_error\",\"message\":\"Sorry!\"}";
pub const EMPTY_200: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n";
pub const HTML_200: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>";
pub const EMPTY_201: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n";
pub const BARE_429: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n";
pub const BARE_408: &str = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";
pub const OWN_401: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
pub const OWN_403: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
pub const TOLD_503: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";

/// One request as the proxy saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request line, as in `GET /api/v2/tokens HTTP/1.1`.
    pub line: String,
    /// The head, in lower case.
    pub head: String,
    pub body: String,
}

type Plan = Box<dyn FnMut(&str) -> Fault + Send>;
type Latency = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    latency: Option<Latency>,
    seen: Mutex<Vec<Seen>>,
}

/// A proxy at work until it is dropped.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// Starts in front of `upstream`. `plan` gets each request line, and says what to do to the request.
    pub async fn start(upstream: SocketAddr, plan: impl FnMut(&str) -> Fault + Send + 'static) -> Self {
        Self::listen(upstream, Box::new(plan), None)
    }

    /// Passes each request on after `latency` ends.
    pub fn with_latency(upstream: SocketAddr, latency: Latency) -> Self {
        Self::listen(upstream, Box::new(|_| Fault::Pass), Some(latency))
    }

    /// Lets each request wait for `latency`, and then does what the `plan` says.
    pub fn listen(upstream: SocketAddr, plan: Plan, latency: Option<Latency>) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).listen(1024).unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { upstream, plan: Mutex::new(plan), latency, seen: Mutex::new(Vec::new()) });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, addr, shared.clone()));
        Self { addr, shared, _accepting: accepting }
    }

    /// Causes these faults for the next requests, one each, and none for later requests.
    pub async fn with_faults(upstream: SocketAddr, faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut faults = faults.into_iter().collect::<Vec<_>>().into_iter();
        Self::start(upstream, move |_| faults.next().unwrap_or(Fault::Pass)).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The request lines without the version, as in `GET /api/v2/tokens`.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| seen.line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }
}

fn bind(addr: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(addr).unwrap();
    socket
}

async fn accept(listener: TcpListener, addr: SocketAddr, shared: Arc<Shared>) {
    let mut listener = Some(listener);
    // Keeps the port while nothing listens, and listens next.
    let mut next = bind(addr);
    let (closing, mut close) = tokio::sync::mpsc::unbounded_channel();
    let mut connections = JoinSet::new();
    loop {
        let Some(open) = &listener else { unreachable!("it is opened again below") };
        tokio::select! {
            accepted = open.accept() => {
                let (stream, _) = accepted.unwrap();
                connections.spawn(serve(stream, shared.clone(), closing.clone()));
            }
            Some(millis) = close.recv() => {
                drop(listener.take());
                tokio::time::sleep(Duration::from_millis(millis)).await;
                listener = Some(next.listen(1024).unwrap());
                next = bind(addr);
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut client: TcpStream, shared: Arc<Shared>, closing: tokio::sync::mpsc::UnboundedSender<u64>) {
    client.set_nodelay(true).unwrap();
    while let Some(request) = read_request(&mut client).await {
        let text = String::from_utf8_lossy(&request).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let line = head.lines().next().unwrap().to_owned();
        let fault = (shared.plan.lock().unwrap())(&line);
        let seen = Seen { line, head: head.to_ascii_lowercase(), body: body.to_owned() };
        shared.seen.lock().unwrap().push(seen);

        if let Some(latency) = &shared.latency {
            latency().await;
        }
        let forwarded = match fault {
            Fault::Reset(Moment::Before)
            | Fault::Hang(Moment::Before)
            | Fault::Respond(Moment::Before, _)
            | Fault::WindowSpent(_) => Vec::new(),
            _ => forward(shared.upstream, &request).await,
        };
        let sent = match fault {
            Fault::Pass => client.write_all(&forwarded).await,
            Fault::Reset(_) => {
                let _ = client.set_zero_linger();
                return;
            }
            Fault::Hang(_) => {
                // Until the client gives up.
                let _ = client.read(&mut [0]).await;
                return;
            }
            Fault::Respond(_, response) => client.write_all(response.as_bytes()).await,
            Fault::WindowSpent(millis) => client.write_all(window_spent(millis).as_bytes()).await,
            Fault::Replace(from, to) => client.write_all(replaced(&forwarded, from, to).as_bytes()).await,
            Fault::Odd(status, edit) => client.write_all(odd(&forwarded, status, edit).as_bytes()).await,
            Fault::CutOff => {
                const SECRET: &[u8] = b"\"token\":\"";
                let secret = forwarded.windows(SECRET.len()).position(|window| window == SECRET);
                let end = secret.map_or(forwarded.len().saturating_sub(10), |at| at + SECRET.len() + 10);
                let _ = client.write_all(&forwarded[..end]).await;
                return;
            }
            Fault::Bytes(edit) => {
                let _ = client.write_all(&edit(forwarded)).await;
                return;
            }
            Fault::Endless => {
                let (head, body) = split(&forwarded);
                let head = head.replace("content-length", "x-length") + "transfer-encoding: chunked\r\n\r\n";
                let mut sent = client.write_all(head.as_bytes()).await;
                let open = format!("{},\"more\":\"{}", body.trim_end_matches('}'), "x".repeat(1 << 16));
                while sent.is_ok() {
                    sent = client.write_all(format!("{:x}\r\n{open}\r\n", open.len()).as_bytes()).await;
                }
                return;
            }
            Fault::Trickle => trickle(&mut client, &forwarded).await,
            Fault::RefuseConnections(millis) => {
                let sent = client.write_all(&forwarded).await;
                let _ = closing.send(millis);
                let _ = client.shutdown().await;
                sent
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A response's head, up to the end of its last line, and its body.
pub fn split(response: &[u8]) -> (String, String) {
    let text = String::from_utf8(response.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (format!("{head}\r\n"), body.to_owned())
}

fn window_spent(millis: u64) -> String {
    // `Date` has whole seconds. By a clock that shows those, the window ends in `millis`.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (reset, date) = (now * 1000 + millis, httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now)));
    let body = r#"{"code":"rate_limited","message":"Slow down"}"#;
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ndate: {date}\r\nx-ratelimit-reset: {reset}\r\n\
         x-ratelimit-global-remaining: 0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn replaced(response: &[u8], from: &str, to: &str) -> String {
    let response = std::str::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(body.contains(from), "{from} is in {body}");
    let body = body.replace(from, to);
    let status_line = head.lines().next().unwrap();
    format!("{status_line}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn odd(response: &[u8], status: u16, edit: fn(&mut serde_json::Value)) -> String {
    let response = std::str::from_utf8(response).unwrap();
    let mut body = match response.split_once("\r\n\r\n").unwrap().1 {
        "" => serde_json::json!({}),
        body => serde_json::from_str(body).unwrap(),
    };
    edit(&mut body);
    let body = body.to_string();
    format!("HTTP/1.1 {status} Odd\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn trickle(client: &mut TcpStream, response: &[u8]) -> std::io::Result<()> {
    for chunk in response.chunks(50) {
        client.write_all(chunk).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if request.len() >= head + 4 + length {
                return Some(request);
            }
        }
        let mut chunk = [0; 4096];
        let read = client.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
    }
}

/// Hands a request on, and takes the whole response.
async fn forward(upstream: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut server = TcpStream::connect(upstream).await.unwrap();
    let line_end = request.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
    server.write_all(&request[..line_end]).await.unwrap();
    server.write_all(b"connection: close\r\n").await.unwrap();
    server.write_all(&request[line_end..]).await.unwrap();
    let mut response = Vec::new();
    server.read_to_end(&mut response).await.unwrap();
    let text = String::from_utf8(response).unwrap();
    text.replacen("connection: close\r\n", "", 1).into_bytes()
}

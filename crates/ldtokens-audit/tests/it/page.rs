//! The page in a real browser: Chromium, if it is there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use ldtokens_audit::{Policy, audit, html};
use serde_json::json;

use crate::support::{DAY, NOW, inventory, token};

/// What a token's name must not do.
const HOSTILE: &str = "</title></script><script>document.title='run'</script><img src=http://evil.example/a \
    onerror=\"document.title='run'\"><style>@import 'http://evil.example/b'</style>";

fn page() -> String {
    let tokens = [
        token(1, &json!({ "name": HOSTILE, "role": "admin" })),
        token(2, &json!({ "lastUsed": NOW - 95 * DAY, "serviceToken": false })),
        token(3, &json!({ "expiry": null })),
        token(4, &json!({})),
    ];
    let inventory = inventory(&tokens);
    html(&audit(&inventory, &Policy::default()), &inventory)
}

fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: no Chromium was found in PATH");
    }
    found
}

/// Serves the page, and notes the first bytes of every connection.
fn serve(page: String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let noted = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (page, noted) = (page.clone(), noted.clone());
            std::thread::spawn(move || respond(stream, &page, &noted));
        }
    });
    (port, requests)
}

fn respond(mut stream: TcpStream, page: &str, requests: &Mutex<Vec<String>>) {
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes).unwrap_or(0);
    if length == 0 {
        return; // the browser opens connections in advance
    }
    let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let is_page = request.starts_with("GET /page ");
    requests.lock().unwrap().push(request);
    let (status, body) = if is_page { ("200 OK", page) } else { ("404 Not Found", "") };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// The DOM of the page and the browser's log. All names of hosts lead to our server.
fn open(browser: &Path, port: u16) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
        ])
        .arg(format!("--host-resolver-rules=MAP * 127.0.0.1:{port}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--enable-logging=stderr", "--dump-dom", &format!("http://127.0.0.1:{port}/page")])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_page_runs_nothing_requests_nothing_and_logs_no_error() {
    let Some(browser) = browser() else { return };
    let (port, requests) = serve(page());
    let (dom, log) = open(&browser, port);
    assert!(dom.contains("<h1>Access token audit</h1>"), "{dom}\n{log}");
    assert!(dom.contains("<title>Access tokens, 2026-11-30: "), "no script ran: {dom}");
    assert!(!dom.contains("<img") && !dom.contains("<script"), "{dom}");
    assert!(!log.contains("CONSOLE"), "{log}");
    // The browser has requests of its own, to its vendor.
    let host = format!("Host: 127.0.0.1:{port}");
    let requests = requests.lock().unwrap();
    let of_page: Vec<&str> = requests
        .iter()
        .filter(|request| request.contains(&host) || request.contains("evil.example"))
        .filter_map(|request| request.lines().next())
        .collect();
    assert_eq!(of_page, ["GET /page HTTP/1.1"]);
}

/// The page has no script, so the test adds one, and removes the policy that would stop it. Nothing else than its cells may be in the
/// grid of a token.
#[test]
fn the_filters_hide_the_tokens_that_do_not_match() {
    let Some(browser) = browser() else { return };
    let script = "<script>
        const tokens = () => [...document.querySelectorAll('.tokens > li')];
        const shown = () => tokens().filter(token => getComputedStyle(token).display != 'none').length;
        const after = id => { document.getElementById(id).click(); return shown(); };
        const all = name => { document.querySelector(`input[name=${name}]`).click(); return shown(); };
        document.title = [shown(), after('risk-high'), all('risk'), after('kind-personal'), after('risk-none'), all('kind'),
            all('risk'), after('rule-no-expiry'), all('rule'),
            tokens().every(token => getComputedStyle(token, '::before').content == 'none')].join(' ');
        </script>";
    let page = page();
    let start = page.find("<meta http-equiv=Content-Security-Policy").unwrap();
    let end = start + page[start..].find('>').unwrap() + 1;
    let page = format!("{}{}{script}", &page[..start], &page[end..]);
    let (port, _) = serve(page);
    let (dom, log) = open(&browser, port);
    assert!(dom.contains("<title>4 1 4 1 0 1 4 1 4 true</title>"), "{}\n{log}", &dom[..dom.len().min(800)]);
}

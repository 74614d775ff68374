//! `ldtokens serve`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use serde_json::Value;

use crate::support::{OWNER, Served, ldtokens, stderr, stdout};

#[test]
fn serve_keeps_tokens_after_a_restart() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    let (status, folder) = served.stop("TERM");
    assert_eq!(status, 0);
    let served = Served::again(folder);
    assert!(served.works(&secret) && served.works(OWNER));
    assert_eq!(served.json(&["getToken", &format!("tokenId={id}")])["name"], "kept");
    let (status, _folder) = served.stop("INT");
    assert_eq!(status, 0);
}

#[test]
fn the_owners_secret_of_a_new_store_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let arguments = ["serve", "--store", store.to_str().unwrap()];
    let lines = |count: usize| {
        let mut child = ldtokens(&arguments).spawn().unwrap();
        let reader = BufReader::new(child.stdout.take().unwrap());
        let lines: Vec<String> = reader.lines().take(count).map(Result::unwrap).collect();
        (child, lines)
    };
    let (mut child, first) = lines(2);
    let url = first[0].strip_prefix("listening on ").unwrap().to_owned();
    let secret = first[1].strip_prefix("the owner's secret, shown this once: ").unwrap().to_owned();
    let works = |url: &str| {
        let mut command = ldtokens(&["getTokens", "--host", url]);
        command.env("LD_ACCESS_TOKEN", &secret).output().unwrap().status.success()
    };
    assert!(works(&url));
    // Killed, like in a power failure.
    child.kill().unwrap();
    child.wait().unwrap();

    let (child, second) = lines(1);
    assert!(works(second[0].strip_prefix("listening on ").unwrap()));
    let log = ended(child);
    assert!(!log.contains("api-"), "{log}");
}

/// A server with these flags, and its first lines.
pub fn serve(flags: &[&str], lines: usize) -> (Child, Vec<String>) {
    let mut child = ldtokens(&[&["serve"], flags].concat()).env("LDTOKENS_ROOT_TOKEN", OWNER).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    let lines = reader.lines().take(lines).map(Result::unwrap).collect();
    (child, lines)
}

/// Stops a server, and returns its standard error.
pub fn ended(mut child: Child) -> String {
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success());
    log
}

/// Sends a request, and returns the status and the body of the response. The status is 0 if there is none.
pub fn send(url: &str, line: &str, credential: &str, body: &str) -> (u16, Value) {
    send_with(url, line, "", credential, body)
}

/// [`send`] with more headers.
fn send_with(url: &str, line: &str, more: &str, credential: &str, body: &str) -> (u16, Value) {
    send_to(url, "localhost", line, more, credential, body)
}

/// [`send_with`] with this `Host` header.
pub fn send_to(url: &str, host: &str, line: &str, more: &str, credential: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    let head = format!("{more}Authorization: {credential}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{line} HTTP/1.1\r\nHost: {host}\r\n{head}{body}").as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// Fact 1, and custom roles, about which little is known.
#[test]
fn without_strict_an_error_is_a_warning_with_the_same_text() {
    let unknown = "api-5a1e7e1c-77aa-4b8c-9d0e-1f2e3d4c5b6a";
    let body = format!(r#"{{"customRoleIds": ["{unknown}"]}}"#);
    let create = |flags: &[&str], is_json: bool| {
        let (child, lines) = serve(flags, 1);
        let url = lines[0].strip_prefix("listening on ").unwrap();
        let more = if is_json { "Content-Type: application/json\r\n" } else { "" };
        (send_with(url, "POST /api/v2/tokens", more, OWNER, &body), ended(child))
    };
    for is_json in [false, true] {
        let ((status, refusal), _) = create(&["--strict"], is_json);
        assert_eq!(status, if is_json { 400 } else { 415 }, "{refusal}");
        let ((status, made), log) = create(&[], is_json);
        assert_eq!(status, 201, "{made}");
        let words = refusal["message"].as_str().unwrap();
        assert!(log.contains("WARN") && log.contains(words), "{words}\n{log}");
        assert!(!log.contains(unknown) && !words.contains(unknown), "{log}");
    }
}

#[test]
fn allow_host_allows_a_host_header() {
    let (child, lines) = serve(&["--allow-host", "ld.example"], 1);
    let url = lines[0].strip_prefix("listening on ").unwrap();
    for (host, expected) in [("ld.example", 200), ("evil.example", 403)] {
        let status = send_to(url, host, "GET /api/v2/tokens", "", OWNER, "").0;
        assert_eq!(status, expected, "{host}");
    }
    ended(child);
}

#[test]
fn an_account_file_that_is_nested_too_deep_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.yaml");
    std::fs::write(&account, "[".repeat(200_000)).unwrap();
    let refused = ldtokens(&["serve", "--account", account.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("nested too deep") && error.len() < 500, "{error}");
}

#[test]
fn the_local_server_page_lists_exactly_the_flags_of_serve() {
    let page = include_str!("../../../../docs/local-server.md");
    let help = ldtokens(&["serve", "-h"]).output().unwrap();
    let flags = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
        words.filter(|word| word.starts_with("--") && !word.ends_with('-')).map(str::to_owned).collect()
    };
    let mut known = flags(&stdout(&help));
    assert!(known.remove("--help") && known.len() >= 10, "{known:?}");
    let mut documented = flags(page);
    assert!(documented.remove("--data"), "a flag of curl");
    assert_eq!(documented, known);
}

#[test]
fn an_account_file_defines_members_and_tokens_with_known_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.yaml");
    let account = "members: [{email: a@example.com, role: owner}]\n\
        tokens: [{name: Own, member: a@example.com, role: admin}, {name: CI, member: a@example.com, role: reader, secret: known-to-the-test}]\n";
    std::fs::write(&file, account).unwrap();
    let (mut child, lines) = serve(&["--account", file.to_str().unwrap(), "--seed-tokens", "30"], 1);
    let url = lines[0].strip_prefix("listening on ").unwrap();
    let mut command = ldtokens(&["getTokens", "--host", url, "--output", "json", "limit=1", "showAll=true"]);
    let output = command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap();
    let page: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["totalCount"], 32);
    let mut command = ldtokens(&["getTokens", "--host", url]);
    assert!(command.env("LD_ACCESS_TOKEN", "known-to-the-test").output().unwrap().status.success());
    child.kill().unwrap();
    child.wait().unwrap();

    std::fs::write(&file, account.replace("role: reader", "role: astronaut")).unwrap();
    let output = ldtokens(&["serve", "--account", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("tokens[1]: "), "{}", stderr(&output));
    let schema = ldtokens(&["serve", "--account-schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["members"].is_object(), "{schema}");
}

#[test]
fn a_fault_applies_as_many_times_as_it_says() {
    let (mut child, lines) = serve(&["--fault", "getTokens status=422 times=2"], 1);
    let url = lines[0].strip_prefix("listening on ").unwrap();
    for status in [6, 6, 0] {
        let mut command = ldtokens(&["getTokens", "--host", url]);
        assert_eq!(command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap().status.code(), Some(status));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = ldtokens(&["serve", "--fault", "getTokens explode"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cut-body"), "{}", stderr(&output));
    let output = ldtokens(&["serve", "--admin", "0.0.0.0:0"]).output().unwrap();
    assert!(stderr(&output).contains("choose an address of loopback"), "{}", stderr(&output));
}

#[test]
fn the_export_lines_of_serve_work_in_another_shell() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let mut child = ldtokens(&["serve", "--port", &port, "--log", "off"]).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let exports: Vec<String> = lines.filter(|line| line.starts_with("  export ")).take(2).collect();
    assert!(exports[0].ends_with(&format!("=http://127.0.0.1:{port}")), "{exports:?}");
    let home = tempfile::tempdir().unwrap();
    let script = format!("{}; ldtokens whoami -o json", exports.join(";"));
    let output = crate::support::shell(&script, home.path()).output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("tokenId"), "{}", stderr(&output));
    child.kill().unwrap();
    child.wait().unwrap();

    // A secret from the environment is not shown.
    let (mut child, lines) = serve(&["--log", "off"], 8);
    let export = lines.iter().find(|line| line.contains("export LD_ACCESS_TOKEN")).unwrap();
    assert!(!lines.concat().contains(OWNER));
    // A variable that is not set ends dash with 2, and bash with 127.
    for (variable, statuses, words) in [(Some(OWNER), &[0][..], OWNER), (None, &[2, 127], "LDTOKENS_ROOT_TOKEN")] {
        for program in ["sh", "bash"] {
            let mut shell = crate::support::shell(&format!("exec {program} -c \"$SCRIPT\""), home.path());
            shell.env("SCRIPT", format!("{export}; echo \"$LD_ACCESS_TOKEN\""));
            if let Some(secret) = variable {
                shell.env("LDTOKENS_ROOT_TOKEN", secret);
            }
            let output = shell.output().unwrap();
            assert!(statuses.contains(&output.status.code().unwrap()), "{program}: {output:?}");
            assert!((stdout(&output) + &stderr(&output)).contains(words), "{program}: {}", stderr(&output));
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let both = ldtokens(&["serve", "--port", "1", "--listen", "127.0.0.1:1"]).output().unwrap();
    assert_eq!(both.status.code(), Some(2));
}

/// The statuses of `count` requests, with these request lines and credentials in turn.
pub fn statuses(url: &str, lines: &[&str], credentials: &[&str], count: usize) -> Vec<u16> {
    (0..count).map(|at| send(url, lines[at % lines.len()], credentials[at % credentials.len()], "").0).collect()
}

/// The number of allowed requests. They may be in two windows, which then allow twice as many.
pub fn allowed(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status != 429).count()
}

/// Fact 12: requests with a wrong credential count only toward the limit of their address. The rest is in the API docs, "Rate
/// limiting".
#[test]
fn each_rate_limit_flag_sets_its_limit() {
    let list = "GET /api/v2/tokens";
    let wrong = "api-5a1e7e1c-77aa-4b8c-9d0e-1f2e3d4c5b6a";
    let limited = |flag: &str, lines: &[&str], credentials: &[&str]| {
        let (child, first) = serve(&[flag, "3", "--log", "off"], 1);
        let statuses = statuses(first[0].strip_prefix("listening on ").unwrap(), lines, credentials, 20);
        ended(child);
        allowed(&statuses)
    };
    let three = &[list, "GET /api/v2/caller-identity", "GET /api/v2/tokens/0123456789abcdef01234567"][..];
    let owner = &[OWNER][..];
    for (flag, lines, credentials, window) in [
        // One operation, or three operations that share one limit or have one each.
        ("--limit", &[list][..], owner, 3),
        ("--limit", three, owner, 3),
        ("--route-limit", &[list], owner, 3),
        ("--route-limit", three, owner, 9),
        ("--token-limit", three, owner, 3),
        ("--ip-limit", three, owner, 3),
        ("--ip-limit", &[list], &[wrong], 3),
    ] {
        let allowed = limited(flag, lines, credentials);
        assert!((window..=2 * window).contains(&allowed), "{flag} {lines:?}: {allowed} allowed");
    }
    for flag in ["--limit", "--route-limit", "--token-limit"] {
        assert_eq!(limited(flag, &[list], &[wrong]), 20, "{flag}: a 401 does not count");
    }
}

/// Our choice: the same seed gives the same faults.
#[test]
fn a_fault_seed_decides_which_requests_fail() {
    let pattern = |seed: &str| {
        let (child, first) =
            serve(&["--fault", "* status=500 probability=0.5", "--fault-seed", seed, "--log", "off"], 1);
        let url = first[0].strip_prefix("listening on ").unwrap();
        let statuses = statuses(url, &["GET /api/v2/tokens"], &[OWNER], 40);
        ended(child);
        statuses
    };
    let first = pattern("1");
    assert!(first.contains(&200) && first.contains(&500), "{first:?}");
    assert_eq!(first, pattern("1"));
    assert_ne!(first, pattern("2"));
}

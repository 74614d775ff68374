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

#[test]
fn serve_logs_one_line_per_request_without_secrets() {
    for (format, filter) in
        [("text", ""), ("json", ""), ("json", "trace"), ("json", "ldtokens_server=error"), ("off", "")]
    {
        let mut command = ldtokens(&["serve", "--log", format]);
        command.env("LDTOKENS_ROOT_TOKEN", OWNER).env("RUST_LOG", filter);
        if filter.is_empty() {
            command.env_remove("RUST_LOG");
        }
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();

        let wrong = "api-5a1e7e1c-77aa-4b8c-9d0e-1f2e3d4c5b6a";
        let mut secrets = vec![OWNER.to_owned(), wrong.to_owned()];
        let (status, made) = send(url, "POST /api/v2/tokens", OWNER, r#"{"role": "reader"}"#);
        assert_eq!(status, 201, "{made}");
        let id = made["_id"].as_str().unwrap();
        secrets.push(made["token"].as_str().unwrap().to_owned());
        let (status, reset) = send(url, &format!("POST /api/v2/tokens/{id}/reset"), OWNER, "");
        assert_eq!(status, 200, "{reset}");
        let secret = reset["token"].as_str().unwrap().to_owned();
        secrets.push(secret.clone());
        let mut sent = vec![(201, "/api/v2/tokens", None), (200, "/api/v2/tokens/{tokenId}/reset", Some(id))];
        for (line, credential, body, status, route) in [
            (format!("GET /api/v2/tokens/{id}"), secret.as_str(), "", 200, "/api/v2/tokens/{tokenId}"),
            ("POST /api/v2/tokens".to_owned(), wrong, r#"{"role": "reader"}"#, 401, "/api/v2/tokens"),
            (format!("POST /api/v2/tokens/{id}/reset"), wrong, "", 401, "/api/v2/tokens/{tokenId}/reset"),
            (format!("POST /api/v2/tokens/{id}/reset"), &secret, "", 403, "/api/v2/tokens/{tokenId}/reset"),
            (format!("GET /api/v2/tokens/{secret}"), OWNER, "", 404, "/api/v2/tokens/{tokenId}"),
            (format!("GET /api/v2/roles/{id}"), OWNER, "", 404, "/api/v2/roles/{customRoleKey}"),
            (format!("GET /api/v2/members/{id}"), OWNER, "", 404, "/api/v2/members/{memberId}"),
            (format!("GET /{secret}"), OWNER, "", 404, "-"),
            (format!("GET /api/v2/tokens?name={secret}"), OWNER, "", 200, "/api/v2/tokens"),
            (format!("GET /api/v2/tokens?limit={secret}"), OWNER, "", 400, "/api/v2/tokens"),
            (format!("{secret} /api/v2/tokens"), OWNER, "", 405, "/api/v2/tokens"),
            ("POST /api/v2/tokens".to_owned(), OWNER, &secret, 400, "/api/v2/tokens"),
        ] {
            assert_eq!(send(url, &line, credential, body).0, status, "{line}");
            sent.push((status, route, line.contains(&format!("tokens/{id}")).then_some(id)));
        }
        assert_eq!(send(url, "nonsense", &secret, "").0, 400);

        let log = ended(child);
        for secret in &secrets {
            for part in secret.split('-').filter(|part| part.len() > 4) {
                assert!(!log.contains(part), "{format} {filter}: {log}");
            }
        }
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
        let is_silent = format == "off" || filter.ends_with("error");
        assert_eq!(lines.len(), if is_silent { 0 } else { sent.len() }, "{format} {filter}: {log}");
        for (line, (status, route, id)) in lines.iter().zip(&sent) {
            if format == "text" {
                assert!(
                    line.contains(&format!("route=\"{route}\"")) && line.contains(&format!("status={status}")),
                    "{line}"
                );
            } else {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!((&line["status"], &line["route"]), (&Value::from(*status), &Value::from(*route)), "{line}");
                assert_eq!(line.get("token_id").and_then(Value::as_str), *id, "{line}");
                assert!(
                    line["took_us"].is_u64() && (line["support_id"].is_string() == (*status >= 400 && *route != "-")),
                    "{line}"
                );
            }
        }
        if format == "json" {
            assert!(
                log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object())),
                "{log}"
            );
        }
    }
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
fn listening_beyond_loopback_logs_one_warning() {
    let warnings = |listen: &str| {
        let (child, _) = serve(&["--listen", listen], 1);
        ended(child).lines().filter(|line| line.contains("WARN") && line.contains("TLS")).count()
    };
    assert_eq!((warnings("0.0.0.0:0"), warnings("127.0.0.1:0")), (1, 0));
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
    for (variable, status, words) in [(Some(OWNER), 0, OWNER), (None, 2, "LDTOKENS_ROOT_TOKEN")] {
        let mut shell = crate::support::shell(&format!("{export}; echo \"$LD_ACCESS_TOKEN\""), home.path());
        if let Some(secret) = variable {
            shell.env("LDTOKENS_ROOT_TOKEN", secret);
        }
        let output = shell.output().unwrap();
        assert_eq!(output.status.code().map(|code| code.min(2)), Some(status), "{}", stderr(&output));
        assert!((stdout(&output) + &stderr(&output)).contains(words), "{}", stderr(&output));
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

/// Our choice, as the help describes `RUST_LOG`.
#[test]
fn rust_log_sets_the_log_level_except_with_log_off_and_does_not_hide_verbose_requests() {
    let log = |flags: &[&str], filter: &str| {
        let mut command = ldtokens(&[&["serve"], flags].concat());
        let mut child = command.env("LDTOKENS_ROOT_TOKEN", OWNER).env("RUST_LOG", filter).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        assert_eq!(send(&url, "GET /api/v2/tokens", OWNER, "").0, 200);
        let mut command = ldtokens(&["list", "-vv", "--host", &url]);
        let output = command.env("LD_ACCESS_TOKEN", OWNER).env("RUST_LOG", filter).output().unwrap();
        (ended(child), stderr(&output))
    };
    let (server, command) = log(&[], "error");
    assert_eq!(server, "");
    assert_eq!(command.lines().count(), 1, "{command}");
    assert!(command.starts_with("GET http://") && command.contains("200"), "{command}");
    let (server, command) = log(&["--log", "off"], "ldtokens=debug");
    assert_eq!(server, "");
    assert!(command.contains("attempt ended") && command.contains("GET http://"), "{command}");

    let help = stdout(&ldtokens(&["--help"]).output().unwrap());
    assert!(!help.contains("[env: RUST_LOG]"), "{help}");
}

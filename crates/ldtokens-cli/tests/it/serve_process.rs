//! `ldtokens serve` as a process: its variables, its log, its limits, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use serde_json::Value;

use crate::serve::{allowed, ended, send, send_to, serve, statuses};
use crate::support::{OWNER, Served, ldtokens, skipped, stderr};

/// A server with these variables, and the first line that it prints.
fn serve_with(variables: &[(&str, &str)]) -> (Child, String) {
    let mut command = ldtokens(&["serve"]);
    command.env("LDTOKENS_ROOT_TOKEN", OWNER).envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
    let line = first.and_then(Result::ok).unwrap_or_default();
    (child, line.strip_prefix("listening on ").unwrap_or_default().to_owned())
}

/// As in a service container, which can be given nothing else.
#[test]
fn each_flag_can_be_given_by_a_variable() {
    let (child, url) = serve_with(&[
        ("LDTOKENS_SERVE_LISTEN", "127.0.0.1:0"),
        ("LDTOKENS_SERVE_ALLOW_HOST", "ld.example,other.example"),
        ("LDTOKENS_SERVE_FAULT", "getToken status=422 times=1\ngetCallerIdentity status=409 times=1"),
        ("LDTOKENS_SERVE_SEED_TOKENS", "30"),
        ("LDTOKENS_SERVE_STRICT", "true"),
        ("LDTOKENS_SERVE_LIMIT", "1000"),
        ("LDTOKENS_SERVE_TOKEN_LIMIT", "5"),
        ("LDTOKENS_SERVE_LOG", "json"),
        (
            "LDTOKENS_SERVE_ACCOUNT_TEXT",
            "{members: [{email: a@example.com, role: owner}], tokens: [{name: x, member: a@example.com, role: admin}]}",
        ),
    ]);
    for (host, line, status) in [
        ("ld.example", "GET /api/v2/tokens/a", 422),
        ("other.example", "GET /api/v2/caller-identity", 409),
        ("evil.example", "GET /api/v2/tokens", 403),
        ("localhost", "POST /api/v2/tokens", 415),
    ] {
        assert_eq!(send_to(&url, host, line, "", OWNER, "").0, status, "{line}");
    }
    let (_, list) = send(&url, "GET /api/v2/tokens?showAll=1", OWNER, "");
    assert_eq!(list["totalCount"], 31);
    let allowed = allowed(&statuses(&url, &["GET /api/v2/tokens"], &[OWNER], 20));
    assert!(allowed <= 10, "{allowed} allowed");
    let log = ended(child);
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");

    for (variable, value) in [
        ("LDTOKENS_SERVE_LIMIT", "many"),
        ("LDTOKENS_SERVE_FAULT", "getTokens explode"),
        ("LDTOKENS_SERVE_ACCOUNT_TEXT", "members: []"),
    ] {
        let refused = ldtokens(&["serve"]).env(variable, value).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{variable}: {}", stderr(&refused));
    }
    let (child, url) = serve_with(&[("LDTOKENS_SERVE_STRICT", "false")]);
    assert_eq!(send(&url, "POST /api/v2/tokens", OWNER, r#"{"role": "reader"}"#).0, 201);
    ended(child);
}

/// Most test fixtures don't read the log of what they start.
#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    for format in ["text", "json"] {
        let (mut child, lines) = serve(&["--log", format], 1);
        let url = lines[0].strip_prefix("listening on ").unwrap();
        // A pipe holds 64 KiB, and the queue 1,024 lines.
        let count = 2_500;
        assert!(
            statuses(url, &["GET /api/v2/tokens/a"], &[OWNER], count).iter().all(|status| *status == 404),
            "{format}"
        );
        let health = send(url, "GET /healthz", "", "").0;
        assert_eq!(health, 204, "{format}");
        // It stops, though still nobody reads.
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{format}: {status}");
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        let answered = log.lines().filter(|line| line.contains("answered")).count();
        assert!(answered > 100 && answered < count, "{format}: {answered}");
    }
}

#[test]
fn lines_that_were_dropped_from_the_log_are_counted() {
    let (mut child, lines) = serve(&["--log", "json"], 1);
    let url = lines[0].strip_prefix("listening on ").unwrap();
    let count = 2_500;
    statuses(url, &["GET /api/v2/tokens/a"], &[OWNER], count);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let (mut written, mut dropped) = (0, 0);
    // The request after those that were dropped is in the log, after their number.
    for line in &mut log {
        let line: Value = serde_json::from_str(&line).unwrap();
        written += u64::from(line["message"] == "answered");
        dropped += line["dropped"].as_u64().unwrap_or(0);
        if dropped > 0 && written + dropped >= count as u64 {
            break;
        }
    }
    assert_eq!(written + dropped, count as u64);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_a_server_at_once() {
    let (mut child, lines) = serve(&[], 1);
    let url = lines[0].strip_prefix("listening on ").unwrap();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let head =
        format!("Host: localhost\r\nAuthorization: {OWNER}\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    stream.write_all(format!("POST /api/v2/tokens HTTP/1.1\r\n{head}").as_bytes()).unwrap();
    let mut waits = [0; 12];
    stream.read_exact(&mut waits).unwrap();
    assert_eq!(&waits, b"HTTP/1.1 100", "the server waits for the body");
    // Two different ones, since the system merges two of the same.
    for signal in ["-TERM", "-INT"] {
        std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("second signal") && log.contains("stopping"), "{log}");
}

/// As by default on macOS, but so that it can't be raised.
#[cfg(unix)]
#[test]
fn few_open_files_leave_room_for_the_health_check_and_for_requests() {
    let script = "ulimit -n 64; exec \"$0\" serve";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_ldtokens")]).env_clear().env("LDTOKENS_ROOT_TOKEN", OWNER);
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = shell.spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().to_owned();
    let half_a_head = || {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(b"GET /api/v2/tokens HTT").unwrap();
        stream
    };
    let _held: Vec<TcpStream> = (0..100).map(|_| half_a_head()).collect();
    assert_eq!(send(&url, "GET /healthz", "", "").0, 204);
    assert_eq!(send(&url, "POST /api/v2/tokens", OWNER, r#"{"role": "reader"}"#).0, 201);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A store that can't be written would answer each write with an error, and SQLite would leave files beside it.
#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let (status, folder) = Served::start().stop("TERM");
    assert_eq!(status, 0);
    let store = folder.path().join("ld.db");
    std::fs::remove_file(folder.path().join("ld.db-lock")).unwrap();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = ldtokens(&["serve", "--store", store.to_str().unwrap()]);
    if std::fs::metadata(&store).unwrap().uid() == 0 {
        // Permissions don't apply to root.
        command.uid(65534).gid(65534);
    }
    let Ok(refused) = command.output() else { return skipped("another user can't run the program in this folder") };
    let error = stderr(&refused);
    assert!(!refused.status.success() && error.contains("ermission denied"), "{error}");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["ld.db"], "nothing is left beside it");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o600)).unwrap();
    let served = Served::again(folder);
    assert!(served.works(OWNER));
}

/// As in a container whose root is read-only.
#[cfg(target_os = "linux")]
#[test]
fn only_the_stores_folder_has_to_be_writable() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // The checkout itself can be in one of these folders.
    let script = "for folder in /tmp /var/tmp; do case $0 in $folder/*) continue;; esac; \
         mount -t tmpfs -o ro none $folder || exit; done; echo mounted; cd /proc; exec \"$0\" serve --store \"$1\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_ldtokens")]);
    command.arg(folder.path().join("ld.db")).env_clear().env("PATH", "/usr/bin:/bin").env("LDTOKENS_ROOT_TOKEN", OWNER);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
    let Ok(mut child) = child else { return skipped("mounting is not permitted here") };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    if lines.next().as_deref() != Some("mounted") {
        return skipped("mounting is not permitted here");
    }
    let first = lines.next();
    child.kill().unwrap();
    let error = stderr(&child.wait_with_output().unwrap());
    assert!(first.is_some_and(|line| line.starts_with("listening on ")), "{error}");
}

/// Files are limited to 400 blocks, so writes fail like on a full disk.
#[cfg(unix)]
#[test]
fn on_a_full_disk_writes_fail_and_reads_still_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let script = "ulimit -f 400; exec \"$0\" serve --store \"$1\"";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_ldtokens"), store.to_str().unwrap()]);
    shell.env_clear().env("LDTOKENS_ROOT_TOKEN", OWNER).stdout(std::process::Stdio::piped());
    let mut child = shell.stderr(std::process::Stdio::null()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().to_owned();
    let body = format!(r#"{{"role": "reader", "description": "{}"}}"#, "x".repeat(60_000));
    let mut made = 1;
    let refusal = loop {
        match send(&url, "POST /api/v2/tokens", OWNER, &body) {
            (201, _) => made += 1,
            (status, refusal) => {
                assert_eq!(status, 503, "{refusal}");
                break refusal;
            }
        }
        assert!(made < 100, "the disk does not become full");
    };
    assert!(refusal["message"].as_str().unwrap().contains("Nothing was changed"), "{refusal}");
    let (_, list) = send(&url, "GET /api/v2/tokens", OWNER, "");
    assert_eq!(list["totalCount"], made, "exactly the acknowledged tokens exist");
    child.kill().unwrap();
    child.wait().unwrap();
}

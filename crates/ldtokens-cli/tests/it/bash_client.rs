//! Compatibility with the vendor's Bash client, which this command replaces.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{OWNER, Served, ldtokens, refused, stderr, stdout, with_stdin};

#[test]
fn flags_can_come_before_or_after_the_operation() {
    let served = Served::start();
    let mut command = ldtokens(&["--host", &served.url, "-nc", "getTokens", "showAll=true"]);
    assert!(command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap().status.success());
    let types = ["-ac", "json", "--content-type", "application/json"];
    let mut command = ldtokens(&[&["--host", &served.url], &types[..], &["getTokens"]].concat());
    assert!(command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap().status.success());
    assert_eq!(ldtokens(&["--accept", "xml", "getTokens"]).output().unwrap().status.code(), Some(2));
    let mut command = ldtokens(&["getTokens", "showAll=true", "--host", &served.url, "--no-colors"]);
    assert!(command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap().status.success());
}

#[test]
fn a_body_comes_from_arguments_or_standard_input() {
    let served = Served::start();
    let token = served.json(&["postToken", "name==a==b:c", "customRoleIds:=[\"ops\"]", "serviceToken:=true"]);
    assert_eq!((&token["name"], &token["serviceToken"]), (&"a==b:c".into(), &true.into()));
    assert_eq!(token["customRoleIds"], serde_json::json!(["ops"]));
    let output = with_stdin(served.owner(&["postToken", "-", "--output", "json"]), r#"{"role": "reader"}"#);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_header_argument_is_sent_but_can_not_set_the_credential() {
    // Receives one request, to check its headers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"items\":[]}").unwrap();
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    });
    let mut command = ldtokens(&["getTokens", "LD-API-Version:20220603", "X-Trace: a=b:c", "--host", &url]);
    let output = command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let head = seen.join().unwrap();
    assert!(head.contains("ld-api-version: 20220603\r\n") && head.contains("x-trace: a=b:c\r\n"), "{head}");
    assert!(!head.contains("20240415") && head.contains(&format!("authorization: {OWNER}\r\n")), "{head}");

    let served = Served::start();
    for (word, said) in [
        (format!("Authorization:{OWNER}").as_str(), "an argument contains a secret"),
        ("authorization: x", "never an argument"),
        ("Host:x", "the header Host"),
        ("Content-Length:3", "the header Content-Length"),
        ("a b:c", "a header"),
        (":x", "a header"),
    ] {
        let output = served.owner(&["getTokens", word]).output().unwrap();
        refused(&output, 2, &[said]);
        assert!(!stderr(&output).contains(&OWNER[4..]), "{}", stderr(&output));
    }
}

/// The Bash client printed JSON, for `jq` behind a pipe.
#[test]
fn an_operation_prints_json_into_a_pipe_and_a_table_on_a_terminal() {
    let served = Served::start();
    let (id, _) = served.create("Export");
    let listed = served.owner(&["getTokens", "showAll=true"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["items"].as_array().unwrap().iter().any(|token| token["_id"] == id));
    let table = served.owner(&["getTokens", "-o", "table"]).output().unwrap();
    assert!(stdout(&table).starts_with("ID "), "{}", stdout(&table));
    #[cfg(unix)]
    {
        let (status, shown) = crate::pty::Terminal::run(served.owner(&["getToken", &format!("tokenId={id}")])).end();
        assert_eq!(status, Some(0), "{shown}");
        assert!(shown.contains("name ") && !shown.contains('{'), "{shown}");
    }
}

#[test]
fn about_version_and_help_work() {
    let about = stdout(&ldtokens(&["--about"]).output().unwrap());
    assert!(about.contains("REST API") && about.contains("MIT OR Apache-2.0"), "{about}");
    let version = stdout(&ldtokens(&["--version"]).output().unwrap());
    assert_eq!(version.trim(), format!("ldtokens {}", env!("CARGO_PKG_VERSION")));
    for flag in ["-h", "--help"] {
        let help = stdout(&ldtokens(&["getTokens", flag]).output().unwrap());
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("showAll=") && help.contains("personal access tokens for all members"), "{help}");
        assert!(help.contains("Responses: 200 ") && help.contains(" 429 "), "{help}");
    }
    let nothing = ldtokens(&[]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("getTokens"), "{}", stderr(&nothing));
}

#[test]
fn a_dry_run_needs_no_credential_and_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for arguments in [
        &["getTokens", "showAll=true"][..],
        &["postToken", "name==it's", "role==reader"],
        &["deleteToken", "tokenId=a"],
    ] {
        let output = ldtokens(&[arguments, &["--dry-run", "--host", &url]].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let line = stdout(&output);
        assert!(line.contains(r#""$LD_ACCESS_TOKEN" | curl "#) && line.contains(&url), "{line}");
    }
    let post = ldtokens(&["postToken", "name==it's", "role==reader", "--dry-run", "--host", &url]).output().unwrap();
    assert!(stdout(&post).contains(r#"--data-raw '{"name":"it'\''s","role":"reader"}'"#), "{}", stdout(&post));
    assert!(listener.accept().is_err(), "nobody came");
    let wrong = ldtokens(&["getTokens", "limit=0", "--dry-run"]).output().unwrap();
    refused(&wrong, 2, &["limit= takes a whole number, at least 1"]);
}

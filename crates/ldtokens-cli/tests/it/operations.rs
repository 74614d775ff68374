//! The six operations, under the API's names.

use crate::support::{Served, stderr, stdout, with_stdin};

#[test]
fn operations_create_read_change_reset_and_delete_a_token() {
    let served = Served::start();
    let before = served.json(&["getTokens", "showAll=true"])["totalCount"].as_i64().unwrap();
    let token = served.json(&["postToken", "name==Nightly export", "role==reader", "serviceToken:=true"]);
    let id = token["_id"].as_str().unwrap();
    let by_id = format!("tokenId={id}");
    let secret = token["token"].as_str().unwrap();
    assert!(served.works(secret));

    let listed = served.json(&["getTokens", "showAll=true"]);
    assert_eq!(listed["totalCount"], before + 1);
    assert!(listed["items"].as_array().unwrap().iter().any(|item| item["_id"] == id));
    assert_eq!(served.json(&["getTokens", "limit=1", "offset=1"])["items"][0]["_id"], id);

    let read = served.json(&["getToken", &by_id]);
    assert_eq!(read["name"], "Nightly export");
    assert_eq!(read["token"], secret[secret.len() - 4..]);
    for name in ["_id", "ownerId", "memberId", "creationDate", "lastModified", "_links", "_member", "serviceToken"] {
        assert!(read.get(name).is_some(), "{name}");
    }

    let patch = r#"[{"op": "replace", "path": "/name", "value": "Export"}]"#;
    let patched = with_stdin(served.owner(&["patchToken", &by_id, "-", "--output", "json"]), patch);
    assert!(patched.status.success(), "{}", stderr(&patched));
    assert_eq!(served.json(&["getToken", &by_id])["name"], "Export");

    let in_an_hour = (ldtokens::UnixMillis::now().get() + 3_600_000).to_string();
    let reset = served.json(&["resetToken", &by_id, &format!("expiry={in_an_hour}")]);
    let second = reset["token"].as_str().unwrap();
    assert!(served.works(secret) && served.works(second));
    let reset = served.json(&["resetToken", &by_id]);
    assert!(!served.works(second) && served.works(reset["token"].as_str().unwrap()));

    let deleted = served.owner(&["deleteToken", &by_id]).output().unwrap();
    assert!(deleted.status.success());
    assert_eq!((stdout(&deleted), stderr(&deleted)), (String::new(), String::new()));
    assert_eq!(served.json(&["getTokens", "showAll=true"])["totalCount"], before);
}

#[test]
fn a_body_can_come_from_standard_input() {
    let served = Served::start();
    let body = r#"{"name": "from a pipe", "role": "writer"}"#;
    let output = with_stdin(served.owner(&["postToken", "-", "--output", "json"]), body);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains(r#""role": "writer""#));
}

#[test]
fn tables_have_one_line_per_token_and_the_full_secret_only_after_create() {
    let served = Served::start();
    let created = served.owner(&["postToken", "name==Export", "role==reader", "-o", "table"]).output().unwrap();
    assert!(stdout(&created).contains("secret               api-"), "{}", stdout(&created));
    let listed = stdout(&served.owner(&["getTokens", "-o", "table"]).output().unwrap());
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines[0].contains("LAST USED"), "{listed}");
    assert!(lines[2].contains("Export") && lines[2].contains("reader") && lines[2].contains("never"), "{listed}");
    assert_eq!(*lines.last().unwrap(), "2 of 2");
    assert!(!listed.contains("api-"), "{listed}");
}

#[test]
fn the_host_can_include_the_api_path_and_come_from_the_environment() {
    let served = Served::start();
    let mut command = crate::support::ldtokens(&["getTokens", "--host", &format!("{}/api/v2", served.url)]);
    assert!(command.env("LD_ACCESS_TOKEN", crate::support::OWNER).output().unwrap().status.success());
    let mut command = crate::support::ldtokens(&["getTokens"]);
    command.env("LAUNCHDARKLY_ACCESS_TOKEN", crate::support::OWNER).env("LAUNCHDARKLY_API_HOST", &served.url);
    assert!(command.output().unwrap().status.success());
}

#[test]
fn help_describes_each_parameter_like_the_api_document() {
    let help = stdout(&crate::support::ldtokens(&["resetToken", "-h"]).output().unwrap());
    for text in [
        "tokenId=",
        "The access token ID.",
        "expiry=",
        "Unix epoch time in milliseconds",
        "resetToken tokenId=",
        "(deprecated)",
        "Deprecated. Reset an access",
    ] {
        assert!(help.contains(text), "{text} in {help}");
    }
    let help = stdout(&crate::support::ldtokens(&["--help"]).output().unwrap());
    for name in ["getTokens", "postToken", "getToken", "patchToken", "deleteToken", "resetToken", "serve", "demo"] {
        assert!(help.contains(name), "{name} in {help}");
    }
}

/// Reading the system's certificates would take longer than the rest of a run.
#[test]
fn loopback_needs_no_certificates() {
    let served = Served::start();
    let mut command = served.owner(&["getTokens"]);
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

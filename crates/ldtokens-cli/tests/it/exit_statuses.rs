//! Exit statuses and JSON errors, for scripts.

use serde_json::Value;

use crate::support::{NO_SERVER, OWNER, Served, ldtokens, refused, stderr, stdout};

const NOBODY: &str = "tokenId=0123456789abcdef01234567";

/// The exit status and JSON error of a command, with a server that has this fault.
fn with_fault(fault: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let served = Served::with(&["--fault", fault]);
    let output = served.owner(&[arguments, &["--output", "json"]].concat()).output().unwrap();
    let error = serde_json::from_str(stderr(&output).trim()).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!(stdout(&output), "");
    (output.status.code(), error)
}

#[test]
fn each_kind_of_error_has_its_exit_status_and_name() {
    let served = Served::start();
    let (id, reader) = served.create("reads");
    let by_id = format!("tokenId={id}");
    let error = |credential: &str, arguments: &[&str]| {
        let output = served.acting_as(credential, &[arguments, &["--output", "json"]].concat()).output().unwrap();
        let error: Value = serde_json::from_str(&stderr(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        assert_eq!(stdout(&output), "");
        assert_eq!(error["error"]["exitStatus"], output.status.code().unwrap());
        (output.status.code().unwrap(), error["error"]["kind"].as_str().unwrap().to_owned(), error["error"].clone())
    };
    for (credential, arguments, status, kind) in [
        (OWNER, &["getToken"][..], 2, "usage"),
        (OWNER, &["list", "--colour"], 2, "usage"),
        (OWNER, &["create", "--secret-to", "-"], 2, "usage"),
        ("wrong", &["getTokens"], 3, "not_authenticated"),
        ("wrong", &["list"], 3, "not_authenticated"),
        (&reader, &["deleteToken", &by_id], 4, "forbidden"),
        (&reader, &["delete", &id, "--yes"], 4, "forbidden"),
        (OWNER, &["getToken", NOBODY], 5, "not_found"),
        (OWNER, &["get", "nobody"], 5, "not_found"),
    ] {
        let (is, name, _) = error(credential, arguments);
        assert_eq!((is, name.as_str()), (status, kind), "{arguments:?}");
    }
    let (_, _, api) = error(OWNER, &["getToken", NOBODY]);
    assert_eq!(
        (&api["operation"], &api["httpStatus"], &api["code"]),
        (&"getToken".into(), &404.into(), &"not_found".into())
    );
    assert!(api["id"].is_string() && api["message"].as_str().unwrap().contains("list --show-all"), "{api}");
}

#[test]
fn failed_requests_and_connections_have_their_exit_status() {
    let (status, error) = with_fault("patchToken status=409", &["patchToken", NOBODY, "-"]);
    assert_eq!((status, &error["error"]["kind"]), (Some(2), &"usage".into()), "no body on standard input");
    // `retry-after` is longer than the call's deadline.
    let (status, error) = with_fault("* status=429 retry-after=3600", &["getTokens"]);
    assert_eq!((status, &error["error"]["kind"]), (Some(7), &"rate_limited".into()));
    let (status, error) = with_fault("postToken drop-after", &["postToken", "role==reader"]);
    assert_eq!((status, &error["error"]["kind"]), (Some(8), &"outcome_unknown".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("list the tokens"), "{error}");
    let (status, error) = with_fault("resetToken cut-body", &["resetToken", NOBODY]);
    assert_eq!((status, &error["error"]["kind"]), (Some(5), &"not_found".into()), "{error}");
    let (status, error) = with_fault("getTokens status=422", &["list"]);
    assert_eq!((status, &error["error"]["kind"]), (Some(6), &"conflict".into()));

    let mut nowhere = ldtokens(&["list", "--host", &format!("http://{NO_SERVER}"), "--output", "json"]);
    let output = nowhere.env("LD_ACCESS_TOKEN", OWNER).output().unwrap();
    let error: Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!((output.status.code(), &error["error"]["kind"]), (Some(9), &"transport".into()));
}

// The first request of a create has no marker, so that a create without errors is one request. Tokens that it may have left
// are named, and not deleted.
#[test]
fn create_recovers_from_a_lost_response_and_names_tokens_that_may_be_left() {
    let served = Served::with(&["--fault", "postToken drop-after times=2"]);
    let output = served.owner(&["create", "-n", "once", "--role", "reader", "--secret-to", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    let secret = shown.trim();
    assert!(served.works(secret));
    let tokens = served.json(&["list", "-f", "name=once"]);
    let tokens = tokens.as_array().unwrap();
    assert_eq!(tokens.len(), 2, "the token of the second attempt, which has a marker, is deleted: {tokens:?}");
    assert!(tokens.iter().all(|token| token.get("description").is_none()), "{tokens:?}");
    let suspect = tokens.iter().find(|token| !secret.ends_with(token["token"].as_str().unwrap())).unwrap();
    assert!(stderr(&output).contains(suspect["_id"].as_str().unwrap()), "{}", stderr(&output));
}

#[test]
fn what_follows_two_dashes_asks_for_no_json_errors() {
    refused(&ldtokens(&["get", "--", "-o", "json"]).output().unwrap(), 3, &["error: no credential"]);
}

//! `--local`: every command works without a server and without configuration.

use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{ldtokens, refused, shell, stderr, stdout};

fn run(home: &TempDir, arguments: &[&str]) -> Output {
    ldtokens(&[&["--local"], arguments].concat()).env("HOME", home.path()).output().unwrap()
}

fn json(home: &TempDir, arguments: &[&str]) -> Value {
    let output = run(home, &[arguments, &["--output", "json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The examples of the page, with `ldtokens` in front and real values for `value`.
#[test]
fn the_examples_of_the_source_page_run() {
    let home = tempfile::tempdir().unwrap();
    let id = json(&home, &["postToken", "name==mine", "role==reader"])["_id"].as_str().unwrap().to_owned();
    for example in [
        " getTokens  showAll=value",
        " getToken tokenId=value",
        " patchToken tokenId=value",
        " postToken",
        " resetToken tokenId=value  expiry=value",
        " deleteToken tokenId=value",
    ] {
        let line = example.replace("showAll=value", "showAll=true").replace("tokenId=value", &format!("tokenId={id}"));
        let line = line.replace("expiry=value", "expiry=4102444800000");
        let script = match example.trim() {
            // These two need a body, which the page omits.
            "patchToken tokenId=value" => {
                format!(r#"echo '[{{"op": "replace", "path": "/name", "value": "new"}}]' | ldtokens --local {line} -"#)
            }
            "postToken" => format!(r#"echo '{{"name": "made", "role": "reader"}}' | ldtokens --local {line} -"#),
            _ => format!("ldtokens --local {line}"),
        };
        let output = shell(&script, home.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", stderr(&output));
        if !example.contains("delete") {
            assert!(!stdout(&output).is_empty(), "{script}");
        }
    }
    assert_eq!(json(&home, &["list", "-f", "name=made"]).as_array().unwrap().len(), 1);
    refused(&run(&home, &["getToken", &format!("tokenId={id}")]), 5, &["getToken"]);
    // Without a body, the error says what is missing.
    refused(&run(&home, &["postToken"]), 2, &["the body is missing"]);
}

#[test]
fn the_local_store_keeps_tokens_and_is_private() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = json(&home, &["create", "-n", "kept", "--role", "reader", "--secret-to", "-"]);
    let listed = json(&home, &["list", "-f", "name=kept"]);
    assert_eq!(listed[0]["_id"], made["_id"]);
    assert_eq!(json(&other, &["list", "-f", "name=kept"]).as_array().unwrap().len(), 0);
    // It also works if the owner's first token was deleted but another admin token is left.
    let admin = json(&home, &["create", "-n", "another", "--role", "admin", "--secret-to", "-"]);
    assert!(run(&home, &["delete", "Owner", "--yes"]).status.success());
    assert_eq!(json(&home, &["list", "-f", "name=another"])[0]["_id"], admin["_id"]);
    // If none is left, the error says what to do.
    assert!(run(&home, &["delete", "another", "--yes"]).status.success());
    refused(&run(&home, &["list"]), 1, &["local.db", "move the file away"]);
    assert!(json(&home, &["config"])[2]["value"].as_str().unwrap().contains("local.db"));
}

#[test]
fn parallel_local_commands_wait_for_each_other() {
    let home = tempfile::tempdir().unwrap();
    let commands: Vec<_> = (0..6)
        .map(|number| {
            let name = format!("name==at once {number}");
            let mut command = ldtokens(&["--local", "postToken", &name, "role==reader"]);
            command.env("HOME", home.path()).spawn().unwrap()
        })
        .collect();
    for command in commands {
        let output = command.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(json(&home, &["list", "-f", "name~at once"]).as_array().unwrap().len(), 6);
}

#[test]
fn the_error_names_a_data_folder_that_can_not_be_used() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".local"), "a file").unwrap();
    let output = run(&home, &["list"]);
    refused(&output, 1, &["--local", ".local"]);
    let output = ldtokens(&["serve", "--local"]).output().unwrap();
    refused(&output, 2, &["`ldtokens serve`", "--local"]);
}

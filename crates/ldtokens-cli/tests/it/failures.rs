//! Commands that fail: one line that says what to do, an exit status, and nothing is changed.

use std::fs::{File, OpenOptions};
use std::process::{Command, Output};

use crate::support::{NO_SERVER, OWNER, Served, ldtokens, refused, stderr, with_stdin};

fn run(mut command: impl std::borrow::BorrowMut<Command>) -> Output {
    command.borrow_mut().output().unwrap()
}

#[test]
fn each_usage_error_is_one_line_and_changes_nothing() {
    let served = Served::start();
    let (id, _) = served.create("as it was");
    let by_id = format!("tokenId={id}");
    let before = served.json(&["getTokens", "showAll=true"])["items"].clone();

    refused(&run(ldtokens(&["getTokens", "--host", &served.url])), 3, &["set LD_ACCESS_TOKEN"]);
    let wrong = "api-00000000-0000-4000-8000-000000000000";
    refused(&run(served.acting_as(wrong, &["getTokens"])), 3, &["Invalid access token", "set LD_ACCESS_TOKEN"]);
    refused(&run(served.acting_as("two words", &["getTokens"])), 2, &["LD_ACCESS_TOKEN", "white space"]);
    refused(&run(served.owner(&["getToken", "tokenId=0123456789abcdef01234567"])), 5, &["list --show-all"]);
    for command in ["getToken", "deleteToken", "resetToken"] {
        refused(&run(served.owner(&[command, "tokenId=.."])), 2, &["not a token ID", "relative path"]);
        refused(&run(served.owner(&[command, "tokenId="])), 2, &["not a token ID", "empty"]);
        refused(&run(served.owner(&[command, "tokenId=a/b"])), 2, &["not a token ID", "slash"]);
        refused(&run(served.owner(&[command])), 2, &["tokenId= is missing"]);
    }
    refused(&with_stdin(served.owner(&["patchToken", &by_id, "-"]), "nonsense"), 2, &["not JSON"]);
    refused(&with_stdin(served.owner(&["patchToken", &by_id, "-"]), "[{}]"), 2, &["operation 0"]);
    refused(&with_stdin(served.owner(&["postToken", "-"]), ""), 2, &["not JSON"]);
    let failing =
        r#"[{"op": "replace", "path": "/name", "value": "x"}, {"op": "test", "path": "/name", "value": "y"}]"#;
    refused(&with_stdin(served.owner(&["patchToken", &by_id, "-"]), failing), 6, &["nothing was changed"]);
    let fixed = r#"[{"op": "replace", "path": "/serviceToken", "value": true}]"#;
    refused(&with_stdin(served.owner(&["patchToken", &by_id, "-"]), fixed), 1, &["serviceToken cannot be changed"]);
    refused(&run(served.owner(&["getTokens", "showAll=perhaps"])), 2, &["true or false"]);
    refused(&run(served.owner(&["getTokens", "shwoAll=true"])), 2, &["shwoAll", "showAll"]);
    refused(&run(ldtokens(&["getTokens", "--host", "ftp://x"])), 3, &["set LD_ACCESS_TOKEN"]);

    let after = served.json(&["getTokens", "showAll=true"])["items"].clone();
    let names = |items: &serde_json::Value| -> Vec<String> {
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| format!("{} {} {}", item["_id"], item["name"], item["lastModified"]))
            .collect()
    };
    assert_eq!(names(&before), names(&after));
}

#[test]
fn permission_denied_is_reported() {
    let served = Served::start();
    let (id, secret) = served.create("only reads");
    refused(&run(served.acting_as(&secret, &["deleteToken", &format!("tokenId={id}")])), 4, &["Admin role"]);
}

#[test]
fn an_unreachable_host_differs_from_an_invalid_one() {
    let with = |host: &str| {
        let mut command = ldtokens(&["getTokens", "--host", host]);
        command.env("LD_ACCESS_TOKEN", OWNER);
        run(command)
    };
    refused(&with(&format!("http://{NO_SERVER}")), 9, &["could not connect", "--host"]);
    refused(&with("http://ld.example"), 2, &["plain HTTP", "https://"]);
    refused(&with("nonsense host"), 2, &["not a URL"]);
}

#[test]
fn serve_says_why_it_can_not_start() {
    let served = Served::start();
    let busy = served.url.strip_prefix("http://").unwrap();
    refused(&run(ldtokens(&["serve", "--listen", busy])), 1, &["is in use", "another port"]);

    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "these are notes, and they are longer than a hundred bytes, so that nobody takes them for anything else at all",
    )
    .unwrap();
    let serve = |store: &std::path::Path| run(ldtokens(&["serve", "--store", store.to_str().unwrap()]));
    refused(&serve(&text), 1, &["not a database", "another file"]);
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("these are notes"));
    refused(&serve(folder.path()), 1, &["is a folder"]);
    refused(&serve(&folder.path().join("not/there.db")), 1, &["no folder", "make it first"]);
    refused(&serve(&served.folder.path().join("ld.db")), 1, &["another server has it open"]);

    let mut short = ldtokens(&["serve"]);
    short.env("LDTOKENS_ROOT_TOKEN", "hunter2");
    let output = run(short);
    refused(&output, 1, &["shorter than 16"]);
    assert!(!stderr(&output).contains("hunter2"));
}

#[cfg(target_os = "linux")] // which has /dev/full
fn full_disk() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_error_that_can_not_be_written_changes_no_result() {
    let served = Served::start();
    served.create("a");
    served.create("b");
    for (arguments, status) in
        [(&["delete", "a", "b", "--yes"][..], 0), (&["get", "a"], 5), (&["get", "a", "-o", "json"], 5), (&["get"], 2)]
    {
        let output = run(served.owner(arguments).stderr(full_disk()));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
    assert_eq!(run(ldtokens(&[]).stderr(full_disk())).status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_standard_output_does_not_take_is_an_error() {
    for arguments in [&["-h"][..], &["--help"], &["list", "-h"], &["--version"], &["demo"]] {
        let output = run(ldtokens(arguments).stdout(full_disk()));
        refused(&output, 1, &["can't write to standard output"]);
    }
}

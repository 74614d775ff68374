//! `ldtokens serve`.

use std::io::{BufRead, BufReader};
use std::process::Child;

use crate::support::{OWNER, Served, ldtokens, stderr};

#[test]
fn what_was_made_is_there_after_a_stop_and_a_start() {
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
fn a_new_stores_owner_gets_a_secret_that_is_shown_once() {
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
    // Without notice, as by a power cut.
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, second) = lines(1);
    assert!(works(second[0].strip_prefix("listening on ").unwrap()));
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!rest.contains("api-"), "{rest}");
}

/// A server with these flags, and its first lines.
fn serve(flags: &[&str], lines: usize) -> (Child, Vec<String>) {
    let mut child = ldtokens(&[&["serve"], flags].concat()).env("LDTOKENS_ROOT_TOKEN", OWNER).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    let lines = reader.lines().take(lines).map(Result::unwrap).collect();
    (child, lines)
}

#[test]
fn an_account_file_gives_members_and_tokens_with_known_secrets() {
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
fn a_fault_strikes_as_often_as_it_says() {
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
    assert!(stderr(&output).contains("this machine alone"), "{}", stderr(&output));
}

/// A file can't grow beyond 200 blocks there: as on a full disk, writes fail.
#[cfg(unix)]
#[test]
fn where_the_disk_is_full_nothing_is_done_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("ld.db");
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" serve --store \"$1\"";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_ldtokens"), store.to_str().unwrap()]);
    shell.env_clear().env("LDTOKENS_ROOT_TOKEN", OWNER).stdout(std::process::Stdio::piped());
    let mut child = shell.stderr(std::process::Stdio::null()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let mut command = ldtokens(&[arguments, &["--host", &url, "--output", "json"]].concat());
        command.env("LD_ACCESS_TOKEN", OWNER).output().unwrap()
    };
    let long = format!("description=={}", "x".repeat(60_000));
    let mut made = 1;
    let failed = loop {
        let output = run(&["postToken", "role==reader", &long]);
        if !output.status.success() {
            break output;
        }
        made += 1;
        assert!(made < 100, "the disk is never full");
    };
    assert!(stderr(&failed).contains("Nothing was changed"), "{}", stderr(&failed));
    let list = run(&["getTokens"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["totalCount"], made, "what was acknowledged is there, and nothing else");
    child.kill().unwrap();
    child.wait().unwrap();
}

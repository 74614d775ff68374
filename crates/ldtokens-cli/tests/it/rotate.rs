//! `ldtokens rotate`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{OWNER, Served, refused, stderr, stdout};

/// `rotate` with its journals in the server's folder.
pub fn rotate(served: &Served, arguments: &[&str]) -> Command {
    let mut command = served.owner(&[&["rotate"], arguments].concat());
    command.env("LDTOKENS_STATE", served.folder.path()).env("PATH", "/usr/bin:/bin").current_dir(served.folder.path());
    command
}

pub fn token(served: &Served, name: &str) -> (String, String) {
    let (id, secret) = served.create(name);
    fs::write(served.folder.path().join(format!("{name}.secret")), &secret).unwrap();
    (id, secret)
}

pub fn contents(served: &Served, name: &str) -> String {
    fs::read_to_string(served.folder.path().join(name)).unwrap()
}

#[test]
fn a_secret_goes_to_a_file_a_variable_and_a_command_and_both_secrets_work() {
    let served = Served::start();
    let (id, old) = token(&served, "Export");
    fs::write(served.folder.path().join(".env"), format!("A=1\nLD={old}\n")).unwrap();
    let places =
        ["--secret-to", "Export.secret", "--env-file", ".env:LD", "--secret-to-command", "cat > vault; echo hello"];
    let output = rotate(&served, &[&["Export"], &places[..]].concat()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let new = contents(&served, "Export.secret");
    assert_ne!(new, old);
    assert_eq!(contents(&served, "vault"), new);
    assert_eq!(contents(&served, ".env"), format!("A=1\nLD={new}\n"));
    assert!(served.works(&new) && served.works(&old));
    assert_eq!(stdout(&output), "", "the output of a command goes to standard error");
    assert!(stderr(&output).contains("hello\n") && stderr(&output).contains(&id), "{}", stderr(&output));
    assert!(!stderr(&output).contains(&new));
}

#[test]
fn rotate_changes_nothing_without_a_valid_destination_per_token() {
    let served = Served::start();
    let (one, _) = token(&served, "one");
    let (two, _) = token(&served, "two");
    for (arguments, words) in [
        (&[one.as_str()][..], "say where the new secret goes"),
        (&[&one, &two, "--secret-to", "one.secret"], "{id} or {name}"),
        (&[&one, "--secret-to", "-"], "read back"),
        (&[&one, "--secret-to", "two.secret"], "--overwrite"),
        (&[&one, "--secret-to", "no/such/folder"], "No such file"),
        (&[&one, "--github-output", "token"], "GITHUB_OUTPUT"),
        (&[&one, "--kubernetes-secret", "A b"], "NAMESPACE"),
        (&[&one, "--now", "--secret-to", "one.secret"], "--yes"),
        (&[&one, "--overlap", "0s", "--secret-to", "one.secret"], "--yes"),
    ] {
        refused(&rotate(&served, arguments).output().unwrap(), 2, &[words]);
    }
    assert!(served.works(&contents(&served, "one.secret")) && served.works(&contents(&served, "two.secret")));
}

#[test]
fn a_second_rotation_of_the_same_token_is_refused_until_the_first_ends() {
    let served = Served::start();
    let (id, _) = token(&served, "Export");
    assert!(Command::new("mkfifo").arg(served.folder.path().join("pipe")).status().unwrap().success());
    let places = ["--secret-to", "Export.secret", "--secret-to-command", "cat pipe; cat >/dev/null"];
    let first = rotate(&served, &[&[id.as_str()], &places[..]].concat()).spawn().unwrap();
    // Opening the pipe blocks until the first rotation reads it, in the middle of its work.
    let pipe = fs::OpenOptions::new().write(true).open(served.folder.path().join("pipe")).unwrap();
    let second = rotate(&served, &[&id, "--secret-to", "Export.secret"]).output().unwrap();
    refused(&second, 6, &["another process is rotating the token", &id]);
    drop(pipe);
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(served.works(&contents(&served, "Export.secret")));
}

#[test]
fn rotating_the_credential_in_use_updates_the_file_it_comes_from() {
    let served = Served::start();
    let admin = served.json(&["postToken", "name==Admin key", "role==admin"]);
    let file = served.folder.path().join("credential");
    let write = |text: &str| crate::support::write_with_mode(&file, text, 0o600);
    write(&format!("{}\n", admin["token"].as_str().unwrap()));
    let id = admin["_id"].as_str().unwrap();
    for strategy in ["reset", "replace"] {
        let mut command =
            crate::support::ldtokens(&["rotate", "Admin key", "--strategy", strategy, "--host", &served.url]);
        command.args(["--again", "--token-file"]).arg(&file).env("LDTOKENS_STATE", served.folder.path());
        let before = fs::read_to_string(&file).unwrap();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{strategy}: {}", stderr(&output));
        let after = fs::read_to_string(&file).unwrap();
        assert!(after != before && after.ends_with('\n'));
        assert!(served.works(after.trim_end()) && served.works(before.trim_end()), "{strategy} of {id}");
    }
}

/// Rotates all tokens whose names match, and returns the report.
fn all(served: &Served, more: &[&str]) -> (i32, Vec<Value>) {
    let arguments = ["--all-matching", "name~job", "--secret-to", "{name}.secret", "--output", "json", "--yes"];
    let output = rotate(served, &[&arguments[..], more].concat()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    (output.status.code().unwrap(), report.as_array().unwrap().clone())
}

#[test]
fn all_matching_due_tokens_are_rotated_and_failures_are_reported() {
    let served = Served::start();
    let ids: Vec<String> = ["job1", "job2", "job3", "other"].map(|name| token(&served, name).0).to_vec();
    let (_, plan) = all(&served, &["--dry-run"]);
    assert_eq!(plan.len(), 3);
    assert!(plan[0]["wouldDeliverTo"][0].as_str().unwrap().contains("job"), "{plan:?}");
    assert!(served.works(&contents(&served, "job1.secret")));
    assert!(all(&served, &["--older-than", "60d"]).1.is_empty());
    // One of the files has other contents now.
    fs::write(served.folder.path().join("job2.secret"), "not a secret\n").unwrap();
    let (status, report) = all(&served, &["--older-than", "0s"]);
    assert_eq!((status, report.len()), (10, 3));
    let failed: Vec<&Value> = report.iter().filter(|row| row["error"].is_object()).collect();
    assert_eq!((failed.len(), failed[0]["_id"].as_str()), (1, Some(ids[1].as_str())));
    let done: Vec<&Value> = report.iter().filter(|row| row["newId"].is_string()).collect();
    for row in done {
        let secret = contents(&served, &format!("{}.secret", row["name"].as_str().unwrap()));
        assert!(served.works(&secret) && secret.ends_with(row["lastFour"].as_str().unwrap()));
    }
}

#[test]
fn the_same_replacement_again_by_name_or_id_reports_that_it_is_done_and_with_now_it_ends() {
    let served = Served::start();
    let (id, old) = token(&served, "Export");
    let replace = |word: &str, more: &[&str]| {
        let arguments = [word, "--strategy", "replace", "--secret-to", "Export.secret", "-o", "json"];
        let output = rotate(&served, &[&arguments[..], more].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
    };
    let first = replace("Export", &[]);
    assert_eq!((&first["endsByItself"], &first["isOver"]), (&true.into(), &false.into()), "{first}");
    let new = first["newId"].as_str().unwrap();
    let kept = contents(&served, "Export.secret");
    // Two tokens have the name now, and they are one rotation.
    for word in ["Export", &id, new] {
        let again = replace(word, &[]);
        assert_eq!((&again["newId"], &again["oldExpires"]), (&first["newId"], &first["oldExpires"]), "{word}");
        assert_eq!(again["wasResumed"], true);
    }
    let other = rotate(&served, &["Export", "--secret-to", "other.secret"]).output().unwrap();
    refused(&other, 2, &["another destination, which can't be changed now"]);
    assert!(rotate(&served, &["--finish"]).output().unwrap().status.success());
    assert!(served.works(&old) && contents(&served, "Export.secret") == kept);
    replace(&id, &["--now", "--yes"]);
    assert!(!served.works(&old) && served.works(&kept));
    assert_eq!(served.json(&["list", "-a", "-f", "name=Export"]).as_array().unwrap().len(), 1);
    // Done: the next one is another rotation.
    assert_eq!(replace("Export", &[])["_id"], new);
}

#[test]
fn a_replaced_token_is_not_due_again() {
    let served = Served::start();
    let (_, secret) = token(&served, "Export");
    let marked = ["update", "Export", "--description", "x [ldtokens rotated 2020-01-31T12:00:00Z]"];
    assert!(served.owner(&marked).output().unwrap().status.success());
    let nightly = || {
        let arguments = ["Export", "--strategy", "replace", "--older-than", "60d", "--secret-to", "Export.secret"];
        let output = rotate(&served, &arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    nightly();
    assert_eq!(contents(&served, "Export.secret"), secret, "it was created just now");
}

#[test]
fn rotate_warns_of_tokens_that_expire_before_they_are_due() {
    let served = Served::start();
    for (name, days) in [("soon", "10d"), ("late", "90d")] {
        let arguments = ["create", "-n", name, "--role", "reader", "--expires-in", days, "--secret-to", "-"];
        assert!(served.owner(&arguments).output().unwrap().status.success());
    }
    let places = ["--older-than", "30d", "--secret-to", "{name}.secret"];
    let output = rotate(&served, &[&["--all-matching", "name~o"][..], &places].concat()).output().unwrap();
    let output = match output.status.success() {
        true => output,
        false => panic!("{}", stderr(&output)),
    };
    assert!(stderr(&output).contains("(soon) expires"), "{}", stderr(&output));
    let output = rotate(&served, &[&["late"][..], &places].concat()).output().unwrap();
    assert!(output.status.success() && !stderr(&output).contains("expires"), "{}", stderr(&output));
}

#[test]
fn rotate_prints_only_a_manifest_for_kubectl() {
    let served = Served::start();
    let (id, _) = token(&served, "Export");
    let places = ["--kubernetes-secret", "prod/ld:api-token", "--secret-to", "Export.secret", "--output", "json"];
    let mut command = rotate(&served, &[&[id.as_str()], &places[..]].concat());
    let output = command.env("GITHUB_ACTIONS", "true").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    let mut lines = said.lines().filter(|line| !line.starts_with("::debug::"));
    assert_eq!(lines.next().unwrap(), format!("::add-mask::{}", contents(&served, "Export.secret")));
    let report: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(report[0]["newId"], id.as_str(), "the report is beside the manifest");
    let manifest: Value = serde_saphyr::from_slice(&output.stdout).unwrap();
    assert_eq!(manifest["metadata"]["namespace"], "prod");
    assert_eq!(manifest["stringData"]["api-token"], contents(&served, "Export.secret").as_str());
    if Path::new("/usr/bin/kubectl").exists() {
        let arguments = ["create", "--dry-run=client", "--validate=false", "-o", "name", "-f", "-"];
        let mut kubectl = Command::new("/usr/bin/kubectl");
        kubectl.args(arguments).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let read = crate::support::with_stdin(kubectl, &stdout(&output));
        assert!(stdout(&read).contains("secret/ld") || stderr(&read).contains("connection refused"), "{read:?}");
    }
}

#[test]
fn rotation_journals_logs_and_errors_have_no_secret() {
    let served = Served::start();
    let (id, old) = token(&served, "Export");
    let places = ["--secret-to", "Export.secret", "--secret-to-command", "exit 1", "-vvv"];
    let output = rotate(&served, &[&[id.as_str()], &places[..]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(11), "{}", stderr(&output));
    let new = contents(&served, "Export.secret");
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(said.contains("run the same command again"), "{said}");
    let mut texts = vec![said];
    for folder in fs::read_dir(served.folder.path().join("rotations")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            texts.push(fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    assert!(texts.len() >= 2, "what was said, and the journal");
    for secret in [&old, &new, &OWNER.to_owned()] {
        assert!(texts.iter().all(|text| !text.contains(&secret[4..30])), "{texts:?}");
    }
}

/// Otherwise the tokens after it would fail with 401.
#[test]
fn rotate_deletes_the_token_in_use_last() {
    let served = Served::start();
    let admin = served.json(&["postToken", "name==key", "role==admin"]);
    let (one, _) = served.create("one");
    let (two, _) = served.create("two");
    let (own, secret) = (admin["_id"].as_str().unwrap(), admin["token"].as_str().unwrap());
    let reset = served.acting_as(secret, &["reset", &one, own, &two, "--yes", "--quiet", "--secret-to", "{id}.secret"]);
    let output = { reset }.current_dir(served.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    // The others are done at the same time.
    assert_eq!((stdout(&output).lines().count(), stdout(&output).lines().last()), (3, Some(own)));
    let secret = contents(&served, &format!("{own}.secret"));
    let output = served.acting_as(&secret, &["delete", &one, own, &two, "--yes", "--quiet"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), [&one, &two, own]);
}

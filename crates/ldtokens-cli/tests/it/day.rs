//! A platform engineer's day on an account of 3,000 tokens: what was asked, changed, undone and printed, on a terminal and
//! without one.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::delaying_proxy::DelayingProxy;
use crate::pty::Terminal;
use crate::support::{OWNER, Served, ldtokens, refused, search_path, stderr, stdout};

/// What undo can restore of each token, by ID.
fn state(served: &Served) -> BTreeMap<String, Value> {
    let tokens = served.json(&["list", "--show-all"]);
    let kept = ["name", "description", "role", "customRoleIds", "inlineRole", "expiry"];
    let of = |token: &Value| kept.iter().filter_map(|name| Some((*name, token.get(*name)?.clone()))).collect::<Value>();
    tokens.as_array().unwrap().iter().map(|token| (token["_id"].as_str().unwrap().to_owned(), of(token))).collect()
}

/// The IDs of the tokens that differ.
fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    before.iter().filter(|(id, token)| after.get(*id) != Some(token)).map(|(id, _)| id.clone()).collect()
}

/// A shell that runs a pipeline of the binary with the owner's credential.
fn pipeline(served: &Served, script: &str) -> Command {
    let mut command = crate::support::shell(script, served.folder.path());
    command.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &served.url).env("PATH", search_path());
    command.env("LDTOKENS_STATE", served.folder.path().join("state"));
    command
}

fn succeeded(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stderr(output)
}

/// The file that a message names after `--resume`.
fn resume_file(message: &str) -> String {
    let message = message.split_whitespace().collect::<String>();
    let (_, rest) = message.split_once("--resume").unwrap_or_else(|| panic!("{message}"));
    rest[..rest.find(".ndjson").unwrap() + ".ndjson".len()].to_owned()
}

#[test]
fn many_tokens_are_changed_after_a_plan_and_an_answer_and_can_be_restored() {
    let served = Served::with(&["--seed-tokens", "3000"]);
    let before = state(&served);
    let is_canary = |token: &Value| token["name"].as_str().unwrap().starts_with("Canary 1");
    let canaries: Vec<&String> = before.iter().filter(|(_, token)| is_canary(token)).map(|(id, _)| id).collect();
    let readers = canaries.iter().filter(|id| before[**id]["role"] == "reader").count();
    let (total, many) = (canaries.len(), canaries.iter().filter(|id| before[**id]["role"] != "admin").count());
    assert!(readers > 20 && many > readers && total > many, "{readers} {many} {total}");

    // The pipeline that made all tokens administrators now asks, on the terminal.
    let script = "ldtokens list -a -q -f 'name~canary 1' | ldtokens update - --role admin";
    for (answer, status) in [("n\r", 130), ("y\r", 0)] {
        let mut terminal = Terminal::run(pipeline(&served, script));
        let plan = terminal.expect("[y/N] ");
        for words in [
            format!("Update {many} tokens of"),
            format!("access: reader → admin: {readers}"),
            format!("{} have these values already", total - many),
            "Canary 1".to_owned(),
            "`ldtokens undo` can restore what they were".to_owned(),
        ] {
            assert!(plan.contains(&words), "{words} in {plan}");
        }
        assert_eq!(changed(&before, &state(&served)), Vec::<String>::new(), "nothing before the answer");
        terminal.type_in(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(status), "{shown}");
        if status == 0 {
            let end = format!("{many} of {total} updated; {} have these values already", total - many);
            assert!(shown.contains(&end), "{shown}");
            assert!(shown.contains(&format!("updating: {total} of {total}")) && !shown.contains("Updated "), "{shown}");
        }
    }
    let admins = state(&served);
    assert_eq!(changed(&before, &admins).len(), many);
    assert!(canaries.iter().all(|id| admins[*id]["role"] == "admin"));

    let (plan, status, shown) = Terminal::run(served.owner(&["undo"])).answer("y\r");
    assert!(plan.contains("This undoes `ldtokens update` of") && plan.contains("(role admin)"), "{plan}");
    assert!(plan.contains(&format!("access: admin → reader: {readers}")), "{plan}");
    assert!(plan.contains("secrets and deleted tokens can't be restored"), "{plan}");
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains(&format!("{many} of {many} restored")), "{shown}");
    assert_eq!(changed(&before, &state(&served)), Vec::<String>::new());
    refused(&served.owner(&["undo", "--yes"]).output().unwrap(), 12, &["nothing to undo"]);
}

#[test]
fn without_a_terminal_many_tokens_are_changed_only_with_yes_and_a_dry_run_shows_the_same() {
    let served = Served::with(&["--seed-tokens", "3000"]);
    let before = state(&served);
    let update = ["update", "--all-matching", "name~audit 2", "--all-matching", "role=writer", "--expires-in", "30d"];
    let audits = before
        .values()
        .filter(|token| token["name"].as_str().unwrap().contains("Audit 2") && token["role"] == "writer")
        .count();
    assert!(audits > 20, "{audits}");

    let dry = served.owner(&[&update[..], &["--dry-run"]].concat()).output().unwrap();
    let plan = succeeded(&dry);
    assert!(plan.contains(&format!("Update {audits} tokens of {}:", served.url)), "{plan}");
    assert!(plan.contains(&format!("{audits} of {audits} would be updated")), "{plan}");
    assert_eq!(stdout(&dry).matches("--request PATCH").count(), audits, "{}", stdout(&dry));
    let no = served.owner(&update).output().unwrap();
    assert_eq!(no.status.code(), Some(2), "{}", stderr(&no));
    assert!(stderr(&no).contains("use --yes"), "{}", stderr(&no));
    assert_eq!(changed(&before, &state(&served)), Vec::<String>::new());
    assert!(!served.folder.path().join("state").exists(), "nothing is written before a change is agreed to");

    let yes = served.owner(&[&update[..], &["--yes"]].concat()).output().unwrap();
    let lines: Vec<String> = succeeded(&yes).lines().map(str::to_owned).collect();
    // The same plan; then one line, and no line for each token.
    let plan_of = |lines: &[String]| {
        lines[..lines.len() - 1]
            .iter()
            .map(|line| line.replace(|digit: char| digit.is_ascii_digit(), "9"))
            .collect::<Vec<_>>()
    };
    assert_eq!(plan_of(&lines), plan_of(&plan.lines().map(str::to_owned).collect::<Vec<_>>()));
    assert!(lines.last().unwrap().starts_with(&format!("{audits} of {audits} updated")), "{lines:?}");
    assert_eq!(stdout(&yes), "");
    let after = state(&served);
    assert_eq!(changed(&before, &after).len(), audits);

    // What expires soon is found, and a check in CI fails for it.
    let soon = ["list", "-a", "-q", "--expires-within", "31d"];
    assert_eq!(stdout(&served.owner(&soon).output().unwrap()).lines().count(), audits);
    let output = served.owner(&[&soon[..], &["--fail-if-any"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(13), "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("{audits} tokens match")), "{}", stderr(&output));
    let none = served.owner(&["list", "-a", "--expires-within", "1d", "--fail-if-any"]).output().unwrap();
    assert!(succeeded(&none).contains("no token matches expiry<"), "{}", stderr(&none));

    // Someone changes one of them since: that one is left as it is.
    let one = changed(&before, &after)[0].clone();
    succeeded(&served.owner(&["update", &one, "--no-expiry"]).output().unwrap());
    let file = std::fs::read_dir(served.folder.path().join("state/changes")).unwrap().next().unwrap().unwrap().path();
    let mut files: Vec<_> = std::fs::read_dir(&file).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    succeeded(&served.owner(&["update", &one, "--expires-in", "60d"]).output().unwrap());
    let undone = served.owner(&["undo", files[0].to_str().unwrap(), "--yes"]).output().unwrap();
    let text = succeeded(&undone);
    assert!(text.contains("changed by someone else since, so left as they are") && text.contains(&one), "{text}");
    assert!(text.contains(&format!("{} of {audits} restored; 1 need no change", audits - 1)), "{text}");
    assert_eq!(changed(&before, &state(&served)), [one]);
}

#[test]
fn an_interrupted_or_killed_run_goes_on_with_its_file() {
    let served = Served::with(&["--seed-tokens", "3000"]);
    let before = state(&served);
    let bots = before.values().filter(|token| token["name"].as_str().unwrap().contains("Release bot 1")).count();
    assert!(bots > 40, "{bots}");
    let through = |proxy: &DelayingProxy, arguments: &[&str]| {
        let mut command = ldtokens(arguments);
        command.args(["--host", &proxy.url]).env("LD_ACCESS_TOKEN", OWNER);
        command.env("LDTOKENS_STATE", served.folder.path().join("state"));
        command
    };
    let delete = ["delete", "--all-matching", "name~release bot 1", "--yes"];
    let proxy = DelayingProxy::of_writes(&served.url);
    let shown = Terminal::run(through(&proxy, &delete)).interrupted_at(&proxy, 8);
    assert!(shown.contains(&format!("8 of {bots} deleted; not tried: {}. To go on,", bots - 8)), "{shown}");
    assert_eq!(state(&served).len(), before.len() - 8);

    // With another change, the file is refused.
    let file = resume_file(&shown);
    refused(
        &through(&proxy, &["update", "--resume", &file, "--role", "reader"]).output().unwrap(),
        2,
        &["another command"],
    );

    // Killed in the middle of the rest.
    proxy.hold_back();
    let mut child = through(&proxy, &["delete", "--resume", &file, "--yes"]).spawn().unwrap();
    for _ in 0..8 {
        proxy.wait_for_request();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    proxy.release();
    // Each of the eight requests can change the list while it is read, and then nothing is done.
    let mut rest = (0..=8).map(|_| through(&proxy, &["delete", "--resume", &file, "--yes"]).output().unwrap());
    let text = succeeded(&rest.find(|output| !stderr(output).contains("the list changed")).unwrap());
    // The server need not carry out, or not at once, what a client asked for that is gone.
    let left = bots - 8;
    let is_said = |gone| text.contains(&format!("{} of {left} deleted; {gone} did not exist", left - gone));
    assert!(text.contains(&format!("{left} of {left} deleted")) || (1..=8).any(is_said), "{text}");
    let after = state(&served);
    assert_eq!(after.len(), before.len() - bots);
    assert!(changed(&before, &after).iter().all(|id| !after.contains_key(id)), "no other token is changed");

    // Nothing is left, and what was deleted can't be restored, which is said.
    let done = through(&proxy, &["delete", "--resume", &file]).output().unwrap();
    assert!(succeeded(&done).contains("all tokens of that run are done"), "{}", stderr(&done));
    let undo = through(&proxy, &["undo", "--yes"]).output().unwrap();
    refused(&undo, 2, &[&format!("`ldtokens delete` of {bots}"), "can't be undone", &file]);
    let record = std::fs::read_to_string(&file).unwrap();
    let first: Value = serde_json::from_str(record.lines().nth(1).unwrap()).unwrap();
    assert_eq!(first["was"]["name"], before[first["_id"].as_str().unwrap()]["name"]);
    assert!(!record.contains("\"token\""), "no part of a secret: {record}");
}

#[test]
fn what_matches_nothing_and_what_is_not_seen_are_said() {
    let served = Served::with(&["--seed-tokens", "300"]);
    for arguments in [
        &["update", "--all-matching", "name~nosuch", "--role", "admin"][..],
        &["delete", "--all-matching", "name~nosuch"],
        &["list", "-a", "-f", "name~nosuch"],
    ] {
        let output = served.owner(arguments).output().unwrap();
        assert_eq!(succeeded(&output), "note: no token matches name~nosuch\n", "{arguments:?}");
        let output = served.owner(&[arguments, &["--fail-if-none"]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(12), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "error: no token matches name~nosuch\n");
    }
    let reader = served.json(&["create", "-n", "CI", "--role", "reader", "--service", "--secret-to", "-"]);
    let secret = reader["token"].as_str().unwrap();
    let all: [&[&str]; 3] = [
        &["list", "-a", "-q"],
        &["list", "-a", "-q", "--unused-for", "90d", "--fail-if-none"],
        &["delete", "--all-matching", "name~canary", "--dry-run"],
    ];
    for arguments in all {
        let output = served.acting_as(secret, arguments).output().unwrap();
        let said = succeeded(&output);
        assert!(said.contains("not all tokens are seen: the credential has no Admin role"), "{arguments:?}: {said}");
        let output = served.acting_as(secret, &[arguments, &["--require-all"]].concat()).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(4), String::new()), "{}", stderr(&output));
        let output = served.owner(&[arguments, &["--require-all"]].concat()).output().unwrap();
        assert!(!succeeded(&output).contains("not all tokens"), "{}", stderr(&output));
    }
    // An audit by an administrator passes without a word.
    let admin = served.json(&["create", "-n", "CI admin", "--role", "admin", "--service", "--secret-to", "-"]);
    let output = served.acting_as(admin["token"].as_str().unwrap(), all[0]).output().unwrap();
    assert_eq!(succeeded(&output), "");
    assert!(stdout(&output).lines().count() > 300);
}

#[test]
fn an_admin_token_of_a_member_who_is_no_admin_does_not_see_all_tokens() {
    let (folder, secret) = (tempfile::tempdir().unwrap(), "api-11111111-1111-4111-8111-111111111111");
    let file = folder.path().join("account.yaml");
    let account = json!({
        "members": [{"email": "a@example.com", "role": "owner"}, {"email": "b@example.com", "role": "reader"}],
        "tokens": [
            {"name": "Owner", "member": "a@example.com", "role": "admin"},
            {"name": "Old", "member": "b@example.com", "role": "admin", "secret": secret},
        ],
    });
    std::fs::write(&file, account.to_string()).unwrap();
    let served = Served::with(&["--account", file.to_str().unwrap()]);
    for (arguments, status) in [(&["list", "-a", "--require-all"][..], 4), (&["inventory"], 10)] {
        let output = served.acting_as(secret, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_change_of_tokens_that_are_not_seen_stays_to_be_undone() {
    let served = Served::start();
    let id = served.json(&["create", "-n", "X", "--role", "reader", "--secret-to", "-"])["_id"].clone();
    let id = id.as_str().unwrap();
    succeeded(
        &served.owner(&["update", id, "--expires-in", "20d", "--description", "x [ldtokens:x]"]).output().unwrap(),
    );
    let said = succeeded(&served.owner(&["update", id, "--expires-in", "40d", "--no-description"]).output().unwrap());
    assert!(said.contains("warning: without [ldtokens:x] in its description"), "{said}");
    succeeded(&served.owner(&["deleteToken", &format!("tokenId={id}")]).output().unwrap());
    for _ in 0..2 {
        let undo = served.owner(&["undo", "--yes"]).output().unwrap();
        let said = stderr(&undo);
        assert_eq!(undo.status.code(), Some(5), "{said}");
        assert!(said.contains("(no description, expires in 40d)") && said.contains("nothing was restored"), "{said}");
    }
}

#[test]
fn permissions_of_every_kind_are_restored_and_a_secret_in_a_text_is_not_written_down() {
    let served = Served::with(&["--seed-tokens", "60"]);
    let leaked = "api-11111111-2222-4333-8444-555555555555";
    let patch = json!([{"op": "replace", "path": "/description", "value": format!("old: {leaked}")}]).to_string();
    let id = format!("5eed{:020x}", 7);
    let by_id = format!("tokenId={id}");
    let output = crate::support::with_stdin(served.owner(&["patchToken", &by_id, "-"]), &patch);
    succeeded(&output);
    let before = state(&served);
    let update =
        ["update", "--all-matching", "name!=Owner", "--yes", "--custom-role", "seeded-auditors", "--description", "x"];
    let updated = served.owner(&[&update[..], &["--comment", "cleaning up"]].concat()).output().unwrap();
    succeeded(&updated);
    let after = state(&served);
    let count = changed(&before, &after).len();
    assert!(count >= 60, "{count}");
    let folder = served.folder.path().join("state");
    let text = walk(&folder);
    assert!(!text.contains(leaked) && text.contains("was"), "{text}");
    succeeded(&served.owner(&["undo", "--yes"]).output().unwrap());
    // All but the text with the secret.
    let left = changed(&before, &state(&served));
    assert_eq!(left, std::slice::from_ref(&id));
    let now = &state(&served)[&id];
    assert_eq!((&now["description"], &now["role"]), (&"x".into(), &before[&id]["role"]));
}

/// The text of all files below a folder, which only their owner can read.
fn walk(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, mode) = (entry.path(), entry.metadata().unwrap().permissions().mode());
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        text += &if path.is_dir() { walk(&path) } else { std::fs::read_to_string(path).unwrap() };
    }
    text
}

#[test]
fn several_tokens_are_not_updated_if_what_they_were_can_not_be_written_down() {
    let served = Served::start();
    let ids = ["one", "two"].map(|name| served.create(name).0);
    let before = state(&served);
    let mut command = served.owner(&["update", &ids[0], &ids[1], "--role", "writer", "--yes"]);
    let output = command.env("LDTOKENS_STATE", "/dev/null").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing was changed, since it could not be undone"), "{}", stderr(&output));
    assert_eq!(changed(&before, &state(&served)), Vec::<String>::new());
    let mut command = served.owner(&["update", &ids[0], "--role", "writer"]);
    let output = command.env("LDTOKENS_STATE", "/dev/null").output().unwrap();
    assert!(succeeded(&output).contains("this can't be undone later"), "{}", stderr(&output));
}

/// The token in use comes last, alone: the others are done by then.
#[test]
fn the_token_in_use_is_deleted_after_all_others() {
    let served = Served::start();
    let own = served.json(&["create", "-n", "own", "--role", "admin", "--secret-to", "-"]);
    let ids: Vec<String> = (0..20).map(|number| served.create(&format!("other {number}")).0).collect();
    let own_id = own["_id"].as_str().unwrap();
    let all: Vec<&str> = std::iter::once(own_id).chain(ids.iter().map(String::as_str)).collect();
    let delete = [&["delete", "--yes"][..], &all].concat();
    let output = served.acting_as(own["token"].as_str().unwrap(), &delete).output().unwrap();
    assert!(succeeded(&output).contains("21 of 21 deleted"), "{}", stderr(&output));
    assert!(!served.works(own["token"].as_str().unwrap()));
}

//! `ldtokens revoke`: finds leaked secrets, deletes or resets their tokens, and never prints a secret.

use std::process::Output;

use serde_json::Value;

use crate::pty::{CTRL_C, Terminal};
use crate::support::{OWNER, Served, refused, shell, stderr, stdout, with_stdin};

const PAGE: &str = include_str!("../../../../docs/revocation.md");

/// Has the format of a secret, but belongs to no token.
const DEAD: &str = "api-00000000-0000-4000-8000-00000000dead";

const TWIN: &str = "api-11111111-0000-4000-8000-00000000aaaa";

/// Two tokens whose secrets have the same last four characters.
const TWINS: &str = "
members: [{email: owner@example.com, role: owner}]
tokens:
  - {name: Owner, member: owner@example.com, role: admin}
  - {name: Twin 1, member: owner@example.com, role: reader, serviceToken: true, secret: api-11111111-0000-4000-8000-00000000aaaa}
  - {name: Twin 2, member: owner@example.com, role: reader, serviceToken: true, secret: api-22222222-0000-4000-8000-00000000aaaa}";

fn status(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}{}", stdout(output), stderr(output));
    stdout(output)
}

/// The row of a report for a secret, found by its last four characters.
fn row<'a>(report: &'a Value, secret: &str) -> &'a Value {
    let last_four = &secret[secret.len() - 4..];
    report.as_array().unwrap().iter().find(|row| row["lastFour"] == last_four).unwrap_or_else(|| panic!("{report}"))
}

fn shows_none(output: &Output, secrets: &[&str]) {
    let shown = stdout(output) + &stderr(output);
    for secret in secrets {
        assert!(!shown.contains(&secret[4..]), "{shown}");
    }
}

#[test]
fn revoke_deletes_the_tokens_of_secrets_from_files_and_logs_and_shows_none() {
    let served = Served::start();
    let [(a_id, a), (b_id, b), (_, kept)] = ["A", "B", "Kept"].map(|name| served.create(name));
    let (list, log) = (served.folder.path().join("leaked.txt"), served.folder.path().join("build.log"));
    std::fs::write(&list, format!("\u{feff}{a}\r\n\n{DEAD}\n{a}\n")).unwrap();
    std::fs::write(
        &log,
        format!("\u{1b}[1mLD_ACCESS_TOKEN={b}\u{1b}[0m and sdk{}", &DEAD[3..].replace("dead", "5d1c")),
    )
    .unwrap();
    let (list, log) = (list.to_str().unwrap(), log.to_str().unwrap());
    let revoke = ["revoke", "--secret-from", list, "--scan", log];

    // Nothing is done without confirmation, and a dry run changes nothing.
    let unasked = served.owner(&revoke[..3]).output().unwrap();
    assert!(status(&unasked, 2).is_empty() && stderr(&unasked).contains("--yes"), "{}", stderr(&unasked));
    let plan = served.owner(&[&revoke[..], &["--dry-run", "-o", "json"]].concat()).output().unwrap();
    let rows: Value = serde_json::from_str(&status(&plan, 0)).unwrap();
    assert_eq!((&row(&rows, &a)["result"], &row(&rows, DEAD)["result"]), (&"would_be_deleted".into(), &"dead".into()));
    assert!(served.works(&a) && served.works(&b));

    let output = served.owner(&[&revoke[..], &["--yes", "-o", "json"]].concat()).output().unwrap();
    let rows: Value = serde_json::from_str(&status(&output, 0)).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert_eq!(rows.as_array().unwrap().iter().filter(|row| row["result"] == "sdk_key").count(), 1);
    for (secret, id, name, result) in
        [(&*a, Some(&*a_id), Some("A"), "deleted"), (&b, Some(&b_id), Some("B"), "deleted"), (DEAD, None, None, "dead")]
    {
        let row = row(&rows, secret);
        assert_eq!((row["_id"].as_str(), row["name"].as_str()), (id, name));
        assert_eq!((row["result"].as_str(), row["revoked"].as_bool()), (Some(result), Some(true)));
    }
    shows_none(&output, &[&a, &b, DEAD]);
    assert!(!served.works(&a) && !served.works(&b) && served.works(&kept));

    // The second time all are dead, which is a success. The report for people also says what else was found.
    let output = with_stdin(served.owner(&["revoke", "--scan", "-", "--yes"]), &std::fs::read_to_string(log).unwrap());
    let report = status(&output, 0);
    assert!(report.starts_with("SECRET") && report.contains("dead"), "{report}");
    let key = report.lines().find(|line| line.starts_with("...5d1c")).unwrap_or_else(|| panic!("{report}"));
    assert!(key.contains("an SDK key") && key.contains("settings"), "{key}");
    shows_none(&output, &[&b, DEAD]);
    let (_, new) = served.create("New");
    let secrets = format!("{a}\n{new}\n{DEAD}\n");
    for summary in ["1 revoked, 2 already dead", "0 revoked, 3 already dead"] {
        let output = with_stdin(served.owner(&["revoke", "--yes"]), &secrets);
        assert!(output.status.success() && stderr(&output).contains(summary), "{}", stderr(&output));
    }
}

#[test]
fn on_a_terminal_revoke_asks_and_names_the_tokens() {
    let served = Served::start();
    let (_, secret) = served.create("Export");
    let file = served.folder.path().join("leaked");
    std::fs::write(&file, &secret).unwrap();
    for (answer, code) in [("n\r", 130), ("y\r", 0)] {
        let command = served.owner(&["revoke", "--secret-from", file.to_str().unwrap()]);
        let mut terminal = Terminal::run(command);
        let question = terminal.expect("[y/N]");
        assert!(question.contains("Delete the token") && question.contains("Export"), "{question}");
        assert!(question.contains("whichever of its secrets"), "{question}");
        assert!(served.works(&secret));
        terminal.type_in(answer);
        let (status, shown) = terminal.end();
        assert_eq!(status, Some(code), "{shown}");
        assert!(!shown.contains(&secret[4..]), "{shown}");
        assert_eq!(served.works(&secret), code != 0);
    }
}

#[test]
fn revoke_does_not_show_typed_secrets() {
    let served = Served::start();
    let (_, secret) = served.create("Typed");
    let mut terminal = Terminal::run(served.owner(&["revoke"]));
    terminal.expect("(not shown): ");
    terminal.type_in(&format!("{secret}\r\u{4}"));
    terminal.expect("[y/N]");
    terminal.type_in("y\r");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("deleted") && !shown.contains(&secret[4..]), "{shown}");
    assert!(!served.works(&secret));
}

#[test]
fn revoke_rotate_resets_tokens_and_delivers_the_new_secrets() {
    let served = Served::start();
    let [(a_id, a), (b_id, b)] = ["A", "B"].map(|name| served.create(name));
    let place = |id: &str| served.folder.path().join(format!("{id}.secret"));
    let pattern = place("{id}");
    let pattern = pattern.to_str().unwrap();
    let rotate = |secrets: &str, flags: &[&str]| {
        let mut command = served.owner(&[&["revoke", "--rotate", "--yes"], flags].concat());
        command.env("LDTOKENS_STATE", served.folder.path()).env("PATH", "/usr/bin:/bin");
        with_stdin(command, secrets)
    };
    let both = format!("{a}\n{b}\n");
    let one_file = place("one");
    let output = rotate(&both, &["--secret-to", one_file.to_str().unwrap()]);
    refused(&output, 2, &["{id}"]);
    refused(&rotate(&both, &[]), 2, &["--secret-to"]);
    refused(&with_stdin(served.owner(&["revoke", "--yes", "--secret-to", "x"]), &both), 2, &["--rotate"]);

    // A file that exists is not overwritten, and its token is not reset.
    std::fs::write(place(&b_id), "taken").unwrap();
    let output = rotate(&both, &["--secret-to", pattern, "-o", "json"]);
    let rows: Value = serde_json::from_str(&status(&output, 10)).unwrap();
    assert_eq!((&row(&rows, &a)["result"], &row(&rows, &b)["result"]), (&"rotated".into(), &"not_prepared".into()));
    let new = std::fs::read_to_string(place(&a_id)).unwrap();
    assert!(served.works(&new) && !served.works(&a) && served.works(&b));
    shows_none(&output, &[&a, &b, &new]);

    let output = rotate(&b, &["--secret-to", "-", "-o", "json"]);
    let rows: Value = serde_json::from_str(&status(&output, 0)).unwrap();
    let shown = row(&rows, &b)["token"].as_str().unwrap();
    assert!(served.works(shown) && !served.works(&b));
    let output = rotate(shown, &["--secret-to", "-"]);
    let alone = status(&output, 0);
    assert!(served.works(alone.trim()), "{alone}");
    assert!(stderr(&output).contains(&b_id), "{}", stderr(&output));

    // The report is beside a manifest, which must be alone.
    let output = rotate(alone.trim(), &["--kubernetes-secret", "ld", "-o", "json"]);
    let manifest: Value = serde_saphyr::from_slice(status(&output, 0).as_bytes()).unwrap();
    assert!(served.works(manifest["stringData"]["token"].as_str().unwrap()));
    let said = stderr(&output);
    let report: Value = serde_json::from_str(said.lines().find(|line| line.starts_with('[')).unwrap()).unwrap();
    assert_eq!(report[0]["result"], "rotated");

    let output = rotate(&new, &["--secret-to-command", "exit 3"]);
    status(&output, 11);
    assert!(stderr(&output).contains(&format!("ldtokens rotate {a_id}")), "{}", stderr(&output));
    assert!(!served.works(&new), "it is revoked anyway");
}

#[cfg(target_os = "linux")]
#[test]
fn what_became_of_a_token_is_said_also_if_standard_output_is_full() {
    let served = Served::start();
    for format in ["table", "json"] {
        let (id, secret) = served.create(format);
        let file = served.folder.path().join(format);
        std::fs::write(&file, &secret).unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let command = ["--rotate", "--secret-to-command", "cat >/dev/null; exit 1", "-o", format];
        let arguments = [&["revoke", "--yes", "--secret-from", file.to_str().unwrap()][..], &command].concat();
        let output = served.owner(&arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{format}: {}", stderr(&output));
        assert!(stderr(&output).contains(&format!("ldtokens rotate {id}")), "{}", stderr(&output));
    }
}

/// The replacement's secret is where it was delivered, and programs use it.
#[test]
fn revoke_rotate_of_a_token_that_was_replaced_only_ends_the_old_secret() {
    let served = Served::start();
    let (_, leaked) = served.create("A");
    let at = |name: &str| served.folder.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| served.owner(arguments).env("LDTOKENS_STATE", at("state")).output().unwrap();
    let rotated = run(&["rotate", "A", "--strategy", "replace", "--secret-to", &at("new")]);
    status(&rotated, 0);
    std::fs::write(at("leaked"), &leaked).unwrap();
    // Nothing is delivered there.
    std::fs::write(at("taken"), "notes").unwrap();
    let revoke = ["revoke", "--secret-from", &at("leaked"), "--rotate", "--secret-to", &at("taken")];
    status(&run(&[&revoke[..], &["--dry-run"]].concat()), 0);
    let output = run(&[&revoke[..], &["--yes"]].concat());
    assert!(status(&output, 0).contains("ended, as it was rotated before"), "{}", stdout(&output));
    let new = std::fs::read_to_string(at("new")).unwrap();
    assert!(served.works(&new) && !served.works(&leaked));
}

#[test]
fn a_new_secret_that_standard_output_did_not_take_is_reported_as_undelivered() {
    let served = Served::start();
    let (id, secret) = served.create("A");
    let file = served.folder.path().join("leaked");
    std::fs::write(&file, &secret).unwrap();
    for format in ["json", "csv", "table"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let leaked = file.to_str().unwrap();
        let arguments = ["revoke", "--rotate", "--yes", "--secret-to", "-", "--secret-from", leaked, "-o", format];
        let output = served.owner(&arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{format}: {}", stderr(&output));
        assert!(stderr(&output).contains("nobody reads standard output"), "{}", stderr(&output));
        let again = ["rotate", &id, "--again", "--secret-to", leaked, "--overwrite"];
        let output = served.owner(&again).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn on_a_terminal_a_new_secret_is_printed_at_once_and_its_row_has_it_not() {
    let served = Served::start();
    let (_, secret) = served.create("A");
    let file = served.folder.path().join("leaked");
    std::fs::write(&file, &secret).unwrap();
    let arguments = ["revoke", "--rotate", "--yes", "--secret-from", file.to_str().unwrap()];
    let (status, shown) = Terminal::run(served.owner(&arguments)).end();
    assert_eq!(status, Some(0), "{shown}");
    let line = shown.lines().find(|line| line.starts_with("The new secret of")).unwrap_or_else(|| panic!("{shown}"));
    let new = line.trim().rsplit(' ').next().unwrap();
    assert!(served.works(new) && !served.works(&secret) && shown.matches(new).count() == 1, "{shown}");
    assert!(shown.contains(&format!("rotated; the new secret ends in {}", &new[new.len() - 4..])), "{shown}");
}

#[test]
fn an_ambiguous_secret_is_not_revoked_without_an_id() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.yaml");
    std::fs::write(&account, TWINS).unwrap();
    let served =
        Served::with(&["--account", account.to_str().unwrap(), "--fault", "getCallerIdentity status=403 times=4"]);
    let revoke = |flags: &[&str]| with_stdin(served.owner(&[&["revoke", "--yes"], flags].concat()), TWIN);
    let output = revoke(&["-o", "json"]);
    let rows: Value = serde_json::from_str(&status(&output, 2)).unwrap();
    let candidates = row(&rows, TWIN)["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2, "{rows}");
    let first = candidates.iter().find(|token| token["name"] == "Twin 1").unwrap();
    let id = first["_id"].as_str().unwrap();
    assert!(stderr(&output).contains("--id"), "{}", stderr(&output));
    assert!(served.works(TWIN));
    let output = revoke(&["--id", id]);
    assert!(status(&output, 0).contains("deleted"));
    assert!(!served.works(TWIN) && served.works(&TWIN.replace("1111", "2222")));
}

#[test]
fn text_that_is_no_secret_is_not_reported_as_dead() {
    let served = Served::start();
    let (_, secret) = served.create("Export");
    let sdk = DEAD.replace("api", "sdk");
    let revoke = |text: &str| with_stdin(served.owner(&["revoke", "--yes"]), text);
    refused(&revoke(&format!("{secret}\nLD = {secret}\n")), 2, &["line 2", "--scan"]);
    assert!(served.works(&secret));
    let output = revoke(&format!("\"{secret}\""));
    assert!(status(&output, 2).contains("not done"), "{}", stdout(&output));
    let output = revoke(&format!("{sdk}\n{secret}\n"));
    assert!(status(&output, 10).contains("it is an SDK key"), "{}", stdout(&output));
    shows_none(&output, &[&secret, DEAD]);
    assert!(!served.works(&secret));
    // The program that was to print it may have failed.
    refused(&revoke("\n"), 2, &["standard input: it contains no secret"]);
    // The dry run fails like the run.
    let dry_run = with_stdin(served.owner(&["revoke", "--dry-run"]), &format!("\"{secret}\""));
    assert!(status(&dry_run, 2).contains("not done"), "{}", stdout(&dry_run));
    refused(&served.owner(&["revoke", &secret]).output().unwrap(), 2, &["an argument contains a secret"]);
}

#[test]
fn the_credential_in_use_is_revoked_last() {
    let served = Served::start();
    let own = served.json(&["postToken", "name==Own", "role==admin"])["token"].as_str().unwrap().to_owned();
    let others: Vec<String> = (0..10).map(|number| served.create(&format!("{number}")).1).collect();
    let output = with_stdin(served.acting_as(&own, &["revoke", "--yes"]), &format!("{own}\n{}", others.join("\n")));
    let report = status(&output, 0);
    assert!(report.lines().last().unwrap().contains("Own"), "{report}");
    assert!(stderr(&output).contains("11 of 11 deleted (http://127.0.0.1"), "{}", stderr(&output));
    assert!(!served.works(&own) && others.iter().all(|other| !served.works(other)) && served.works(OWNER));
}

#[test]
fn after_ctrl_c_revoke_finishes_running_requests_and_starts_no_others() {
    let served = Served::with(&["--fault", "deleteToken delay=200"]);
    let secrets: Vec<String> = (0..40).map(|number| served.create(&format!("{number}")).1).collect();
    let file = served.folder.path().join("leaked");
    std::fs::write(&file, secrets.join("\n")).unwrap();
    let mut terminal = Terminal::run(served.owner(&["revoke", "--yes", "--secret-from", file.to_str().unwrap()]));
    terminal.expect("revoking: 1 of 40");
    terminal.type_in(CTRL_C);
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(130), "{shown}");
    let rows =
        |word: &str| shown.lines().filter(|line| line.contains("...") && line.trim_end().ends_with(word)).count();
    let working = secrets.iter().filter(|secret| served.works(secret)).count();
    assert!(working > 0 && rows("not tried") == working && rows("deleted") == 40 - working, "{working}: {shown}");
}

#[test]
fn the_log_of_verify_and_revoke_has_no_secret() {
    let served = Served::start();
    let (_, secret) = served.create("Export");
    for arguments in
        [&["verify", "-vvv"][..], &["revoke", "--yes", "--rotate", "--secret-to-command", "cat >/dev/null", "-vvv"]]
    {
        let mut command = served.owner(arguments);
        command.env("LDTOKENS_STATE", served.folder.path()).env("PATH", "/usr/bin:/bin");
        let output = with_stdin(command, &secret);
        status(&output, 0);
        assert!(stderr(&output).contains("caller-identity"), "{}", stderr(&output));
        shows_none(&output, &[&secret, OWNER]);
    }
}

#[test]
fn an_invalid_credential_revokes_nothing() {
    let served = Served::start();
    let (_, secret) = served.create("Export");
    let output = with_stdin(served.acting_as(DEAD, &["revoke", "--yes"]), &secret);
    refused(&output, 3, &["LD_ACCESS_TOKEN"]);
    assert!(served.works(&secret));
}

#[test]
fn revoke_reports_in_every_format() {
    let served = Served::start();
    for (format, word) in
        [("csv", "lastFour,_id,name"), ("ndjson", "\"result\":\"deleted\""), ("yaml", "result: deleted")]
    {
        let (id, secret) = served.create("Export");
        let output = with_stdin(served.owner(&["revoke", "--yes", "-o", format]), &secret);
        let report = status(&output, 0);
        assert!(report.contains(word) && report.contains(&id), "{report}");
    }
}

/// Runs the page's commands that need no account, line by line.
#[test]
fn the_examples_of_the_revocation_page_run() {
    let home = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("ldtokens --local ")).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    let mut last = String::new();
    for line in lines {
        let output = shell(line, home.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        last = stdout(&output);
    }
    assert_eq!(last, "revoked\n");
}

#[test]
fn the_revocation_page_lists_each_result() {
    let sources = [include_str!("../../src/verbs/revoke.rs"), include_str!("../../src/verbs/revoke/report.rs")];
    let words = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
    let is_result =
        |word: &&str| word.contains('_') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names: Vec<&str> = words.filter(is_result).filter(|word| !["_id", "other_key"].contains(word)).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        assert!(PAGE.contains(&format!("`{name}`")), "the page lacks {name}");
    }
}

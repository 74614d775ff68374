//! Delivery of new secrets, and the errors if it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::{Served, refused, stderr, stdout};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_secret_file_has_only_the_secret_and_only_its_owner_can_read_it() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.secret");
    let to = file.to_str().unwrap();
    let (x, _) = served.create("x");
    for arguments in [
        &["create", "--role", "reader", "-n", "new"][..],
        &["reset", &x, "--yes"],
        &["postToken", "role==reader", "name==y"],
    ] {
        let output = served.owner(&[arguments, &["--secret-to", to]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        let secret = fs::read_to_string(&file).unwrap();
        assert!(secret.starts_with("api-") && !secret.ends_with('\n'), "the file has only the secret");
        assert!(served.works(&secret));
        assert!(!stdout(&output).contains(&secret) && stdout(&output).contains(&secret[36..]), "{}", stdout(&output));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["a.secret"]);

        // A file with another token's secret, or anything else, is not overwritten unasked.
        let count = || served.json(&["getTokens", "showAll=true"])["totalCount"].clone();
        let before = count();
        let (_, other) = served.create("other");
        for text in [&*other, "# notes\n"] {
            fs::write(&file, text).unwrap();
            let again = served.owner(&[arguments, &["--secret-to", to]].concat()).output().unwrap();
            refused(&again, 2, &[to, "--overwrite"]);
            assert!(served.works(&secret) && fs::read_to_string(&file).unwrap() == text, "nothing is changed");
        }
        assert_eq!(count().as_u64().unwrap(), before.as_u64().unwrap() + 1);
        let output = served.owner(&[arguments, &["--secret-to", to, "--overwrite"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert!(served.works(&fs::read_to_string(&file).unwrap()));
        fs::remove_file(&file).unwrap();
        served.owner(&["delete", "other", "--yes"]).output().unwrap();
    }
    let nowhere = folder.path().join("not/there");
    let output =
        served.owner(&["create", "--role", "reader", "--secret-to", nowhere.to_str().unwrap()]).output().unwrap();
    refused(&output, 2, &["not/there"]);
    std::os::unix::fs::symlink("/nonexistent", &file).unwrap();
    for path in [to, "/dev/null", "/dev/stdout"] {
        let output = served.owner(&["create", "--role", "reader", "--secret-to", path]).output().unwrap();
        refused(&output, 2, &[path]);
    }
}

#[test]
fn a_file_with_the_tokens_own_secret_is_replaced_by_reset() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let (_, old) = served.create("x");
    let file = folder.path().join("x.secret");
    let env = folder.path().join("app.env");
    fs::write(&file, format!("{old}\n")).unwrap();
    fs::write(&env, format!("A=1\nLD='{old}' # nightly\n")).unwrap();
    let variable = format!("{}:LD", env.display());
    let reset = ["reset", "x", "--yes", "--secret-to", file.to_str().unwrap(), "--env-file", &variable];
    let output = served.owner(&reset).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let new = fs::read_to_string(&file).unwrap();
    assert!(new.ends_with('\n') && served.works(new.trim_end()) && !served.works(&old));
    assert_eq!(fs::read_to_string(&env).unwrap(), format!("A=1\nLD='{}' # nightly\n", new.trim_end()));
    assert!(!stdout(&output).contains(new.trim_end()), "it is not printed too");
}

#[test]
fn the_placeholders_are_filled_if_the_token_is_chosen_by_id() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = served.create("a/b");
    let to = folder.path().join("{name}.{id}");
    let to = to.to_str().unwrap();
    for arguments in [&["reset", &id, "--yes"][..], &["resetToken", &format!("tokenId={id}")], &["rotate", &id]] {
        let mut command = served.owner(&[arguments, &["--secret-to", to]].concat());
        let output = command.env("LDTOKENS_STATE", served.folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        let file = folder.path().join(format!("a_b.{id}"));
        assert!(served.works(&fs::read_to_string(&file).unwrap_or_else(|_| panic!("{arguments:?}"))));
        assert_eq!(names(folder.path()).len(), 1);
    }
}

#[test]
fn beside_a_manifest_the_tokens_are_on_standard_error_for_programs() {
    let served = Served::start();
    let [(x, _), (y, _)] = ["x", "y"].map(|name| served.create(name));
    for (arguments, format, names) in [
        (&["create", "--role", "reader", "-n", "new"][..], "json", json!("new")),
        (&["create", "--role", "reader", "-n", "other", "--columns", "name"], "yaml", json!("other")),
        (&["reset", &x, "--yes"], "json", json!("x")),
        (&["reset", &x, &y, "--yes"], "ndjson", json!(["x", "y"])),
    ] {
        let places = ["--kubernetes-secret", "{name}", "-o", format];
        let output = served.owner(&[arguments, &places].concat()).output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success() && !said.contains("api-"), "{said}");
        assert!(stdout(&output).starts_with("---\napiVersion: v1\n"), "{arguments:?}: {}", stdout(&output));
        let line = said.lines().find(|line| line.starts_with(['{', '['])).unwrap_or_else(|| panic!("{said}"));
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = |token: &serde_json::Value| token["name"].clone();
        assert_eq!(report.as_array().map_or_else(|| name(&report), |all| all.iter().map(name).collect()), names);
    }
}

#[test]
fn several_secrets_go_to_one_file_each() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let (a, _) = served.create("a");
    let (b, _) = served.create("b");
    let to = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    refused(&served.owner(&["reset", "a", "b", "--yes", "--secret-to", &to("one")]).output().unwrap(), 2, &["{id}"]);
    let output = served.owner(&["reset", "a", "b", "--yes", "-q", "--secret-to", &to("{id}.secret")]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert_eq!(shown.lines().collect::<Vec<_>>(), [&a, &b], "in the order asked");
    for id in [&a, &b] {
        assert!(served.works(&fs::read_to_string(to(&format!("{id}.secret"))).unwrap()));
    }
    // Two names of one file are one file.
    for (one, other) in [("a.file", "b.file"), ("a.env", "b.env")] {
        fs::write(to(one), "").unwrap();
        fs::hard_link(to(one), to(other)).unwrap();
        let place =
            if one == "a.env" { ["--env-file", &to("{name}.env:{name}")] } else { ["--secret-to", &to("{name}.file")] };
        let output = served.owner(&[&["reset", "a", "b", "--yes", "--create"], &place[..]].concat()).output().unwrap();
        refused(&output, 2, &["can't hold the secrets of several tokens"]);
        assert_eq!(fs::read_to_string(to(one)).unwrap(), "");
    }
}

#[test]
fn a_command_reads_the_secret_from_its_standard_input() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept");
    let command = format!("cat > {}.$LDTOKENS_TOKEN_ID", file.display());
    let output = served.owner(&["create", "--role", "reader", "-q", "--secret-to-command", &command]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let kept = folder.path().join(format!("kept.{}", stdout(&output).trim()));
    assert!(served.works(&fs::read_to_string(kept).unwrap()));

    // The output of the command does not mix with the data.
    let output = served.owner(&[
        "create",
        "--role",
        "reader",
        "--output",
        "json",
        "--secret-to-command",
        "echo stored; cat >/dev/null",
    ]);
    let output = {
        let mut output = output;
        output.output().unwrap()
    };
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    assert_eq!(stderr(&output), "stored\n");
}

#[test]
fn a_secret_that_a_command_prints_is_hidden_also_if_it_is_killed_and_something_runs_on() {
    let served = Served::start();
    let folder = served.folder.path();
    let script = "tee kept; echo ' one'; cat kept >&2; echo ' two'; tail -f /dev/null & echo $! > pid; kill -9 $$";
    let mut create = served.owner(&["create", "--role", "reader", "--secret-to-command", script]);
    let output = create.current_dir(folder).env("PATH", "/usr/bin:/bin").output().unwrap();
    let said = stderr(&output);
    let shown = "[redacted] one\n[redacted] two\n";
    // It is tried three times.
    assert!(said.starts_with(&shown.repeat(3)) && said.contains("SIGKILL"), "{said}");
    assert_eq!(output.status.code(), Some(11));
    let secret = fs::read_to_string(folder.join("kept")).unwrap();
    assert!(served.works(&secret) && !said.contains(&secret[..8]), "{said}");
    let pid = fs::read_to_string(folder.join("pid")).unwrap();
    assert!(std::process::Command::new("kill").arg(pid.trim()).status().unwrap().success());
}

#[test]
fn a_failed_delivery_says_the_state_of_the_token_and_how_to_continue() {
    let served = Served::start();
    for (arguments, state) in [
        (&["create", "--role", "reader", "-n", "lost"][..], "to remove the token `ldtokens delete"),
        (&["reset", "lost", "--yes"], "; the old one no longer works; to get another"),
        (&["reset", "lost", "--expires-in", "1h"], "; the old one works until 20"),
        (&["postToken", "role==reader", "name==lost too"], "postToken: the token"),
    ] {
        let output =
            served.owner(&[arguments, &["--secret-to-command", "cat >/dev/null; exit 3"]].concat()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(11), "{said}");
        let id =
            said.split_whitespace().find(|word| word.len() == 24 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let id = id.unwrap_or_else(|| panic!("{said}"));
        for words in ["could not be delivered", "status: 3", "ldtokens reset", state] {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!said.contains("api-"), "{said}");
        // The command that the error suggests works.
        let way = served.owner(&["reset", id, "--yes", "--secret-to", "-", "--output", "json"]).output().unwrap();
        let token: serde_json::Value = serde_json::from_slice(&way.stdout).unwrap();
        assert!(served.works(token["token"].as_str().unwrap()));
    }
    // The command ends before or after the secret is written.
    for ignoring in ["exec 0<&-; exit 0", "exit 0", "exec 0<&-; sleep 0.2", "dd bs=5 count=1 of=/dev/null 2>/dev/null"]
    {
        let mut reset = served.owner(&["reset", "lost", "--yes", "--secret-to-command", ignoring]);
        let output = reset.env("PATH", "/usr/bin:/bin").output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{ignoring}: {}", stderr(&output));
        assert!(stderr(&output).contains("did not read all of its standard input"), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")] // which has /dev/full
#[test]
fn a_secret_that_standard_output_did_not_take_is_reported_as_undelivered() {
    let served = Served::start();
    for arguments in [&["create", "--role", "reader", "--secret-to", "-"][..], &["postToken", "role==reader"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = served.owner(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{arguments:?}: {}", stderr(&output));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = served.owner(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("nobody reads"), "{}", stderr(&output));
    }
}

#[test]
fn a_secret_goes_into_a_pipe_only_with_secret_to() {
    let served = Served::start();
    let before = served.json(&["list", "-a"]).as_array().unwrap().len();
    refused(
        &served.owner(&["create", "--role", "reader"]).output().unwrap(),
        2,
        &["--secret-to FILE", "not a terminal"],
    );
    assert_eq!(served.json(&["list", "-a"]).as_array().unwrap().len(), before);
    let output = served.owner(&["create", "--role", "reader", "--secret-to", "-"]).output().unwrap();
    let secret = stdout(&output);
    assert!(secret.starts_with("api-") && secret.lines().count() == 1 && served.works(secret.trim()), "{secret}");
}

#[test]
fn secret_to_dash_prints_only_the_secret() {
    let served = Served::start();
    let (a, _) = served.create("a");
    for arguments in [
        &["create", "--role", "reader"][..],
        &["reset", "a", "--yes"],
        &["postToken", "role==reader"],
        &["resetToken", &format!("tokenId={a}")],
    ] {
        let output = served.owner(&[arguments, &["--secret-to", "-"]].concat()).output().unwrap();
        let secret = stdout(&output);
        assert!(served.works(secret.strip_suffix('\n').unwrap()), "{arguments:?}: {}", stderr(&output));
        // In JSON it is inside the object.
        let arguments = [arguments, &["--secret-to", "-", "--output", "json"]].concat();
        let token: serde_json::Value =
            serde_json::from_slice(&served.owner(&arguments).output().unwrap().stdout).unwrap();
        let token = token.get(0).unwrap_or(&token);
        assert!(served.works(token["token"].as_str().unwrap()));
    }
    // Several secrets alone could not be told apart.
    served.create("b");
    refused(&served.owner(&["reset", "a", "b", "--yes", "--secret-to", "-"]).output().unwrap(), 2, &["--output json"]);
}

#[test]
fn no_secret_is_created_if_standard_output_is_closed() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    let count = || served.json(&["getTokens", "showAll=true"])["totalCount"].clone();
    let before = count();
    let run = |line: String| {
        let mut shell = crate::support::shell(&line, served.folder.path());
        shell.env("LD_ACCESS_TOKEN", crate::support::OWNER).env("LD_BASE_URI", &served.url).output().unwrap()
    };
    for line in [
        "ldtokens create --role reader --secret-to - >&-".to_owned(),
        "ldtokens create --role reader --secret-to - >/dev/null".to_owned(),
        "ldtokens postToken role==reader >&-".to_owned(),
        format!("ldtokens reset {id} --yes --secret-to - >&-"),
        format!("ldtokens resetToken tokenId={id} >&-"),
    ] {
        refused(&run(line.clone()), 2, &["would be lost", "--secret-to FILE"]);
        assert_eq!(count(), before, "{line}");
        assert!(served.works(&secret), "{line}");
    }
    assert!(stderr(&run("ldtokens list >&-".to_owned())).contains("nothing is shown"));
    assert_eq!(stderr(&run("ldtokens list >/dev/null".to_owned())), "");
}

#[cfg(target_os = "linux")] // which has /dev/full
#[test]
fn an_output_error_still_says_what_was_done() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = served.create("changing");
    let (other, _) = served.create("other");
    let file = folder.path().join("secret");
    let to = file.to_str().unwrap();
    for (arguments, words) in [
        (&["create", "--role", "reader", "--secret-to", to][..], "was created, and its secret delivered"),
        (&["postToken", "role==reader", "--secret-to", to], "was created, and its secret delivered"),
        (&["reset", &id, "--yes", "--secret-to", to], "was reset, and its secret delivered"),
        (&["update", &id, "--description", "x"], "was updated"),
        (&["delete", &id, &other, "--yes", "-q"], "2 of 2 deleted"),
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = served.owner(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        if arguments.contains(&to) {
            assert!(served.works(&fs::read_to_string(&file).unwrap()));
            fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn create_rejects_a_file_name_with_the_new_id() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("{id}.secret");
    for arguments in [&["create", "--role", "reader"][..], &["postToken", "role==reader"]] {
        let output = served.owner(&[arguments, &["--secret-to", to.to_str().unwrap()]].concat()).output().unwrap();
        refused(&output, 2, &["no ID before it is created"]);
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn no_secret_is_created_if_it_would_not_be_printed() {
    let served = Served::start();
    served.create("kept");
    let before = served.json(&["list", "-a"]);
    for flags in [
        &["-q"][..],
        &["--columns", "_id,name"],
        &["--columns", "_id,token"],
        &["--columns", "_id,name", "--output", "json"],
    ] {
        for verb in [&["create", "--role", "reader"][..], &["reset", "kept", "--yes"]] {
            let output = served.owner(&[verb, flags, &["--secret-to", "-"]].concat()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{verb:?} {flags:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("--secret-to FILE"), "{}", stderr(&output));
        }
    }
    let ids = |tokens: &serde_json::Value| -> Vec<String> {
        tokens.as_array().unwrap().iter().map(|token| format!("{} {}", token["_id"], token["lastModified"])).collect()
    };
    assert_eq!(ids(&served.json(&["list", "-a"])), ids(&before));
    let columns = ["create", "--role", "reader", "--columns", "_id,token", "--output", "csv", "--secret-to", "-"];
    let output = served.owner(&columns).output().unwrap();
    let secret = stdout(&output).trim().rsplit(',').next().unwrap().to_owned();
    assert!(served.works(&secret), "{}", stderr(&output));
}

/// A full disk is noticed before a secret is created.
#[test]
fn no_token_is_created_if_the_disk_is_full() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_ldtokens"), "create", "--role", "reader", "-n", "never"]);
    shell.args(["--host", &served.url, "--secret-to", file.to_str().unwrap()]).env_clear().env("HOME", "/nonexistent");
    let output = shell.env("LD_ACCESS_TOKEN", crate::support::OWNER).output().unwrap();
    refused(&output, 2, &["secret: ", "too large"]);
    assert_eq!(names(folder.path()), [""; 0]);
    assert_eq!(served.json(&["list", "-f", "name=never"]).as_array().unwrap().len(), 0);
}

//! The output of `--dry-run`, pasted into a shell, does what the command would do. Neither it nor curl's arguments contain a
//! secret.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::secrets::assert_absent;
use crate::support::{OWNER, Served, ldtokens, skipped, stderr, stdout, with_stdin, write_with_mode};

/// The path of curl, if it is installed.
fn curl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("curl")).find(|file| file.is_file())
}

/// A shell with a `curl` that records its arguments and runs the real one.
struct Shell<'a> {
    served: &'a Served,
    folder: TempDir,
}

impl<'a> Shell<'a> {
    fn new(served: &'a Served, curl: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shim = folder.path().join("curl");
        let script =
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >> \"$ARGUMENTS\"\nexec CURL --silent --show-error --fail \"$@\"\n";
        write_with_mode(&shim, &script.replace("CURL", curl.to_str().unwrap()), 0o755);
        Self { served, folder }
    }

    /// The output of a dry run, after checks.
    fn dry_run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.served.owner(arguments);
        command.args(["--dry-run", "-vvv"]);
        let output = with_stdin(command, input);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_absent(&[OWNER.to_owned()], &format!("{}{}", stdout(&output), stderr(&output)), &arguments.join(" "));
        let lines = stdout(&output);
        assert!(lines.contains("\"$LD_ACCESS_TOKEN\" | curl "), "{arguments:?}: {lines}");
        lines
    }

    /// The server's response when the output of a dry run is pasted.
    fn paste(&self, arguments: &[&str], input: &str) -> Value {
        let lines = self.dry_run(arguments, input);
        let written = self.folder.path().join("arguments");
        let mut shell = Command::new("sh");
        shell.args(["-c", &lines]).env_clear().env("LD_ACCESS_TOKEN", OWNER).env("ARGUMENTS", &written);
        shell.env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display())).env("HOME", self.folder.path());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{lines}: {}", stderr(&output));
        let given = std::fs::read_to_string(&written).unwrap();
        assert!(given.contains("ld-api-version"), "{given}");
        assert_absent(&[OWNER.to_owned()], &given, "curl's arguments");
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() }
    }
}

/// A token without the properties that each request changes.
fn settled(mut token: Value) -> Value {
    token.as_object_mut().unwrap().remove("lastUsed");
    token
}

#[test]
fn pasting_a_dry_run_does_what_the_command_would_do() {
    let Some(curl) = curl() else { return skipped("curl is not installed") };
    let served = Served::start();
    let shell = Shell::new(&served, &curl);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let named = |name: &str| served.json(&["list", "-a", "--filter", &format!("name={name}")]);
    let awkward = "it's \"$HOME\" `id` [1-3] {a,b} % \\ 名前";

    let made = shell.paste(&["postToken", &format!("name=={awkward}"), "role==writer", "serviceToken:=true"], "");
    assert_eq!(
        (&made["name"], &made["role"], &made["serviceToken"]),
        (&awkward.into(), &"writer".into(), &true.into())
    );
    let (id, secret) = (text(&made["_id"]), text(&made["token"]));
    assert!(served.works(&secret));
    let by_id = format!("tokenId={id}");

    assert_eq!(settled(shell.paste(&["getToken", &by_id], "")), settled(served.json(&["getToken", &by_id])));
    let page = ["getTokens", "showAll=true", "limit=1", "offset=1"];
    assert_eq!(settled(shell.paste(&page, "")["items"][0].clone()), settled(served.json(&page)["items"][0].clone()));
    let patch = r#"[{"op": "replace", "path": "/name", "value": "it's 'patched'"}]"#;
    assert_eq!(shell.paste(&["patchToken", &by_id, "-"], patch)["name"], "it's 'patched'");
    let reset = shell.paste(&["resetToken", &by_id], "");
    assert!(!served.works(&secret) && served.works(&text(&reset["token"])));
    assert_eq!(shell.paste(&["deleteToken", &by_id], ""), Value::Null);
    assert!(!served.works(&text(&reset["token"])));

    let made = shell.paste(&["create", "--name", awkward, "--role", "reader", "--service"], "");
    let secret = text(&made["token"]);
    assert!(served.works(&secret));
    let id = text(&made["_id"]);
    shell.paste(&["update", &id, "--name", "Export", "--description", awkward], "");
    assert_eq!(named("Export")[0]["description"], awkward);
    let reset = shell.paste(&["reset", "Export", "--expires-in", "1h"], "");
    assert!(served.works(&secret) && served.works(&text(&reset["token"])), "for an hour both work");
    let reset = shell.paste(&["reset", "Export"], "");
    assert!(!served.works(&secret) && served.works(&text(&reset["token"])));
    served.create("Second");
    shell.paste(&["delete", "Export", "Second"], "");
    assert_eq!((named("Export"), named("Second")), (Value::Array(vec![]), Value::Array(vec![])));
}

/// The name of a token may contain shell commands.
#[test]
fn a_dry_run_prints_only_commands() {
    let served = Served::start();
    let hostile = "$(touch owned) `touch owned`; touch owned\ntouch owned # '\"";
    let (id, _) = served.create(hostile);
    let (other, _) = served.create("other");
    for (arguments, is_empty) in [
        (&["update", &id, &other, "--role", "reader", "--output", "json"][..], true),
        (&["update", &id, &other, "--role", "reader", "--output", "csv"], true),
        (&["get", &id, &other, "--output", "json"], false),
        (&["update", &id, "--role", "reader"], true),
        (&["update", &id, "--role", "reader", "--output", "json"], true),
        (&["update", &id, "--role", "reader", "--output", "yaml"], true),
        (&["update", &id, "--description", hostile], false),
        (&["update", &id, "--description", hostile, "--output", "json"], false),
        (&["list", "-a"], false),
        (&["list", "-a", "--output", "csv"], false),
        (&["list", "-a", "--require-all"], false),
        (&["get", &id], false),
        (&["get", hostile, "--output", "json"], false),
        (&["delete", &id, "-q"], false),
        (&["reset", &id, "--output", "yaml"], false),
        (&["create", "--role", "reader", "--name", hostile], false),
        (&["getTokens"], false),
    ] {
        let mut command = served.owner(arguments);
        let output = command.arg("--dry-run").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        let lines = stdout(&output);
        assert_eq!(lines.is_empty(), is_empty, "{arguments:?}: {lines}");
        let is_said = ["nothing would change", "0 of 2 would be updated; 2 have these values already"]
            .iter()
            .any(|text| stderr(&output).contains(text));
        assert_eq!(is_said, is_empty && !arguments.contains(&"json"), "{arguments:?}: {}", stderr(&output));
        // Here curl and printf do nothing, but any other command would create a file.
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("curl() {{ :; }}; touch() {{ echo > owned; }}\n{lines}")]);
        let ran = shell.env_clear().current_dir(folder.path()).output().unwrap();
        assert!(ran.status.success(), "{lines}: {}", stderr(&ran));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}: {lines}");
    }
}

/// A pasted dry run must not send another account's credential.
#[test]
fn a_dry_run_reads_the_credential_from_the_same_source() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's mine");
    write_with_mode(&file, OWNER, 0o600);
    let file = file.to_str().unwrap();
    let print = format!("cat \"{file}\" # and no more");
    let config = folder.path().join("config.yaml");
    let profile = format!("profiles: {{ci: {{host: '{}', token-variable: LD_CI_TOKEN}}}}", served.url);
    write_with_mode(&config, &profile, 0o600);
    let other = "api-00000000-0000-4000-8000-000000000000";
    for source in [&["--token-file", file][..], &["--token-command", &print], &["--profile", "ci"]] {
        let name = source.join(" ");
        let mut command =
            ldtokens(&[source, &["postToken", "role==reader", &format!("name=={name}"), "--dry-run"]].concat());
        if source[0] != "--profile" {
            command.args(["--host", &served.url]);
        }
        command.env("LD_ACCESS_TOKEN", other).env("LDTOKENS_CONFIG", &config).env("LD_CI_TOKEN", OWNER);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = stdout(&output);
        assert!(!lines.contains("LD_ACCESS_TOKEN") && !lines.contains(OWNER), "{lines}");
        if curl().is_some() {
            let mut shell = Command::new("sh");
            shell.args(["-c", &lines]).env("LD_ACCESS_TOKEN", other).env("LD_CI_TOKEN", OWNER);
            assert!(shell.output().unwrap().status.success(), "{lines}");
            let made = served.json(&["list", "-a", "--filter", &format!("name={name}")]);
            assert_eq!(made.as_array().unwrap().len(), 1, "{lines}");
        }
    }
    // Standard input can't be read again, and no other credential is sent instead.
    let mut command = ldtokens(&["getTokens", "--dry-run", "--token-stdin", "--host", &served.url]);
    let lines = stdout(&command.output().unwrap());
    assert!(lines.contains("${LDTOKENS_CREDENTIAL:?") && !lines.contains("LD_ACCESS_TOKEN"), "{lines}");
}

#[test]
fn a_header_without_a_value_is_sent() {
    let served = Served::start();
    let output = served.owner(&["getTokens", "X-Empty:", "X-Full:a", "--dry-run"]).output().unwrap();
    let line = stdout(&output);
    assert!(line.contains("--header 'x-empty;'") && line.contains("--header 'x-full: a'"), "{line}");
}

#[cfg(target_os = "linux")] // which has /dev/full
#[test]
fn a_dry_run_fails_if_it_can_not_print() {
    let served = Served::start();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = served.owner(&["getTokens", "--dry-run"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn a_dry_run_changes_nothing() {
    let served = Served::start();
    let (id, secret) = served.create("kept");
    let by_id = format!("tokenId={id}");
    let tokens = || served.json(&["list", "-a", "--columns", "_id,name,description,lastModified"]);
    let before = tokens();
    for (arguments, input) in [
        (&["postToken", "role==reader"][..], ""),
        (&["patchToken", &by_id, "-"], r#"[{"op": "replace", "path": "/name", "value": "x"}]"#),
        (&["resetToken", &by_id], ""),
        (&["deleteToken", &by_id], ""),
        (&["create", "--role", "reader", "--name", "new"], ""),
        (&["create", "--role", "reader", "--secret-to", "/nonexistent/never"], ""),
        (&["update", "kept", "--name", "x"], ""),
        (&["update", "kept", "--name", "x", "--comment", "For the audit"], ""),
        (&["reset", "kept"], ""),
        (&["delete", "kept"], ""),
    ] {
        let mut command = served.owner(arguments);
        command.arg("--dry-run");
        let output = with_stdin(command, input);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        let line = stdout(&output);
        assert!(line.contains("| curl --globoff --header @- --request "), "{arguments:?}: {line}");
        if arguments.contains(&"--comment") {
            assert!(line.contains(r#""comment":"For the audit""#), "{line}");
        }
        assert_eq!(tokens(), before, "{arguments:?}");
    }
    assert!(served.works(&secret));
}

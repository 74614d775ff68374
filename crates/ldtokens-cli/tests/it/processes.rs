//! Secrets can't be seen in the arguments and environments of the command and its child commands, or in a shell's history.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::delaying_proxy::DelayingProxy;
use crate::pty::Terminal;
use crate::secrets::assert_absent;
use crate::support::{Served, ldtokens, search_path, stderr, write_with_mode};

/// The arguments of a process, as `ps` and /proc show them, and its environment.
fn seen(id: &str) -> (String, String) {
    let ps = Command::new("ps").args(["-ww", "-o", "args=", "-p", id]).output();
    let ps = ps.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let read = |file: &str| String::from_utf8_lossy(&fs::read(format!("/proc/{id}/{file}")).unwrap()).into_owned();
    (ps + &read("cmdline"), read("environ"))
}

/// A credential that no other process of these tests has.
fn admin(served: &Served) -> String {
    served.json(&["postToken", "name==Admin", "role==admin"])["token"].as_str().unwrap().to_owned()
}

fn private(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    write_with_mode(&path, text, 0o600);
    path
}

/// A command that records its arguments, its environment and its parent's arguments, and then runs `then`.
fn spy(folder: &Path, then: &str) -> String {
    let script = folder.join("spy");
    let lines = "env; cat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline; ps -ww -o args= -p $PPID,$$";
    fs::write(&script, format!("{{ {lines}; }} >> '{}' 2>/dev/null\n{then}\n", folder.join("seen").display())).unwrap();
    format!(". '{}'", script.display())
}

#[test]
fn process_arguments_have_no_secret() {
    let served = Served::start();
    let credential = admin(&served);
    let folder = tempfile::tempdir().unwrap();
    let file = private(folder.path(), "credential", &credential);
    let from_file = ["--token-file", file.to_str().unwrap()];
    let print = format!("cat '{}'", file.display());
    for arguments in [
        &["list"][..],
        &["getTokens", "showAll=true"],
        &["postToken", "role==reader"],
        &["create", "--role", "reader", "--secret-to", "-"],
    ] {
        for (source, is_in_environment) in [(&from_file[..], false), (&["--token-command", &print], false), (&[], true)]
        {
            let proxy = DelayingProxy::start(&served.url);
            let mut command = ldtokens(&[arguments, source, &["--host", &proxy.url]].concat());
            if is_in_environment {
                command.env("LD_ACCESS_TOKEN", &credential);
            }
            let child = command.spawn().unwrap();
            proxy.wait_for_request();
            let (called_with, environment) = seen(&child.id().to_string());
            proxy.release();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(called_with.contains(arguments[0]), "{called_with}");
            assert_absent(std::slice::from_ref(&credential), &called_with, &arguments.join(" "));
            assert_eq!(
                environment.contains(&credential),
                is_in_environment,
                "it is only in the environment that the test set"
            );
        }
    }
}

#[test]
fn child_commands_get_secrets_only_on_standard_input() {
    let served = Served::start();
    let credential = admin(&served);
    let folder = tempfile::tempdir().unwrap();
    let file = private(folder.path(), "credential", &credential);
    let config = format!("profiles: {{ci: {{host: '{}', token-variable: LD_CI_TOKEN}}}}", served.url);
    let config = private(folder.path(), "config.yaml", &config);
    let others: Vec<(&str, String)> = [
        ("LD_ACCESS_TOKEN", ""),
        ("LAUNCHDARKLY_ACCESS_TOKEN", ""),
        ("LDTOKENS_ROOT_TOKEN", ""),
        ("SOMETHING", ""),
        ("A_HEADER", "Authorization: "),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, (name, before))| (name, format!("{before}api-07e4000{number}-0000-4000-8000-07e407e407e{number}")))
    .collect();
    let run = |arguments: &[&str]| {
        let mut command = ldtokens(arguments);
        command.envs(others.clone()).env("LDTOKENS_CONFIG", &config).env("HARMLESS", "it is passed on");
        // The value of a profile's variable may not look like a secret.
        let output = command.env("LD_CI_TOKEN", "07e4ed only the test knows this").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    };
    let mut secrets: Vec<String> = others.iter().map(|(_, secret)| secret[secret.len() - 40..].to_owned()).collect();
    secrets.extend([credential, "07e4ed only the test knows this".to_owned()]);

    let print = spy(folder.path(), &format!("cat '{}'", file.display()));
    run(&["list", "--host", &served.url, "--token-command", &print]);
    let host = ["--host", &served.url, "--token-file", file.to_str().unwrap()];
    let new = folder.path().join("new");
    let keep = spy(folder.path(), &format!("cat > '{}'", new.display()));
    for arguments in
        [&["create", "--role", "reader", "-n", "new"][..], &["reset", "new", "--yes"], &["postToken", "role==reader"]]
    {
        run(&[arguments, &host, &["--secret-to-command", &keep]].concat());
        let secret = fs::read_to_string(&new).unwrap();
        assert!(served.works(&secret));
        secrets.push(secret);
    }
    let seen = String::from_utf8_lossy(&fs::read(folder.path().join("seen")).unwrap()).into_owned();
    assert_eq!(
        seen.matches("it is passed on").count(),
        8,
        "the environment of four commands is recorded twice: {seen}"
    );
    assert!(
        seen.contains("--token-command") && seen.contains("--secret-to-command"),
        "the parent's arguments are recorded: {seen}"
    );
    assert!(seen.contains("LDTOKENS_TOKEN_ID="), "{seen}");
    assert_absent(&secrets, &seen, "a command that was run");
}

#[test]
fn shell_history_has_no_secret() {
    let served = Served::start();
    let credential = admin(&served);
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-i"]).env_clear().env("HOME", folder.path()).env("HISTFILE", &history);
    bash.env("PS1", "next> ").env("LD_BASE_URI", &served.url);
    bash.env("PATH", search_path());
    let mut terminal = Terminal::sized(bash, 200);
    terminal.expect("next> ");
    terminal.type_in("read -rsp 'the secret? ' LD_ACCESS_TOKEN; export LD_ACCESS_TOKEN\r");
    terminal.expect("; export LD_ACCESS_TOKEN");
    terminal.expect("the secret? ");
    terminal.type_in(&format!("{credential}\r"));
    terminal.expect("next> ");
    for line in [
        "ldtokens create --name Export --role reader",
        "ldtokens getTokens showAll=true",
        "ldtokens postToken role==reader --dry-run",
        "ldtokens reset Export --yes",
        "ldtokens get Export",
        "ldtokens delete Export --yes",
    ] {
        terminal.type_in(&format!("{line}\r"));
        terminal.expect("next> ");
    }
    terminal.type_in("exit\r");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    let mut secrets: Vec<String> =
        shown.split_whitespace().filter(|word| word.starts_with("api-")).map(str::to_owned).collect();
    assert_eq!(secrets.len(), 2, "a create and a reset print one secret each: {shown}");
    secrets.push(credential);
    let history = fs::read_to_string(history).unwrap();
    assert!(history.contains("ldtokens create") && history.contains("ldtokens delete"), "{history}");
    assert_absent(&secrets, &history, "the history");
}

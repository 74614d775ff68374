//! `ldtokens login` and `ldtokens config`: storing the credential and changing the configuration file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::pty::{CTRL_C, Terminal};
use crate::secrets::assert_absent;
use crate::support::{OWNER, Served, ldtokens, refused, skipped, stderr, stdout, with_stdin, write_with_mode};

const WRONG: &str = "api-00000000-0000-4000-8000-000000000000";

/// Fake password managers that store secrets like the real ones, and record their arguments.
///
/// According to their manual pages, `secret-tool` and `op` read the secret from standard input, and macOS's `security -i` reads
/// commands from there.
const KEEPER: &str = r#"#!/bin/sh
kept="$(dirname "$0")/kept"
printf '%s\n' "$@" >> "$(dirname "$0")/arguments"
case "$(basename "$0") $1 $2" in
  "secret-tool store "*) cat > "$kept.$6" ;;
  "secret-tool lookup "*) cat "$kept.$5" ;;
  "security -i "*) read -r line; printf %s "$line" | sed -n 's/.*-a "\([^"]*\)" -w "\([^"]*\)".*/\2/p' > "$kept.$(printf %s "$line" | sed 's/.*-a "\([^"]*\)".*/\1/')" ;;
  "security find-generic-password "*) cat "$kept.$5" ;;
  "op item create") sed 's/.*"value":"\([^"]*\)".*/\1/' > "$kept.op" ;;
  "op item get") cat "$kept.op" ;;
  *) exit 9 ;;
esac
"#;

struct Home(TempDir);

impl Home {
    /// A home in which only this password manager is installed.
    fn with(program: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.0.path().join("bin")).unwrap();
        write_with_mode(&home.bin().join(program), KEEPER, 0o755);
        for tool in ["sh", "cat", "dirname", "basename", "sed"] {
            let there =
                ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(tool)).into_iter().find(|path| path.exists());
            std::os::unix::fs::symlink(there.unwrap(), home.bin().join(tool)).unwrap();
        }
        home
    }

    fn bin(&self) -> PathBuf {
        self.0.path().join("bin")
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("config.yaml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ldtokens(arguments);
        command.env("HOME", self.0.path()).env("PATH", self.bin()).env("LDTOKENS_CONFIG", self.config());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).unwrap_or_default()
    }
}

fn works(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

#[test]
fn login_stores_the_secret_and_its_profile_works() {
    let served = Served::start();
    for program in ["secret-tool", "security", "op"] {
        let home = Home::with(program);
        fs::write(home.config(), "# mine\nprofiles: {}\n").unwrap();
        let login = home.command(&["login", "work", "--host", &served.url]);
        let output = with_stdin(login, &format!("{OWNER}\n"));
        works(&output);
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).contains(program) && stderr(&output).contains("profile work"), "{}", stderr(&output));
        // The first profile becomes the default.
        works(&home.run(&["list"]));
        assert!(home.text().starts_with("# mine\ndefault: work\n"), "{}", home.text());
        let arguments = fs::read_to_string(home.bin().join("arguments")).unwrap();
        assert!(arguments.contains("work"), "{arguments}");
        assert_absent(&[OWNER.to_owned()], &format!("{arguments}{}{}", home.text(), stderr(&output)), program);
        // Another login replaces the secret and keeps the default.
        let (_, second) = served.create("second");
        works(&with_stdin(home.command(&["login", "work", "--host", &served.url]), &second));
        works(&with_stdin(home.command(&["login", "other", "--host", &served.url]), &second));
        assert!(home.text().contains("default: work"), "{}", home.text());
        // The environment still wins, which is said.
        let again = [&["login", "work", "--host", &served.url][..], &["config", "use", "other"]];
        for (arguments, profile) in again.iter().zip(["work", "other"]) {
            let mut command = home.command(arguments);
            command.env("LD_ACCESS_TOKEN", OWNER);
            let said = stderr(&with_stdin(command, &second));
            let note =
                format!("LD_ACCESS_TOKEN is set, and is used in its place: unset it, or give --profile {profile}");
            assert!(said.contains(&note), "{said}");
        }
    }
}

/// With the real program, if it is installed.
#[test]
fn login_stores_the_secret_with_pass() {
    let served = Served::start();
    let home = tempfile::tempdir().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        command.output().ok().filter(|output| output.status.success())
    };
    let key = ["--batch", "--passphrase", "", "--quick-gen-key", "ldtokens", "default", "default", "never"];
    if run("gpg", &key).is_none() || run("pass", &["init", "ldtokens"]).is_none() {
        return skipped("pass is not installed");
    }
    let command = |arguments: &[&str]| {
        let mut command = ldtokens(arguments);
        command.env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        command
    };
    works(&with_stdin(command(&["login", "--with", "pass", "--host", &served.url]), OWNER));
    let config = fs::read_to_string(home.path().join(".config/ldtokens/config.yaml")).unwrap();
    let entry = config.split("pass show ").nth(1).unwrap().split('"').next().unwrap();
    assert!(entry.starts_with("ldtokens/default@127.0.0.1_"), "{entry}");
    assert_eq!(stdout(&run("pass", &["show", entry]).unwrap()).trim(), OWNER);
    works(&command(&["list"]).output().unwrap());
    run("gpgconf", &["--kill", "gpg-agent"]);
}

#[test]
fn login_does_not_show_a_typed_secret() {
    let served = Served::start();
    let home = Home::with("secret-tool");
    let mut terminal = Terminal::run(home.command(&["login", "--host", &served.url]));
    terminal.expect("(not shown): ");
    terminal.type_in(&format!("{OWNER}\r"));
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    assert_absent(&[OWNER.to_owned()], &shown, "the terminal");
    works(&home.run(&["list"]));

    let home = Home::with("secret-tool");
    let mut shell = Command::new("/bin/sh");
    let line = format!("'{}' login --host {}; echo ended; stty -a", env!("CARGO_BIN_EXE_ldtokens"), served.url);
    shell.args(["-c", &format!("trap : INT; {line}")]).env("PATH", format!("{}:/usr/bin:/bin", home.bin().display()));
    shell.env("HOME", home.0.path()).env("LDTOKENS_CONFIG", home.config());
    let mut terminal = Terminal::run(shell);
    terminal.expect("(not shown): ");
    terminal.type_in(CTRL_C);
    terminal.expect("ended");
    let (_, shown) = terminal.end();
    assert!(shown.contains(" echo ") && !shown.contains("-echo "), "the terminal shows again what is typed: {shown}");
    assert_eq!(home.text(), "");
}

#[test]
fn login_does_not_store_a_secret_that_does_not_work() {
    let served = Served::start();
    let home = Home::with("secret-tool");
    let login = || home.command(&["login", "--host", &served.url]);
    refused(&with_stdin(login(), WRONG), 3, &["does not work on", "nothing was stored"]);
    refused(&with_stdin(login(), ""), 3, &["nothing was given"]);
    let nobody = format!("http://{}", crate::support::NO_SERVER);
    let asked = format!("{nobody}, which `ldtokens login` asked");
    refused(&with_stdin(home.command(&["login", "--host", &nobody]), WRONG), 9, &[&asked]);
    assert!(!home.bin().join("arguments").exists(), "the program was not run");
    assert_eq!(home.text(), "");
    for (arguments, words) in [
        (&["login", "--with", "pass"][..], "pass is not installed"),
        (&["login", "a b"], "use letters"),
        (&["login", "--profile", "x"], "--profile"),
        (&["login", "--dry-run"], "--dry-run"),
    ] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
    fs::remove_file(home.bin().join("secret-tool")).unwrap();
    refused(&login().output().unwrap(), 2, &["install secret-tool", "config set"]);
}

#[test]
fn config_commands_change_profiles_and_keep_comments() {
    let home = Home::with("secret-tool");
    fs::write(
        home.config(),
        "# all accounts\nprofiles:\n  # the one in Europe\n  work:\n    region: us\n    token-file: ~/x\n",
    )
    .unwrap();
    works(&home.run(&["config", "set", "work", "--region", "eu"]));
    works(&home.run(&["config", "set", "ci", "--token-variable", "LD_CI_TOKEN", "--host", "https://ld.example"]));
    works(&home.run(&["config", "set", "play", "--local"]));
    works(&home.run(&["config", "set", "work", "--token-command", "op read 'op://a b/c' # it's"]));
    works(&home.run(&["config", "use", "ci"]));
    let text = home.text();
    for words in ["# all accounts\n", "  # the one in Europe\n", "default: ci\n", "region: eu"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("token-file"), "another source takes its place: {text}");
    let listed: serde_json::Value =
        serde_json::from_slice(&home.run(&["config", "list", "-o", "json"]).stdout).unwrap();
    assert_eq!(
        listed,
        serde_json::json!([
            { "profile": "ci", "default": true, "host": "https://ld.example", "credential": "the variable LD_CI_TOKEN" },
            { "profile": "play", "default": false, "host": "local", "credential": "the embedded local LaunchDarkly" },
            { "profile": "work", "default": false, "host": "https://app.eu.launchdarkly.com",
              "credential": "the command `op read 'op://a b/c' # it's`" },
        ])
    );
    let table = stdout(&home.run(&["config", "list"]));
    assert!(table.lines().any(|line| line.starts_with("*  ci")), "{table}");
    let before = home.text();
    for (arguments, words) in [
        (&["config", "use", "nobody"][..], "nobody"),
        (&["config", "set", "work"], "nothing to change"),
        (&["config", "set", "work", "--token-variable", "X", "--token-file", "y"], "one place"),
        (&["config", "set", "work", "--region", "mars"], "mars"),
        (&["config", "set", "work", "--region", "eu", "--local"], "can't be used together"),
        (&["--host", "https://x", "config", "set", "work", "--region", "eu"], "can't be used together"),
        (&["config", "set", "work", "--dry-run"], "--dry-run"),
        (&["config", "--dry-run"], "--dry-run"),
    ] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
    fs::write(home.config(), "profiles: {work: {region: us}}\n").unwrap();
    refused(&home.run(&["config", "set", "other", "--region", "eu"]), 2, &["by hand"]);
    assert_eq!(home.text(), "profiles: {work: {region: us}}\n");
    assert_ne!(before, "");
}

#[test]
fn parallel_changes_of_the_configuration_file_are_all_kept() {
    let home = Home::with("secret-tool");
    let names: Vec<String> = (0..12).map(|number| format!("p{number}")).collect();
    let running: Vec<_> =
        names.iter().map(|name| home.command(&["config", "set", name, "--region", "eu"]).spawn().unwrap()).collect();
    for child in running {
        works(&child.wait_with_output().unwrap());
    }
    for name in &names {
        assert!(home.text().contains(&format!("  {name}:\n")), "{name} in {}", home.text());
    }
}

#[test]
fn config_rm_removes_a_profile_and_says_where_its_credential_stays() {
    let home = Home::with("secret-tool");
    fs::write(home.config(), "default: a\nprofiles:\n  a:\n    token-file: ~/x\n  # two\n  b: {}\n").unwrap();
    let removed = home.run(&["config", "rm", "a"]);
    works(&removed);
    assert!(stderr(&removed).contains("its credential stays where it is, in the file"), "{}", stderr(&removed));
    assert_eq!(home.text(), "profiles:\n  # two\n  b: {}\n");
    refused(&home.run(&["config", "rm", "a"]), 2, &["no profile `a`"]);
}

/// Two configuration files, or two hosts, with a profile of the same name: neither login replaces the other's secret.
#[test]
fn each_login_has_its_own_entry_in_the_keychain() {
    let (served, other) = (Served::start(), Served::start());
    let (_, foreign) = other.create("of the other account");
    let home = Home::with("secret-tool");
    works(&with_stdin(home.command(&["login", "work", "--host", &served.url]), OWNER));
    let second = home.0.path().join("second.yaml");
    let mut login = home.command(&["login", "work", "--host", &other.url]);
    login.env("LDTOKENS_CONFIG", &second);
    works(&with_stdin(login, &foreign));
    works(&home.run(&["list"]));
    let mut list = home.command(&["list"]);
    works(&list.env("LDTOKENS_CONFIG", &second).output().unwrap());

    // The same file and name at another host.
    works(&home.run(&["config", "set", "stg", "--host", &other.url]));
    let output = with_stdin(home.command(&["login", "stg"]), &foreign);
    works(&output);
    assert!(stderr(&output).contains(&other.url), "login asks the profile's own host: {}", stderr(&output));
    assert!(home.text().contains(&format!("host: {}\n", other.url)), "{}", home.text());
    works(&home.run(&["list", "--profile", "stg"]));
    let mut login = home.command(&["login", "new"]);
    login.env("LD_BASE_URI", &other.url);
    refused(&with_stdin(login, &foreign), 2, &["LD_BASE_URI is", "would use https://app.launchdarkly.com", "--region"]);
    works(&home.run(&["config", "set", "play", "--local"]));
    refused(&with_stdin(home.command(&["login", "play"]), OWNER), 2, &["needs no credential"]);
}

/// Others could put commands into a folder that they can write to.
#[test]
fn only_the_owner_can_use_a_new_folder_of_the_configuration_file() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with("secret-tool");
    let folder = home.0.path().join("new");
    let mut config = Command::new("sh");
    config.args(["-c", "umask 0; exec \"$0\" config set a --region eu", env!("CARGO_BIN_EXE_ldtokens")]);
    config.env("LDTOKENS_CONFIG", folder.join("config.yaml"));
    works(&config.output().unwrap());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

/// The mode and a symbolic link are kept. Only the owner can read a new file.
#[test]
fn config_commands_keep_the_files_mode_and_link() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with("secret-tool");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    works(&home.run(&["config", "set", "a", "--region", "eu"]));
    assert_eq!(mode(&home.config()), 0o600);
    let elsewhere = home.0.path().join("dotfiles.yaml");
    write_with_mode(&elsewhere, "profiles: {}\n", 0o644);
    fs::remove_file(home.config()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, home.config()).unwrap();
    works(&home.run(&["config", "set", "a", "--region", "eu"]));
    assert!(fs::symlink_metadata(home.config()).unwrap().is_symlink());
    assert_eq!(mode(&elsewhere), 0o644);
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("region: eu"));
    // The link may lead to a file that does not exist yet.
    fs::remove_file(&elsewhere).unwrap();
    works(&home.run(&["config", "set", "a", "--region", "us"]));
    assert!(fs::symlink_metadata(home.config()).unwrap().is_symlink());
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("region: us"));
}

/// Waits until the process listens for signals, and asks it to stop.
#[cfg(target_os = "linux")]
fn stop(child: &mut Child, is_ready: impl Fn() -> bool) {
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let status = fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        u64::from_str_radix(&mask, 16).unwrap() & (1 << (15 - 1)) != 0
    };
    while !catches() || !is_ready() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_waits_for_a_secret_stops_at_a_signal() {
    let home = Home::with("pass");
    fs::write(home.config(), "profiles: {}\n").unwrap();
    for arguments in [&["login", "work"][..], &["verify", "--host", "http://127.0.0.1:1"]] {
        // Nobody writes to the pipe, and it stays open.
        let mut child = home.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let pipe = child.stdin.take();
        stop(&mut child, || true);
        drop(pipe);
        refused(&child.wait_with_output().unwrap(), 130, &["interrupted; nothing was changed"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn login_stops_at_a_signal_while_the_password_manager_waits() {
    let served = Served::start();
    let home = Home::with("pass");
    write_with_mode(
        &home.bin().join("pass"),
        "#!/bin/sh\ncat > /dev/null; echo > \"$0.asks\"; cat \"$0.answer\"\n",
        0o755,
    );
    assert!(Command::new("mkfifo").arg(home.bin().join("pass.answer")).status().unwrap().success());
    let login = home.command(&["login", "work", "--host", &served.url]).stdin(Stdio::piped()).spawn();
    let mut login = login.unwrap();
    login.stdin.take().unwrap().write_all(OWNER.as_bytes()).unwrap();
    stop(&mut login, || home.bin().join("pass.asks").exists());
    // The password manager ends too.
    fs::write(home.bin().join("pass.answer"), "").unwrap();
    refused(&login.wait_with_output().unwrap(), 130, &["interrupted; pass may have stored the secret"]);
}

//! Profiles: which account is used, and the source of its credential.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::support::{OWNER, Served, ldtokens, refused, stderr, stdout, with_stdin, write_with_mode};

/// A home with a configuration file.
struct Home(TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.config().parent().unwrap()).unwrap();
        fs::write(home.config(), config).unwrap();
        home
    }

    fn config(&self) -> PathBuf {
        let folder = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        self.0.path().join(folder).join("ldtokens/config.yaml")
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        ldtokens(arguments).env("HOME", self.0.path()).envs(variables.iter().copied()).output().unwrap()
    }

    fn private(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        write_with_mode(&path, text, mode);
        path
    }
}

#[test]
fn a_profile_sets_the_host_and_the_credential() {
    let served = Served::start();
    let home = Home::new(
        &format!(
            "default: main\nprofiles:\n  main: {{host: '{0}', token-command: printf %s {OWNER}}}\n  \
         other: {{host: '{0}', token-variable: OTHER}}\n  file: {{host: '{0}', token-file: ~/secret}}\n",
            served.url
        )
        .replace(OWNER, "\"$(cat ~/secret)\""),
    );
    home.private("secret", &format!("{OWNER}\n"), 0o600);
    let works = |output: Output| assert!(output.status.success(), "{}", stderr(&output));
    works(home.run(&["list"], &[("PATH", "/usr/bin:/bin")]));
    works(home.run(&["list", "--profile", "file"], &[]));
    works(home.run(&["list", "--profile", "other"], &[("OTHER", OWNER)]));
    works(home.run(&["list"], &[("LDTOKENS_PROFILE", "other"), ("OTHER", OWNER)]));
    refused(&home.run(&["list", "--profile", "other"], &[]), 3, &["the variable OTHER", "it is empty"]);
    refused(&home.run(&["list", "--profile", "nobody"], &[]), 2, &["no profile `nobody`", "file, main, other"]);
    refused(&home.run(&["list"], &[("LDTOKENS_PROFILE", "nobody")]), 2, &["no profile `nobody`"]);
}

#[test]
fn a_credential_is_never_sent_to_another_accounts_host() {
    let (ours, other) = (Served::start(), Served::start());
    let (_, foreign) = other.create("of the other account");
    let home =
        Home::new(&format!("default: ours\nprofiles:\n  ours: {{host: '{}', token-file: ~/secret}}\n", ours.url));
    home.private("secret", OWNER, 0o600);
    // The environment has a credential but no host: the credential is not sent to the profile's host.
    let environment = [("LD_ACCESS_TOKEN", foreign.as_str())];
    let config = stdout(&home.run(&["config"], &environment));
    assert!(config.contains("https://app.launchdarkly.com") && config.contains("LD_ACCESS_TOKEN"), "{config}");
    assert!(config.contains("not used") && config.contains("the default profile ours"), "{config}");
    // The environment has both, but `--profile` is given: the profile's credential goes to the profile's host.
    let environment = [("LD_ACCESS_TOKEN", foreign.as_str()), ("LD_BASE_URI", other.url.as_str())];
    assert!(
        home.run(&["list"], &environment).status.success(),
        "without a flag, the environment's to the environment's"
    );
    let listed = stdout(&home.run(&["list", "--profile", "ours", "-a"], &environment));
    assert!(listed.contains("Owner") && !listed.contains("of the other account"), "{listed}");
    let config = stdout(&home.run(&["config", "--profile", "ours"], &environment));
    assert!(config.contains(&ours.url) && !config.contains(&foreign), "{config}");
    for passed_over in ["LD_ACCESS_TOKEN, because", "LD_BASE_URI, because"] {
        assert!(config.contains(passed_over), "{config}");
    }
}

#[test]
fn a_named_profile_without_a_credential_uses_the_environments() {
    let served = Served::start();
    let home = Home::new(&format!("default: bare\nprofiles: {{bare: {{host: '{}'}}}}", served.url));
    let environment = [("LD_ACCESS_TOKEN", OWNER), ("LD_BASE_URI", "http://127.0.0.1:1")];
    let listed = home.run(&["list", "--profile", "bare"], &environment);
    assert!(listed.status.success(), "{}", stderr(&listed));
    refused(&home.run(&["list", "--profile", "bare"], &[]), 3, &["no credential"]);
    // A default profile without a credential does not use the environment's.
    let config = stdout(&home.run(&["config"], &environment));
    assert!(config.contains("http://127.0.0.1:1") && !config.contains(&served.url), "{config}");
}

/// The environment names two accounts: a token of the wrong one could be deleted.
#[test]
fn nothing_is_changed_while_two_sources_name_different_accounts() {
    let (ours, other) = (Served::start(), Served::start());
    let (id, _) = ours.create("of our account");
    let home = Home::new(&format!(
        "default: ours\nprofiles:\n  ours: {{host: '{}', token-file: ~/secret}}\n  staging: {{host: '{}', token-file: ~/secret}}\n",
        ours.url, other.url
    ));
    home.private("secret", OWNER, 0o600);
    let both = [("LDTOKENS_PROFILE", "staging"), ("LD_ACCESS_TOKEN", OWNER), ("LD_BASE_URI", ours.url.as_str())];
    let words = ["LDTOKENS_PROFILE names the profile staging", "LD_ACCESS_TOKEN is set too", "--profile"];
    refused(&home.run(&["delete", &id, "--yes"], &both), 2, &words);
    refused(&home.run(&["delete", &id, "--yes", "--dry-run"], &both), 2, &words);
    refused(&home.run(&["deleteToken", &format!("tokenId={id}")], &both), 2, &words);
    let config = stdout(&home.run(&["config"], &both));
    assert!(config.contains("conflict") && config.contains(words[0]), "{config}");
    // A read is one of the profile's account, and says so.
    let listed = home.run(&["list", "-a"], &both);
    assert!(!stdout(&listed).contains("of our account") && stderr(&listed).contains("profile staging"), "{listed:?}");

    let other_host = [("LD_BASE_URI", other.url.as_str())];
    let words = ["LD_BASE_URI is", &other.url, "the profile ours uses", &ours.url];
    refused(&home.run(&["delete", &id, "--yes"], &other_host), 2, &words);
    let hosts = [("LD_ACCESS_TOKEN", OWNER), ("LD_BASE_URI", &ours.url), ("LAUNCHDARKLY_API_HOST", &other.url)];
    refused(&home.run(&["delete", &id, "--yes"], &hosts), 2, &["name different hosts"]);
    let secrets = [("LD_ACCESS_TOKEN", OWNER), ("LAUNCHDARKLY_ACCESS_TOKEN", "x"), ("LD_BASE_URI", &ours.url)];
    refused(&home.run(&["delete", &id, "--yes"], &secrets), 2, &["hold different secrets"]);

    // A flag decides, and the profile that beats the variable is said. So is the account of what was done.
    let deleted = home.run(&["delete", &id, "--yes", "--profile", "ours"], &[both[1], other_host[0]]);
    let said = stderr(&deleted);
    assert!(deleted.status.success(), "{said}");
    assert_eq!(said.matches("LD_BASE_URI is not used").count(), 1, "{said}");
    assert!(said.contains(&format!("Deleted {id} (of our account) ({}, profile ours)", ours.url)), "{said}");
    // The same host in another spelling is no conflict.
    let same = format!("{}/api/v2/", ours.url);
    let created = home.run(&["postToken", "role==reader"], &[("LD_BASE_URI", &same)]);
    assert!(created.status.success(), "{}", stderr(&created));
}

#[test]
fn config_shows_each_setting_and_its_source_without_a_credential() {
    let home = Home::new(
        "default: work\nprofiles:\n  work: {region: eu, token-command: this is not run}\n  play: {local: true}\n",
    );
    let config = stdout(&home.run(&["config"], &[]));
    for words in
        ["config.yaml", "`default` of the configuration file", "https://app.eu.launchdarkly.com", "profile work"]
    {
        assert!(config.contains(words), "{words} in {config}");
    }
    let config = stdout(&home.run(&["config", "--profile", "play"], &[]));
    assert!(config.contains("local.db") && config.contains("profile play"), "{config}");
    let json = home.run(&["config", "--output", "json", "--host", "https://app.launchdarkly.us"], &[]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let host = json.as_array().unwrap().iter().find(|row| row["setting"] == "host").unwrap();
    assert_eq!((&host["value"], &host["because"]), (&"https://app.launchdarkly.us".into(), &"--host".into()));
    let lines = stdout(&home.run(&["config", "--output", "ndjson"], &[]));
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["setting"].is_string()));
    let nothing = stdout(&ldtokens(&["config"]).output().unwrap());
    assert!(nothing.contains("(does not exist)") && nothing.contains("none: set LD_ACCESS_TOKEN"), "{nothing}");
}

#[test]
fn with_json_errors_standard_error_has_nothing_else() {
    let home = Home::new("profiles: {}\n");
    for arguments in [&["config", "set", "a", "--region", "eu"][..], &["config", "use", "a"], &["config", "rm", "a"]] {
        let output = home.run(&[arguments, &["-o", "json"]].concat(), &[]);
        assert!(output.status.success() && stderr(&output).is_empty(), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn an_unsafe_configuration_file_is_refused() {
    let home = Home::new(&format!("profiles: {{a: {{token: {OWNER}}}}}"));
    let output = home.run(&["list"], &[("LD_ACCESS_TOKEN", "x")]);
    refused(&output, 2, &["config.yaml", "contains a secret"]);
    assert!(!stderr(&output).contains(&OWNER[4..12]), "{}", stderr(&output));
    fs::write(home.config(), "profiles: {a: {hots: x}}\n").unwrap();
    refused(&home.run(&["list"], &[]), 2, &["line 1", "token-command"]);
    write_with_mode(&home.config(), "profiles: {}\n", 0o666);
    refused(&home.run(&["list"], &[]), 2, &["other users can write"]);
    let named = home.run(&["list"], &[("LDTOKENS_CONFIG", "/nonexistent/file")]);
    refused(&named, 2, &["/nonexistent/file"]);
}

#[test]
fn a_credential_comes_from_a_file_a_command_or_standard_input() {
    let served = Served::start();
    let home = Home::new("");
    let run = |arguments: &[&str]| {
        home.run(&[arguments, &["list", "--host", &served.url]].concat(), &[("PATH", "/usr/bin:/bin")])
    };
    let works = |output: Output| assert!(output.status.success(), "{}", stderr(&output));
    let path = |path: &Path| path.to_str().unwrap().to_owned();

    let file = path(&home.private("secret", &format!("{OWNER}\r\n"), 0o600));
    works(run(&["--token-file", &file]));
    works(run(&["--token-command", &format!("cat {file}")]));
    let mut command = ldtokens(&["list", "--token-stdin", "--host", &served.url]);
    command.env("LD_ACCESS_TOKEN", "wrong");
    works(with_stdin(command, OWNER));

    // A path need not be UTF-8.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = home.0.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
        fs::copy(&file, &odd).unwrap();
        let mut command = ldtokens(&["list", "--host", &served.url, "--token-file"]);
        works(command.arg(&odd).output().unwrap());
    }
    for mode in [0o604, 0o644] {
        let open = path(&home.private("open", OWNER, mode));
        refused(&run(&["--token-file", &open]), 3, &["everyone on this machine can read it", "chmod o-r"]);
    }
    refused(&run(&["--token-file", &path(&home.private("empty", "\n", 0o600))]), 3, &["it is empty"]);
    refused(&run(&["--token-file", "/nonexistent"]), 3, &["/nonexistent"]);
    refused(&run(&["--token-file", &path(&home.private("long", &"x".repeat(5000), 0o600))]), 3, &["larger"]);
    refused(&run(&["--token-command", "echo hunter2; exit 7"]), 3, &["status: 7"]);
    refused(&run(&["--token-command", "true"]), 3, &["it is empty"]);
    let two = run(&["--token-command", "printf 'hunter2\\nhunter3'"]);
    refused(&two, 2, &["--token-command", "white space"]);
    assert!(!stderr(&two).contains("hunter2\n") && !stderr(&two).contains("hunter2 "), "{}", stderr(&two));
    let both = with_stdin(served.owner(&["postToken", "-", "--token-stdin"]), r#"{"role": "reader"}"#);
    refused(&both, 2, &["the body and the credential can't both come from standard input"]);
    let both = with_stdin(served.owner(&["delete", "-", "--yes", "--token-stdin"]), "x");
    refused(&both, 2, &["the IDs and the credential"]);
    let policy = r#"[{"effect": "allow", "actions": ["*"], "resources": ["proj/*"]}]"#;
    let both = with_stdin(served.owner(&["update", "-", "--policy", "-"]), policy);
    refused(&both, 2, &["can't both come from standard input"]);
    for pair in [["--local", "--host=x"], ["--local", "--token-file=x"], ["--token-stdin", "--token-command=x"]] {
        let output = home.run(&[&pair[..], &["list"]].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{pair:?}: {}", stderr(&output));
    }
}

//! Credential files: their permissions, byte-order marks and UTF-16, and the errors about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{OWNER, Served, ldtokens, refused, skipped, stderr, stdout, with_stdin, write_with_mode};

const WRONG: &str = "api-00000000-0000-4000-8000-000000000000";

fn file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    write_with_mode(&path, text, mode);
    path
}

fn works(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

fn by_file(served: &Served, path: &Path) -> Output {
    ldtokens(&["list", "--host", &served.url, "--token-file", path.to_str().unwrap()]).output().unwrap()
}

/// Kubernetes' `fsGroup` (0440), systemd (0440 with an ACL) and Docker's `mode` mount secrets like this.
#[test]
fn a_token_file_that_everyone_can_read_is_refused_but_not_one_that_a_group_can_read() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o400, 0o440, 0o600, 0o640] {
        works(&by_file(&served, &file(folder.path(), &format!("{mode:o}"), OWNER, mode)));
    }
    // Kubernetes mounts a key as a symbolic link through `..data`.
    fs::create_dir(folder.path().join("..2026")).unwrap();
    file(&folder.path().join("..2026"), "token", OWNER, 0o440);
    std::os::unix::fs::symlink("..2026", folder.path().join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/token", folder.path().join("token")).unwrap();
    works(&by_file(&served, &folder.path().join("token")));
    for mode in [0o444, 0o644, 0o604] {
        let open = file(folder.path(), &format!("open-{mode:o}"), OWNER, mode);
        let way_out = format!("--token-command 'cat {}'", open.display());
        refused(&by_file(&served, &open), 3, &["everyone on this machine", "chmod o-r", &way_out]);
        let cat = format!("cat {}", open.display());
        let mut command = ldtokens(&["list", "--host", &served.url, "--token-command", &cat]);
        works(&command.env("PATH", "/usr/bin:/bin").output().unwrap());
    }
}

/// Podman copies secrets to a folder that is not a read-only mount, with mode 0444. The user is a random one, as in OpenShift.
#[cfg(target_os = "linux")]
#[test]
fn a_secret_in_run_secrets_is_accepted_with_any_mode_by_any_user() {
    let served = Served::start();
    let script = "mount -t tmpfs none /run && mkdir /run/secrets && printf %s \"$1\" > /run/secrets/token && \
         chmod 0444 /run/secrets/token && chmod 755 /run && echo mounted && shift && \
         exec setpriv --reuid 1000660000 --clear-groups \"$@\" --token-file /run/secrets/token";
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("ldtokens");
    fs::copy(env!("CARGO_BIN_EXE_ldtokens"), &copy).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh", OWNER]).arg(&copy).args(["list", "--host", &served.url]);
    command.env_remove("LD_ACCESS_TOKEN").env("HOME", "/root");
    match command.output() {
        Ok(output) if stdout(&output).starts_with("mounted") => works(&output),
        _ => skipped("mounting is not permitted here"),
    }
}

/// The environment has all that is needed, so a home that can't be used does no harm.
#[test]
fn a_home_that_can_not_be_used_is_skipped_with_a_note() {
    let served = Served::start();
    let list = |home: &Path, credential: &str| {
        let mut command = ldtokens(&["list", "--host", &served.url]);
        command.env("HOME", home).env("LD_ACCESS_TOKEN", credential).output().unwrap()
    };
    if cfg!(target_os = "linux") {
        let output = list(Path::new("/dev/null"), OWNER);
        works(&output);
        assert!(stderr(&output).contains("the configuration file is not used: /dev/null/"), "{}", stderr(&output));
        assert!(!stderr(&output).contains("os error"), "{}", stderr(&output));
        refused(&list(Path::new("/dev/null"), ""), 2, &["/dev/null/", "Not a directory"]);
    }

    // Another user's file can contain commands to run.
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/ldtokens");
    fs::create_dir_all(&folder).unwrap();
    let config = file(&folder, "config.yaml", "default: x\nprofiles: {x: {token-command: touch ran}}\n", 0o644);
    if std::os::unix::fs::chown(&config, Some(12345), None).is_err() || cfg!(target_os = "macos") {
        return skipped("only root can give a file away");
    }
    let output = list(home.path(), OWNER);
    works(&output);
    assert!(stderr(&output).contains("it belongs to another user"), "{}", stderr(&output));
    refused(&list(home.path(), ""), 2, &["it belongs to another user"]);
}

/// Docker's default is 0444, on a read-only mount.
#[cfg(target_os = "linux")]
#[test]
fn a_token_file_on_a_read_only_mount_is_accepted_with_any_mode() {
    let served = Served::start();
    let mount = tempfile::tempdir().unwrap();
    let run = |options: &str| {
        let script = "mount -t tmpfs none \"$1\" && printf %s \"$3\" > \"$1/token\" && chmod 0444 \"$1/token\" && \
             mount -o \"remount,$2\" \"$1\" && echo mounted && exec \"$4\" list --host \"$5\" --token-file \"$1/token\"";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(mount.path());
        command.args([options, OWNER, env!("CARGO_BIN_EXE_ldtokens"), &served.url]);
        command.env_remove("LD_ACCESS_TOKEN").env("HOME", "/nonexistent").output()
    };
    match run("ro") {
        Ok(output) if stdout(&output).starts_with("mounted") => works(&output),
        _ => return skipped("mounting is not permitted here"),
    }
    assert_eq!(run("rw").unwrap().status.code(), Some(3));
}

/// The recipes for containers, as a random user, like OpenShift's: Docker's secrets have the mode 0444, Kubernetes' 0644, and its
/// `defaultMode: 0400` needs `fsGroup`, which lets a group read the file too. All are on read-only mounts. A journal is kept in a
/// volume that belongs to the group.
#[cfg(target_os = "linux")]
#[test]
fn a_random_user_can_use_what_docker_and_kubernetes_mount() {
    const GROUP: u32 = 1_000_670_000;
    let served = Served::start();
    served.create("Export");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_ldtokens"), path("ldtokens")).unwrap();
    for name in ["mount", "state"] {
        fs::create_dir(path(name)).unwrap();
        fs::set_permissions(path(name), std::os::unix::fs::PermissionsExt::from_mode(0o2770)).unwrap();
        if std::os::unix::fs::chown(path(name), None, Some(GROUP)).is_err() {
            return skipped("only root can give a folder to another group");
        }
    }
    let run = |mode: &str, group: u32, arguments: &[&str]| {
        let script = "mount -t tmpfs none mount && printf %s \"$1\" > mount/token && chown \"0:$2\" mount/token && \
             chmod \"$3\" mount/token && mount -o remount,ro mount && echo mounted && shift 3 && exec setpriv \
             --reuid 1000660000 --regid 1000660000 --groups 1000670000 ./ldtokens \"$@\" --token-file mount/token";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh", OWNER, &group.to_string(), mode]).args(arguments);
        command.args(["--host", &served.url]).current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", "/").env("LDTOKENS_STATE", path("state")).output().unwrap()
    };
    let rotate = ["rotate", "Export", "--secret-to-command", "cat >/dev/null"];
    for (mode, group) in [("0444", 0), ("0644", 0), ("0440", GROUP)] {
        let output = run(mode, group, &rotate);
        if !stdout(&output).starts_with("mounted") {
            return skipped("mounting is not permitted here");
        }
        works(&output);
    }
    let output = run("0400", 0, &["list"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("for the user with ID 1000660000"), "{}", stderr(&output));
}

#[test]
fn the_credentials_directory_of_systemd_is_used() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], more: &[(&str, &str)]| {
        let mut command = ldtokens(arguments);
        command.env("CREDENTIALS_DIRECTORY", folder.path()).env("LD_BASE_URI", &served.url);
        command.envs(more.iter().copied()).output().unwrap()
    };
    refused(&run(&["list"], &[]), 3, &["no credential"]);
    file(folder.path(), "ldtokens", &format!("{OWNER}\n"), 0o440);
    works(&run(&["list"], &[]));
    let config = stdout(&run(&["config"], &[]));
    assert!(config.contains("CREDENTIALS_DIRECTORY") && config.contains(&served.url), "{config}");
    // A variable has priority.
    let variable = [("LD_ACCESS_TOKEN", WRONG)];
    refused(&run(&["list"], &variable), 3, &["set LD_ACCESS_TOKEN"]);
    let config = stdout(&run(&["config"], &variable));
    assert!(config.contains("CREDENTIALS_DIRECTORY, because the credential comes from LD_ACCESS_TOKEN"), "{config}");
}

/// PowerShell 5 and old editors write U+FEFF at the start of a file (Unicode 15, section 23.8).
#[test]
fn one_byte_order_mark_is_skipped_in_all_input() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let marked = |text: &str| format!("\u{feff}{text}");
    let path = |name: &str, text: &str| file(folder.path(), name, &marked(text), 0o600).to_str().unwrap().to_owned();
    let host = ["--host", &served.url];
    let run = |arguments: &[&str]| ldtokens(&[arguments, &host].concat());

    let credential = path("credential", OWNER);
    works(&run(&["list", "--token-file", &credential]).output().unwrap());
    works(
        &run(&["list", "--token-command", &format!("cat {credential}")]).env("PATH", "/bin:/usr/bin").output().unwrap(),
    );
    works(&with_stdin(run(&["list", "--token-stdin"]), &marked(OWNER)));
    works(&run(&["list"]).env("LD_ACCESS_TOKEN", marked(OWNER)).output().unwrap());

    let (id, _) = served.create("marked");
    works(&with_stdin(served.owner(&["get", "-"]), &marked(&format!("{id}\r\n"))));
    works(&with_stdin(served.owner(&["postToken", "-"]), &marked(r#"{"role": "reader"}"#)));
    let patch = r#"[{"op": "replace", "path": "/name", "value": "patched"}]"#;
    works(&with_stdin(served.owner(&["patchToken", &format!("tokenId={id}"), "-"]), &marked(patch)));
    let policy = r#"[{"effect": "allow", "actions": ["*"], "resources": ["proj/*"]}]"#;
    works(&served.owner(&["update", &id, "--policy", &path("policy.json", policy)]).output().unwrap());
    works(&with_stdin(served.owner(&["update", &id, "--policy", "-"]), &marked(policy)));

    let config = path("config.yaml", &format!("profiles: {{a: {{host: '{}', token-file: {credential}}}}}", served.url));
    works(&ldtokens(&["list", "--profile", "a"]).env("LDTOKENS_CONFIG", &config).output().unwrap());
    let account = path("account.yaml", "members: [{email: owner@example.com, role: owner}]");
    let mut serve = ldtokens(&["serve", "--account", &account, "--store", "/nonexistent/x/y.db"]);
    let said = stderr(&serve.output().unwrap());
    assert!(said.contains("folder") && !said.contains("account.yaml"), "the account was read: {said}");
}

#[test]
fn utf_16_input_is_an_error_that_says_so() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let wide = |text: &str| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let path = |name: &str, text: &str| {
        let path = file(folder.path(), name, "", 0o600);
        fs::write(&path, wide(text)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let credential = path("credential", OWNER);
    let named = |output: &Output, status: i32| {
        refused(output, status, &["UTF-16", "UTF-8"]);
        assert!(!stderr(output).contains(&OWNER[4..12]));
    };
    named(&ldtokens(&["list", "--host", &served.url, "--token-file", &credential]).output().unwrap(), 3);
    let policy = path("policy.json", "[]");
    named(&served.owner(&["create", "--policy", &policy, "--secret-to", "-"]).output().unwrap(), 2);
    named(&ldtokens(&["serve", "--account", &path("account.yaml", "members: []")]).output().unwrap(), 2);
    let config = path("config.yaml", "profiles: {}");
    named(&ldtokens(&["list"]).env("LDTOKENS_CONFIG", config).output().unwrap(), 2);
    for arguments in [&["postToken", "-"][..], &["delete", "-", "--yes"], &["update", "x", "--policy", "-"]] {
        let mut command = served.owner(arguments);
        command.stdin(fs::File::open(&policy).unwrap());
        named(&command.output().unwrap(), 2);
    }
}

#[test]
fn the_error_for_a_rejected_credential_names_its_source() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "credential", WRONG, 0o600).to_str().unwrap().to_owned();
    let config = format!("profiles: {{ci: {{host: '{}', token-variable: LD_CI_TOKEN}}}}", served.url);
    let config = file(folder.path(), "config.yaml", &config, 0o600);
    let cat = format!("cat {path}");
    let host = ["--host", &served.url];
    for (arguments, words) in [
        (&["--token-file", &path][..], format!("into {path}")),
        (&["--token-command", &cat], format!("the command `{cat}`")),
        (&["--token-stdin"], "on standard input".to_owned()),
        (&["--profile", "ci"], "set LD_CI_TOKEN".to_owned()),
    ] {
        for verb in [&["list"][..], &["getTokens"], &["delete", "0123456789abcdef01234567", "--yes"]] {
            let mut command = ldtokens(&[verb, arguments, &host].concat());
            command.env("LDTOKENS_CONFIG", &config).env("LD_CI_TOKEN", WRONG).env("PATH", "/bin:/usr/bin");
            let output = with_stdin(command, WRONG);
            refused(&output, 3, &[&words, &served.url]);
            assert!(!stderr(&output).contains("LD_ACCESS_TOKEN"), "{}", stderr(&output));
        }
    }
}

#[test]
fn an_error_in_the_configuration_file_names_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    let run = |text: &str| {
        write_with_mode(&config, text, 0o600);
        ldtokens(&["config"]).env("LDTOKENS_CONFIG", &config).output().unwrap()
    };
    refused(&run("profiles:\n  a:\n    tokn-file: x\n"), 2, &["line 3", "no key `tokn-file`", "`token-file`"]);
    refused(&run("profiles:\n  a: {host: x}\n  a: {host: y}\n"), 2, &["`a` is given twice"]);
    refused(&run("profiles:\n  a: {host: x, host: y}\n"), 2, &["`host` is given twice"]);
    let long = format!("profiles: {{}}\n{}", "# a comment\n".repeat(30_000));
    refused(&run(&long), 2, &["larger than 256 KiB"]);
}

#[test]
fn an_empty_root_token_is_an_error_that_names_the_variable() {
    let mut serve = ldtokens(&["serve"]);
    refused(&serve.env("LDTOKENS_ROOT_TOKEN", "").output().unwrap(), 2, &["LDTOKENS_ROOT_TOKEN is empty"]);
}

//! No secret is in a log, an error or a file where it should not be. These tests know the secrets and search for them.

use std::path::{Path, PathBuf};

use crate::support::{OWNER, Served, ldtokens, stderr, stdout, with_stdin};

const FORMATS: [&str; 5] = ["table", "json", "ndjson", "yaml", "csv"];

/// Fails if `text` contains one of the secrets, or half of one.
pub fn assert_absent(secrets: &[String], text: &str, what: &str) {
    for secret in secrets {
        let half = secret.len() / 2;
        for part in [&secret[4..half + 2], &secret[half..]] {
            assert!(!text.contains(part), "{what} has a secret: {text}");
        }
    }
}

/// The only secret in `text`.
fn only_secret(text: &str) -> String {
    let starts: Vec<usize> = text.match_indices("api-").map(|(at, _)| at).collect();
    let [start] = starts[..] else { panic!("{} secrets in {text}", starts.len()) };
    text[start..start + OWNER.len()].to_owned()
}

/// The files in `folder` that contain the text.
fn search(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(search(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[test]
fn logs_of_all_commands_and_files_of_the_server_have_no_secret() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let patch = r#"[{"op": "replace", "path": "/name", "value": "still watched"}]"#;
    let mut secrets = vec![OWNER.to_owned()];
    for format in FORMATS {
        let (id, secret) = served.create(&format!("watched as {format}"));
        let (other, other_secret) = served.create("other");
        secrets.extend([secret, other_secret]);
        let by_id = format!("tokenId={id}");
        let file = folder.path().join(format);
        let file = file.to_str().unwrap();
        for (arguments, input) in [
            (&["getTokens", "showAll=true"][..], ""),
            (&["getToken", &by_id], ""),
            (&["patchToken", &by_id, "-"], patch),
            (&["postToken", "role==reader"], ""),
            (&["postToken", "role==reader", "--secret-to-command", "cat >/dev/null"], ""),
            (&["resetToken", &by_id], ""),
            (&["list", "--show-all", "--sort", "name"], ""),
            (&["get", &id, "other"], ""),
            (&["create", "--role", "reader", "--secret-to", "-"], ""),
            (&["create", "--role", "reader", "--secret-to", file], ""),
            (&["update", &id, "--description", "of a kind"], ""),
            (&["reset", &id, "--yes", "--secret-to", "-"], ""),
            (&["reset", &id, "--expires-in", "1h", "--secret-to-command", "cat >/dev/null"], ""),
            (&["delete", &other, "--yes"], ""),
            (&["deleteToken", &by_id], ""),
        ] {
            let mut command = served.owner(arguments);
            command.args(["--output", format, "-vvv"]);
            let output = with_stdin(command, input);
            let (log, out) = (stderr(&output), stdout(&output));
            assert!(output.status.success(), "{arguments:?}: {log}");
            assert!(log.contains("TRACE") && log.contains("attempt"), "there is no log to search: {log}");
            assert_absent(&secrets, &format!("{log}{out}"), &arguments.join(" "));
            let gives = ["postToken", "resetToken", "create", "reset"].contains(&arguments[0]);
            if gives && (arguments.contains(&"-") || !arguments.iter().any(|flag| flag.starts_with("--secret-to"))) {
                // A table shows only the end of a secret.
                secrets.push(only_secret(&out));
            } else {
                assert!(!out.contains("api-"), "{arguments:?}: {out}");
            }
            assert_absent(&secrets, &log, &arguments.join(" "));
        }
        secrets.push(std::fs::read_to_string(file).unwrap());
        assert_absent(
            &secrets,
            &stdout(&served.owner(&["list", "-a", "--output", format]).output().unwrap()),
            "a list",
        );
    }
    assert_eq!(secrets.len(), 1 + FORMATS.len() * 7);
    assert!(!search(served.folder.path(), "still watched").is_empty(), "the search does not work");
    for secret in &secrets {
        assert!(search(served.folder.path(), secret).is_empty(), "the store contains a secret");
    }
}

#[test]
fn no_error_has_a_secret() {
    let served = Served::start();
    let (id, reader) = served.create("reads");
    let wrong = "api-5ec4e700-0000-4000-8000-5ec4e7005ec4".to_owned();
    let folder = tempfile::tempdir().unwrap();
    let readable = folder.path().join("readable");
    std::fs::write(&readable, &wrong).unwrap();
    let readable = readable.to_str().unwrap();
    let by_id = format!("tokenId={id}");
    let print = format!("cat {readable}; exit 3");
    let long = format!("head -c 5000 /dev/zero; cat {readable}");
    let secrets = [OWNER.to_owned(), reader.clone(), wrong.clone()];
    for (credential, arguments, status) in [
        (&wrong[..], &["getTokens"][..], 3),
        (&wrong, &["list"], 3),
        (&wrong, &["create", "--role", "reader", "--secret-to", "-"], 3),
        (&format!("{wrong} "), &["list"], 2),
        (&format!("{wrong}\r\nX-Other: x"), &["list"], 2),
        (&format!("{wrong}é"), &["getTokens"], 2),
        (&reader, &["deleteToken", &by_id], 4),
        (&reader, &["delete", &id, "--yes"], 4),
        (&reader, &["postToken", "role==admin"], 4),
        (OWNER, &["getToken", "tokenId=0123456789abcdef01234567"], 5),
        (OWNER, &["get", "nobody"], 5),
        (OWNER, &["patchToken", &by_id, "-"], 2),
        (OWNER, &["list", "--host", "http://ld.example"], 2),
        (OWNER, &["list", "--host", "https://127.0.0.1:1"], 9),
        (OWNER, &["list", "--host", "nonsense host"], 2),
        (OWNER, &["list", "--token-file", readable], 3),
        (OWNER, &["list", "--token-file", "/nonexistent"], 3),
        (OWNER, &["list", "--token-command", &print], 3),
        (OWNER, &["list", "--token-command", &long], 3),
        (OWNER, &["list", "--token-command", "exit 0"], 3),
        (OWNER, &["create", "--role", "reader", "--secret-to", readable], 2),
        (OWNER, &["create", "--role", "reader", "--secret-to-command", "exit 3"], 11),
        (OWNER, &["reset", &id, "--yes", "--secret-to-command", "cat >/dev/null; exit 3"], 11),
        (OWNER, &["postToken", "role==reader", "--secret-to-command", "exit 3"], 11),
        (OWNER, &["list", "--colour"], 2),
    ] {
        for format in ["table", "json"] {
            let mut command = ldtokens(arguments);
            command.env("LD_ACCESS_TOKEN", credential).args(["--output", format, "-vvv"]);
            if !arguments.contains(&"--host") {
                command.args(["--host", &served.url]);
            }
            let output = command.output().unwrap();
            let said = format!("{}{}", stderr(&output), stdout(&output));
            assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
            assert_absent(&secrets, &said, &arguments.join(" "));
            // It also has no secret of a new token, which the test can't know.
            assert!(!said.contains("api-"), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_secret_as_an_argument_is_refused_not_sent_and_not_printed() {
    let pasted = "api-9a57ed00-0000-4000-8000-9a57ed009a57";
    let secrets = [OWNER.to_owned(), pasted.to_owned()];
    // A connection would already send the secret, so there must be none.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for arguments in [
        "@",
        "list @",
        "get @",
        "delete @ --yes",
        "update @ --name x",
        "update x --name @",
        "reset @ --yes --secret-to -",
        "getToken @",
        "getToken tokenId=@",
        "getToken @=x",
        "getToken @:x",
        "getToken @==x",
        "getToken @:=x",
        "getTokens limit=@",
        "getTokens showAll=@",
        "getTokens Authorization:@",
        "getTokens X-Token:@",
        "postToken role==@",
        "postToken name:=@",
        "deleteToken tokenId=@",
        "resetToken tokenId=@ expiry=@",
        "list --columns @",
        "list --filter @",
        "list --filter name=@",
        "list --sort @",
        "list --limit @",
        "list --output @",
        "list --token @",
        "list --token=@",
        "list --@",
        "list -@",
        "list --profile @",
        "list --host @",
        "list --host https://a:@@h",
        "list --token-file @",
        "list --token-command @",
        "create --role @",
        "create --custom-role @",
        "create --name @ --role reader",
        "create --policy @ --secret-to -",
        "create --role reader --secret-to /nonexistent/@",
        "create --role reader --secret-to-command @",
        "create --default-api-version @ --role reader",
        "reset x --expires-in @",
        "reset x --expires-at @",
        "serve --listen @",
        "serve --fault @",
        "serve --account @",
        "serve --store /nonexistent/@",
        "completions @",
        "demo @",
        "config @",
    ] {
        for format in ["table", "json"] {
            let arguments = arguments.replace("@@", &format!("{pasted}@")).replace("@ ", &format!("{pasted} "));
            let arguments = if arguments.contains(pasted) { arguments } else { arguments.replace('@', pasted) };
            let mut words: Vec<&str> = arguments.split(' ').collect();
            if !arguments.contains("--output") {
                words.extend(["--output", format]);
            }
            let mut command = ldtokens(&words);
            command.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &url);
            let output = command.output().unwrap();
            let said = format!("{}{}", stderr(&output), stdout(&output));
            assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
            assert!(
                said.contains("the credential is never an argument") || said.contains("secret"),
                "{arguments}: {said}"
            );
            assert_absent(&secrets, &said, &arguments);
        }
    }
    for (variable, value, status) in [
        ("LD_BASE_URI", pasted.to_owned(), 2),
        ("LD_BASE_URI", format!("https://a:{pasted}@ld.example"), 2),
        ("LDTOKENS_PROFILE", pasted.to_owned(), 2),
        ("LDTOKENS_CONFIG", format!("/nonexistent/{pasted}"), 2),
        ("LD_OUTPUT", pasted.to_owned(), 2),
        ("LD_ACCESS_TOKEN", format!("Bearer {pasted}"), 2),
    ] {
        for verb in ["list", "config"] {
            let mut command = ldtokens(&[verb]);
            command.env("LD_BASE_URI", &url).env("LD_ACCESS_TOKEN", OWNER);
            if variable == "LDTOKENS_PROFILE" {
                command.env_remove("LD_ACCESS_TOKEN");
            }
            let output = command.env(variable, &value).output().unwrap();
            let said = format!("{}{}", stderr(&output), stdout(&output));
            if (verb, variable) != ("config", "LD_ACCESS_TOKEN") {
                assert_eq!(output.status.code(), Some(status), "{variable}: {said}");
            }
            assert_absent(&secrets, &said, variable);
        }
    }
    let nobody = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock, "there was a connection");
}

#[test]
fn a_secret_is_only_in_the_file_it_is_delivered_to() {
    let (home, temporary, kept) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| {
        let mut command = ldtokens(&[&["--local", "-vvv"], arguments].concat());
        command.env("HOME", home.path()).env("TMPDIR", temporary.path()).current_dir(home.path());
        command.output().unwrap()
    };
    let path = |name: &str| kept.path().join(name).to_str().unwrap().to_owned();
    let tee = |name: &str, status: u8| format!("cat > '{}'; exit {status}", path(name));
    let mut secrets = Vec::new();
    for (name, arguments, status) in [
        ("a", &["create", "--name", "watched", "--role", "reader", "--secret-to", &path("a")][..], 0),
        ("b", &["reset", "watched", "--yes", "--secret-to", &path("b")], 0),
        ("c", &["postToken", "role==reader", "--secret-to", &path("c")], 0),
        ("d", &["reset", "watched", "--yes", "--secret-to-command", &tee("d", 0)], 0),
        ("e", &["reset", "watched", "--yes", "--secret-to-command", &tee("e", 1)], 11),
        ("f", &["create", "--role", "reader", "--secret-to-command", &tee("f", 1)], 11),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", stderr(&output));
        let secret = std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(only_secret(&secret), secret);
        secrets.push((name, secret));
    }
    assert!(!search(home.path(), "watched").is_empty(), "the search does not work");
    for (name, secret) in &secrets {
        for folder in [&home, &temporary] {
            assert!(search(folder.path(), secret).is_empty(), "{name}");
        }
        assert_eq!(search(kept.path(), secret), [kept.path().join(name)]);
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "files are left over");
}

/// The file is created while the request is running: it is not changed, and the secret is not lost.
#[cfg(unix)]
#[test]
fn if_the_secret_file_appears_meanwhile_the_secret_goes_to_a_file_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let proxy = crate::delaying_proxy::DelayingProxy::start(&served.url);
    let mut command = ldtokens(&["create", "--role", "reader", "--secret-to", file.to_str().unwrap()]);
    let child = command.args(["--host", &proxy.url]).env("LD_ACCESS_TOKEN", OWNER).spawn().unwrap();
    proxy.wait_for_request();
    std::fs::write(&file, "another's").unwrap();
    proxy.release();
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(11), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "another's");
    let kept = said.split_once("to be written is in ").unwrap().1.split(';').next().unwrap();
    assert_eq!(std::fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(kept).unwrap();
    assert!(served.works(&secret));
    assert_absent(std::slice::from_ref(&secret), &said, "the error");
    assert_eq!(search(folder.path(), &secret), [PathBuf::from(kept)]);
}

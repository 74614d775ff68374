//! Secrets on their way: several processes, signals, streams that discard, encodings in which a secret hides.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::delaying_proxy::DelayingProxy;
use crate::pty::Terminal;
use crate::rotate::{rotate, token};
use crate::support::{OWNER, Served, ldtokens, refused, shell, stderr, stdout, with_stdin};

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn processes_that_rotate_into_one_file_lose_nothing() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.env");
    let tokens: Vec<_> = (0..4).map(|number| served.create(&format!("T{number}"))).collect();
    let lines = tokens.iter().enumerate().map(|(number, (_, secret))| format!("T{number}={secret}\n"));
    fs::write(&file, lines.collect::<String>()).unwrap();
    let children = tokens.iter().enumerate().map(|(number, (id, _))| {
        let place = format!("{}:T{number}", file.display());
        let twin = format!("{}:T{number}_TOO", file.display());
        let mut rotate = served.owner(&["rotate", id, "--env-file", &place, "--env-file", &twin, "--create"]);
        rotate.env("LDTOKENS_STATE", served.folder.path()).spawn().unwrap()
    });
    for child in children.collect::<Vec<_>>() {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 8, "{text}");
    for (number, (_, old)) in tokens.iter().enumerate() {
        let value = |name: String| text.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap();
        let secret = value(format!("T{number}"));
        assert!(secret != old && secret == value(format!("T{number}_TOO")) && served.works(secret));
    }
    assert_eq!(names(folder.path()), ["app.env"]);
}

#[test]
fn a_command_that_waits_for_a_file_stops_at_each_signal_and_changes_nothing() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let create = |host: &str| {
        let mut command =
            ldtokens(&["create", "--role", "reader", "--host", host, "--secret-to", file.to_str().unwrap()]);
        command.env("LD_ACCESS_TOKEN", OWNER);
        command
    };
    // The first one has the file, and its request is not answered yet.
    let proxy = DelayingProxy::start(&served.url);
    let first = create(&proxy.url).spawn().unwrap();
    proxy.wait_for_request();
    let send = |signal: &str, waiting: &std::process::Child| {
        let id = waiting.id().to_string();
        // It listens for signals once it has opened the lock.
        while !fs::read_dir(format!("/proc/{id}/fd")).is_ok_and(|open| {
            open.flatten()
                .any(|open| fs::read_link(open.path()).is_ok_and(|path| path.to_string_lossy().ends_with("-lock")))
        }) {
            std::thread::yield_now();
        }
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    };
    // Under nohup the tests ignore SIGHUP, and so do their children.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    for signal in ["INT", "TERM", "HUP"] {
        if signal == "HUP" && ignored.is_some_and(|ignored| ignored & 1 != 0) {
            println!("SIGHUP: skipped, since it is ignored here");
            continue;
        }
        let waiting = create(&served.url).spawn().unwrap();
        send(signal, &waiting);
        let output = waiting.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}: {}", stderr(&output));
        assert!(stderr(&output).contains("nothing was changed"), "{}", stderr(&output));
    }
    // Under nohup a closed terminal changes nothing.
    let script = "trap '' HUP; exec ldtokens create --role reader --overwrite --secret-to secret";
    let mut nohup = shell(script, folder.path());
    nohup.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &served.url);
    let nohup = nohup.stdout(std::process::Stdio::null()).spawn().unwrap();
    send("HUP", &nohup);
    proxy.release();
    assert!(first.wait_with_output().unwrap().status.success());
    assert!(nohup.wait_with_output().unwrap().status.success());
    assert!(served.works(&fs::read_to_string(&file).unwrap()));
    assert_eq!(names(folder.path()), ["secret"]);
}

#[test]
fn a_dry_run_of_a_rotation_writes_nothing() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Export.secret");
    fs::write(&file, &secret).unwrap();
    let mut rotate = served.owner(&["rotate", &id, "--secret-to", file.to_str().unwrap(), "--dry-run"]);
    let output = rotate.env("LDTOKENS_STATE", folder.path().join("state")).output().unwrap();
    assert!(output.status.success() && stdout(&output).contains(&id), "{}", stderr(&output));
    assert_eq!((names(folder.path()), fs::read_to_string(&file).unwrap()), (vec!["Export.secret".to_owned()], secret));
}

#[test]
fn a_dry_run_of_a_rotation_is_refused_as_the_rotation_would_be_and_leaves_nothing() {
    let served = Served::start();
    let (one, secret) = token(&served, "one");
    let (two, _) = token(&served, "two");
    let is_refused = |output: &Output, words: &[&str]| {
        assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
        assert!(words.iter().all(|word| stderr(output).contains(word)), "{}", stderr(output));
    };
    for (arguments, words) in [
        (&[one.as_str(), "--secret-to", "two.secret"][..], &["would not be rotated", two.as_str()][..]),
        (&[&one, "--secret-to", "no/such/folder"], &["No such file"]),
        (
            &[&one, "--secret-to", "one.secret", "--env-file", "one.secret:LD", "--create"],
            &["can't hold a secret and variables"],
        ),
    ] {
        let before = names(served.folder.path());
        is_refused(&rotate(&served, &[arguments, &["--dry-run"]].concat()).output().unwrap(), words);
        assert_eq!(names(served.folder.path()), before);
    }
    for (pattern, result, code) in [("two.secret", "not_prepared", 2), ("one.secret", "would_be_rotated", 0)] {
        let mut revoke = served.owner(&["revoke", "--rotate", "--dry-run", "-o", "json", "--secret-to", pattern]);
        revoke.env("LDTOKENS_STATE", served.folder.path()).current_dir(served.folder.path());
        let output = with_stdin(revoke, &secret);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stdout(&output).contains(result), "{}", stdout(&output));
    }
    for command in [&["reset", "one", "--yes"][..], &["create", "--role", "reader"]] {
        for (file, words) in [("two.secret", two.as_str()), ("no/such/folder", "No such file")] {
            let before = names(served.folder.path());
            let mut dry = served.owner(&[command, &["--secret-to", file, "--dry-run"]].concat());
            refused(&dry.current_dir(served.folder.path()).output().unwrap(), 2, &[words]);
            assert_eq!(names(served.folder.path()), before, "{command:?}");
        }
    }
    assert!(served.works(&secret) && fs::read_to_string(served.folder.path().join("one.secret")).unwrap() == secret);

    let replace = |more: &[&str]| {
        let arguments = ["one", "--strategy", "replace", "--secret-to", "one.secret"];
        rotate(&served, &[&arguments[..], more].concat()).output().unwrap()
    };
    assert!(replace(&[]).status.success());
    let tokens = || served.json(&["list", "-a", "--columns", "_id,name,description,lastModified"]);
    let before = (names(served.folder.path()), tokens());
    assert!(replace(&["--dry-run"]).status.success());
    let other = rotate(&served, &["one", "--secret-to", "new.secret", "--dry-run"]).output().unwrap();
    is_refused(&other, &["another destination, which can't be changed now"]);
    let finish = rotate(&served, &["--finish", "--dry-run"]).output().unwrap();
    assert!(stdout(&finish).contains("replace") && finish.status.success(), "{}", stderr(&finish));
    assert_eq!((names(served.folder.path()), tokens()), before);
}

/// What reads the right variable would fail a day later, when the old secret ends.
#[test]
fn a_variable_that_is_not_there_is_refused_without_create_and_an_unknown_placeholder_always() {
    let served = Served::start();
    let (id, secret) = token(&served, "Export");
    let folder = served.folder.path();
    let env = format!("LD_ACCESS_TOKEN={secret}\n");
    fs::write(folder.join(".env"), &env).unwrap();
    let entry = json!({ "token": "Export", "olderThan": "0s",
        "destinations": [{ "envFile": { "path": ".env", "variable": "LD_ACESS_TOKEN" } }] });
    fs::write(folder.join("rotations.yaml"), json!({ "rotations": [entry] }).to_string()).unwrap();
    let before = names(folder);
    for dry in [&["--dry-run"][..], &[]] {
        for (place, words) in [
            (["--env-file", ".env:LD_ACESS_TOKEN"], "the variable LD_ACESS_TOKEN in "),
            (["--env-file", ".envv:LD_ACCESS_TOKEN"], ".envv is not there; if the name is right, add --create"),
            (["--secret-to", "{nmae}.secret"], "there is no placeholder `{nmae}` for a token; did you mean `name`?"),
        ] {
            for command in [
                &["rotate", "Export"][..],
                &["rotate", &id, "--strategy", "replace"],
                &["reset", "Export", "--yes"],
                &["create", "--role", "reader", "-n", "New"],
            ] {
                let mut command = served.owner(&[command, &place, dry].concat());
                refused(&command.current_dir(folder).output().unwrap(), 2, &[words]);
            }
        }
        refused(
            &rotate(&served, &[&["--file", "rotations.yaml"], dry].concat()).output().unwrap(),
            2,
            &["add --create"],
        );
    }
    assert_eq!((names(folder), fs::read_to_string(folder.join(".env")).unwrap()), (before, env));
    assert_eq!(served.json(&["list", "-a", "-f", "name=New"]), json!([]));
    for place in [&["--file", "rotations.yaml"][..], &["Export", "--again", "--env-file", "new.env:LD"]] {
        let output = rotate(&served, &[place, &["--create"]].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    for (file, name) in [(".env", "LD_ACESS_TOKEN="), ("new.env", "LD=")] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(served.works(text.lines().find_map(|line| line.strip_prefix(name)).unwrap()), "{file}");
    }
}

#[test]
fn a_rotation_of_what_matches_shows_a_plan_and_asks() {
    let served = Served::start();
    for name in ["job 1", "job 2", "job 3"] {
        token(&served, name);
    }
    let contents = || ["job 1", "job 2"].map(|name| crate::rotate::contents(&served, &format!("{name}.secret")));
    let before = contents();
    let all = ["--all-matching", "name~job", "--secret-to", "{name}.secret"];
    for tokens in [&all[..2], &["job 1", "job 2"]] {
        let unasked = rotate(&served, &[tokens, &all[2..]].concat()).output().unwrap();
        assert_eq!(unasked.status.code(), Some(2));
        assert!(stderr(&unasked).contains("use --yes"), "{}", stderr(&unasked));
    }
    for (answer, status) in [("n\r", 130), ("y\r", 0)] {
        assert_eq!(contents(), before, "nothing before the answer");
        let (plan, code, shown) = Terminal::run(rotate(&served, &all)).answer(answer);
        for words in ["Rotate 3 tokens of ", "job 1, job 2, job 3", "old secrets end after the overlap"] {
            assert!(plan.contains(words), "{words} in {plan}");
        }
        assert_eq!(code, Some(status), "{shown}");
    }
    assert_ne!(contents(), before);
    // What is not there is another thing than what is not due.
    let none = |more: &[&str]| rotate(&served, &[more, &["--yes"], &all[2..]].concat()).output().unwrap();
    let nosuch = ["--all-matching", "name~nosuch", "--older-than", "60d"];
    let output = none(&nosuch);
    assert_eq!((output.status.code(), &stderr(&output)[..]), (Some(0), "note: no token matches name~nosuch\n"));
    refused(&none(&[&nosuch[..], &["--fail-if-none"]].concat()), 12, &["no token matches name~nosuch"]);
    let output = none(&[&all[..2], &["--older-than", "60d", "--fail-if-none", "--require-all"]].concat());
    assert_eq!((output.status.code(), &stderr(&output)[..]), (Some(0), "no token needs to be rotated\n"));
    let (_, reader) = served.create("job reader");
    let partial = served.acting_as(&reader, &[&["rotate", "--dry-run"], &all[..]].concat()).output().unwrap();
    assert!(stderr(&partial).contains("warning: not all tokens are seen"), "{}", stderr(&partial));
}

#[test]
fn what_would_be_discarded_is_refused() {
    let served = Served::start();
    let (_, secret) = served.create("Export");
    fs::write(served.folder.path().join("env"), "").unwrap();
    let managed = "{key: k, name: k, role: reader, destinations: [{kubernetes: {name: ld, key: k}}]}";
    fs::write(served.folder.path().join("tokens.yaml"), format!("tokens: [{managed}]")).unwrap();
    let rotations = json!([
        { "token": "Export", "olderThan": "0s", "destinations": [{ "file": "never" }] },
        { "token": "Other", "olderThan": "0s", "destinations": [{ "kubernetes": { "name": "ld", "key": "k" } }] },
    ]);
    served.create("Other");
    fs::write(served.folder.path().join("rotations.yaml"), json!({ "rotations": rotations }).to_string()).unwrap();
    for (line, words) in [
        ("rotate Export --kubernetes-secret ld > /dev/null", "the manifest would be lost"),
        ("rotate --file rotations.yaml > /dev/null", "the manifest would be lost"),
        ("reset Export --yes --kubernetes-secret ld >&-", "the manifest would be lost"),
        ("apply tokens.yaml --yes >/dev/null", "the manifest would be lost"),
        ("rotate Export --github-env LD 2>/dev/null", ""),
        ("create --role reader -n Export2 --github-env LD 2>&-", ""),
        ("create --role reader -n Export2 --kubernetes-secret ld 2>/dev/null", ""),
        ("rotate Export --github-env LD 2>/dev/full", ""),
        ("create --role reader -n Export2 --kubernetes-secret ld 2>/dev/full", ""),
        ("rotate Export --github-env GITHUB_TOKEN", "does not let a job set"),
        ("create --role reader -n Export2 --secret-to - --kubernetes-secret ld", "only the manifest"),
        ("reset Export --dry-run --secret-to - --kubernetes-secret ld -o json", "only the manifest"),
        ("revoke --rotate --yes --secret-to - --kubernetes-secret ns/ld -o json", "only the manifest"),
        ("reset Export --yes --kubernetes-secret a..b", "--kubernetes-secret"),
        ("create --role reader -n ld:Export2 --kubernetes-secret '{name}'", "does not accept `ld_Export2` as the name"),
    ] {
        let mut shell = shell(&format!("ldtokens {line}"), served.folder.path());
        shell.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &served.url).env("GITHUB_ENV", "env");
        shell.env("GITHUB_ACTIONS", "true");
        let output = shell.env("LDTOKENS_STATE", served.folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{line}: {}", stderr(&output));
        assert!(served.works(&secret), "{line}");
    }
    assert_eq!(fs::read_to_string(served.folder.path().join("env")).unwrap(), "");
    assert!(!served.folder.path().join("never").exists());
    assert!(served.json(&["list", "-a", "-f", "name=Export2"]).as_array().unwrap().is_empty());
}

#[test]
fn in_a_job_of_github_the_report_stays_json_and_the_mask_is_on_standard_error() {
    let served = Served::start();
    let (id, _) = served.create("Export");
    let file = served.folder.path().join("output");
    fs::write(&file, "").unwrap();
    let mut rotate = served.owner(&["rotate", &id, "--github-output", "token", "-o", "json"]);
    let output = rotate.env("GITHUB_OUTPUT", &file).env("LDTOKENS_STATE", served.folder.path()).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report[0]["newId"], id.as_str(), "{}", stderr(&output));
    let text = fs::read_to_string(&file).unwrap();
    let secret = text.trim_end().strip_prefix("token=").unwrap();
    assert!(served.works(secret) && stderr(&output).contains(&format!("\n::add-mask::{secret}\n")));
    // In the next job there is no output, and the secret can't be read anywhere.
    fs::write(&file, "").unwrap();
    let again = rotate.output().unwrap();
    assert_eq!(again.status.code(), Some(6), "{}", stderr(&again));
    assert!(stderr(&again).contains("can't be read anywhere") && fs::read(&file).unwrap().is_empty());
}

#[test]
fn a_secret_that_can_not_be_masked_is_delivered_to_the_other_destinations() {
    let served = Served::start();
    let folder = served.folder.path();
    fs::write(folder.join("env"), "").unwrap();
    let (id, _) = served.create("Export");
    for (arguments, file) in
        [(&["create", "--role", "reader"][..], "a"), (&["rotate", &id], "b"), (&["reset", &id, "--yes"], "c")]
    {
        let proxy = DelayingProxy::of_writes(&served.url);
        let mut command = ldtokens(&[arguments, &["--secret-to", file, "--github-env", "LD"]].concat());
        command.env("LD_ACCESS_TOKEN", OWNER).env("LD_BASE_URI", &proxy.url).env("GITHUB_ENV", "env");
        let mut child = command.env("LDTOKENS_STATE", folder).current_dir(folder).spawn().unwrap();
        proxy.wait_for_request();
        // Nobody reads standard error any more when the secret comes.
        drop(child.stderr.take());
        proxy.release();
        assert_eq!(child.wait().unwrap().code(), Some(11), "{arguments:?}");
        assert!(served.works(&fs::read_to_string(folder.join(file)).unwrap()), "{arguments:?}");
        assert_eq!(fs::read_to_string(folder.join("env")).unwrap(), "", "{arguments:?}");
    }
}

#[test]
fn the_tokens_of_a_rotation_are_read_several_at_a_time() {
    let served = Served::start();
    let folder = served.folder.path();
    let [(a, _), (b, _)] = ["a", "b"].map(|name| served.create(name));
    let rotations = [&a, &b]
        .map(|id| json!({ "token": id, "olderThan": "60d", "destinations": [{ "file": format!("{}.secret", id) }] }));
    fs::write(folder.join("rotations.yaml"), json!({ "rotations": rotations }).to_string()).unwrap();
    for arguments in [
        &[&a, &b, "--older-than", "60d", "--secret-to", "{id}.secret"][..],
        &["--file", "rotations.yaml"],
        &["--status", "--file", "rotations.yaml"],
    ] {
        let proxy = DelayingProxy::start(&served.url);
        let mut command = ldtokens(&[&["rotate", "--host", &proxy.url], arguments].concat());
        command.env("LD_ACCESS_TOKEN", OWNER).env("LDTOKENS_STATE", folder).current_dir(folder);
        let child = command.spawn().unwrap();
        // The second is requested before the response to the first.
        proxy.wait_for_request();
        proxy.wait_for_request();
        proxy.release();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn revoke_finds_encoded_secrets_and_says_what_it_could_not_search() {
    let served = Served::start();
    let (_, percent) = served.create("Percent");
    let (_, packed) = served.create("Packed");
    let (_, kept) = served.create("Kept");
    let folder = served.folder.path();
    fs::write(folder.join("log"), format!("GET /?token={}\n", percent.replace('-', "%2D"))).unwrap();
    fs::write(folder.join("plain"), &packed).unwrap();
    let script = "printf 'data:\\n  token: ' > secret.yaml; base64 -w0 plain >> secret.yaml; gzip -k secret.yaml";
    assert!(shell(script, folder).status().unwrap().success());
    fs::write(folder.join("core.zst"), b"\x28\xb5\x2f\xfd rest").unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let scan = |files: &[&str]| {
        let flags: Vec<String> = files.iter().flat_map(|name| ["--scan".to_owned(), path(name)]).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        served.owner(&[&["revoke", "--yes"], &flags[..]].concat()).stdin(Stdio::null()).output().unwrap()
    };
    let nothing = scan(&["core.zst"]);
    let said = stderr(&nothing);
    assert_eq!(nothing.status.code(), Some(10), "{said}");
    assert!(
        said.contains("in what could be searched") && said.contains("core.zst: a part of it is compressed by zstd"),
        "{said}"
    );
    let found = scan(&["log", "secret.yaml.gz"]);
    assert!(found.status.success(), "{}", stderr(&found));
    assert!(!served.works(&percent) && !served.works(&packed) && served.works(&kept));
}

#[test]
fn a_gateways_503_is_no_reason_to_revoke_a_token_that_ends_alike() {
    let served = Served::with(&["--fault", "getCallerIdentity status=503"]);
    let (_, innocent) = served.create("Innocent");
    let dead = format!("api-00000000-0000-4000-8000-00000000{}", &innocent[36..]);
    let output = with_stdin(served.owner(&["revoke", "--yes"]), &dead);
    assert!(!output.status.success(), "{}", stdout(&output));
    assert!(served.works(&innocent));
    refused(&with_stdin(served.owner(&["revoke", "--yes", "--secret-to", "x"]), &dead), 2, &["--rotate"]);
}

//! `ldtokens rotate --file`, and `--status`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::rotate::{contents, rotate, token};
use crate::support::{OWNER, Served, refused, stderr, stdout};

/// Runs with this file of rotations, from another folder than the file's.
fn with_file(served: &Served, file: &Value, more: &[&str]) -> Output {
    let path = served.folder.path().join("rotations.yaml");
    fs::write(&path, json!({ "rotations": file }).to_string()).unwrap();
    let path = path.to_str().unwrap();
    rotate(served, &[&["--file", path], more].concat()).current_dir("/").output().unwrap()
}

/// A report, by the tokens' names.
fn by_name(output: &Output, name: &str) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)));
    report.as_array().unwrap().iter().find(|row| row["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn a_file_of_rotations_rotates_what_is_due_each_in_its_own_way() {
    let served = Served::start();
    let [(_, one), (two_id, two), (_, three)] = ["one", "two", "three"].map(|name| token(&served, name));
    fs::write(served.folder.path().join(".env"), format!("LD={two}\n")).unwrap();
    let file = json!([
        { "token": "one", "olderThan": "0s", "overlap": "2h", "destinations": [{ "file": "one.secret" }] },
        { "token": "two", "olderThan": "0s", "strategy": "replace", "lifetime": "30d", "destinations": [
            { "envFile": { "path": ".env", "variable": "LD" } }, { "command": ["sh", "-c", "cat > \"$0\"", "PIPED"] }] },
        { "token": "three", "olderThan": "60d", "destinations": [{ "file": "three.secret" }] },
    ]);
    let piped = served.folder.path().join("piped");
    let file: Value = serde_json::from_str(&file.to_string().replace("PIPED", piped.to_str().unwrap())).unwrap();
    let plan = with_file(&served, &file, &["--dry-run", "-o", "json"]);
    assert_eq!(by_name(&plan, "two")["strategy"], "replace");
    assert!(by_name(&plan, "three").is_null() && served.works(&one) && contents(&served, "one.secret") == one);

    let output = with_file(&served, &file, &["-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(contents(&served, "three.secret"), three, "it is not due");
    let new = [contents(&served, "one.secret"), contents(&served, "piped")];
    assert_eq!(contents(&served, ".env"), format!("LD={}\n", new[1]));
    assert!(new.iter().chain([&one, &two, &three]).all(|secret| served.works(secret)));
    let report = by_name(&output, "two");
    assert_eq!((&report["_id"], &report["strategy"]), (&two_id.into(), &"replace".into()));
    let replaced = served.json(&["get", report["newId"].as_str().unwrap()]);
    let lifetime = replaced["expiry"].as_i64().unwrap() - replaced["creationDate"].as_i64().unwrap();
    assert_eq!((lifetime + 60_000) / 86_400_000, 30, "{replaced}");
    let overlap = by_name(&output, "one")["oldExpires"].as_i64().unwrap() - replaced["creationDate"].as_i64().unwrap();
    assert_eq!((overlap + 600_000) / 3_600_000, 2, "{overlap}");

    // The next night, within the overlap.
    let output = with_file(&served, &file, &["-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(by_name(&output, "two")["wasResumed"], true);
    assert_eq!([contents(&served, "one.secret"), contents(&served, "piped")], new);
    let output = with_file(&served, &file, &[]);
    assert!(stderr(&output).contains("0 of 2 rotated; 2 were rotated before"), "{}", stderr(&output));
}

/// The path of a token's journal.
fn journal(served: &Served, id: &str) -> PathBuf {
    let host = fs::read_dir(served.folder.path().join("rotations")).unwrap().next().unwrap().unwrap().path();
    host.join(format!("{id}.json"))
}

/// Makes a token's rotation look as if it had been done long ago.
fn pass_time(served: &Served, id: &str) {
    let path = journal(served, id);
    let mut journal: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for time in ["oldEndsAt", "rotatedAt"] {
        journal[time] = 1_700_000_000_000_u64.into();
    }
    fs::write(&path, journal.to_string()).unwrap();
}

#[test]
fn a_due_replacement_is_rotated_in_the_run_that_ends_its_predecessor() {
    let served = Served::start();
    let (id, old) = token(&served, "one");
    let file = |age: &str| json!([{ "token": "one", "olderThan": age, "strategy": "replace", "destinations": [{ "file": "one.secret" }] }]);
    let first = with_file(&served, &file("0s"), &["-o", "json"]);
    let delivered = contents(&served, "one.secret");
    pass_time(&served, &id);
    let new = by_name(&first, "one")["newId"].clone();
    let plan = with_file(&served, &file("25d"), &["--dry-run", "-o", "json"]);
    assert_eq!(by_name(&plan, "one")["wouldDeliverTo"].as_array().unwrap().len(), 1, "{}", stdout(&plan));

    let output = with_file(&served, &file("25d"), &["-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = by_name(&output, "one");
    assert_eq!((&report["_id"], &report["wasResumed"]), (&new, &false.into()), "{report}");
    let secret = contents(&served, "one.secret");
    assert!(secret != delivered && served.works(&secret) && served.works(&delivered) && !served.works(&old));
    // The next is not due.
    assert!(with_file(&served, &file("25d"), &[]).status.success());
    assert_eq!(contents(&served, "one.secret"), secret);
}

/// Moves the server's clock.
fn advance(served: &Served, days: u64) {
    let host = served.url.strip_prefix("http://").unwrap();
    let body = format!("+{}", days * 86_400_000);
    let length = body.len();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!("PUT /admin/clock HTTP/1.1\r\nhost: {host}\r\nauthorization: {OWNER}\r\nconnection: close\r\n");
    stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

#[test]
fn a_replacement_that_has_expired_or_whose_file_has_moved_is_rotated() {
    let served = Served::start();
    for (place, days, words) in [("one.secret", 20, "does not work any more"), ("moved.secret", 2, "does not hold")] {
        token(&served, "one");
        let file = |age: &str, place: &str| {
            json!([{ "token": "one", "olderThan": age, "strategy": "replace", "lifetime": "10d",
                "destinations": [{ "file": place }] }])
        };
        let output = with_file(&served, &file("0s", "one.secret"), &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        advance(&served, days);
        if place != "one.secret" {
            fs::remove_file(served.folder.path().join("one.secret")).unwrap();
        }
        // Neither is due.
        let output = with_file(&served, &file("60d", place), &[]);
        assert!(output.status.success() && stderr(&output).contains(words), "{}", stderr(&output));
        assert!(served.works(&contents(&served, place)));
        let deleted = served.owner(&["delete", "--all-matching", "name=one", "--yes"]).output().unwrap();
        assert!(deleted.status.success(), "{}", stderr(&deleted));
    }
}

#[test]
fn a_damaged_journal_keeps_only_its_own_token_from_being_rotated() {
    let served = Served::start();
    let [(damaged, _), (_, other)] = ["damaged", "other"].map(|name| token(&served, name));
    let entry = |name: &str| json!({ "token": name, "olderThan": "0s", "destinations": [{ "file": format!("{name}.secret") }] });
    assert!(with_file(&served, &json!([entry("damaged")]), &[]).status.success());
    let held = contents(&served, "damaged.secret");
    fs::write(journal(&served, &damaged), "{").unwrap();
    let output = with_file(&served, &json!([entry("damaged"), entry("other")]), &[]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert!(stderr(&output).contains("it is not a journal"), "{}", stderr(&output));
    assert_ne!(contents(&served, "other.secret"), other);
    assert_eq!(contents(&served, "damaged.secret"), held);
    for flag in ["--finish", "--status"] {
        let output = rotate(&served, &[flag]).output().unwrap();
        assert!(!output.status.success() && stderr(&output).contains("it is not a journal"), "{}", stderr(&output));
    }
    // A pipe would be read for ever.
    #[cfg(unix)]
    {
        fs::remove_file(journal(&served, &damaged)).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(journal(&served, &damaged)).status().unwrap().success());
        let output = rotate(&served, &["--status"]).output().unwrap();
        assert!(stderr(&output).contains("it is not a regular file"), "{}", stderr(&output));
    }
    let output = rotate(&served, &["other", "--again", "--secret-to", "other.secret"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_token_of_the_file_that_is_gone_does_not_keep_the_others_from_being_rotated() {
    let served = Served::start();
    let (_, old) = token(&served, "there");
    let entry = |name: &str| json!({ "token": name, "olderThan": "0s", "destinations": [{ "file": format!("{name}.secret") }] });
    let output = with_file(&served, &json!([entry("gone"), entry("there")]), &[]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert!(stderr(&output).contains("name or ID `gone`"), "{}", stderr(&output));
    assert_ne!(contents(&served, "there.secret"), old);
    let output = with_file(&served, &json!([entry("gone")]), &[]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    // Nor is it forgotten if another fails.
    let failing = json!({ "token": "there", "olderThan": "0s", "destinations": [{ "command": ["false"] }] });
    for flag in ["--again", "--dry-run"] {
        let output = with_file(&served, &json!([entry("gone"), failing]), &[flag, "-o", "json"]);
        assert!(stderr(&output).contains("name or ID `gone`"), "{}", stderr(&output));
    }
}

#[test]
fn a_variable_that_is_not_there_keeps_only_its_own_token_from_being_rotated() {
    let served = Served::start();
    let [(id, _), (_, old)] = ["unset", "there"].map(|name| token(&served, name));
    let entry = |name: &str, place: Value| json!({ "token": name, "olderThan": "0s", "destinations": [place] });
    let unset = entry("unset", json!({ "envFile": { "path": ".env", "variable": "LD" } }));
    let file = json!([unset, entry("there", json!({ "file": "there.secret" }))]);
    for flag in ["--dry-run", "--overwrite"] {
        let output = with_file(&served, &file, &[flag, "-o", "json"]);
        assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(&format!("{id} (unset)")) && said.contains(".env is not there"), "{said}");
        assert_eq!(by_name(&output, "there")["strategy"], "reset");
    }
    assert_ne!(contents(&served, "there.secret"), old);
    let file = json!([unset, entry("gone", json!({ "file": "gone.secret" }))]);
    let output = with_file(&served, &file, &[]);
    assert_eq!(output.status.code(), Some(1), "nothing was done, for two reasons: {}", stderr(&output));
}

#[test]
fn a_file_of_rotations_with_a_mistake_is_refused_before_anything_is_rotated() {
    let served = Served::start();
    let (id, old) = token(&served, "one");
    let good = json!({ "token": "one", "olderThan": "0s", "destinations": [{ "file": "one.secret" }] });
    let with = |name: &str, value: Value| {
        let mut entry = good.clone();
        entry[name] = value;
        json!([good, entry])
    };
    let other =
        |token: &str, file: &str| json!({ "token": token, "olderThan": "0s", "destinations": [{ "file": file }] });
    let on = |token: &str, place: Value| json!({ "token": token, "olderThan": "0s", "destinations": [place] });
    let env = |variable: &str| json!({ "envFile": { "path": "sub/.env", "variable": variable } });
    // One file can have two names.
    fs::create_dir(served.folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("sub", served.folder.path().join("linked")).unwrap();
    for (file, words) in [
        (with("older", json!("1d")), "older"),
        (with("olderThan", json!("3m")), "min for minutes"),
        (with("strategy", json!("rotate")), "expected one of reset, replace"),
        (with("lifetime", json!("9d")), "needs `strategy: replace`"),
        (
            json!([{ "token": "one", "olderThan": "7d", "overlap": "30d", "destinations": [{ "file": "one.secret" }] }]),
            "overlap is longer",
        ),
        (with("destinations", json!([])), "no destination"),
        (
            with("destinations", json!([{ "envFile": { "path": "e", "variable": "A B" } }])),
            "a variable's name consists of",
        ),
        (with("token", json!("api-11111111-2222-3333-4444-555555555555")), "a secret was given"),
        (json!([good, other("one", "two.secret")]), "two rotations are of this token"),
        (json!([good, other(&id, "two.secret")]), "are one token"),
        (json!([good, other("two", "one.secret")]), "destination twice"),
        (json!([good, other("two", "sub/../one.secret")]), "destination twice"),
        (json!([other("one", "sub/new"), other("two", "linked/new")]), "destination twice"),
        (json!([good, on("two", env("A")), on("three", env("A"))]), "destination twice"),
        (json!([on("one", env("A")), other("two", "linked/.env")]), "destination twice"),
        (json!([good, other("two", "")]), "not the name of a file"),
        (json!([good, on("two", json!({ "command": [""] }))]), "needs a program"),
        (json!([good, on("two", json!({ "kubernetes": { "name": "B A D", "key": "k" } }))]), "`B A D` as the name"),
        (json!([good, on("two", json!({ "kubernetes": { "name": "ld", "key": "a/b" } }))]), "`a/b` as the key"),
        (
            json!([good, on("two", json!({ "kubernetes": { "namespace": "A", "name": "ld", "key": "k" } }))]),
            "`A` as the namespace",
        ),
    ] {
        let output = with_file(&served, &file, &["--overwrite"]);
        assert_eq!(output.status.code(), Some(2), "{file}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{words} in {}", stderr(&output));
    }
    refused(&with_file(&served, &json!([good]), &["--secret-to", "x"]), 2, &["--file says where"]);
    let mut at_once = good.clone();
    at_once["overlap"] = "0s".into();
    let asked = with_file(&served, &json!([at_once]), &[]);
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(["(one)", "use --yes"].iter().all(|words| stderr(&asked).contains(words)), "{}", stderr(&asked));
    assert_eq!(contents(&served, "one.secret"), old);
}

#[test]
fn the_status_shows_what_is_in_its_overlap_unfinished_over_and_due() {
    let served = Served::start();
    let empty = rotate(&served, &["--status"]).output().unwrap();
    assert!(empty.status.success() && stderr(&empty).contains("no rotation is unfinished"), "{}", stderr(&empty));
    let names = ["overlap", "unfinished", "over", "due", "young"];
    let [_, _, (over, _), _, (young, _)] = names.map(|name| token(&served, name));
    let rotated = rotate(&served, &["overlap", "--secret-to", "overlap.secret"]).output().unwrap();
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    let unfinished = rotate(&served, &["unfinished", "--secret-to-command", "exit 1"]).output().unwrap();
    assert_eq!(unfinished.status.code(), Some(11), "{}", stderr(&unfinished));
    let rotated = rotate(&served, &["over", "--strategy", "replace", "--secret-to", "over.secret"]).output().unwrap();
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    pass_time(&served, &over);

    let states = |more: &[&str], names: &[&str]| {
        let output = rotate(&served, &[&["--status", "-o", "json"], more].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        names.iter().map(|name| by_name(&output, name)["state"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&[], &names), ["overlap", "unfinished", "ended", "-", "-"]);
    assert_eq!(states(&["due", "young", "--older-than", "0s"], &names), ["-", "-", "-", "due", "due"]);
    assert_eq!(states(&["young", "--older-than", "60d"], &["young"]), ["not due"]);
    let entry = |name: &str, age: &str| json!({ "token": name, "olderThan": age, "destinations": [{ "file": format!("{name}.secret") }] });
    let file = json!([entry("overlap", "0s"), entry("due", "0s"), entry("young", "60d"), entry("gone", "0s")]);
    let output = with_file(&served, &file, &["--status", "-o", "json"]);
    assert_eq!(output.status.code(), Some(10), "one is gone: {}", stderr(&output));
    assert_eq!(
        ["overlap", "due", "young", "unfinished", "over"].map(|name| by_name(&output, name)["state"].clone()),
        ["overlap", "due", "not due", "unfinished", "ended"],
        "also what the file does not name"
    );
    let table = rotate(&served, &["--status"]).output().unwrap();
    for words in ["unfinished", "run the same command again", "--finish"] {
        assert!(stdout(&table).contains(words), "{words} in {}", stdout(&table));
    }
    let plan = rotate(&served, &["--finish", "--dry-run", "-o", "json"]).output().unwrap();
    assert_eq!(by_name(&plan, "over")["wouldDelete"], json!([over]));

    // What someone else did since.
    let replaced = ["young", "--strategy", "replace", "--secret-to", "young.secret"];
    assert!(rotate(&served, &replaced).output().unwrap().status.success());
    assert!(served.owner(&["delete", &young, "--yes"]).status().unwrap().success());
    for name in ["overlap", "unfinished"] {
        let reset = served.owner(&["reset", name, "--yes", "--secret-to-command", "cat >/dev/null"]).output().unwrap();
        assert!(reset.status.success(), "{}", stderr(&reset));
    }
    let output = rotate(&served, &["--status", "-o", "json"]).output().unwrap();
    for (name, words) in [("overlap", "reset since"), ("unfinished", "reset since"), ("young", "old token is gone")] {
        let row = by_name(&output, name);
        assert!(row["state"] == "changed" && row["change"].as_str().unwrap().contains(words), "{row}");
    }
}

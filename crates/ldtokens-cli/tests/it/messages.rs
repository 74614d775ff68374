//! Messages on standard error: results, waits, progress, and requests with `--verbose`.

use crate::pty::{Terminal, screen};
use crate::support::{Served, ldtokens, refused, stderr, stdout};

fn messages(served: &Served, arguments: &[&str]) -> String {
    let output = served.owner(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    without_account(served, &stderr(&output))
}

/// The lines without the account that each ends with.
fn without_account(served: &Served, text: &str) -> String {
    text.replace(&format!(" ({})\n", served.url), "\n")
}

#[test]
fn one_line_per_token_says_what_was_done() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let path = file("new");
    let created = messages(&served, &["create", "-n", "Export", "--role", "reader", "--secret-to", &path]);
    let id = served.json(&["get", "Export"])["_id"].as_str().unwrap().to_owned();
    let raw = stderr(&served.owner(&["update", &id, "--role", "writer"]).output().unwrap());
    assert_eq!(raw, format!("Updated {id} (Export) ({})\n", served.url), "a result names its account");
    served.json(&["update", &id, "--role", "reader"]);
    assert_eq!(created, format!("Created {id} (Export). Secret delivered to the file {path}\n"));

    let path = file("{id}");
    let reset = messages(&served, &["reset", &id, "--expires-at", "2090-01-31T12:00:00Z", "--secret-to", &path]);
    let path = file(&id);
    assert_eq!(
        reset,
        format!(
            "Reset {id} (Export). Secret delivered to the file {path}; the old one works until 2090-01-31T12:00:00Z\n"
        )
    );
    let reset = messages(&served, &["reset", &id, "--yes", "--secret-to-command", "cat > /dev/null"]);
    assert_eq!(reset, format!("Reset {id} (Export). Secret delivered to a command; the old one no longer works\n"));

    assert_eq!(messages(&served, &["update", &id, "--role", "writer"]), format!("Updated {id} (Export)\n"));
    let same = messages(&served, &["update", &id, "--role", "writer"]);
    assert_eq!(same, format!("No change to {id} (Export): it already has these values\n"));
    let (other, _) = served.create("other");
    assert_eq!(
        messages(&served, &["delete", "Export", &other, "--yes"]),
        format!(
            "Delete 2 tokens of {}:\n- Export, other\n- deleted tokens can't be restored\n2 of 2 deleted\n",
            served.url
        )
    );
}

#[test]
fn on_a_terminal_create_says_that_the_secret_is_shown_once() {
    let served = Served::start();
    let (status, shown) = Terminal::run(served.owner(&["create", "-n", "Export", "--role", "reader"])).end();
    assert_eq!(status, Some(0));
    let words: Vec<_> = shown.split_whitespace().collect();
    assert!(words.join(" ").contains("Store the secret now: it is not shown again"), "{shown}");
}

#[test]
fn progress_does_not_mix_with_records() {
    let served = Served::start();
    let ids = ["one", "two", "three"].map(|name| served.create(name).0);
    for arguments in [
        &["get", &ids[0], &ids[1], &ids[2], "-o", "ndjson"][..],
        &["update", &ids[0], &ids[1], &ids[2], "--role", "writer", "-q", "--yes"],
    ] {
        let (status, shown) = Terminal::sized(served.owner(arguments), 1000).end();
        assert_eq!(status, Some(0), "{shown}");
        assert!(shown.contains("ing: 1 of 3"), "{shown}");
        let lines = screen(&shown, 1000);
        let is_plan = |line: &str| ["3 of 3", "Update 3", "- "].iter().any(|start| line.starts_with(start));
        for line in lines.iter().filter(|line| !line.is_empty() && !is_plan(line)) {
            let is_record = line.starts_with('{') || ids.contains(line);
            assert!(is_record, "{line:?} in {shown:?}");
        }
    }
}

#[test]
fn the_error_names_a_missing_token() {
    let served = Served::start();
    let (id, _) = served.create("here");
    let gone = "0123456789abcdef01234567";
    for arguments in [&["get", gone][..], &["update", gone, "--role", "writer"], &["delete", gone, "--yes"]] {
        refused(&served.owner(arguments).output().unwrap(), 5, &[gone]);
    }
    for arguments in [&["get", &id, gone][..], &["delete", &id, gone], &["reset", gone, &id]] {
        let terminal = Terminal::run(served.owner(arguments));
        terminal.type_in("y\r");
        let (status, shown) = terminal.end();
        assert_ne!(status, Some(0));
        assert!(screen(&shown, 80).iter().any(|line| line.starts_with("error: ") && line.contains(gone)), "{shown}");
    }
}

#[test]
fn verbose_shows_method_url_status_and_time_of_each_request() {
    let served = Served::start();
    let shown = messages(&served, &["list", "-v"]);
    let (request, response) = shown.trim().split_once(" → ").unwrap_or_else(|| panic!("{shown}"));
    assert!(request.starts_with(&format!("GET {}/api/v2/tokens?", served.url)), "{shown}");
    assert!(response.starts_with("200 (") && response.ends_with(" ms)") && shown.lines().count() == 1, "{shown}");
    let gone = served.owner(&["get", "0123456789abcdef01234567", "-v"]).output().unwrap();
    assert!(stderr(&gone).contains("/api/v2/tokens/0123456789abcdef01234567 → 404 ("), "{}", stderr(&gone));
}

#[test]
fn a_wait_for_the_rate_limit_is_shown() {
    let served = Served::with(&["--fault", "getTokens status=429 retry-after=4 times=1"]);
    let output = served.owner(&["list"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("note: rate limited: waiting "), "{}", stderr(&output));

    let served = Served::with(&["--fault", "getTokens status=429 retry-after=4 times=1"]);
    let (status, shown) = Terminal::run(served.owner(&["list", "--no-color"])).end();
    assert_eq!(status, Some(0));
    assert!(shown.contains("rate limited: waiting "), "{shown}");
    assert!(screen(&shown, 80)[0].starts_with("ID "), "the line is removed: {shown}");
    // With JSON errors, standard error has only errors.
    let served = Served::with(&["--fault", "getTokens status=429 retry-after=4 times=1"]);
    served.json(&["list"]);
}

#[test]
fn a_search_by_name_or_filter_shows_progress() {
    let served = Served::with(&["--seed-tokens", "250"]);
    for arguments in [&["list", "-a", "-f", "name=nobody"][..], &["get", "nobody"]] {
        let (_, shown) = Terminal::run(served.owner(arguments)).end();
        assert!(shown.contains("200 tokens read"), "{shown}");
        assert!(!screen(&shown, 80).concat().contains("tokens read"), "{shown}");
    }
}

#[test]
fn the_demo_fits_a_terminal_of_80_columns() {
    let home = tempfile::tempdir().unwrap();
    let text = stdout(&ldtokens(&["demo"]).env("HOME", home.path()).output().unwrap());
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

//! The text of errors: one format, suggestions, wrapping, and JSON.

use serde_json::Value;

use crate::pty::Terminal;
use crate::support::{Served, ldtokens, refused, stderr, stdout};

#[test]
fn every_error_starts_with_error() {
    let served = Served::start();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/secret");
    for arguments in [
        &["get", "nobody"][..],
        &["list", "--colour"],
        &["list", "--columns", "id"],
        &["getToken"],
        &["frobnicate"],
        &["reset"],
        &["create", "--role", "reader", "--secret-to", missing.to_str().unwrap()],
        &[],
    ] {
        let output = served.owner(arguments).output().unwrap();
        let text = stderr(&output);
        let first = if arguments.is_empty() { text.lines().last() } else { text.lines().next() };
        assert!(first.unwrap().starts_with("error: "), "{arguments:?}: {text}");
        assert!(!text.contains("ldtokens: ") && !text.contains(".ldtokens-"), "{arguments:?}: {text}");
    }
}

#[test]
fn a_json_error_has_only_the_message() {
    for (arguments, message) in [
        (&["list", "--colour", "-o", "json"][..], "unexpected argument '--colour' found"),
        (&["list", "-ojson", "--limit", "0"], "invalid value '0' for '--limit <N>'"),
        (&["-o", "json", "frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["create", "-o=json"], "the following required arguments were not provided: <--role <ROLE>|--custom-role"),
    ] {
        let error: Value = serde_json::from_str(&stderr(&ldtokens(arguments).output().unwrap())).unwrap();
        let text = error["error"]["message"].as_str().unwrap();
        assert!(text.starts_with(message), "{text}");
        assert!(!text.contains("error:") && !text.contains("Usage") && !text.contains('\n'), "{text}");
    }
}

/// The tip of one who typed `report` must not be to reset tokens.
#[test]
fn no_command_that_ends_secrets_is_suggested_for_another_word() {
    for word in ["report", "revert", "remove", "rollback", "retire", "rename"] {
        let text = stderr(&ldtokens(&[word]).output().unwrap());
        for command in ["reset", "revoke", "rotate", "delete", "'rm'"] {
            assert!(!text.contains(command), "{word}: {text}");
        }
    }
    for (word, right) in [("delte", "'delete'"), ("rotat", "'rotate'"), ("lst", "'list'")] {
        assert!(stderr(&ldtokens(&[word]).output().unwrap()).contains(right), "{word}");
    }
}

#[test]
fn a_tip_says_what_to_type() {
    for (arguments, tip) in [
        (&["revoke", "build.log"][..], "`ldtokens revoke --scan build.log`"),
        (&["verify", "export.secret"], "`ldtokens verify --secret-from export.secret`"),
        (&["create", "Nightly export"], "`ldtokens create --name 'Nightly export'`"),
        (&["delete", "--all"], "`ldtokens delete --all-matching CONDITION`"),
        (&["delete", "--filter", "name~x"], "`ldtokens delete --all-matching CONDITION`"),
        (&["delete", "--unused-for", "90d"], "`ldtokens list -a -q --unused-for ... | ldtokens delete -`"),
        (&["delete", "x", "--force"], "`--yes`"),
        (&["list", "--all"], "`ldtokens list --show-all`"),
        (&["list", "--all-matching", "name~x"], "`ldtokens list --filter CONDITION`"),
        (&["list", "--json"], "`-o json`"),
        (&["get", "x", "--format", "json"], "`--output FORMAT`"),
        (&["list", "Export"], "`ldtokens get Export`"),
    ] {
        let text = stderr(&ldtokens(arguments).output().unwrap());
        assert!(text.contains(tip) && !text.contains("Usage"), "{arguments:?}: {text}");
    }
}

#[test]
fn a_misspelled_word_gets_a_suggestion() {
    for (arguments, right) in [
        (&["list", "--columns", "id"][..], "did you mean `_id`?"),
        (&["list", "--sort", "lastused"], "did you mean `lastUsed`?"),
        (&["list", "--columns", "_member.emial"], "did you mean `_member.email`?"),
        (&["lst"], "'list'"),
        (&["list", "--colums", "_id"], "'--columns'"),
        (&["create", "--role", "readr"], "'reader'"),
    ] {
        let text = stderr(&ldtokens(arguments).output().unwrap());
        assert!(text.contains(right), "{arguments:?}: {text}");
    }
}

#[test]
fn on_a_terminal_messages_wrap_between_words() {
    let served = Served::start();
    for columns in [40, 80] {
        let (_, shown) = Terminal::sized(served.owner(&["get", "nobody"]), columns).end();
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert!(lines.len() > 1, "{shown}");
        let whole = stderr(&served.owner(&["get", "nobody"]).output().unwrap());
        let words: Vec<&str> = whole.split_whitespace().collect();
        for line in lines {
            let line = line.replace("\u{1b}[1m", "").replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
            assert!(line.chars().count() <= usize::from(columns), "{line}");
            assert!(line.split_whitespace().all(|word| words.contains(&word)), "{line} of {whole}");
        }
    }
}

#[test]
fn color_flags_turn_colors_on_and_off() {
    let served = Served::start();
    let has_colors = |text: &str| text.contains('\u{1b}');
    for (flags, in_a_pipe, on_a_terminal) in [
        (&[][..], false, true),
        (&["--color", "auto"], false, true),
        (&["--color=always"], true, true),
        (&["--color", "never"], false, false),
        (&["--color=always", "--no-color"], false, false),
    ] {
        for arguments in [&["list"][..], &["--help"], &["list", "--colour"]] {
            let arguments = [arguments, flags].concat();
            let output = served.owner(&arguments).output().unwrap();
            assert_eq!(has_colors(&(stdout(&output) + &stderr(&output))), in_a_pipe, "{arguments:?}");
            let (_, shown) = Terminal::run(served.owner(&arguments)).end();
            assert_eq!(has_colors(&shown), on_a_terminal, "{arguments:?}: {shown:?}");
        }
    }
}

#[test]
fn a_misspelled_name_of_a_token_gets_a_suggestion() {
    let served = Served::start();
    served.create("Nightly export");
    for word in ["nightly export", "Nightly exprot", "Nightly expor"] {
        let output = served.owner(&["delete", word, "--yes"]).output().unwrap();
        refused(&output, 5, &["no token", "did you mean `Nightly export`?"]);
    }
    let other = served.owner(&["get", "Daily import"]).output().unwrap();
    assert!(!stderr(&other).contains("did you mean"), "{}", stderr(&other));
    assert_eq!(served.json(&["list", "-f", "name=Nightly export"]).as_array().unwrap().len(), 1);
}

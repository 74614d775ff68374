//! The README, the manual and the help describe the command as it is.

use crate::support::{ldtokens, shell, stderr, stdout};

const README: &str = include_str!("../../../../README.md");

const MANUAL: &str = include_str!("../../../../docs/command.md");

const BASH_CLIENT: &str = include_str!("../../../../docs/bash-client.md");

#[test]
fn help_and_manual_list_the_exit_statuses() {
    for flag in ["help", "--help"] {
        let help = stdout(&ldtokens(&[flag]).output().unwrap());
        let (_, statuses) = help.split_once("Exit status:\n").unwrap();
        let mut count = 0;
        for line in statuses.lines().take_while(|line| !line.trim().is_empty()) {
            let (number, meaning) = line.trim().split_once(' ').unwrap();
            assert!(MANUAL.contains(&format!("| {number} | {} |", meaning.trim())), "the manual lacks: {line}");
            count += 1;
        }
        assert_eq!(count, 18, "{flag}");
    }
}

/// Operations parse their own parameters and bodies, so clap does not check them.
#[test]
fn the_examples_of_the_bash_client_page_are_valid_requests() {
    let home = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = BASH_CLIENT
        .lines()
        .filter(|line| line.contains("ldtokens ") && !line.contains('`') && !line.starts_with('|'))
        .collect();
    assert!(lines.len() >= 4, "{lines:?}");
    for line in lines {
        let output = shell(&line.replacen("ldtokens ", "ldtokens --dry-run ", 1), home.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        assert!(stdout(&output).contains("curl "), "{line}: {}", stdout(&output));
    }
}

/// Runs the README's commands that need no account, line by line.
#[test]
fn the_readme_examples_that_need_no_account_run() {
    let home = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = README.lines().filter(|line| line.starts_with("ldtokens --local ")).collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for line in lines {
        let output = shell(line, home.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
    }
    for file in ["export.secret", "export.new-secret"] {
        assert!(std::fs::read_to_string(home.path().join(file)).unwrap().starts_with("api-"));
    }
}

#[test]
fn bare_and_short_help_fit_on_a_screen_and_only_long_help_has_the_shared_options() {
    for (arguments, status) in [(&[][..], 2), (&["-h"], 0)] {
        let output = ldtokens(arguments).output().unwrap();
        let text = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.lines().count() <= 34 && text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(text.contains("delete") && text.contains("getTokens") && text.contains("completions"), "{text}");
    }
    let (short, long) = (["list", "-h"], ["list", "--help"]);
    let [short, long] = [short, long].map(|arguments| stdout(&ldtokens(&arguments).output().unwrap()));
    for option in ["--token-file", "--profile", "--dry-run", "--color"] {
        assert!(!short.contains(option) && long.contains(option), "{option}");
    }
    assert!(short.lines().count() <= 50, "{short}");
}

#[test]
fn man_prints_the_page_of_a_command_and_makes_no_folder_of_a_typo() {
    let folder = tempfile::tempdir().unwrap();
    let man = |what: &str| ldtokens(&["man", what]).current_dir(folder.path()).output().unwrap();
    assert!(stdout(&man("list")).contains(".SH NAME\nldtokens\\-list"), "{}", stdout(&man("list")));
    let typo = man("lsit");
    assert_eq!((typo.status.code(), stdout(&typo)), (Some(2), String::new()));
    assert!(stderr(&typo).contains("did you mean `list`?"), "{}", stderr(&typo));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(man("./pages").status.success() && folder.path().join("pages/ldtokens-list.1").exists());
}

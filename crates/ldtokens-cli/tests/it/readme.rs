//! What the README says of the command is so.

use std::path::Path;

use crate::support::{ldtokens, shell, stderr, stdout};

const README: &str = include_str!("../../../../README.md");

const MANUAL: &str = include_str!("../../../../docs/command.md");

const BASH_CLIENT: &str = include_str!("../../../../docs/bash-client.md");

#[test]
fn statuses_are_in_both_helps_and_in_the_manual_as_the_program_has_them() {
    for flag in ["-h", "--help"] {
        let help = stdout(&ldtokens(&[flag]).output().unwrap());
        let (_, statuses) = help.split_once("Exit status:\n").unwrap();
        let mut count = 0;
        for line in statuses.lines().take_while(|line| !line.trim().is_empty()) {
            let (number, meaning) = line.trim().split_once(' ').unwrap();
            assert!(MANUAL.contains(&format!("| {number} | {} |", meaning.trim())), "the manual lacks: {line}");
            count += 1;
        }
        assert_eq!(count, 13, "{flag}");
    }
}

#[test]
fn each_feature_of_the_bash_clients_has_a_test_that_there_is() {
    let (_, table) = BASH_CLIENT.split_once("| the Bash client | ldtokens | shown by |").unwrap();
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let test = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap().trim_matches('`');
        let (module, name) = test.split_once("::").unwrap_or_else(|| panic!("{row}"));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(format!("{module}.rs"));
        let source = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(source.contains(&format!("#[test]\nfn {name}()")), "there is no test {test}");
    }
}

/// The commands of the README that need no account, line by line, as someone would type them.
#[test]
fn what_needs_no_account_runs_as_it_is_written() {
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

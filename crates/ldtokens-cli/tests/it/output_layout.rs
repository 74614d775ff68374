//! The layout of the output: one object or a list, one field, aligned tables, several sort keys.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::pty::Terminal;
use crate::support::{Served, refused, stderr, stdout, with_stdin};

fn printed(served: &Served, arguments: &[&str]) -> String {
    let output = served.owner(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn one_token_is_an_object_and_several_are_a_list() {
    let served = Served::start();
    let (first, _) = served.create("first");
    let (second, _) = served.create("second");
    assert_eq!(served.json(&["get", "first"])["_id"], first.as_str());
    assert_eq!(served.json(&["get", "first", &second])[1]["_id"], second.as_str());
    assert_eq!(served.json(&["update", "first", "--description", "x"])["description"], "x");
    assert!(served.json(&["create", "--role", "reader", "--secret-to", "-"])["token"].is_string());
    let listed = with_stdin(served.owner(&["get", "-", "-o", "json"]), &first);
    assert_eq!(
        serde_json::from_slice::<Value>(&listed.stdout).unwrap()[0]["_id"],
        first.as_str(),
        "the number of tokens on standard input is not known"
    );
    let yaml: Value = serde_saphyr::from_str(&printed(&served, &["get", "first", "-o", "yaml"])).unwrap();
    assert_eq!(yaml["_id"], first.as_str());
    let missing = served.owner(&["get", "0123456789abcdef01234567", "-o", "json"]).output().unwrap();
    assert_eq!((missing.status.code(), stdout(&missing).as_str()), (Some(5), ""));
}

#[test]
fn several_tokens_are_a_table_and_one_is_shown_in_full() {
    let served = Served::start();
    served.create("first");
    served.create("second");
    let several = printed(&served, &["get", "first", "second"]);
    assert!(several.starts_with("ID ") && several.lines().count() == 3, "{several}");
    assert!(printed(&served, &["get", "first"]).lines().count() > 6);
}

#[test]
fn output_value_prints_one_value_per_line() {
    let served = Served::start();
    let (id, _) = served.create("first");
    assert_eq!(printed(&served, &["get", "first", "--columns", "_id", "-o", "value"]), format!("{id}\n"));
    assert_eq!(printed(&served, &["list", "-f", "name=first", "--columns", "lastUsed", "-ovalue"]), "\n", "never");
    assert_eq!(printed(&served, &["list", "--columns", "role", "-o", "value", "-f", "role=reader"]), "reader\n");
    // Otherwise `delete -` would read another token's name.
    served.create("first\nsecond");
    let names = ["list", "-f", "name~second", "--columns", "name", "-o", "value"];
    assert_eq!(printed(&served, &names), "first\\nsecond\n");
    for arguments in [&["list", "-o", "value"][..], &["list", "-o", "value", "--columns", "_id,name"]] {
        refused(&served.owner(arguments).output().unwrap(), 2, &["--columns _id"]);
    }
    refused(&served.owner(&["getTokens", "-o", "value"]).output().unwrap(), 2, &["ldtokens get"]);
}

#[test]
fn no_headers_omits_the_header_line() {
    let served = Served::start();
    let (id, _) = served.create("first");
    let made = ["list", "-f", "role=reader", "--columns", "_id,name", "--no-headers"];
    assert_eq!(printed(&served, &made), format!("{id}  first\n"));
    assert_eq!(printed(&served, &[&made[..], &["-o", "csv"]].concat()), format!("{id},first\n"));
    let none = ["list", "-f", "name=nobody", "--no-headers", "-o"];
    assert_eq!(
        printed(&served, &[&none[..], &["csv"]].concat()) + &printed(&served, &[&none[..], &["table"]].concat()),
        ""
    );
}

#[test]
fn a_second_sort_key_breaks_ties() {
    let served = Served::start();
    for (name, role) in [("b", "reader"), ("a", "writer"), ("c", "reader"), ("d", "writer")] {
        served.json(&["postToken", &format!("name=={name}"), &format!("role=={role}")]);
    }
    let sorted = |keys: &[&str]| {
        let arguments = ["list", "-f", "role!=admin", "--columns", "name", "-o", "value"];
        printed(&served, &[&arguments[..], keys].concat()).replace('\n', "")
    };
    assert_eq!(sorted(&["--sort", "role,name"]), "bcad");
    assert_eq!(sorted(&["--sort", "-role,-name"]), "dacb");
    assert_eq!(sorted(&["--sort", "role", "--sort=-name"]), "cbda");
}

#[test]
fn all_rows_of_a_long_table_are_aligned() {
    let served = Served::with(&["--seed-tokens", "60"]);
    served.create("the last one has a name that is far longer than any other, and a table that was sized by its first rows shifts");
    served.json(&["postToken", "name==many roles", "customRoleIds:=[\"a-rather-long-role-key\",\"b\",\"c\"]"]);
    let piped = printed(&served, &["list", "-a"]);
    let (status, shown) = Terminal::sized(served.owner(&["list", "-a", "--no-color"]), 130).end();
    assert_eq!(status, Some(0));
    for table in [piped, shown] {
        let lines: Vec<Vec<char>> = table.lines().map(|line| line.trim_end().chars().collect()).collect();
        let head: String = lines[0].iter().collect();
        for title in ["NAME", "ACCESS", "KIND", "SECRET", "LAST USED"] {
            let at = head.find(title).unwrap();
            for line in &lines {
                let line_is_aligned =
                    line.get(at - 1).is_none_or(|letter| *letter == ' ') && line.get(at) != Some(&' ');
                assert!(line_is_aligned, "{title} in {}\n{table}", line.iter().collect::<String>());
            }
        }
    }
}

/// The second page is delayed by ten minutes.
#[test]
fn on_a_terminal_a_long_table_prints_rows_before_the_last_page() {
    let served = Served::with(&["--seed-tokens", "1000", "--fault", "getTokens delay=600000 after=1"]);
    let mut terminal = Terminal::run(served.owner(&["list", "-a"]));
    terminal.expect("ID ");
    terminal.expect("reader");
}

#[test]
fn a_table_fits_the_terminal_without_cutting_ids() {
    let served = Served::start();
    let long = "a name that goes on and on, longer than any terminal is wide, as people like to write";
    let ids = [served.create(long).0, served.create("名前名前名前名前名前名前名前名前名前名前").0];
    for columns in [24, 30, 40, 60, 80, 120] {
        let (status, shown) = Terminal::sized(served.owner(&["list", "--no-color"]), columns).end();
        assert_eq!(status, Some(0), "{shown}");
        for line in shown.lines() {
            assert!(line.width() <= usize::from(columns), "{columns}: {line:?}");
        }
        for id in &ids {
            assert!(shown.contains(id.as_str()), "{columns}: {shown}");
        }
        assert_eq!(shown.contains("LAST USED"), columns >= 80, "{columns}: {shown}");
    }
    // In a pipe nothing is cut.
    assert!(stdout(&served.owner(&["list"]).output().unwrap()).contains(long));
}

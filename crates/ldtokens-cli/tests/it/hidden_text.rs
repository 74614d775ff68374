//! Control and invisible characters in a token's name: escaped on a terminal, unchanged for programs.
//!
//! The characters that change the direction of text are those of Unicode's `Bidi_Control` (UAX #9).

use serde_json::Value;

use crate::pty::Terminal;
use crate::support::{Served, stderr, stdout};

/// Bidirectional controls, invisible characters, unusual line ends, and terminal controls.
const HIDDEN: &str = "\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\
    \u{2068}\u{2069}\u{feff}\u{ad}\u{1b}\u{9b}\u{7f}";

/// The characters that a terminal would obey or hide, except the binary's colors.
fn obeyed(shown: &str) -> Vec<char> {
    let shown = shown.replace("\u{1b}[K", "").replace("\u{1b}[0m", "");
    let shown = shown.replace("\u{1b}[1m", "").replace("\u{1b}[31m", "").replace("\u{1b}[36m", "");
    shown.chars().filter(|letter| HIDDEN.contains(*letter)).collect()
}

#[test]
fn on_a_terminal_invisible_characters_are_escaped_in_output_and_questions() {
    let served = Served::start();
    let name = format!("a{HIDDEN}b");
    let (id, _) = served.create(&name);
    let value = ["get", &id, "--columns", "name", "-o", "value"];
    let error = ["get", "no\u{202e}body"];
    let mut commands = vec![
        vec!["list"],
        vec!["get", &id],
        vec!["update", &id, "--name", "x", "--dry-run"],
        value.to_vec(),
        error.to_vec(),
        vec!["update", &id, "--role", "writer"],
    ];
    for format in ["json", "ndjson", "yaml", "csv"] {
        commands.push(vec!["list", "-o", format]);
        commands.push(vec!["getTokens", "-o", format]);
        commands.push(vec!["get", &id, "-o", format]);
        commands.push(vec!["get", "no\u{202e}body", "-o", format]);
    }
    for arguments in commands {
        let (_, shown) = Terminal::sized(served.owner(&arguments), 400).end();
        assert_eq!(obeyed(&shown), Vec::<char>::new(), "{arguments:?}: {shown:?}");
        assert!(shown.to_lowercase().contains("202e"), "it is escaped, not omitted: {arguments:?}: {shown:?}");
    }
    let mut terminal = Terminal::sized(served.owner(&["delete", &id]), 400);
    let question = terminal.expect("[y/N] ");
    assert!(obeyed(&question).is_empty() && question.contains("\\u{202e}"), "{question:?}");
    terminal.type_in("y\r");
    let (_, shown) = terminal.end();
    assert!(obeyed(&shown).is_empty() && shown.contains("Deleted "), "{shown:?}");
}

#[test]
fn piped_output_keeps_invisible_characters() {
    let served = Served::start();
    let name = format!("a{HIDDEN}b");
    let (id, _) = served.create(&name);
    let piped = |arguments: &[&str]| {
        let output = served.owner(arguments).output().unwrap();
        assert_eq!(stderr(&output), "");
        stdout(&output)
    };
    assert_eq!(served.json(&["get", &id])["name"], name.as_str());
    let ndjson: Value = serde_json::from_str(piped(&["get", &id, "-o", "ndjson"]).trim()).unwrap();
    assert_eq!(ndjson["name"], name.as_str());
    let yaml: Value = serde_saphyr::from_str(&piped(&["get", &id, "-o", "yaml"])).unwrap();
    assert_eq!(yaml["name"], name.as_str());
    let csv = piped(&["get", &id, "--columns", "name", "-o", "csv"]);
    let record = csv::Reader::from_reader(csv.as_bytes()).records().next().unwrap().unwrap();
    assert_eq!(&record[0], name);
    assert_eq!(piped(&["get", &id, "--columns", "name", "-o", "value"]), format!("{name}\n"));
    // Such a name can be used on the command line.
    assert_eq!(piped(&["get", &name, "-q"]), format!("{id}\n"));
}

//! The output in every format.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Served, refused, stderr, stdout};

const MACHINE: [&str; 4] = ["json", "ndjson", "yaml", "csv"];

fn lines(served: &Served, arguments: &[&str]) -> Vec<String> {
    let output = served.owner(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    let lines = stdout(&output);
    let is_none_said = stderr(&output).starts_with("note: no token matches ");
    assert!(
        stderr(&output).is_empty() || lines.lines().count() <= 1 && is_none_said,
        "{arguments:?}: {}",
        stderr(&output)
    );
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn json_and_yaml_have_the_same_values_and_csv_has_them_flattened() {
    let served = Served::start();
    served.create("comma, \"quote\"\nand line");
    served.create("plain");
    let mut expected = served.json(&["getTokens"])["items"].clone();
    // Each request changes `lastUsed` of the token in use.
    expected.as_array_mut().unwrap().retain(|token| token["role"] == "reader");
    // The API's value for a token that was never used (fact 9). Verbs omit it.
    for token in expected.as_array_mut().unwrap() {
        assert_eq!(token.as_object_mut().unwrap().shift_remove("lastUsed"), Some(0.into()));
    }
    let text = |format: &str| {
        stdout(&served.owner(&["list", "--filter", "role=reader", "--output", format]).output().unwrap())
    };

    assert_eq!(serde_json::from_str::<Value>(&text("json")).unwrap(), expected);
    let objects: Vec<Value> = text("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(objects), expected);
    assert_eq!(serde_saphyr::from_str::<Value>(&text("yaml")).unwrap(), expected);

    let csv = text("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for (record, token) in records.iter().zip(expected.as_array().unwrap()) {
        for (name, cell) in head.iter().zip(record) {
            let value = match name.strip_prefix("member_") {
                Some(part) => token["_member"].get(part).or_else(|| token["_member"].get(format!("_{part}"))),
                None => token.get(name),
            };
            match value {
                None => assert_eq!(cell, "", "{name}"),
                Some(Value::String(text)) => assert_eq!(cell, text, "{name}"),
                Some(Value::Array(items)) => assert_eq!((cell, items.len()), ("", 0), "{name}"),
                Some(time) if name.ends_with("Date") || name.starts_with("last") => {
                    let (seconds, year) = (time.as_i64().unwrap() / 1000, cell[..4].parse::<i64>().unwrap());
                    assert!(cell.ends_with('Z') && (seconds / 31_557_600 + 1970 - year).abs() <= 1, "{name}: {cell}");
                }
                Some(other) => assert_eq!(serde_json::from_str::<Value>(cell).unwrap(), *other, "{name}"),
            }
        }
    }
    assert!(head.iter().any(|name| name == "member_email") && !csv.contains('{'), "{csv}");
    assert_eq!(records.len(), expected.as_array().unwrap().len());
}

#[test]
fn times_and_formulas_in_csv_are_written_as_asked() {
    let served = Served::start();
    served.create("=1+1");
    served.create("-x");
    let list = |flags: &[&str]| {
        let made = ["list", "-f", "role=reader", "--columns", "name,creationDate,email", "--no-headers"];
        lines(&served, &[&made[..], flags].concat())
    };
    let plain = list(&["-o", "csv"]);
    assert!(plain[0].starts_with("=1+1,20") && plain[0].ends_with("Z,owner@example.com"), "{plain:?}");
    let safe = list(&["-o", "csv", "--csv-safe", "--times", "unix"]);
    assert!(safe[0].starts_with("'=1+1,1") && safe[1].starts_with("'-x,1"), "{safe:?}");
    assert!(list(&["--times", "iso"])[0].contains("Z  "), "a table has dates if asked");
    assert!(list(&["-o", "ndjson", "--times", "iso"])[0].contains(r#"Z","_member.email""#));
    let whole = served.json(&["get", "=1+1", "--times", "iso"]);
    assert!(whole["creationDate"].as_str().unwrap().ends_with('Z'), "{whole}");
    refused(&served.owner(&["list", "--csv-safe"]).output().unwrap(), 2, &["--output csv"]);
}

#[test]
fn every_command_that_offers_csv_prints_it() {
    let served = Served::start();
    for command in [&["config"][..], &["config", "list"], &["whoami"]] {
        let csv = lines(&served, &[command, &["-o", "csv"]].concat());
        assert!(!csv.concat().contains(['{', '[']), "{command:?}: {csv:?}");
        refused(&served.owner(&[command, &["-o", "value"]].concat()).output().unwrap(), 2, &["--columns"]);
    }
    let verified = crate::support::with_stdin(served.owner(&["verify", "-o", "csv"]), crate::support::OWNER);
    let csv = stdout(&verified);
    assert!(csv.starts_with("works,lastFour,") && csv.contains(",token_name,") && csv.contains("\ntrue,"), "{csv}");
}

#[test]
fn a_table_of_all_tokens_says_whose_they_are_and_when_they_expire() {
    let served = Served::start();
    served.create("x");
    let head = |flags: &[&str]| lines(&served, &[&["list"], flags].concat())[0].clone();
    assert!(!head(&[]).contains("OWNER") && !head(&[]).contains("EXPIRES"), "{}", head(&[]));
    assert!(head(&["-a"]).contains("OWNER") && head(&["-a"]).contains("CREATED"), "{}", head(&["-a"]));
    let rows = lines(&served, &["list", "-a", "-f", "owner=owner@example.com"]);
    assert!(rows.len() == 3 && rows[1].contains("owner@example.com"), "{rows:?}");
    served.json(&["create", "--role", "reader", "-n", "trial", "--expires-in", "90d", "--secret-to", "-"]);
    assert!(head(&[]).contains("EXPIRES"), "{}", head(&[]));
    let rows = lines(&served, &["list", "-f", "name=trial"]);
    assert!(rows[1].contains("in 2 months") || rows[1].contains("in 3 months"), "{rows:?}");
}

#[test]
fn an_empty_list_is_valid_in_every_format() {
    let served = Served::start();
    let none =
        |format: &str| stdout(&served.owner(&["list", "-f", "name=nobody", "--output", format]).output().unwrap());
    assert_eq!(none("json"), "[]\n");
    assert_eq!(none("yaml"), "[]\n");
    assert_eq!(none("ndjson"), "");
    assert!(none("csv").starts_with("_id,"));
    assert!(none("table").starts_with("ID  NAME"), "{}", none("table"));
    assert_eq!(lines(&served, &["list", "-f", "name=nobody", "-q"]), [""; 0]);
}

#[test]
fn columns_filter_sort_and_limit_select_what_is_printed() {
    let served = Served::start();
    for name in ["b", "C", "a"] {
        served.create(name);
    }
    let list = |flags: &[&str]| lines(&served, &[&["list", "--columns", "name", "--output", "csv"], flags].concat());
    let made = ["-f", "role=reader"];
    assert_eq!(list(&made), ["name", "b", "C", "a"]);
    assert_eq!(list(&[&made[..], &["--sort", "name"]].concat()), ["name", "a", "b", "C"]);
    assert_eq!(list(&[&made[..], &["--sort=-name", "--limit", "2"]].concat()), ["name", "C", "b"]);
    assert_eq!(list(&[&made[..], &["-f", "name!=b", "--limit", "1"]].concat()), ["name", "C"]);
    assert_eq!(list(&["-f", "lastUsed>2020-01-01", "--sort", "name"]), ["name", "Owner"]);
    assert_eq!(list(&["-f", "lastUsed=", "-f", "creationDate>=2020-01-01", "--sort", "name"]), ["name", "a", "b", "C"]);

    let ids = lines(&served, &["list", "-q", "-f", "name=b"]);
    assert_eq!(ids, [served.json(&["get", "b"])["_id"].as_str().unwrap()]);
    let object = served.json(&["list", "-f", "name=b", "--columns", "name,access,kind,_member.email,lastUsed"]);
    assert_eq!(
        object,
        serde_json::json!([{
            "name": "b", "access": "reader", "kind": "personal", "_member.email": "owner@example.com", "lastUsed": null
        }])
    );
    for flags in [
        ["--columns", "id"],
        ["--sort", "colour"],
        ["--filter", "role"],
        ["--filter", "lastUsed<soon"],
        ["--limit", "0"],
        ["--output", "xml"],
    ] {
        let output = served.owner(&["list", flags[0], flags[1]]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(flags[1]) && stdout(&output).is_empty(), "{flags:?}: {}", stderr(&output));
    }
}

#[test]
fn operations_print_every_format() {
    let served = Served::start();
    let (id, _) = served.create("x");
    let by_id = format!("tokenId={id}");
    for format in MACHINE {
        let one = lines(&served, &["getToken", &by_id, "--output", format]);
        assert!(one.iter().any(|line| line.contains(&id)), "{format}: {one:?}");
        let all = lines(&served, &["getTokens", "--output", format]);
        assert!(all.iter().any(|line| line.contains(&id)), "{format}: {all:?}");
    }
    let mut command = served.owner(&["getToken", &by_id]);
    let output = command.env("LD_OUTPUT", "json").output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["_id"], id.as_str());
    let mut command = served.owner(&["getToken", &by_id, "--output", "yaml"]);
    assert!(stdout(&command.env("LD_OUTPUT", "json").output().unwrap()).contains("name: x\n"), "a flag has priority");
    let mut command = served.owner(&["getToken", &by_id]);
    assert!(stdout(&command.env("LD_OUTPUT", "plaintext").output().unwrap()).starts_with("id "));
    let mut command = served.owner(&["getToken", &by_id]);
    refused(&command.env("LD_OUTPUT", "xml").output().unwrap(), 2, &["LD_OUTPUT"]);
}

#[test]
fn a_table_in_a_pipe_is_not_cut_and_has_no_colors() {
    let served = Served::start();
    let long = "n".repeat(200);
    served.create(&long);
    served.create("\u{1b}[31mred");
    let table = lines(&served, &["list"]);
    assert!(table[0].starts_with("ID ") && table[0].contains("LAST USED"), "{}", table[0]);
    assert!(table.iter().any(|line| line.contains(&long)), "nothing is cut");
    assert!(!table.concat().contains('\u{1b}'), "control characters in a name are escaped");
    let ages = lines(&served, &["list", "--columns", "name,creationDate,lastUsed", "-f", "name~red"]);
    assert!(ages[1].ends_with("just now  never"), "{ages:?}");
}

#[test]
fn a_check_that_does_not_read_all_tokens_says_that_more_may_match() {
    let served = Served::start();
    for name in ["b", "C", "a"] {
        served.create(name);
    }
    let list = ["list", "-q", "-f", "role=reader", "--fail-if-any"];
    let check = |flags: &[&str], to: Stdio, words: &str| {
        let output = served.owner(&[&list[..], flags].concat()).stdout(to).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(13), format!("error: {words}\n")), "{flags:?}");
    };
    for (flags, words) in [
        (&[][..], "3 tokens match"),
        (&["--sort", "name", "--limit", "2"], "3 tokens match"),
        (&["--limit", "2"], "at least 2 tokens match"),
        (&["--limit", "1"], "at least 1 token matches"),
    ] {
        check(flags, Stdio::piped(), words);
    }
    let (_, nobody_reads) = std::io::pipe().unwrap();
    check(&[], nobody_reads.into(), "at least 1 token matches");
}

/// The second page is delayed by ten minutes, so rows that are printed did not wait for it.
#[test]
fn a_long_list_prints_rows_before_the_last_page() {
    // A table in a pipe waits for all rows, to align them. On a terminal it does not.
    for format in ["json", "ndjson", "yaml", "csv"] {
        let served = Served::with(&["--seed-tokens", "1000", "--fault", "getTokens delay=600000 after=1"]);
        let mut list = served.owner(&["list", "-a", "--output", format]);
        let mut list = list.stderr(Stdio::null()).spawn().unwrap();
        let fourth = BufReader::new(list.stdout.take().unwrap()).lines().nth(3).unwrap().unwrap();
        assert!(!fourth.is_empty(), "{format}");
        list.kill().unwrap();
        list.wait().unwrap();
    }
}

/// A typical clean-up. The ages of the tokens are from the account file.
#[test]
fn unused_for_includes_old_tokens_that_were_never_used() {
    let served = Served::start();
    for name in ["new", "used"] {
        served.create(name);
    }
    let names = |flags: &[&str]| {
        let mut names =
            lines(&served, &[&["list", "--columns", "name", "--output", "csv", "--sort", "name"], flags].concat());
        names.remove(0);
        names
    };
    assert_eq!(names(&["-f", "lastUsed=never"]), ["new", "used"]);
    // The owner's token is used by the request itself.
    assert_eq!(names(&["--unused-for", "0s"]), ["new", "used"]);
    assert_eq!(names(&["--unused-for", "1d"]), [""; 0], "a new token does not count as unused for a day");
    assert_eq!(names(&["--older-than", "0s"]), ["new", "Owner", "used"]);
    assert_eq!(names(&["--older-than", "1d"]), [""; 0]);
    assert_eq!(names(&["--last-used-before", "2020-01-01"]), [""; 0]);
    assert_eq!(names(&["--last-used-before", "2100-01-01", "-f", "name=new"]), ["new"]);
    for (flags, words) in [
        (["--unused-for", "90"], "90d"),
        (["--unused-for", "-90d"], "negative"),
        (["--older-than", "2026-01-01"], "length of time"),
        (["--last-used-before", "90d"], "a date like"),
        (["--filter", "lastUsed<90d"], "--unused-for 90d"),
        (["--filter", "role=readr"], "did you mean `reader`"),
    ] {
        let output = served.owner(&["list", flags[0], flags[1]]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(words) && stdout(&output).is_empty(), "{flags:?}: {}", stderr(&output));
    }
}

#[test]
fn a_format_that_a_command_does_not_have_is_refused_before_a_request() {
    let served = Served::start();
    for (arguments, words) in [
        (
            &["rotate", "x", "--secret-to", "f", "-o", "csv"][..],
            &["`ldtokens rotate` has no --output csv", "ndjson"][..],
        ),
        (&["revoke", "-o", "value"], &["`ldtokens revoke`", "--columns"]),
        (&["inventory", "-o", "yaml"], &["it has table, json"]),
        (&["plan", "tokens.yaml", "-o", "html"], &["`ldtokens audit` has it", "markdown"]),
        (&["getTokens", "-o", "markdown"], &["`ldtokens getTokens`", "csv"]),
    ] {
        refused(&served.owner(arguments).output().unwrap(), 2, words);
    }
}

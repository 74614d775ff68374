//! YAML output is read as the same values by parsers of YAML 1.1 and 1.2.

use std::process::Command;

use serde_json::Value;

use crate::support::{Served, stderr, stdout, with_stdin};

/// Names that YAML 1.1 or 1.2 reads as another type if they are not quoted (yaml.org's pages on types).
const NAMES: [&str; 32] = [
    "no",
    "on",
    "Y",
    "yes",
    "12:30:45",
    "1_000",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "=",
    "<<",
    "~",
    "null",
    "0x1F",
    "0o17",
    "017",
    "1e3",
    "1.5e+3",
    ".inf",
    ".NaN",
    "-1",
    "+1",
    "0b11",
    "190:20:30.15",
    "- a",
    "a: b",
    "a #b",
    "*a",
    "&a",
    "!a",
    " a ",
    "\u{85}\u{2028}\u{feff}\u{1b}",
    "名前 👩\u{200d}💻",
];

#[test]
fn yaml_1_1_and_1_2_readers_read_back_the_same_values() {
    let served = Served::start();
    for name in NAMES {
        served.create(name);
    }
    for arguments in [&["list", "-f", "role=reader"][..], &["getTokens", "showAll=true", "limit=100"]] {
        let expected = served.json(arguments);
        let yaml = stdout(&served.owner(&[arguments, &["-o", "yaml"]].concat()).output().unwrap());
        let mut read: Vec<Value> = vec![serde_saphyr::from_str(&yaml).unwrap()];
        read.extend(by_pyyaml(&yaml));
        for value in read {
            let (mut value, mut expected) = (value, expected.clone());
            without_last_use(&mut value);
            without_last_use(&mut expected);
            assert_eq!(value, expected, "{yaml}");
        }
    }
}

/// What PyYAML, a parser of version 1.1, reads, if it is installed. The unit tests of `output/yaml.rs` have the same rules as
/// a table.
fn by_pyyaml(yaml: &str) -> Option<Value> {
    let installed = Command::new("python3").args(["-c", "import yaml"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!("python3 with PyYAML is not installed, so it reads nothing here");
        return None;
    }
    let mut python = Command::new("python3");
    python.args(["-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode())))"]);
    python.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let output = with_stdin(python, yaml);
    assert!(output.status.success(), "{}", stderr(&output));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Each request changes `lastUsed` of the token in use.
fn without_last_use(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_last_use),
        Value::Object(fields) => {
            fields.shift_remove("lastUsed");
            fields.values_mut().for_each(without_last_use);
        }
        _ => {}
    }
}

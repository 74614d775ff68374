//! `export`, `plan`, `apply` and `schema`: tokens as code.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Served, ldtokens, stderr, stdout};

const FILE: &str = "\
tokens:
  - key: export
    name: Nightly export
    description: Feeds the warehouse
    role: reader
    serviceToken: true
    lifetime: 90d
    rotateAfter: 60d
    destinations:
      - file: secrets/export
      - envFile: {path: secrets/.env, variable: LD_ACCESS_TOKEN}
";

/// A server, and a folder with the file of tokens in it.
fn world() -> (Served, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("secrets")).unwrap();
    fs::write(folder.path().join("tokens.yaml"), FILE).unwrap();
    (Served::start(), folder)
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{}", stderr(output)))
}

fn secret(folder: &Path) -> String {
    fs::read_to_string(folder.join("secrets/export")).unwrap()
}

/// Runs in another folder than the file's.
fn run(served: &Served, folder: &Path, words: &[&str]) -> Output {
    let words: Vec<String> = words.iter().map(|word| word.replace("FOLDER", folder.to_str().unwrap())).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command: Command = served.owner(&words);
    command.output().unwrap()
}

#[test]
fn a_plan_is_shown_carried_out_and_then_empty() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    let plan = run(&["plan", "FOLDER/tokens.yaml"]);
    assert_eq!(stdout(&plan), "+ create  export (no token has its marker)\n1 to create.\n", "{}", stderr(&plan));
    assert_eq!(status(&run(&["plan", "FOLDER/tokens.yaml", "--fail-if-drift"])), 16);
    // Nobody is asked without a terminal, and nothing is done.
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml"])), 2);
    assert!(!folder.path().join("secrets/export").exists());
    let applied = run(&["apply", "FOLDER/tokens.yaml", "--yes"]);
    assert_eq!(status(&applied), 0, "{}", stderr(&applied));
    assert!(stderr(&applied).ends_with(&format!("{}: 1 done\n", served.url)), "{}", stderr(&applied));
    let whole = secret(folder.path());
    let env = fs::read_to_string(folder.path().join("secrets/.env")).unwrap();
    assert_eq!(env.trim_end(), format!("LD_ACCESS_TOKEN={whole}"));
    let drift = run(&["plan", "FOLDER/tokens.yaml", "--fail-if-drift"]);
    assert_eq!((status(&drift), stdout(&drift)), (0, "No changes.\n".to_owned()));
    for output in [&plan, &applied, &drift] {
        assert!(!stdout(output).contains(&whole) && !stderr(output).contains(&whole));
    }
    let works = served.acting_as(&whole, &["whoami", "-o", "json"]).output().unwrap();
    assert_eq!(status(&works), 0, "{}", stderr(&works));
}

#[test]
fn a_plan_says_which_secrets_apply_could_not_deliver_and_leaves_nothing() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    fs::write(folder.path().join("occupied"), "something").unwrap();
    for (name, words) in [("no/such/folder", "No such file"), ("occupied", "not an access token's secret")] {
        let file = format!("tokens: [{{key: nightly, name: N, role: reader, destinations: [{{file: {name}}}]}}]");
        fs::write(folder.path().join("tokens.yaml"), file).unwrap();
        let plan = run(&["plan", "FOLDER/tokens.yaml"]);
        assert_eq!((status(&plan), stdout(&plan).contains("create  nightly")), (0, true), "{}", stderr(&plan));
        for said in [stderr(&plan), stderr(&run(&["apply", "FOLDER/tokens.yaml"]))] {
            assert!(said.contains("warning: nightly: `apply` would fail here") && said.contains(words), "{said}");
        }
    }
    let two =
        ["a", "b"].map(|key| format!("{{key: {key}, name: N, role: reader, destinations: [{{file: no/{key}}}]}}"));
    fs::write(folder.path().join("tokens.yaml"), format!("tokens: [{}]", two.join(", "))).unwrap();
    let applied = run(&["apply", "FOLDER/tokens.yaml", "--yes", "-o", "json"]);
    let error: Value = serde_json::from_slice(&applied.stderr).unwrap();
    for (failed, key) in error["error"]["details"]["failed"].as_array().unwrap().iter().zip(["a: ", "b: "]) {
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(key) && message.contains("No such file"), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_saved_plan_is_carried_out_only_while_it_is_true() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml", "--yes"])), 0);
    fs::write(folder.path().join("tokens.yaml"), FILE.replace("reader", "writer")).unwrap();
    assert_eq!(status(&run(&["plan", "FOLDER/tokens.yaml", "-o", "json", "--to", "FOLDER/plan.json"])), 0);
    assert_eq!(status(&run(&["update", "Nightly export", "--name", "Renamed"])), 0);
    let saved = ["apply", "FOLDER/tokens.yaml", "--plan", "FOLDER/plan.json", "--yes"];
    // It is refused before it is shown and anyone is asked.
    let refused = run(&saved[..4]);
    assert_eq!(status(&refused), 6, "{}", stderr(&refused));
    assert!(!stderr(&refused).contains("to update"), "{}", stderr(&refused));
    assert_eq!(stdout(&run(&["get", "Renamed", "--columns", "role", "-o", "value"])), "reader\n");
    assert_eq!(status(&run(&["update", "Renamed", "--name", "Nightly export"])), 0);
    assert_eq!(status(&run(&saved)), 0);
    assert_eq!(stdout(&run(&["get", "Nightly export", "--columns", "role", "-o", "value"])), "writer\n");
}

#[test]
fn what_leaves_the_file_is_deleted_only_with_prune_and_a_guard() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    let second = "  - {key: second, name: Second, role: reader, destinations: [{file: secrets/second}]}\n";
    fs::write(folder.path().join("tokens.yaml"), format!("{FILE}{second}")).unwrap();
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml", "--yes"])), 0);
    fs::write(folder.path().join("tokens.yaml"), "tokens: []\n").unwrap();
    let kept = run(&["apply", "FOLDER/tokens.yaml", "--yes"]);
    assert_eq!(status(&kept), 0);
    assert!(
        stderr(&kept).contains("No changes.\nnote: 2 managed tokens are not in the file: --prune"),
        "{}",
        stderr(&kept)
    );
    // Nothing would be done, so nobody is asked.
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml"])), 0);
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml", "--prune"])), 2);
    let refused = run(&["apply", "FOLDER/tokens.yaml", "--prune", "--yes"]);
    assert_eq!(status(&refused), 2);
    assert!(stderr(&refused).contains("--allow-many-deletions"), "{}", stderr(&refused));
    assert_eq!(status(&run(&["get", "Second"])), 0);
    let done = run(&["apply", "FOLDER/tokens.yaml", "--prune", "--allow-many-deletions", "--yes"]);
    assert_eq!(status(&done), 0, "{}", stderr(&done));
    assert_eq!(status(&run(&["get", "Second"])), 5);
}

#[test]
fn export_with_adopt_then_plan_says_no_changes() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    let policy = folder.path().join("policy.json");
    fs::write(&policy, r#"[{"effect":"allow","actions":["*"],"resources":["proj/*:env/*"]}]"#).unwrap();
    for words in [&["--name", "svc-a", "--role", "reader"][..], &["--name", "svc-b", "--policy", "FOLDER/policy.json"]]
    {
        let created = run(&[&["create", "--service", "--secret-to", "FOLDER/new"], words].concat());
        assert_eq!(status(&created), 0, "{}", stderr(&created));
        fs::remove_file(folder.path().join("new")).unwrap();
    }
    let exported = run(&["export", "--all-matching", "name~svc-", "--adopt", "--yes", "--to", "FOLDER/exported.yaml"]);
    assert_eq!(status(&exported), 0, "{}", stderr(&exported));
    let plan = run(&["plan", "FOLDER/exported.yaml", "--fail-if-drift"]);
    assert_eq!((status(&plan), stdout(&plan)), (0, "No changes.\n".to_owned()), "{}", stderr(&plan));
    let text = fs::read_to_string(folder.path().join("exported.yaml")).unwrap();
    assert!(text.contains("key: svc-a") && text.contains("proj/*:env/*"), "{text}");
    assert_eq!(status(&run(&["export", "--all-matching", "name~nosuch"])), 12);
}

#[test]
fn export_marks_no_token_whose_file_is_not_written() {
    let (served, folder) = world();
    served.create("live");
    let run = |words: &[&str]| run(&served, folder.path(), words);
    let export = |more: &[&str]| run(&[&["export", "live", "--adopt", "--yes"], more].concat());
    assert_eq!(status(&export(&["--to", "FOLDER/nosuch/x.yaml"])), 1);
    // One that is there was written by hand, and may have other tokens and their destinations.
    let refused = export(&["--to", "FOLDER/tokens.yaml"]);
    assert_eq!(status(&refused), 2);
    assert!(stderr(&refused).contains("--overwrite replaces it"), "{}", stderr(&refused));
    assert_eq!(fs::read_to_string(folder.path().join("tokens.yaml")).unwrap(), FILE);
    assert_eq!(served.json(&["get", "live"])["description"], Value::Null);
    let done = export(&["--to", "FOLDER/tokens.yaml", "--overwrite"]);
    assert_eq!(status(&done), 0, "{}", stderr(&done));
    assert!(fs::read_to_string(folder.path().join("tokens.yaml")).unwrap().contains("key: live"));
    // A file without any token is not written.
    assert_eq!(status(&run(&["update", "live", "--description", "[ldtokens:prod/live]"])), 0);
    let nothing = export(&["--to", "FOLDER/other.yaml"]);
    assert_eq!(status(&nothing), 12, "{}", stderr(&nothing));
    assert!(stderr(&nothing).contains("it is in a file that has a name"), "{}", stderr(&nothing));
    assert!(!folder.path().join("other.yaml").exists());
}

#[test]
fn no_plan_is_made_with_a_credential_that_does_not_see_all_tokens() {
    let (served, folder) = world();
    let run = |words: &[&str]| run(&served, folder.path(), words);
    assert_eq!(status(&run(&["apply", "FOLDER/tokens.yaml", "--yes"])), 0);
    let (_, reader) = served.create("reader");
    let file = folder.path().join("tokens.yaml");
    let file = file.to_str().unwrap();
    for words in [&["plan", file][..], &["apply", file, "--yes"]] {
        let output = served.acting_as(&reader, words).output().unwrap();
        assert_eq!((status(&output), stdout(&output)), (4, String::new()));
        assert!(stderr(&output).contains("no plan was made: not all tokens are seen"), "{}", stderr(&output));
    }
    let export = served.acting_as(&reader, &["export", "--all-matching", "name~reader"]).output().unwrap();
    assert!(
        status(&export) == 0 && stderr(&export).contains("warning: not all tokens are seen"),
        "{}",
        stderr(&export)
    );
}

#[test]
fn a_typo_in_the_file_is_refused_before_anything_is_asked_of_the_api() {
    let (served, folder) = world();
    for (text, told) in [
        (FILE.replace("rotateAfter", "rotateAfer"), "rotateAfer"),
        (FILE.replace("90d", "3m"), "min for minutes"),
        (FILE.replace("reader", "raeder"), "role is not"),
        (FILE.replace("90d", "30d"), "rotateAfter must be shorter"),
        (FILE.replace("envFile", "envfile"), "envfile"),
        (format!("{FILE}{}", "# x\n".repeat(2_000_000)), "larger than 4096 KiB"),
    ] {
        fs::write(folder.path().join("tokens.yaml"), text).unwrap();
        let output = run(&served, folder.path(), &["apply", "FOLDER/tokens.yaml", "--yes"]);
        assert_eq!(status(&output), 2, "{told}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{told}: {}", stderr(&output));
    }
    assert!(!folder.path().join("secrets/export").exists());
}

#[test]
fn the_schemas_of_files_describe_each_property() {
    for (file, item, names) in [
        ("tokens", "ManagedToken", &["key", "customRoleIds", "inlineRole", "rotateAfter", "destinations"][..]),
        ("rotations", "Entry", &["token", "olderThan", "strategy", "overlap", "lifetime", "destinations"]),
    ] {
        let output = ldtokens(&["schema", file]).output().unwrap();
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        let properties = &schema["$defs"][item]["properties"];
        for name in names {
            assert!(properties[name]["description"].is_string(), "{name}: {properties}");
        }
        assert!(schema["$defs"]["DestinationSpec"]["oneOf"].is_array(), "{schema}");
        assert!(file == "rotations" || stdout(&output) == stdout(&ldtokens(&["schema"]).output().unwrap()));
    }
}

//! The examples of `docs/rotation.md`: each recipe delivers a secret, and each schedule is valid for its tool.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Served, stderr, stdout};

const PAGE: &str = include_str!("../../../../docs/rotation.md");

/// Fake programs that read a secret like the real ones: from standard input, or from a file that an argument names.
const STAND_INS: [(&str, &str); 7] = [
    ("gh", "cat > got"),
    ("glab", "cat > got"),
    ("vault", "cat > got"),
    ("op", "cat > got"),
    ("systemd-creds", "cat > got"),
    ("aws", "for word; do case $word in file://*) cat \"${word#file://}\" > got;; esac; done"),
    (
        "kubectl",
        "case $1 in create) for word; do case $word in --from-file=token=*) cat \"${word#*=*=}\";; esac; done;; apply) cat > got;; esac",
    ),
];

/// The programs and commands in the page's table of recipes.
fn recipes() -> Vec<&'static str> {
    let (_, rest) = PAGE.split_once("### Recipes").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.map(|row| row.split_once('`').unwrap().1.rsplit_once('`').unwrap().0).collect()
}

#[test]
fn each_recipe_gets_the_secret_only_on_standard_input() {
    let served = Served::start();
    let folder = served.folder.path();
    for (name, script) in STAND_INS {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\necho \"$0 $@\" >> arguments\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let recipes = recipes();
    assert_eq!(recipes.len(), STAND_INS.len());
    for (number, recipe) in recipes.iter().enumerate() {
        let (id, _) = served.create(&format!("recipe {number}"));
        let recipe = recipe.replace("\\|", "|");
        let mut command = served.owner(&["rotate", &id, "--secret-to-command", &recipe]);
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        let output = command.env("LDTOKENS_STATE", folder).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{recipe}: {}", stderr(&output));
        let secret = fs::read_to_string(folder.join("got")).unwrap_or_else(|_| panic!("{recipe} got nothing"));
        assert!(served.works(&secret), "{recipe}");
        fs::remove_file(folder.join("got")).unwrap();
        let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
        assert!(!arguments.contains(&secret), "{arguments}");
    }
}

/// The page's code blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect()
}

#[test]
fn the_commands_of_each_schedule_are_valid() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    assert!(!id.is_empty() && served.works(&secret));
    let lines = PAGE.lines().filter(|line| line.contains("ldtokens rotate ") && line.contains("/etc/launchdarkly/"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        let (_, arguments) = line.split_once("ldtokens rotate ").unwrap();
        // The only error is that the files don't exist here.
        let script = format!("exec \"$0\" rotate --host {} {arguments}", served.url);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_ldtokens")]).env_clear();
        shell.env("LDTOKENS_STATE", served.folder.path()).env("LD_ACCESS_TOKEN", crate::support::OWNER);
        let output = shell.output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success() || said.contains("/etc/launchdarkly/"), "{line}: {said}");
        assert_ne!((output.status.code(), said.contains("Usage:")), (Some(2), true), "{line}: {said}");
    }
}

#[test]
fn the_example_of_a_file_of_rotations_names_what_it_would_do() {
    let served = Served::start();
    for name in ["Nightly export", "Deployments"] {
        served.create(name);
    }
    let file = served.folder.path().join("rotations.yaml");
    fs::write(&file, blocks("yaml")[0].replace("60d", "0s").replace("30d", "0s")).unwrap();
    let plan = served.json(&["rotate", "--dry-run", "--create", "--file", file.to_str().unwrap()]);
    let places = |at: usize| plan[at]["wouldDeliverTo"].as_array().unwrap();
    assert_eq!((places(0).len(), places(1).len(), &plan[1]["strategy"]), (1, 2, &"replace".into()), "{plan}");
    let folder = served.folder.path().canonicalize().unwrap();
    assert!(places(0)[0].as_str().unwrap().contains(folder.join("export.secret").to_str().unwrap()), "{plan}");
}

#[test]
fn the_examples_for_systemd_kubernetes_and_github_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let units = blocks("ini");
    for (name, text) in ["ldtokens-rotate.service", "ldtokens-rotate.timer"].iter().zip(&units) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    assert_eq!(units.len(), 2);
    if Path::new("/usr/bin/systemd-analyze").exists() {
        let mut verify = Command::new("/usr/bin/systemd-analyze");
        verify.args(["verify", "ldtokens-rotate.service", "ldtokens-rotate.timer"]).current_dir(folder.path());
        let output = verify.output().unwrap();
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    }
    let yaml: Vec<Value> = blocks("yaml").iter().map(|text| serde_saphyr::from_str(text).unwrap()).collect();
    let [_, workflow, cron_job] = &yaml[..] else { panic!("{yaml:?}") };
    let steps = workflow["jobs"]["rotate"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["run"].as_str().is_some_and(|run| run.contains("ldtokens rotate"))));
    let container = &cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    assert!(container["args"][0].as_str().unwrap().starts_with("ldtokens rotate Export"));
    let fields: Vec<&str> = blocks("cron")[0].split_whitespace().take(5).collect();
    assert_eq!(fields, ["17", "3", "*", "*", "*"]);
}

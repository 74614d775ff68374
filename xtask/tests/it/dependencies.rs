//! What users of the facade compile.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::root;

/// The crates of a build of the facade on Linux, itself among them.
fn crates(features: &[&str]) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root()).args(["tree", "--locked", "--package", "ldtokens", "--edges", "normal,build"]);
    tree.args(["--prefix", "none", "--target", "x86_64-unknown-linux-gnu"]).args(features);
    let output = tree.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.split(" (").next().unwrap().to_owned()).collect()
}

#[test]
fn the_facade_compiles_neither_progenitor_nor_typify() {
    let crates = crates(&[]);
    assert!(
        crates.iter().any(|name| name.starts_with("progenitor-client ")),
        "there is something to look at: {crates:?}"
    );
    for generator in ["progenitor ", "progenitor-impl ", "progenitor-macro ", "typify ", "typify-impl ", "openapiv3 "] {
        assert!(!crates.iter().any(|name| name.starts_with(generator)), "{generator}");
    }
}

#[test]
fn the_readme_says_how_many_crates_the_facade_is() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let (with, without) = (crates(&[]).len(), crates(&["--no-default-features"]).len());
    let sentence = format!("builds {with} crates, including itself, and without its optional features {without}");
    assert!(readme.contains(&sentence), "the README should say: {sentence}");
}

// Our choice: nobody adds a dependency to a published crate without a reason.
#[test]
fn each_direct_dependency_of_a_published_crate_has_a_reason() {
    let page = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut metadata = Command::new(env!("CARGO"));
    metadata.current_dir(root()).args(["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.output().unwrap().stdout).unwrap();
    let mut published = 0;
    for package in metadata["packages"].as_array().unwrap().iter().filter(|package| package["publish"].is_null()) {
        published += 1;
        let name = package["name"].as_str().unwrap();
        let dependencies = package["dependencies"].as_array().unwrap().iter().filter(|of| of["kind"].is_null());
        let dependencies: BTreeSet<&str> = dependencies.map(|of| of["name"].as_str().unwrap()).collect();
        let (_, section) = page.split_once(&format!("## {name}\n")).unwrap_or_else(|| panic!("a section on {name}"));
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
        let explained: BTreeSet<&str> =
            rows.flat_map(|(crates, _)| crates.split(", ")).filter(|name| !["crate", "---"].contains(name)).collect();
        assert_eq!(explained, dependencies, "docs/dependencies.md on {name}");
    }
    assert_eq!(published, 5);
}

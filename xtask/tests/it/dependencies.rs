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

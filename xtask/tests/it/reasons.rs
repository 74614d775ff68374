//! Why the published crates depend on what they depend on.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::root;

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
    assert_eq!(published, 9);
}

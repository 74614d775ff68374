//! `cargo xtask generate`.

use std::fs;
use std::path::Path;

use crate::support::{DOCUMENT, document, folder_with, root};

#[test]
fn the_checked_in_files_are_up_to_date() {
    xtask::check(&root()).unwrap();
}

#[test]
fn generating_twice_gives_the_same_bytes_and_leaves_nothing_stale() {
    let folder = folder_with(DOCUMENT);
    xtask::generate(folder.path()).unwrap();
    let first = files(folder.path());
    assert!(first.len() >= 19, "{}", first.len());
    fs::write(folder.path().join("schemas/v2.0/Gone.json"), "{}").unwrap();
    let error = xtask::check(folder.path()).unwrap_err().to_string();
    assert!(error.contains("schemas/v2.0/Gone.json is no longer generated"), "{error}");
    xtask::generate(folder.path()).unwrap();
    assert_eq!(files(folder.path()), first);
    xtask::check(folder.path()).unwrap();
}

#[test]
fn a_check_names_each_file_and_the_first_lines_that_differ_and_changes_nothing() {
    let folder = folder_with(DOCUMENT);
    xtask::generate(folder.path()).unwrap();
    let description = "What went wrong, for people.";
    assert_eq!(DOCUMENT.matches(description).count(), 1);
    fs::write(folder.path().join("openapi.yaml"), DOCUMENT.replace(description, "Otherwise.")).unwrap();
    let before = files(folder.path());
    let error = xtask::check(folder.path()).unwrap_err().to_string();
    for part in [
        "crates/ldtokens-client/src/generated.rs is not what is generated from openapi.yaml. They differ from line ",
        "-         ///What went wrong, for people.",
        "+         ///Otherwise.",
        "docs/reference/types.md is not",
        "schemas/v2.0/ErrorRep.json is not",
        "Run `cargo xtask generate`",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(files(folder.path()), before);
}

#[test]
fn the_pages_and_the_table_say_what_is_deprecated() {
    let mut document = document();
    for pointer in
        ["/paths/~1tokens/get", "/paths/~1tokens/get/parameters/0", "/components/schemas/TokenBody/properties/name"]
    {
        document.pointer_mut(pointer).unwrap()["deprecated"] = true.into();
    }
    let folder = folder_with(&serde_saphyr::to_string(&document).unwrap());
    xtask::generate(folder.path()).unwrap();
    let made = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    let operations = made("docs/reference/operations.md");
    for part in
        ["`GET /tokens`\n\n**Deprecated.** Returns a list", "| `showAll` | query | boolean |  | **Deprecated.** If set"]
    {
        assert!(operations.contains(part), "{part}: {operations}");
    }
    assert!(made("docs/reference/types.md").contains("| `name` | string |  | **Deprecated.** A human-friendly"));
    let deprecated = |table: &str| table.matches("deprecated: true").count();
    let (before, after) = (
        include_str!("../../../crates/ldtokens-operations/src/spec/table.rs"),
        made("crates/ldtokens-operations/src/spec/table.rs"),
    );
    assert_eq!(deprecated(&after) - deprecated(before), 3);
}

/// All files below a folder, and what is in them.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

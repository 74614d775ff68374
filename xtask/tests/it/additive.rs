//! What only adds to the document needs no other edit.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::mutations;
use crate::support::{document, root};

/// All that only adds, at once: one document, one generation, one check of the whole workspace.
#[test]
#[ignore = "checks a copy of the whole workspace, which takes a minute; `.ci/run` does"]
fn the_workspace_compiles_after_every_additive_change_without_another_edit() {
    let mut together = document();
    let additive = mutations::all().into_iter().filter(|mutation| mutation.additive);
    let count = additive.map(|mutation| add(&mut together, &mutation.document)).count();
    assert!(count >= 20, "{count}");
    println!("{count} additive changes");

    let copy = tempfile::tempdir().unwrap();
    copy_workspace(&root(), copy.path());
    fs::write(copy.path().join("openapi.yaml"), serde_saphyr::to_string(&together).unwrap()).unwrap();
    xtask::generate(copy.path()).unwrap();
    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--quiet", "--workspace"]).current_dir(copy.path());
    let output = check.env("CARGO_TARGET_DIR", root().join("target/additive")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Puts into `all` what `one` has beyond it.
fn add(all: &mut Value, one: &Value) {
    match (all, one) {
        (Value::Object(all), Value::Object(one)) => {
            for (name, value) in one {
                match all.get_mut(name) {
                    Some(known) => add(known, value),
                    None => drop(all.insert(name.clone(), value.clone())),
                }
            }
        }
        (Value::Array(all), Value::Array(one)) => {
            let new: Vec<Value> = one.iter().filter(|item| !all.contains(item)).cloned().collect();
            all.extend(new);
        }
        _ => {}
    }
}

pub(crate) fn copy_workspace(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_workspace(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

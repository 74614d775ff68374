//! What is generated compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{document, root, sample, seed};
use crate::{edits, mutations};

/// What the client crate has beside the generated code, for the code of one edit.
const MODULE: &str = "
    mod generated;
    mod operation;
    impl progenitor_client::ClientHooks<crate::SharedTransport> for generated::Client {}
    fn exchange<'a>(client: &'a generated::Client, request: reqwest::Request, operation: &'static str) -> crate::Exchange<'a> {
        use progenitor_client::ClientInfo;
        client.inner().exchange(client.client(), operation.into(), request)
    }
";

/// All that only adds, at once; and beside the client's own code that of the edits, so that one check sees all of it.
#[test]
#[ignore = "checks a copy of the workspace, which takes a minute; `.ci/run` does"]
fn the_workspace_compiles_after_every_additive_change_and_each_edit_that_is_not_refused() {
    let mut together = document();
    let additive = mutations::all().into_iter().filter(|mutation| mutation.additive);
    let count = additive.map(|mutation| add(&mut together, &mutation.document)).count();
    assert!(count >= 20, "{count}");
    println!("{count} additive changes");

    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("additive");
    let _ = fs::remove_dir_all(&copy);
    copy_workspace(&root(), &copy);
    fs::write(copy.join("openapi.yaml"), serde_saphyr::to_string(&together).unwrap()).unwrap();
    xtask::generate(&copy).unwrap();
    add_edits(["client", "operations"].map(|name| copy.join(format!("crates/ldtokens-{name}/src"))));
    // The dependencies are compiled in the folder of this build.
    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--quiet", "--locked", "--workspace", "--lib", "--bins", "--examples"]).current_dir(&copy);
    check.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Adds a module for each edit that is accepted, with the code that is made for it.
fn add_edits([client, operations]: [PathBuf; 2]) {
    let seed = seed();
    let edits = edits::all(seed);
    assert!(edits.len() >= 300, "{}", edits.len());
    let operation = fs::read_to_string(client.join("operation.rs")).unwrap();
    let mut modules = String::new();
    for (number, (name, made)) in sample(edits::accepted(&edits), 40, seed).into_iter().enumerate() {
        let [generated, routes, table] = made;
        let module = client.join(format!("edit{number}"));
        fs::create_dir_all(module.join("operation")).unwrap();
        let exchange = format!("crate::edit{number}::exchange");
        fs::write(module.join("generated.rs"), generated.replace("crate::transport::exchange", &exchange)).unwrap();
        fs::write(module.join("operation.rs"), &operation).unwrap();
        fs::write(module.join("operation/table.rs"), routes).unwrap();
        fs::write(module.join("mod.rs"), MODULE).unwrap();
        fs::write(operations.join(format!("edit{number}.rs")), table).unwrap();
        modules.push_str(&format!("\n// {}\n#[allow(warnings)]\nmod edit{number};\n", name.escape_debug()));
    }
    for library in [client, operations].map(|source| source.join("lib.rs")) {
        fs::write(&library, fs::read_to_string(&library).unwrap() + &modules).unwrap();
    }
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

fn copy_workspace(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "target" || entry.file_name() == ".git" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_workspace(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

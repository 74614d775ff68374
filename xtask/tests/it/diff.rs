//! Each change is classed as what it is.

use std::fs;
use std::path::Path;

use xtask::api::Document;
use xtask::{Bump, Diff};

use crate::mutations;
use crate::support::{document, root, sample, seed};

fn diff(new: serde_json::Value) -> Diff {
    Diff::of(&Document(document()), &Document(new))
}

#[test]
fn each_mutation_is_classified_correctly() {
    let mutations = mutations::all();
    assert!(mutations.len() >= 100, "{}", mutations.len());
    let mut wrong = Vec::new();
    for mutation in sample(mutations, 12, seed()) {
        let diff = diff(mutation.document);
        let steps = [Some(diff.caller()), diff.client(), diff.facade()];
        if diff.differences.is_empty() || steps != mutation.steps.map(Some) {
            wrong.push(format!("{}: {steps:?}, not {:?}\n{diff}", mutation.name, mutation.steps));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_document_does_not_differ_from_itself_however_it_is_ordered() {
    let mut reordered = document();
    let schemas = reordered["components"]["schemas"].as_object_mut().unwrap();
    *schemas = std::mem::take(schemas).into_iter().rev().collect();
    let paths = reordered["paths"].as_object_mut().unwrap();
    *paths = std::mem::take(paths).into_iter().rev().collect();
    let diff = diff(reordered);
    assert!(diff.differences.is_empty() && diff.items.as_ref().unwrap().is_empty(), "{diff}");
}

#[test]
fn the_report_names_the_place_the_pointer_and_the_versions() {
    let mut new = document();
    new["components"]["schemas"]["Token"]["properties"]["name"]["type"] = "integer".into();
    let report = diff(new).to_string();
    let line =
        "MAJOR  getToken > 200 > name: retyped from string to integer  (/components/schemas/Token/properties/name)";
    assert!(report.contains(line), "{report}");
    assert!(report.contains("MAJOR  types::Token.name: "), "{report}");
    assert!(report.contains("breaks callers of the API; it asks for a major version of ldtokens-client"), "{report}");
}

#[test]
fn a_property_added_to_a_token_is_a_minor_change_for_rust_users() {
    let mut new = document();
    new["components"]["schemas"]["Token"]["properties"]["shade"] =
        serde_json::json!({ "type": "integer", "format": "int64" });
    let report = diff(new).to_string();
    assert!(report.contains("a minor version of ldtokens-client and a minor version of ldtokens."), "{report}");
}

#[test]
fn a_deprecation_is_a_minor_change() {
    let mut new = document();
    new["paths"]["/tokens"]["get"]["deprecated"] = true.into();
    let diff = diff(new);
    assert!(diff.to_string().contains("minor  getTokens: deprecated  (/paths/~1tokens/get)"), "{diff}");
    assert_eq!((diff.caller(), diff.client()), (Bump::Minor, Some(Bump::Patch)));
}

/// The pairs of documents in a folder, such as the `data/checker` of oasdiff: `X_base.yaml` and `X_revision.yaml`.
fn pairs(folder: &Path, found: &mut Vec<[String; 2]>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (old, new) = (path.display().to_string(), path.display().to_string().replace("base", "revision"));
        if path.is_dir() {
            pairs(&path, found);
        } else if old != new && Path::new(&new).exists() {
            found.push([old, new]);
        }
    }
}

#[test]
fn other_peoples_documents_are_compared_and_their_differences_noticed() {
    let Ok(folder) = std::env::var("OASDIFF_DATA") else {
        return println!("skipped: OASDIFF_DATA does not name the folder `data` of github.com/oasdiff/oasdiff");
    };
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    pairs(&Path::new(&folder).join("checker"), &mut found);
    for pair in &found {
        let [old, new] =
            pair.each_ref().map(|path| xtask::document(&root(), path).unwrap_or_else(|error| panic!("{error:#}")));
        // Some have components of other names that allow the same: that is no difference to us.
        if Diff::of(&old, &new).differences.is_empty() {
            missed.push(&pair[0]);
        }
    }
    assert!(found.len() > 50 && missed.len() * 10 < found.len(), "{} of {}: {missed:#?}", missed.len(), found.len());
}

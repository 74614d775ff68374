//! Each change is classed as what it is.

use xtask::api::{Document, compare, read};
use xtask::{Bump, class, report};

use crate::mutations;
use crate::support::document;

#[test]
fn each_mutation_is_classified_correctly() {
    let old = read(&Document(document()), |_| true).unwrap();
    let mutations = mutations::all();
    assert!(mutations.len() >= 100, "{}", mutations.len());
    let mut wrong = Vec::new();
    for mutation in &mutations {
        let new = read(&Document(mutation.document.clone()), |_| true).unwrap();
        let differences = compare(&old, &new);
        let mut steps = [Bump::Patch; 3];
        for class in differences.iter().map(class) {
            for (step, seen) in steps.iter_mut().zip([class.caller, class.generated, class.facade]) {
                *step = (*step).max(seen);
            }
        }
        if differences.is_empty() || steps != mutation.steps {
            wrong.push(format!("{}: {steps:?}, not {:?}\n{}", mutation.name, mutation.steps, report(&differences)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), mutations.len(), wrong.join("\n"));
    println!("{} mutations", mutations.len());
}

#[test]
fn a_document_does_not_differ_from_itself_however_it_is_ordered() {
    let api = |document| read(&Document(document), |_| true).unwrap();
    let mut reordered = document();
    let schemas = reordered["components"]["schemas"].as_object_mut().unwrap();
    *schemas = std::mem::take(schemas).into_iter().rev().collect();
    let paths = reordered["paths"].as_object_mut().unwrap();
    *paths = std::mem::take(paths).into_iter().rev().collect();
    assert!(compare(&api(document()), &api(reordered)).is_empty());
}

#[test]
fn the_report_names_the_place_the_pointer_and_the_versions() {
    let mut new = document();
    new["components"]["schemas"]["Token"]["properties"]["name"]["type"] = "integer".into();
    let api = |document| read(&Document(document), |_| true).unwrap();
    let report = report(&compare(&api(document()), &api(new)));
    let line = "MAJOR  MAJOR  MAJOR  getToken > 200 > name: retyped from string to integer  (/components/schemas/Token/properties/name)";
    assert!(report.contains(line), "{report}");
    assert!(report.contains("breaks callers of the API; it asks for a major version of ldtokens-client"), "{report}");
}

#[test]
fn a_property_added_to_a_token_is_a_minor_change_for_rust_users() {
    let mut new = document();
    new["components"]["schemas"]["Token"]["properties"]["shade"] =
        serde_json::json!({ "type": "integer", "format": "int64" });
    let api = |document| read(&Document(document), |_| true).unwrap();
    let report = report(&compare(&api(document()), &api(new)));
    assert!(report.contains("a minor version of ldtokens-client and a minor version of ldtokens."), "{report}");
}

#[test]
fn a_deprecation_is_a_minor_change() {
    let mut new = document();
    new["paths"]["/tokens"]["get"]["deprecated"] = true.into();
    let api = |document| read(&Document(document), |_| true).unwrap();
    let report = report(&compare(&api(document()), &api(new)));
    assert!(report.contains("minor  minor  patch  getTokens: deprecated  (/paths/~1tokens/get)"), "{report}");
}

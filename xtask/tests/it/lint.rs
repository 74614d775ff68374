//! Each problem of the document is reported with its line and what to write instead.

use serde_json::{Value, json};
use xtask::api::Document;
use xtask::{lint, problems};

use crate::support::{DOCUMENT, document};

#[test]
fn the_projects_own_document_has_no_problems() {
    lint(DOCUMENT).unwrap();
}

#[test]
fn a_problem_is_reported_with_its_file_and_line_and_what_to_write() {
    let text = DOCUMENT.replacen("openapi: 3.0.3", "openapi: 3.1.0", 1);
    let line = text.lines().position(|line| line.starts_with("openapi:")).unwrap() + 1;
    let error = lint(&text).unwrap_err().to_string();
    assert!(error.contains(&format!("openapi.yaml:{line}: the generator reads OpenAPI 3.0")), "{error}");
    assert!(error.contains("write 3.0.3"), "{error}");

    let text =
        DOCUMENT.replacen("$ref: \"#/components/schemas/MemberSummary\"", "$ref: \"#/components/schemas/Nobody\"", 1);
    let line = text.lines().position(|line| line.contains("Nobody")).unwrap() + 1;
    let error = lint(&text).unwrap_err().to_string();
    assert!(error.contains(&format!("openapi.yaml:{line}: #/components/schemas/Nobody can't be followed")), "{error}");
}

#[test]
fn each_construct_that_the_generator_does_not_support_is_found() {
    let error = json!({ "description": "d", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Link" } } } });
    for (pointer, value, words) in [
        ("/paths/~1tokens/get/responses/default", error.clone(), "`default` response"),
        ("/paths/~1tokens/get/responses/404", error.clone(), "one type for all errors"),
        ("/paths/~1tokens/get/responses/202", error, "one type for all successes"),
        ("/paths/~1tokens/get/operationId", json!("postToken"), "given twice"),
        ("/paths/~1tokens/get/operationId", Value::Null, "no operationId"),
        ("/paths/~1tokens/post/requestBody", json!({ "content": { "text/plain": {} } }), "application/json"),
        (
            "/paths/~1tokens/get/responses/200",
            json!({ "description": "d", "content": { "text/csv": {} } }),
            "not application/json",
        ),
        ("/paths/~1tokens/get/parameters/0/in", json!("cookie"), "does not support cookies"),
        ("/components/schemas/Token/properties/name/type", json!(["string", "null"]), "OpenAPI 3.1"),
        ("/components/schemas/Token/properties/name/pattern", json!("^a"), "`pattern`"),
        ("/components/schemas/Token/properties/name/maxLength", json!(3), "`maxLength`"),
        ("/components/schemas/Token/properties/name/format", json!("date-time"), "no type for the format"),
        ("/components/schemas/Token/properties/_member/description", json!("d"), "beside a $ref"),
    ] {
        found(pointer, value, words);
    }
}

#[test]
fn missing_descriptions_examples_and_errors_are_found() {
    for (pointer, value, words) in [
        ("/paths/~1tokens/get/summary", json!(""), "no summary"),
        ("/paths/~1tokens/get/description", Value::Null, "no description"),
        ("/paths/~1tokens/get/parameters/0/example", Value::Null, "no example"),
        ("/components/parameters/tokenId/description", json!(" "), "no description"),
        ("/components/schemas/Token/example", Value::Null, "no example"),
        ("/components/schemas/Token/properties/name/description", Value::Null, "no description"),
        ("/paths/~1tokens/get/responses/401", Value::Null, "can return 401"),
        ("/paths/~1tokens~1{tokenId}/get/responses/404", Value::Null, "can return 404"),
        ("/components/schemas/Token/properties/name/example", json!(1), "the example does not match the schema"),
        ("/components/schemas/Token/example", json!({ "_id": "x" }), "the example does not match the schema"),
        ("/components/schemas/BaseRole/example", json!("king"), "the example does not match the schema"),
        ("/paths/~1tokens/get/parameters/1/example", json!(0), "the example does not match the schema"),
    ] {
        found(pointer, value, words);
    }
}

#[test]
fn parameters_by_reference_and_on_the_path_are_checked_too() {
    let wrong =
        json!({ "name": "sort", "in": "query", "description": "d", "schema": { "type": "boolean" }, "example": 1 });
    for (pointer, parameters) in [
        ("/components/parameters/sort", json!([{ "$ref": "#/components/parameters/sort" }])),
        ("/paths/~1tokens/parameters/0", json!([wrong])),
    ] {
        let mut document = document();
        document["components"]["parameters"]["sort"] = wrong.clone();
        document["paths"]["/tokens"]["parameters"] = parameters;
        let example = format!("{pointer}/example");
        let found = problems(&Document(document.clone()));
        assert_eq!(found.iter().filter(|problem| problem.pointer == example).count(), 1, "{found:?}");

        for (name, words) in
            [("description", "the parameter has no description"), ("example", "the parameter has no example")]
        {
            let mut document = document.clone();
            document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
            let found = problems(&Document(document));
            let named = |problem: &&xtask::Problem| problem.pointer == pointer && problem.text.contains(words);
            assert_eq!(found.iter().filter(named).count(), 1, "{name} at {pointer}: {found:?}");
        }
    }
}

#[test]
fn parameters_by_reference_and_on_the_path_are_listed_and_the_operations_own_replace_them() {
    let text = r##"
        openapi: 3.0.3
        paths:
          /a:
            parameters:
              - {$ref: "#/components/parameters/one"}
              - {in: query, name: two, schema: {type: string}}
            get:
              operationId: getA
              parameters:
                - {in: query, name: two, schema: {$ref: "#/components/schemas/Number"}}
        components:
          parameters:
            one: {in: query, name: one, schema: {$ref: "#/components/schemas/Again"}}
          schemas:
            Again: {$ref: "#/components/schemas/Number"}
            Number: {type: integer, minimum: 3}
        "##;
    let document = Document::parse(text).unwrap();
    let operation = document.operations().remove(0);
    let parameters = operation.parameters.values();
    let parameters: Vec<_> = parameters.map(|it| (it.name.as_str(), it.schema.words.get("minimum"))).collect();
    assert_eq!(parameters, [("one", Some(&json!(3))), ("two", Some(&json!(3)))]);
}

#[test]
fn a_chain_of_references_that_ends_nowhere_or_in_itself_is_found() {
    for target in ["#/components/parameters/nobody", "#/components/parameters/sort", "other.yaml#/sort"] {
        let mut document = document();
        document["components"]["parameters"]["sort"] = json!({ "$ref": target });
        document["paths"]["/tokens"]["parameters"] = json!([{ "$ref": "#/components/parameters/sort" }]);
        let found = problems(&Document(document));
        let place = "/paths/~1tokens/parameters/0/$ref";
        assert!(found.iter().any(|problem| problem.pointer == place), "{target}: {found:?}");
    }
}

/// Puts `value` at `pointer`, or takes away what is there, and looks for the problem.
fn found(pointer: &str, value: Value, words: &str) {
    let mut document = document();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    let problems = problems(&Document(document.clone()));
    assert!(problems.iter().any(|problem| problem.text.contains(words)), "{pointer}: {words} in {problems:?}");
    // And it is said, not panicked, in the text's own lines.
    lint(&serde_saphyr::to_string(&document).unwrap()).unwrap_err();
}

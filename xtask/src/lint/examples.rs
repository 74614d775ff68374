//! Finds examples that do not match their schemas.

use serde_json::json;

use super::{Problem, problem};
use crate::api::{Document, escape, keys};

pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in document.schema_names() {
        let at = format!("/components/schemas/{}", escape(name));
        problems.extend(mismatch(document, &at, &at));
        problems.extend(
            document.schema(&at).properties.values().filter_map(|it| mismatch(document, &it.pointer, &it.pointer)),
        );
    }
    let components = ["parameters", "headers"].into_iter().flat_map(|owner| {
        keys(&document.0["components"], owner).map(move |name| format!("/components/{owner}/{}", escape(name)))
    });
    let operations = document.operations();
    let parameters = operations.iter().flat_map(|operation| operation.parameters.values());
    for at in components.chain(parameters.map(|parameter| parameter.pointer.clone())) {
        problems.extend(mismatch(document, &at, &format!("{at}/schema")));
    }
    problems
}

/// The problem of the example at `pointer`, if it does not match the schema at `schema`.
fn mismatch(Document(document): &Document, pointer: &str, schema: &str) -> Option<Problem> {
    let example = document.pointer(pointer)?.get("example")?;
    // The paths are not part of the schema. References lead to them.
    let root = json!({
        "$ref": format!("#{}", percent_encoded(schema)),
        "components": document["components"],
        "paths": document["paths"],
    });
    let validator = match jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root) {
        Ok(validator) => validator,
        Err(error) => return Some(problem(pointer, format!("the schema is not valid: {error}"))),
    };
    let error = validator.validate(example).err()?;
    Some(problem(
        format!("{pointer}/example"),
        format!("the example does not match the schema: {error}; correct one of them"),
    ))
}

/// A JSON Pointer as a fragment of a URI (RFC 6901, section 6).
fn percent_encoded(pointer: &str) -> String {
    pointer.replace('{', "%7B").replace('}', "%7D")
}

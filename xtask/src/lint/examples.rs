//! Examples that are not what they exemplify.

use serde_json::{Value, json};

use super::{Problem, operations, problem, schemas};
use crate::api::{escape, resolved};

pub(super) fn problems(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (pointer, schema) in schemas(document) {
        problems.extend(mismatch(document, &pointer, &pointer, schema.get("example")));
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{pointer}/properties/{}", escape(name));
            problems.extend(mismatch(document, &at, &at, property.get("example")));
        }
    }
    for owner in ["parameters", "headers"] {
        let all = document.pointer(&format!("/components/{owner}")).and_then(Value::as_object).into_iter().flatten();
        for (name, value) in all {
            let at = format!("/components/{owner}/{}", escape(name));
            problems.extend(mismatch(document, &at, &format!("{at}/schema"), value.get("example")));
        }
    }
    for (pointer, operation) in operations(document) {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        for (index, parameter) in parameters.enumerate() {
            let at = format!("{pointer}/parameters/{index}");
            if let Some(example) = resolved(document, parameter).and_then(|parameter| parameter.get("example")) {
                problems.extend(mismatch(document, &at, &format!("{at}/schema"), Some(example)));
            }
        }
    }
    problems
}

/// The problem of an example at `pointer` that does not fit the schema at `schema`.
fn mismatch(document: &Value, pointer: &str, schema: &str, example: Option<&Value>) -> Option<Problem> {
    let example = example?;
    // The paths are there for references to follow, and mean nothing as a schema.
    let root = json!({
        "$ref": format!("#{}", percent_encoded(schema)),
        "components": document["components"],
        "paths": document["paths"],
    });
    let validator = match jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root) {
        Ok(validator) => validator,
        Err(error) => return Some(problem(pointer, format!("the schema can't be understood: {error}"))),
    };
    let error = validator.validate(example).err()?;
    Some(problem(
        format!("{pointer}/example"),
        format!("the example is not what the schema says: {error}; mend one of them"),
    ))
}

/// A JSON Pointer as a fragment of a URI (RFC 6901, section 6).
fn percent_encoded(pointer: &str) -> String {
    pointer.replace('{', "%7B").replace('}', "%7D")
}

//! Finds descriptions, examples and error responses that are missing, and examples that do not match their schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Found, Problem};
use crate::api::{Document, Schema, text, unescape};

/// The errors that every operation can return, as the vendor's pages say.
const ERRORS: [&str; 4] = ["400", "401", "403", "429"];

pub(super) fn problems(document: &Document) -> Vec<Problem> {
    let mut found = Found::default();
    // Where an example may stand, and its schema.
    let mut examples = BTreeSet::new();
    let mut with_schema = |at: &str| examples.insert((at.to_owned(), format!("{at}/schema")));
    for operation in document.operations() {
        for name in ["summary", "description"] {
            let is_missing = text(operation.value, name).is_empty();
            found.when(is_missing, &operation.pointer, format!("the operation has no {name}; write one"));
        }
        for parameter in operation.parameters.values() {
            found.described(&parameter.pointer, &parameter.schema, "parameter");
            with_schema(&parameter.pointer);
        }
        let by_id = operation.path.contains("{tokenId}").then_some("404");
        for status in ERRORS.into_iter().chain(by_id) {
            let text = format!("the operation can return {status} but does not list it; add that response");
            let at = format!("{}/responses", operation.pointer);
            found.when(!operation.responses.contains_key(status), at, text);
        }
    }
    for at in ["/components/parameters", "/components/headers"].into_iter().flat_map(|owner| document.within(owner)) {
        with_schema(&at);
    }
    for pointer in document.within("/components/schemas") {
        let schema = document.schema(&pointer);
        found.described(&pointer, &schema, "schema");
        examples.insert((pointer.clone(), pointer));
        for pointer in schema.properties.into_values() {
            let schema = document.schema(&pointer);
            // A property that is a component as a whole is described there.
            if schema.name().is_none() {
                found.described(&pointer, &schema, "property");
            }
            examples.insert((pointer.clone(), pointer));
        }
    }
    found.mismatches(document, &examples.into_iter().collect::<Vec<_>>());
    found.0.into_iter().collect()
}

impl Found {
    fn described(&mut self, pointer: &str, schema: &Schema, what: &str) {
        let has_example = schema.words.contains_key("example");
        self.when(schema.text("description").is_empty(), pointer, format!("the {what} has no description; write one"));
        self.when(!has_example, pointer, format!("the {what} has no example; write one that is realistic"));
    }

    /// Finds examples that do not match their schemas.
    fn mismatches(&mut self, document: &Document, examples: &[(String, String)]) {
        // One schema for all of them, which has a property for each. References lead to the components and to the paths.
        let mut schema = json!({ "components": document.at("/components"), "paths": document.at("/paths") });
        let mut values = Map::new();
        for (at, of) in examples {
            if let Some(example) = document.at(at).get("example") {
                schema["properties"][at] =
                    json!({ "$ref": format!("#{}", of.replace('{', "%7B").replace('}', "%7D")) });
                values.insert(at.clone(), example.clone());
            }
        }
        let validator = match jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema) {
            Ok(validator) => validator,
            Err(error) if examples.len() == 1 => {
                return self.when(true, &examples[0].0, format!("the schema is not valid: {error}"));
            }
            // Each alone: one of the others may be valid.
            Err(_) => return examples.chunks(1).for_each(|one| self.mismatches(document, one)),
        };
        let mut wrong = BTreeSet::new();
        for error in validator.iter_errors(&Value::Object(values)) {
            let at = error.instance_path().as_str().split('/').nth(1).map(unescape).unwrap_or_default();
            let text = format!("the example does not match the schema: {error}; correct one of them");
            self.when(wrong.insert(at.clone()), format!("{at}/example"), text);
        }
    }
}

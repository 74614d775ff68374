//! Every schema type describes itself, and as the document does.

use std::collections::BTreeSet;
use std::path::Path;

use ldtokens_client::types::Token;
use schemars::schema_for;
use serde_json::{Value, json};

use crate::derived_schemas;

fn names(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(object) => object.keys().cloned().collect(),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn each_derived_schema_agrees_with_openapi_yaml() {
    for (title, derived) in derived_schemas::all() {
        let derived = Value::from(derived);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../schemas/v2.0/{title}.json"));
        let made: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(names(&made["properties"]), names(&derived["properties"]), "properties of {title}");
        assert_eq!(names(&made["required"]), names(&derived["required"]), "required of {title}");
        // A type keeps values that the document does not list, so it lists them as examples.
        if made.get("enum").is_some() {
            assert_eq!(names(&made["enum"]), names(&derived["examples"]), "values of {title}");
        }
        assert_eq!(derived.get("enum"), None, "values of {title}");
        if derived.get("type").is_some() {
            assert_eq!(made["type"], derived["type"], "type of {title}");
        }
    }
}

#[test]
fn a_secret_has_the_format_password_in_the_schema() {
    let schema = Value::from(schema_for!(Token));
    assert_eq!(schema["$defs"]["Secret"], json!({ "type": "string", "format": "password" }));
}

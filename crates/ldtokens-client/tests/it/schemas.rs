//! Every schema type describes itself, and as the document does.

use std::collections::BTreeSet;
use std::path::Path;

use ldtokens_client::types::{
    BaseRole, ErrorRep, JsonPatch, Link, Links, MemberSummary, PatchDelta, PatchOperation, PatchWithComment, Statement,
    Token, TokenBody, Tokens,
};
use ldtokens_client::{Role, UnixMillis};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

/// The JSON Schemas that are made from the document, and those that the compiled types derive.
fn schemas() -> Vec<(Value, Value)> {
    fn pair<T: JsonSchema>() -> (Value, Value) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/v2.0");
        let file = folder.join(format!("{}.json", T::schema_name()));
        let made = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (serde_json::from_str(&made).unwrap(), schema_for!(T).into())
    }
    vec![
        pair::<BaseRole>(),
        pair::<ErrorRep>(),
        pair::<JsonPatch>(),
        pair::<Link>(),
        pair::<Links>(),
        pair::<MemberSummary>(),
        pair::<PatchDelta>(),
        pair::<PatchOperation>(),
        pair::<PatchWithComment>(),
        pair::<Role>(),
        pair::<Statement>(),
        pair::<Token>(),
        pair::<TokenBody>(),
        pair::<Tokens>(),
        pair::<UnixMillis>(),
    ]
}

fn names(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(object) => object.keys().cloned().collect(),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn each_type_derives_the_schema_that_the_document_gives() {
    let schemas = schemas();
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/v2.0")).unwrap();
    assert_eq!(files.count(), schemas.len(), "one for each schema of the document");
    for (made, derived) in schemas {
        let title = &made["title"];
        assert_eq!(names(&made["properties"]), names(&derived["properties"]), "properties of {title}");
        assert_eq!(names(&made["required"]), names(&derived["required"]), "required of {title}");
        assert_eq!(names(&made["enum"]), names(&derived["enum"]), "values of {title}");
        if derived.get("type").is_some() {
            assert_eq!(made["type"], derived["type"], "type of {title}");
        }
    }
}

#[test]
fn a_secret_is_a_password_in_the_schema_too() {
    let schema = Value::from(schema_for!(Token));
    assert_eq!(schema["$defs"]["Secret"], json!({ "type": "string", "format": "password" }));
}

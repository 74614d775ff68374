//! Every schema type describes itself.

use ldtokens_client::types::{
    BaseRole, ErrorRep, JsonPatch, Link, Links, MemberSummary, PatchDelta, PatchOperation, PatchWithComment, Statement,
    Token, TokenBody, Tokens,
};
use ldtokens_client::{Role, UnixMillis};
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};

#[test]
fn every_schema_type_derives_a_json_schema() {
    fn is_described<T: JsonSchema>() {}
    is_described::<BaseRole>();
    is_described::<ErrorRep>();
    is_described::<JsonPatch>();
    is_described::<Link>();
    is_described::<Links>();
    is_described::<MemberSummary>();
    is_described::<PatchDelta>();
    is_described::<PatchOperation>();
    is_described::<PatchWithComment>();
    is_described::<Statement>();
    is_described::<Tokens>();
    is_described::<TokenBody>();
    is_described::<Role>();
    is_described::<UnixMillis>();
}

#[test]
fn a_tokens_schema_requires_what_the_document_requires() {
    let schema = Value::from(schema_for!(Token));
    let mut required: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["_id", "_links", "creationDate", "lastModified", "memberId", "ownerId"]);
    let secret = schema["$defs"]["Secret"].clone();
    assert_eq!(secret, json!({ "type": "string", "format": "password" }));
}

// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.

//! The types of the document's schemas.
/// Each schema's name, and the JSON Schema that its type derives.
pub(crate) fn all() -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("Token", schemars::schema_for!(ldtokens_client::types::Token)), ("Tokens",
        schemars::schema_for!(ldtokens_client::types::Tokens)), ("TokenBody",
        schemars::schema_for!(ldtokens_client::types::TokenBody)), ("PatchDelta",
        schemars::schema_for!(ldtokens_client::types::PatchDelta)), ("JsonPatch",
        schemars::schema_for!(ldtokens_client::types::JsonPatch)), ("PatchWithComment",
        schemars::schema_for!(ldtokens_client::types::PatchWithComment)),
        ("PatchOperation",
        schemars::schema_for!(ldtokens_client::types::PatchOperation)), ("Statement",
        schemars::schema_for!(ldtokens_client::types::Statement)), ("MemberSummary",
        schemars::schema_for!(ldtokens_client::types::MemberSummary)), ("Link",
        schemars::schema_for!(ldtokens_client::Link)), ("Links",
        schemars::schema_for!(ldtokens_client::Links)), ("BaseRole",
        schemars::schema_for!(ldtokens_client::types::BaseRole)), ("Role",
        schemars::schema_for!(ldtokens_client::Role)), ("TokenId",
        schemars::schema_for!(ldtokens_client::TokenId)), ("UnixMillis",
        schemars::schema_for!(ldtokens_client::UnixMillis)), ("ErrorRep",
        schemars::schema_for!(ldtokens_client::types::ErrorRep))
    ]
}

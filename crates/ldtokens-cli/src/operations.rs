//! The API's operations as commands, under their own names. All come from the table in `ldtokens_client::operations`.

pub(crate) mod json_patch;
pub(crate) mod parameter;
pub(crate) mod perform;
pub(crate) mod words;

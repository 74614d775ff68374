//! The custom roles of a token: a request names them by key or ID, and the token is stored with their IDs.

use serde_json::{Map, Value};

use crate::operations::strictness::Strictness;
use crate::response::ApiError;
use crate::store::Records;

/// Replaces the keys in `customRoleIds` with IDs. A role that the account does not have is refused by a strict server;
/// otherwise it stays as it is, and allows nothing.
pub(crate) fn replace_keys(
    records: &Records<'_>,
    strictness: Strictness,
    properties: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let roles = properties.get_mut("customRoleIds").and_then(Value::as_array_mut);
    for (index, role) in roles.into_iter().flatten().enumerate() {
        match records.custom_role(role.as_str().unwrap_or_default())? {
            Some(found) => *role = found.id.into(),
            None => {
                let message = format!("customRoleIds/{index} is not a custom role of the account");
                strictness.refuse_if_strict(ApiError::invalid_request(message))?;
            }
        }
    }
    Ok(())
}

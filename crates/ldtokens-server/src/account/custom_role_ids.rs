//! Custom roles in a token: requests name them by key or ID, and answers by ID.

use serde_json::{Map, Value};

use crate::http::response::ApiError;
use crate::operations::strictness::Strictness;
use crate::store::Records;

/// Puts IDs in the place of keys in the `customRoleIds` of a token's document. A role that the account does not have stays
/// as it is, and gives nothing, unless the server is strict.
pub(crate) fn resolve(
    records: &Records<'_>,
    strictness: Strictness,
    document: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let roles = document.get_mut("customRoleIds").and_then(Value::as_array_mut);
    for (index, role) in roles.into_iter().flatten().enumerate() {
        match records.custom_role(role.as_str().unwrap_or_default())? {
            Some(known) => *role = known.id.into(),
            None => {
                let message = format!("customRoleIds/{index} is not a custom role of the account");
                strictness.refuse_if_strict(ApiError::invalid_request(message))?;
            }
        }
    }
    Ok(())
}

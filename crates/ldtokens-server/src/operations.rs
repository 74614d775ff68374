//! The operations: the six of `openapi.yaml`, and five that only read.

mod custom_role_ids;
mod identity_and_roles;
pub(crate) mod listing;
pub(crate) mod operation;
mod patch;
pub(crate) mod strictness;
pub(crate) mod token_response;
pub(crate) mod token_rules;
mod tokens;
pub(crate) mod validation;

use ldtokens_operations::OPERATIONS;

pub(crate) use custom_role_ids::replace_keys;
use operation::Operation;

/// All operations that this server has.
pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    let of_tokens = OPERATIONS.iter().filter_map(|spec| {
        let handler = tokens::handler(spec.id)?;
        Some(Operation { id: spec.id, method: spec.method, path: spec.path, parameters_of: spec.id, handler })
    });
    of_tokens.chain(identity_and_roles::OPERATIONS)
}

/// The IDs of all operations.
pub(crate) fn operation_ids() -> impl Iterator<Item = &'static str> {
    operations().map(|operation| operation.id)
}

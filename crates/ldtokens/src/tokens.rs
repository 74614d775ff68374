//! Tokens: listing, creating, changing and resetting them.

mod edit;
pub(crate) mod issued;
pub(crate) mod list;
pub(crate) mod new_token;
pub(crate) mod overlap;
pub(crate) mod patch;
pub(crate) mod policy;
mod recover;
pub(crate) mod stream;

//! The account that a command uses: settings, profiles, the credential, and the client made from them.

pub(crate) mod config_edit;
pub(crate) mod config_file;
pub(crate) mod connect;
pub(crate) mod credential;
mod curl;
pub(crate) mod errors;
pub(crate) mod keychain;
pub(crate) mod settings;

//! The account that a command uses: settings, profiles, the credential, and the client made from them.

pub(crate) mod config_edit;
pub(crate) mod config_file;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod credential;
pub(crate) mod curl;
pub(crate) mod environment;
pub(crate) mod failure;
pub(crate) mod keychain;
pub(crate) mod local;
pub(crate) mod settings;

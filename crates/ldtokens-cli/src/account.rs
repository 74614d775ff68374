//! The account that a command uses: settings, profiles, the credential, and the client. Other folders use only what is here.

mod config_edit;
mod config_file;
mod connect;
mod credential;
mod curl;
mod errors;
mod keychain;
mod settings;

pub(crate) use config_edit::edit_config;
pub(crate) use config_file::{ConfigFile, Profile, RegionName};
pub(crate) use connect::{Session, client_builder, local_store, start_local, with_client};
pub(crate) use credential::{MAX_SIZE, ROOT_TOKEN, Source, shell};
pub(crate) use errors::{IN_USE, InUse};
pub(crate) use keychain::Keychain;
pub(crate) use settings::{Origin, Settings, first_set, host_as_name, in_home, is_same_host};

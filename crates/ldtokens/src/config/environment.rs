//! A client from the environment variables of LaunchDarkly's other tools.

use std::ffi::OsString;

use crate::config::builder::ClientBuilder;
use crate::config::config_error::ConfigError;

/// Where the credential is looked for: `ldcli`'s variable, then the Terraform provider's.
pub const CREDENTIAL_VARIABLES: &[&str] = &["LD_ACCESS_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"];

/// Where the host is looked for: `ldcli`'s variable, then the Terraform provider's.
pub const HOST_VARIABLES: &[&str] = &["LD_BASE_URI", "LAUNCHDARKLY_API_HOST"];

type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads the variables with `lookup`.
pub(crate) fn builder(lookup: impl Fn(&str) -> Option<OsString>) -> Result<ClientBuilder, ConfigError> {
    let lookup: Lookup<'_> = &lookup;
    let (name, credential) = first_set(lookup, CREDENTIAL_VARIABLES)?
        .ok_or(ConfigError::MissingCredential { variables: CREDENTIAL_VARIABLES })?;
    let of_variable = |name| move |error: ConfigError| ConfigError::Variable { name, reason: error.to_string() };
    let mut builder = ClientBuilder::new(credential.into());
    builder.check_credential().map_err(of_variable(name))?;
    if let Some((name, host)) = first_set(lookup, HOST_VARIABLES)? {
        builder = builder.host_from(name, host);
    }
    Ok(builder)
}

/// The first of `names` that is set and not empty.
fn first_set(
    lookup: Lookup<'_>,
    names: &'static [&'static str],
) -> Result<Option<(&'static str, String)>, ConfigError> {
    let set = names.iter().find_map(|name| Some((*name, lookup(name).filter(|value| !value.is_empty())?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigError::Variable { name, reason: "its value is not UTF-8".to_owned() }),
    })
    .transpose()
}

#[cfg(test)]
#[path = "../../tests/unit/environment.rs"]
mod tests;

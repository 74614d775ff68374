//! A client from the variables that users of LaunchDarkly's other tools have set already.

use std::ffi::OsString;

use crate::config::builder::ClientBuilder;
use crate::error::ConfigError;

/// Where the credential is looked for: `ldcli`'s variable, then the Terraform provider's.
pub const CREDENTIAL_VARIABLES: &[&str] = &["LD_ACCESS_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"];

/// Where the host is looked for: `ldcli`'s variable, then the Terraform provider's.
pub const HOST_VARIABLES: &[&str] = &["LD_BASE_URI", "LAUNCHDARKLY_API_HOST"];

type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads the variables by way of `lookup`.
pub(crate) fn builder(lookup: impl Fn(&str) -> Option<OsString>) -> Result<ClientBuilder, ConfigError> {
    let lookup: Lookup<'_> = &lookup;
    let (name, credential) = first_set(lookup, CREDENTIAL_VARIABLES)?
        .ok_or(ConfigError::MissingCredential { variables: CREDENTIAL_VARIABLES })?;
    let of_variable = |name| move |error: ConfigError| ConfigError::Variable { name, reason: error.to_string() };
    let mut builder = ClientBuilder::new(credential.into());
    builder.check_credential().map_err(of_variable(name))?;
    if let Some((name, host)) = first_set(lookup, HOST_VARIABLES)? {
        builder = builder.host(host);
        builder.check_host().map_err(of_variable(name))?;
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
mod tests {
    use super::builder;
    use crate::error::ConfigError;

    fn from(variables: &[(&str, &str)]) -> Result<String, String> {
        let builder = builder(|name| Some(variables.iter().find(|(known, _)| *known == name)?.1.into()));
        builder
            .and_then(|builder| builder.check_host())
            .map(|url| url.as_str().to_owned())
            .map_err(|error: ConfigError| error.to_string())
    }

    #[test]
    fn ldcli_s_names_come_before_the_terraform_providers() {
        let terraform =
            [("LAUNCHDARKLY_ACCESS_TOKEN", "api-1"), ("LAUNCHDARKLY_API_HOST", "https://app.launchdarkly.us")];
        assert_eq!(from(&terraform).unwrap(), "https://app.launchdarkly.us/api/v2");
        let both = [terraform[0], terraform[1], ("LD_BASE_URI", "https://app.eu.launchdarkly.com")];
        assert_eq!(from(&both).unwrap(), "https://app.eu.launchdarkly.com/api/v2");
        assert_eq!(from(&[("LD_ACCESS_TOKEN", "api-1")]).unwrap(), "https://app.launchdarkly.com/api/v2");
    }

    #[test]
    fn a_missing_or_malformed_variable_is_named_and_not_repeated() {
        let missing = from(&[("LD_ACCESS_TOKEN", "")]).unwrap_err();
        assert!(missing.contains("LD_ACCESS_TOKEN or LAUNCHDARKLY_ACCESS_TOKEN"), "{missing}");
        let two_lines = from(&[("LD_ACCESS_TOKEN", "api-hunter2\nx")]).unwrap_err();
        assert!(two_lines.starts_with("LD_ACCESS_TOKEN: ") && !two_lines.contains("hunter2"), "{two_lines}");
        let host = from(&[("LD_ACCESS_TOKEN", "api-1"), ("LD_BASE_URI", "https://u:hunter2@h")]).unwrap_err();
        assert!(host.starts_with("LD_BASE_URI: ") && !host.contains("hunter2"), "{host}");
    }
}

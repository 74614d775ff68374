//! A client from the environment variables of LaunchDarkly's other tools.

use std::ffi::OsString;

use ldtokens_core::{BaseUrl, authorization_header};

use crate::{ClientBuilder, ConfigError, Secret};

/// The variables that can hold the credential, in this order: `ldcli`'s, then the Terraform provider's.
pub const CREDENTIAL_VARIABLES: &[&str] = &["LD_ACCESS_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"];

/// The variables that can hold the host, in this order: `ldcli`'s, then the Terraform provider's.
pub const HOST_VARIABLES: &[&str] = &["LD_BASE_URI", "LAUNCHDARKLY_API_HOST"];

/// Reads the variables with `lookup`.
pub(crate) fn builder(lookup: impl Fn(&str) -> Option<OsString>) -> Result<ClientBuilder, ConfigError> {
    let invalid = |name, reason: String| ConfigError::Variable { name, reason };
    let first_set = |names: &'static [&'static str]| {
        let set = names.iter().find_map(|name| Some((*name, lookup(name).filter(|value| !value.is_empty())?)));
        let utf8 = |(name, value): (_, OsString)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(invalid(name, "its value is not UTF-8".to_owned())),
        };
        set.map(utf8).transpose()
    };
    let (name, credential) =
        first_set(CREDENTIAL_VARIABLES)?.ok_or(ConfigError::MissingCredential { variables: CREDENTIAL_VARIABLES })?;
    let credential = Secret::new(credential);
    authorization_header(&credential).map_err(|error| invalid(name, error.to_string()))?;
    let mut builder = ClientBuilder::new(credential);
    if let Some((name, host)) = first_set(HOST_VARIABLES)? {
        builder = builder.host_from(name, host);
    }
    Ok(builder)
}

/// Refuses a proxy variable that the HTTP library would ignore, as it does one with quotes: the credential would go past the
/// proxy.
pub(crate) fn check_proxies(base_url: &BaseUrl, lookup: impl Fn(&str) -> Option<OsString>) -> Result<(), ConfigError> {
    let own = if base_url.as_str().starts_with("https:") {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    for names in [own, ["ALL_PROXY", "all_proxy"]] {
        let set = names.into_iter().find_map(|name| Some((name, lookup(name)?)));
        let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) else { continue };
        let uri = value.to_str().and_then(|value| value.parse::<http::Uri>().ok());
        let is_usable = uri
            .is_some_and(|uri| uri.authority().is_some() && matches!(uri.scheme_str(), None | Some("http" | "https")));
        if !is_usable {
            let reason = "it is not the http:// or https:// URL of a proxy: correct it, or unset it".to_owned();
            return Err(ConfigError::Variable { name, reason });
        }
        break;
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../tests/unit/environment.rs"]
mod tests;

//! A client from the environment variables of LaunchDarkly's other tools.

use std::ffi::OsString;

use ldtokens_core::{BaseUrl, authorization_header};

use crate::{ConfigError, Secret};

/// The variables that can hold the credential, in this order: `ldcli`'s, then the Terraform provider's.
pub const CREDENTIAL_VARIABLES: &[&str] = &["LD_ACCESS_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"];

/// The variables that can hold the host, in this order: `ldcli`'s, then the Terraform provider's.
pub const HOST_VARIABLES: &[&str] = &["LD_BASE_URI", "LAUNCHDARKLY_API_HOST"];

/// A variable, and its value.
type Variable = (&'static str, String);

/// The credential, and the host if a variable has one, by `lookup`.
pub(crate) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<(Secret, Option<Variable>), ConfigError> {
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
    Ok((credential, first_set(HOST_VARIABLES)?))
}

/// Refuses a proxy variable that the HTTP library would ignore, as it does one with quotes: the credential would go past the
/// proxy.
pub(crate) fn check_proxies(base_url: &BaseUrl, lookup: impl Fn(&str) -> Option<OsString>) -> Result<(), ConfigError> {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, lookup(name)?)));
    let exceptions = first(["NO_PROXY", "no_proxy"]).and_then(|(_, names)| names.into_string().ok());
    let is_excepted = |name: &str| {
        let before = base_url.host().strip_suffix(name.trim_start_matches('.'));
        name == "*" || !name.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let own = if base_url.is_https() { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let mut set = [own, ["ALL_PROXY", "all_proxy"]].into_iter().filter_map(first);
    let Some((name, value)) = set.find(|(_, value)| !value.is_empty()) else { return Ok(()) };
    let uri = value.to_str().and_then(|value| value.parse::<http::Uri>().ok());
    let is_usable =
        uri.is_some_and(|uri| uri.authority().is_some() && matches!(uri.scheme_str(), None | Some("http" | "https")));
    if is_usable || exceptions.iter().flat_map(|names| names.split(',')).any(|name| is_excepted(name.trim())) {
        return Ok(());
    }
    let reason = "it is not the http:// or https:// URL of a proxy: correct it, or unset it".to_owned();
    Err(ConfigError::Variable { name, reason })
}

#[cfg(test)]
#[path = "../../tests/unit/environment.rs"]
mod tests;

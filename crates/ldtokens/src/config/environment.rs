//! A client from the environment variables of LaunchDarkly's other tools.

use std::ffi::OsString;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ldtokens_core::{BaseUrl, authorization_header};

use crate::{Client, ClientBuilder, ConfigError, Error, Secret};

/// The variables that can hold the credential, in this order: `ldcli`'s, then the Terraform provider's.
pub const CREDENTIAL_VARIABLES: &[&str] = &["LD_ACCESS_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"];

/// The variables that can hold the host, in this order: `ldcli`'s, then the Terraform provider's.
pub const HOST_VARIABLES: &[&str] = &["LD_BASE_URI", "LAUNCHDARKLY_API_HOST"];

impl ClientBuilder {
    /// A builder with the credential, and the host if a variable has one, by `lookup`.
    pub(crate) fn from_variables(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let first_set = |names: &'static [&'static str]| {
            let set = names.iter().find_map(|name| Some((*name, lookup(name).filter(|value| !value.is_empty())?)));
            let utf8 = |(name, value): (_, OsString)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(ConfigError::variable(name, "its value is not UTF-8")),
            };
            set.map(utf8).transpose()
        };
        let (name, credential) =
            first_set(CREDENTIAL_VARIABLES)?.ok_or(ConfigError::MissingCredential(CREDENTIAL_VARIABLES))?;
        let credential = Secret::new(credential);
        authorization_header(&credential).map_err(|error| ConfigError::variable(name, error.to_string()))?;
        let mut builder = Client::builder(credential);
        if let Some((name, host)) = first_set(HOST_VARIABLES)? {
            // It is checked when the client is built.
            (builder.host, builder.host_variable) = (host, Some(name));
        }
        Ok(builder)
    }
}

/// Whether these variables name a proxy. One that the HTTP library would ignore is refused, such as one in quotes: the credential
/// would go past the proxy. [`Matcher`] is how that library reads these variables.
pub(crate) fn has_proxy(base_url: &BaseUrl, lookup: impl Fn(&str) -> Option<OsString>) -> Result<bool, ConfigError> {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, lookup(name)?)));
    let own = if base_url.is_https() { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let mut set = [own, ["ALL_PROXY", "all_proxy"]].into_iter().filter_map(first);
    let Some((name, value)) = set.find(|(_, value)| !value.is_empty()) else { return Ok(false) };
    let exceptions =
        first(["NO_PROXY", "no_proxy"]).and_then(|(_, names)| names.into_string().ok()).unwrap_or_default();
    let url = base_url.as_str().parse().expect("a URL is a URI");
    let used = |proxy: &str| Matcher::builder().all(proxy).no(&*exceptions).build().intercept(&url);
    let is_http = |proxy: Intercept| matches!(proxy.uri().scheme_str(), Some("http" | "https"));
    if used("http://proxy").is_none() {
        return Ok(false);
    }
    let refuse = |reason| Err(ConfigError::variable(name, reason));
    match value.to_str().and_then(used).is_some_and(is_http) {
        // There a request can set HTTP_PROXY, so that library reads none of these variables.
        true if lookup("REQUEST_METHOD").is_some() => {
            refuse("with REQUEST_METHOD, as in a CGI program, it is not used: unset one of them")
        }
        true => Ok(true),
        false => refuse("it is not the http:// or https:// URL of a proxy: correct it, or unset it"),
    }
}

#[cfg(test)]
#[path = "../../tests/unit/environment.rs"]
mod tests;

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::error::ConfigError;

/// Which of LaunchDarkly's instances an account lives in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `https://app.launchdarkly.com`
    #[default]
    Us,
    /// `https://app.eu.launchdarkly.com`
    Eu,
    /// `https://app.launchdarkly.us`
    Federal,
}

impl Region {
    /// The instance's host, as a URL without the API's path.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Us => "https://app.launchdarkly.com",
            Self::Eu => "https://app.eu.launchdarkly.com",
            Self::Federal => "https://app.launchdarkly.us",
        }
    }
}

const API_PATH: &str = "/api/v2";

/// Where the API is served: an origin, and a path that ends in `/api/v2`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

/// Whether a credential may travel unencrypted to a host that is not this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Refused,
    Allowed,
}

impl BaseUrl {
    /// Reads `text`: a URL with or without `/api/v2`, or a bare host name, which means HTTPS.
    pub(crate) fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, ConfigError> {
        let refuse = |reason| Err(ConfigError::Host { reason });
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let Ok(mut url) = Url::parse(&with_scheme) else {
            return refuse("it is not a URL; give one like https://app.launchdarkly.com");
        };
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return refuse("it is neither an https:// nor an http:// URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it has a user name or password in it; the credential is given apart from the host");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it has a query or fragment; give the host alone, with or without /api/v2");
        }
        if url.scheme() == "http" && plain_http == PlainHttp::Refused && !is_loopback(&url) {
            return refuse("it is plain HTTP, which would show the credential to the network; use https://");
        }
        let stem = url.path().trim_end_matches('/').trim_end_matches(API_PATH).to_owned();
        url.set_path(&format!("{stem}{API_PATH}"));
        Ok(Self(url))
    }

    /// The URL to put an operation's path behind.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether requests stay on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether they do so unencrypted.
    #[cfg(feature = "rustls")]
    pub(crate) fn is_plain_loopback(&self) -> bool {
        self.0.scheme() == "http" && self.is_loopback()
    }

    /// Resolves a link of the API's (`/api/v2/tokens?limit=25`), if it stays on this origin.
    pub(crate) fn same_origin(&self, href: &str) -> Option<Url> {
        let target = self.0.join(href).ok()?;
        (target.origin() == self.0.origin()).then_some(target)
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, PlainHttp};

    fn parse(text: &str) -> Result<String, String> {
        BaseUrl::parse(text, PlainHttp::Refused).map(|url| url.as_str().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_api_path_may_be_there_or_not() {
        for text in [
            "https://app.launchdarkly.com",
            "https://app.launchdarkly.com/",
            "https://app.launchdarkly.com/api/v2",
            "https://app.launchdarkly.com/api/v2/",
            "app.launchdarkly.com",
        ] {
            assert_eq!(parse(text).as_deref(), Ok("https://app.launchdarkly.com/api/v2"), "{text}");
        }
        assert_eq!(parse("https://gw.example/ld").as_deref(), Ok("https://gw.example/ld/api/v2"));
    }

    #[test]
    fn plain_http_is_for_loopback_or_for_those_who_ask() {
        for text in ["http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:1/api/v2", "http://127.9.9.9"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["http://app.launchdarkly.com", "http://10.0.0.1", "http://localhost.example", "http://[::2]"] {
            assert!(parse(text).unwrap_err().contains("plain HTTP"), "{text}");
            assert!(BaseUrl::parse(text, PlainHttp::Allowed).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_without_repeating_it() {
        for text in ["", "ftp://a", "https://user:hunter2@a", "https://a?x=hunter2", "https://a#hunter2", "https://"] {
            assert!(!parse(text).unwrap_err().contains("hunter2"), "{text}");
        }
    }
}

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::ConfigError;

const API_PATH: &str = "/api/v2";

/// Where the API is served: an origin, and a path that ends in `/api/v2`.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads `text`: a URL with or without `/api/v2`, or a bare host name, which means HTTPS. Plain HTTP to other machines
    /// is an error unless `allows_plain_http` is true.
    ///
    /// # Errors
    /// [`ConfigError::Host`] says what is wrong, or it is [`ConfigError::PlainHttp`].
    pub fn parse(text: &str, allows_plain_http: bool) -> Result<Self, ConfigError> {
        let refuse = |reason| Err(ConfigError::Host(reason));
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let Ok(mut url) = Url::parse(&with_scheme) else {
            return refuse("it is not a URL; give one like https://app.launchdarkly.com");
        };
        if !matches!(url.scheme(), "https" | "http") {
            return refuse("it is neither an https:// nor an http:// URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it contains a user name or password; give the credential separately");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it contains a query or fragment; give the host alone, with or without /api/v2");
        }
        // A `Url` takes characters in a host that a request can't.
        if url.as_str().parse::<http::Uri>().is_err() {
            return refuse("its host name has a character that no host name has");
        }
        let stem = url.path().trim_end_matches('/').trim_end_matches(API_PATH).to_owned();
        url.set_path(&format!("{stem}{API_PATH}"));
        let base = Self(url);
        if !base.is_https() && !allows_plain_http && !base.is_loopback() {
            return Err(ConfigError::PlainHttp);
        }
        Ok(base)
    }

    /// The URL to which an operation's path is appended.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Resolves a link from the API, such as `/api/v2/tokens?limit=25`. `None` if it leads to another origin.
    pub fn same_origin(&self, href: &str) -> Option<Url> {
        let target = self.0.join(href).ok()?;
        (target.origin() == self.0.origin()).then_some(target)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

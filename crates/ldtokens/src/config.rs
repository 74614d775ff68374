//! How a client is built, from code or from the environment.

pub(crate) mod environment;
#[cfg(feature = "rustls")]
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ldtokens_core::{BaseUrl, DryRunConfig, SendOptions, Sender, Settings, innermost_cause};
use reqwest::header::{HeaderName, HeaderValue, USER_AGENT};

use crate::{ApiVersion, Client, Clock, ConfigError, DryRun, Error, Observer, RetryPolicy, Secret, Transport};

/// A LaunchDarkly instance.
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

/// Builds a [`Client`]. [`Client::builder`] starts one.
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    credential: Secret,
    host: String,
    /// The environment variable that the host came from.
    host_variable: Option<&'static str>,
    allows_plain_http: bool,
    user_agent_suffix: String,
    proxy: Option<reqwest::Proxy>,
    #[cfg(feature = "rustls")]
    root_certificates: Vec<Vec<u8>>,
    connect_timeout: Duration,
    http_client: Option<reqwest::Client>,
    concurrency: usize,
    settings: Settings,
}

/// It shows no setting: the host and the proxy may contain a password.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

impl Client {
    /// Starts building a client that authenticates with `credential`, the secret of an access token. It uses the US instance
    /// unless [`region`](ClientBuilder::region) or [`host`](ClientBuilder::host) is set.
    pub fn builder(credential: impl Into<Secret>) -> ClientBuilder {
        let builder = ClientBuilder {
            credential: credential.into(),
            host: Region::default().url().to_owned(),
            host_variable: None,
            allows_plain_http: false,
            user_agent_suffix: String::new(),
            proxy: None,
            #[cfg(feature = "rustls")]
            root_certificates: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            http_client: None,
            concurrency: 8,
            settings: Settings::default(),
        };
        builder.api_version(ApiVersion::default())
    }

    /// A client with the credential and the host from environment variables, those of the vendor's `ldcli` and of its Terraform
    /// provider.
    ///
    /// The credential is in `LD_ACCESS_TOKEN`, or else in `LAUNCHDARKLY_ACCESS_TOKEN`. The host is in `LD_BASE_URI`, or else
    /// in `LAUNCHDARKLY_API_HOST`; the default is the US instance. An empty variable counts as unset. For more settings, such as
    /// plain HTTP, see [`ClientBuilder::from_env`].
    ///
    /// # Errors
    /// [`Error::Config`] names the variable that is missing or can't be used.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// A builder with the credential and the host from the same environment variables as [`Client::from_env`].
    ///
    /// # Errors
    /// [`Error::Config`] names the variable that is missing or can't be used.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The LaunchDarkly instance of the account. Default: the US instance.
    pub fn region(self, region: Region) -> Self {
        self.host(region.url())
    }

    /// The API's host: a URL with or without `/api/v2`, or a host name, which means HTTPS.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self.host_variable = None;
        self
    }

    /// Allows plain HTTP to other machines, which sends the credential unencrypted. Use it only in a private network. Plain
    /// HTTP to loopback is always allowed.
    pub fn allow_plain_http(mut self) -> Self {
        self.allows_plain_http = true;
        self
    }

    /// The API version that every request names. Default: the latest that this crate knows, so that the same program gets the
    /// same responses with any token, whatever its `defaultApiVersion` is.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        let version = HeaderValue::from_static(version.as_str());
        self.settings.headers.insert(HeaderName::from_static("ld-api-version"), version);
        self
    }

    /// Text to append to the user agent `ldtokens/VERSION`, as in `my-rotation-job/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = suffix.into();
        self
    }

    /// The timeout for connecting. Default: 5 seconds, and at most a quarter of the retry policy's deadline and half of its
    /// timeout of an attempt.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// A proxy. Default: the usual environment variables, such as `HTTPS_PROXY`; one that can't be used is an error, so that the
    /// credential does not go past a proxy. Requests to loopback never use a proxy.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts a root certificate in addition to the system's, for instance that of a company's proxy. `pem` can contain
    /// several certificates. [`build`](Self::build) returns an error if they can't be read.
    #[cfg(feature = "rustls")]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// An HTTP client of your own. This builder's timeout for connecting, proxy and root certificates don't apply to it, and its
    /// redirect policy does. Build it with `redirect::Policy::none()`: if a change is redirected, its outcome is unknown, and a
    /// create that is redirected to a host that can't be reached counts as not sent, and is repeated. For plain HTTP to loopback,
    /// build it with `no_proxy`, or it sends the credential to the proxy of `HTTP_PROXY`.
    ///
    /// Depend on reqwest yourself, with the TLS feature that you want, such as `rustls`. This crate enables only
    /// `rustls-no-provider`, with which building a `reqwest::Client` panics unless the program has installed a provider.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self.settings.follows_redirects = true;
        self
    }

    /// Sends PATCH and DELETE as POST with `X-HTTP-Method-Override`, for firewalls that block them.
    pub fn method_override(mut self) -> Self {
        self.settings.method_override = true;
        self
    }

    /// The maximum number of requests that a list sends at once, from 1 to 16; a number outside is taken as the nearest of
    /// these. Default: 8. The rate limit can lower it.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.clamp(1, 16);
        self
    }

    /// How long calls may take and how often they are retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Sends the requests, complete and with the credential, in place of the HTTP client. For tests without a socket: see
    /// [`guide::testing`](crate::guide::testing).
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.settings.transport = Some(transport);
        self
    }

    /// The clock, for tests. Default: the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = Some(clock);
        self
    }

    /// Receives an event when an attempt starts and when it ends, for metrics.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    /// Shows requests instead of sending them: all, or those that could change something. A call whose request is not sent
    /// returns [`Error::DryRun`]. `show` gets exactly what would be sent, without the credential.
    ///
    /// ```
    /// use ldtokens::{BaseRole, Client, DryRun, Error, NewToken};
    /// # async fn example(secret: String) -> Result<(), Error> {
    /// let client = Client::builder(secret)
    ///     .dry_run(DryRun::Changes, |request| println!("{} {}", request.method(), request.url()))
    ///     .build()?;
    /// let created = client.create(&NewToken::new(BaseRole::Reader)).await;
    /// assert!(matches!(created, Err(Error::DryRun { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dry_run(mut self, scope: DryRun, show: impl Fn(&reqwest::Request) + Send + Sync + 'static) -> Self {
        self.settings.dry_run = Some(DryRunConfig { scope, show: Arc::new(show) });
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Config`] says which setting can't be used.
    pub fn build(mut self) -> Result<Client, Error> {
        let base_url =
            BaseUrl::parse(&self.host, self.allows_plain_http).map_err(|error| match self.host_variable {
                Some(name) => ConfigError::variable(name, error.to_string()),
                None => error,
            })?;
        let user_agent = format!("ldtokens/{} {}", env!("CARGO_PKG_VERSION"), self.user_agent_suffix);
        let user_agent = HeaderValue::from_str(user_agent.trim_end()).map_err(|_| {
            ConfigError::Setting("the user agent's suffix contains characters that a header can't have".to_owned())
        })?;
        self.settings.headers.insert(USER_AGENT, user_agent);
        let http = match self.http_client.take() {
            Some(own) => own,
            None => self.http(&base_url)?,
        };
        let sender = Sender::new(http, base_url, self.credential, self.settings)?;
        Ok(Client { sender: Arc::new(sender), options: SendOptions::default(), concurrency: self.concurrency })
    }

    fn http(&self, base_url: &BaseUrl) -> Result<reqwest::Client, ConfigError> {
        let RetryPolicy { attempt_timeout, deadline, .. } = self.settings.policy;
        // The API never redirects. A redirect comes from something else, which must not get the credential.
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout.min(attempt_timeout / 2).min(deadline / 4))
            // Many load balancers close a connection after 30 or 60 idle seconds.
            .pool_idle_timeout(Duration::from_secs(20))
            // A secret is not lost because of a header.
            .http1_max_headers(256)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true);
        let is_proxied = !base_url.is_loopback()
            && (self.proxy.is_some() || environment::has_proxy(base_url, |name| std::env::var_os(name))?);
        if !is_proxied {
            http = http.no_proxy();
        } else if let Some(proxy) = self.proxy.clone() {
            http = http.proxy(proxy);
        }
        #[cfg(feature = "rustls")]
        {
            // A container without certificates can speak plain HTTP.
            let needs_roots = base_url.is_https() || is_proxied;
            http = http.tls_backend_preconfigured(tls::config(needs_roots.then_some(&*self.root_certificates))?);
        }
        http.build().map_err(|error| unusable(innermost_cause(&error)))
    }
}

/// The error for settings with which there can be no HTTP client.
pub(crate) fn unusable(reason: impl fmt::Display) -> ConfigError {
    ConfigError::Setting(format!("the HTTP client can't be built: {reason}"))
}

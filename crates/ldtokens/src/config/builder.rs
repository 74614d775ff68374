use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use crate::Secret;
use crate::client::Client;
use crate::config::api_version::ApiVersion;
use crate::config::base_url::{BaseUrl, PlainHttp, Region};
use crate::config::environment;
#[cfg(feature = "rustls")]
use crate::config::tls;
use crate::error::{ConfigError, Error};
use crate::send::Sender;
use crate::send::clock::{Clock, SystemClock};
use crate::send::dry_run::{DryRun, Rehearsal};
use crate::send::observe::Observer;
use crate::send::pacing::Pacing;
use crate::send::retry::RetryPolicy;

/// Builds a [`Client`]; [`Client::builder`] begins one.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    credential: Secret,
    host: String,
    plain_http: PlainHttp,
    api_version: ApiVersion,
    user_agent_suffix: Option<String>,
    connect_timeout: Duration,
    proxy: Option<reqwest::Proxy>,
    #[cfg(feature = "rustls")]
    root_certificates: Vec<Vec<u8>>,
    http_client: Option<reqwest::Client>,
    tunnelled: bool,
    policy: RetryPolicy,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
    rehearsal: Option<Rehearsal>,
}

impl ClientBuilder {
    pub(crate) fn new(credential: Secret) -> Self {
        Self {
            credential,
            host: Region::default().url().to_owned(),
            plain_http: PlainHttp::Refused,
            api_version: ApiVersion::default(),
            user_agent_suffix: None,
            connect_timeout: Duration::from_secs(5),
            proxy: None,
            #[cfg(feature = "rustls")]
            root_certificates: Vec::new(),
            http_client: None,
            tunnelled: false,
            policy: RetryPolicy::default(),
            clock: None,
            observer: None,
            rehearsal: None,
        }
    }

    /// A builder with the credential and the host that the environment names, as [`Client::from_env`] reads it.
    ///
    /// # Errors
    /// [`Error::Config`] names the variable that is missing or can't be read.
    pub fn from_env() -> Result<Self, Error> {
        Ok(environment::builder(|name| std::env::var_os(name))?)
    }

    /// The LaunchDarkly instance that the account lives in. The US one if not set.
    pub fn region(self, region: Region) -> Self {
        self.host(region.url())
    }

    /// The host to speak to: a URL with or without `/api/v2`, or a name, which means HTTPS.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// Lets the credential travel unencrypted, where anyone on the way can read it. Only for a network that is itself
    /// private. To loopback it may always.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// The version of the API to speak. The latest that this crate knows if not set.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// What to add to the user agent `ldtokens/VERSION`, as in `my-rotation-job/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// The longest that making a connection may take. 5 seconds if not set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// A proxy to go through. If not set, the usual environment variables apply, though never to loopback.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts a certificate besides the system's, for instance that of a company's own proxy. It is PEM, as in most files
    /// that end in `.pem` or `.crt`, and may be several certificates. [`build`](Self::build) refuses what is not.
    #[cfg(feature = "rustls")]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// An HTTP client of your own, of a reqwest with a TLS feature of your own: this crate turns on none of those that bring
    /// cryptography with them. The connect time-out, proxy and root certificates set here don't apply to it, and
    /// its redirects are its own affair, though reqwest takes the credential off when one leads to another origin.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sends PATCH and DELETE as POST with `X-HTTP-Method-Override`, for firewalls that let nothing else pass.
    pub fn method_override(mut self) -> Self {
        self.tunnelled = true;
        self
    }

    /// How long calls may take and how they go again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The time to wait and measure by. The machine's if not set.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Who is told of calls and attempts.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Shows requests, all or those that would change something, instead of sending them. A call whose request is held back
    /// ends in [`Error::DryRun`]. What is shown has all that would be sent but the credential.
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
        self.rehearsal = Some(Rehearsal { scope, show: Arc::new(show) });
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`Error::Config`] says which setting can't be used. Nothing is sent.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = self.check_host()?;
        let headers = self.headers()?;
        let http = match self.http_client {
            Some(ref own) => own.clone(),
            None => self.http(&base_url)?,
        };
        let sender = Sender {
            credential: self.credential,
            headers,
            tunnelled: self.tunnelled,
            policy: self.policy,
            pacing: Pacing::default(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            observer: self.observer,
            rehearsal: self.rehearsal,
        };
        Ok(Client::new(base_url, http, sender))
    }

    pub(crate) fn check_host(&self) -> Result<BaseUrl, ConfigError> {
        BaseUrl::parse(&self.host, self.plain_http)
    }

    /// The credential as a header that `Debug` doesn't show.
    pub(crate) fn check_credential(&self) -> Result<HeaderValue, ConfigError> {
        let secret = self.credential.expose();
        let reason = if secret.is_empty() {
            "it is empty"
        } else if secret.contains(char::is_whitespace) {
            "it has white space or a line end in it; give the secret alone"
        } else if let (Ok(mut value), true) = (HeaderValue::from_str(secret), secret.is_ascii()) {
            value.set_sensitive(true);
            return Ok(value);
        } else {
            "it has characters that a header can't hold"
        };
        Err(ConfigError::Credential { reason })
    }

    fn headers(&self) -> Result<HeaderMap, ConfigError> {
        let user_agent = match &self.user_agent_suffix {
            Some(suffix) => format!("ldtokens/{} {suffix}", env!("CARGO_PKG_VERSION")),
            None => format!("ldtokens/{}", env!("CARGO_PKG_VERSION")),
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.check_credential()?);
        headers.insert(HeaderName::from_static("ld-api-version"), HeaderValue::from_static(self.api_version.as_str()));
        headers.insert(USER_AGENT, HeaderValue::from_str(&user_agent).map_err(|_| ConfigError::UserAgent)?);
        Ok(headers)
    }

    fn http(&self, base_url: &BaseUrl) -> Result<reqwest::Client, ConfigError> {
        // The API never redirects. Whatever does is not it, and gets neither the credential nor the request.
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout);
        #[cfg(feature = "rustls")]
        {
            let speaks_tls = self.proxy.is_some() || !base_url.is_plain_loopback();
            let tls = if speaks_tls { tls::trusting(&self.root_certificates)? } else { tls::unused()? };
            http = http.tls_backend_preconfigured(tls);
        }
        if let Some(proxy) = self.proxy.clone() {
            http = http.proxy(proxy);
        } else if base_url.is_loopback() {
            http = http.no_proxy();
        }
        http.build().map_err(|error| ConfigError::Http(reason(&error)))
    }
}

/// The innermost cause, which says more than what wraps it.
fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use ldtokens_client::{InvalidApiVersion, InvalidPolicy, InvalidTokenId, Operation, TokenId};

/// Why a call failed. See ldtokens' [guide on errors].
///
/// Neither `Display` nor `Debug` ever shows a secret. [`source`](std::error::Error::source) has the cause.
///
/// [guide on errors]: https://docs.rs/ldtokens/latest/ldtokens/guide/errors/index.html
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The client can't be built with these settings. Nothing was sent.
    Config(ConfigError),
    /// The arguments are wrong, or can't be what they are given for, such as a token's ID. Nothing was sent.
    InvalidInput(String),
    /// 400: the API does not accept the request.
    InvalidRequest(Box<ApiError>),
    /// 401: the credential is not valid, or no longer valid.
    Unauthorized(Box<ApiError>),
    /// 403: permission denied. The credential is valid.
    Forbidden(Box<ApiError>),
    /// 404: the token does not exist, or the credential may not see it.
    NotFound(Box<ApiError>),
    /// 409: the token changed at the same time. Nothing was changed; read it again and retry.
    Conflict(Box<ApiError>),
    /// 422: the patch does not apply to the token, or one of its `test`s failed. Nothing was changed.
    PatchFailed(Box<ApiError>),
    /// 429: the rate limit lasts longer than the call's deadline or the maximum number of attempts. Nothing was done.
    /// [`ApiError::retry_after`] says how long to wait.
    RateLimited(Box<ApiError>),
    /// 408 or 5xx for a request that only reads, after all retries.
    Server(Box<ApiError>),
    /// A status that the API does not document for this operation, such as a redirect.
    Unexpected(Box<ApiError>),
    /// The deadline passed before the request could be sent, because of other requests, or of earlier calls with the same
    /// deadline. Or too little time was left for the response to a request that can't be repeated. This request was not sent.
    DeadlineExceeded(Operation),
    /// No response: no connection could be made, or a request that only reads lost its connection or timed out.
    #[non_exhaustive]
    Transport {
        /// The operation.
        operation: Operation,
        /// The HTTP library's error.
        source: TransportError,
    },
    /// A successful response whose body can't be read.
    #[non_exhaustive]
    Undecodable {
        /// The operation.
        operation: Operation,
        /// The ID of the token that can't be read, if it is known.
        token_id: Option<String>,
        /// Which property or position can't be read. It never contains the value.
        place: String,
    },
    /// The token was created or reset, but the response has only the last four characters of its secret, or nothing of it.
    /// Nobody has the secret: reset the token, or delete it.
    #[non_exhaustive]
    NoSecret {
        /// The operation.
        operation: Operation,
        /// The token.
        id: TokenId,
    },
    /// The request was sent and may have been carried out, but no response shows it. A create or reset is not retried then,
    /// because carrying it out twice could do harm; a delete and an idempotent patch were.
    #[non_exhaustive]
    OutcomeUnknown {
        /// The operation.
        operation: Operation,
        /// What to do next.
        advice: Cow<'static, str>,
        /// What happened instead of a response.
        source: Box<Error>,
    },
    /// The request was shown and not sent, because this is a dry run.
    DryRun(Operation),
    /// The list changed while it was read: tokens may be missing from what was read.
    ListChanged(String),
    /// The list came in one page without a link to another, but its total is not the number of tokens on it: tokens may be
    /// missing from what was read.
    WrongTotal(String),
    /// The list's link to its next page can't be followed: for instance, it leads back, or to another host.
    BadLink(String),
}

impl Error {
    /// The API's error response, if there was one.
    ///
    /// For [`OutcomeUnknown`](Self::OutcomeUnknown) it is in the [`source`](std::error::Error::source).
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::InvalidRequest(api)
            | Self::Unauthorized(api)
            | Self::Forbidden(api)
            | Self::NotFound(api)
            | Self::Conflict(api)
            | Self::PatchFailed(api)
            | Self::RateLimited(api)
            | Self::Server(api)
            | Self::Unexpected(api) => Some(api),
            _ => None,
        }
    }

    /// Whether the same call can be made again without harm, and may succeed then: nothing was done, or it only reads.
    ///
    /// False for [`OutcomeUnknown`](Self::OutcomeUnknown) and [`Conflict`](Self::Conflict): read the token first. False also for
    /// a certificate that is not trusted.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !source.is_lasting(),
            Self::RateLimited(_) | Self::Server(_) | Self::DeadlineExceeded(_) | Self::ListChanged(_) => true,
            _ => false,
        }
    }

    /// An [`Undecodable`](Self::Undecodable) response, of a token that is not known. Tests of programs can use it too.
    pub fn undecodable(operation: Operation, place: impl Into<String>) -> Self {
        Self::Undecodable { operation, token_id: None, place: place.into() }
    }

    /// A [`NoSecret`](Self::NoSecret).
    pub fn no_secret(operation: Operation, id: TokenId) -> Self {
        Self::NoSecret { operation, id }
    }

    /// An [`OutcomeUnknown`](Self::OutcomeUnknown). `source` is what happened instead of a response. One that is unknown stays so.
    pub fn outcome_unknown(operation: Operation, source: Self) -> Self {
        if matches!(source, Self::OutcomeUnknown { .. }) {
            return source;
        }
        let advice = match operation {
            Operation::PostToken => {
                "list the tokens, delete the one that it created, if any, since nobody has its secret, then create again"
            }
            Operation::ResetToken => {
                "the old secret may have stopped working; reset again with a credential that works"
            }
            Operation::Other(_) => "check whether it was, before trying again",
            _ => "read the token to see which, before trying again",
        };
        Self::OutcomeUnknown { operation, advice: advice.into(), source: Box::new(source) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::InvalidInput(text) | Self::ListChanged(text) | Self::WrongTotal(text) | Self::BadLink(text) => {
                f.write_str(text)
            }
            Self::DeadlineExceeded(operation) => {
                write!(f, "{operation}: not sent: the deadline has passed, or is too near for a response")
            }
            Self::Transport { operation, source } => write!(f, "{operation}: {source}"),
            Self::Undecodable { operation, token_id, place } => {
                let token = token_id.as_ref().map(|id| format!(", token {id}")).unwrap_or_default();
                write!(f, "{operation}: the response can't be read{token}: {place}")
            }
            Self::NoSecret { operation, id } => {
                let done = if *operation == Operation::PostToken { "created" } else { "reset" };
                write!(
                    f,
                    "{operation}: the token {id} was {done}, but the response does not have the whole secret, so nobody \
                     has it; reset the token, or delete it"
                )
            }
            Self::OutcomeUnknown { operation, advice, .. } => write!(
                f,
                "{operation}: the response is lost, and the request may or may not have been carried out; {advice}"
            ),
            Self::DryRun(operation) => write!(f, "{operation}: not sent, because this is a dry run"),
            _ => self.api().map_or(Ok(()), |api| api.fmt(f)),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // `Display` has what the transport error says itself.
            Self::Transport { source, .. } => source.source(),
            Self::OutcomeUnknown { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

macro_rules! invalid_input {
    ($($invalid:ty),*) => {
        $(impl From<$invalid> for Error {
            fn from(invalid: $invalid) -> Self {
                Self::InvalidInput(invalid.to_string())
            }
        })*
    };
}

invalid_input!(InvalidApiVersion, InvalidPolicy, InvalidTokenId);

/// The API's error response, or a 429 made without sending, if a rate limit that is known lasts past the call's deadline.
///
/// A proxy may respond with HTML or nothing. Then [`code`](Self::code) is empty, and [`message`](Self::message) is the
/// status's name, or says where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The operation that failed.
    pub operation: Operation,
    /// The HTTP status.
    pub status: u16,
    /// The API's error code, such as `optimistic_locking_error`. Empty if the response has none.
    pub code: String,
    /// The API's message, on one line and without anything that looks like a secret.
    pub message: String,
    /// The reference for LaunchDarkly's support, if the response has one.
    pub id: Option<String>,
    /// The response's `X-Request-Id`, if it has one.
    pub request_id: Option<String>,
    /// How long the response asks to wait before the next request.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// The error for a rate limit that is known from earlier responses and lasts longer than the call's deadline.
    pub(crate) fn not_sent(operation: Operation, wait: Duration) -> Self {
        let (code, message) = ("rate_limited", "not sent: the rate limit lasts longer than the call's deadline");
        let (code, message) = (code.to_owned(), message.to_owned());
        Self { operation, status: 429, code, message, id: None, request_id: None, retry_after: Some(wait) }
    }
}

impl std::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}", self.operation, self.message, self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if let Some(id) = &self.id {
            write!(f, ", reference {id}")?;
        }
        f.write_str(")")?;
        if let Some(wait) = self.retry_after {
            write!(f, "; try again in {} s", wait.as_secs() + u64::from(wait.subsec_nanos() > 0))?;
        }
        Ok(())
    }
}

/// Why a client can't be built. It never shows a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// None of these environment variables, which were read in this order, holds a credential.
    MissingCredential(&'static [&'static str]),
    /// The credential can't be used, for this reason.
    Credential(&'static str),
    /// The host can't be used, for this reason.
    Host(&'static str),
    /// The host is another machine, and its URL plain HTTP, which was not allowed.
    PlainHttp,
    /// An environment variable can't be used.
    #[non_exhaustive]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// Another setting can't be used, such as a root certificate. The text says which and why.
    Setting(String),
}

impl ConfigError {
    /// The error for the environment variable `name`.
    pub fn variable(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Variable { name, reason: reason.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredential(variables) => {
                write!(f, "no credential: set {} to the secret of an access token", variables.join(" or "))
            }
            Self::Credential(reason) => write!(f, "the credential is not the secret of an access token: {reason}"),
            Self::Host(reason) => write!(f, "the host can't be used: {reason}"),
            Self::PlainHttp => f.write_str(
                "the host can't be used: it is plain HTTP, which would send the credential unencrypted; use https://",
            ),
            Self::Variable { name, reason } => write!(f, "{name}: {reason}"),
            Self::Setting(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Why there is no response. [`source`](std::error::Error::source) has the cause.
#[derive(Debug)]
pub struct TransportError(pub(crate) reqwest::Error);

impl TransportError {
    /// Whether no connection could be made. Then nothing was sent.
    pub fn is_connect(&self) -> bool {
        self.0.is_connect()
    }

    /// Whether it would fail again: the server's certificate is not trusted, it does not speak TLS, its response is not HTTP that
    /// can be read, or the proxy asks for a password.
    pub(crate) fn is_lasting(&self) -> bool {
        causes(&self.0).any(|cause| {
            let is_parse = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
            let cause = cause.to_string();
            is_parse
                || cause.contains("invalid peer certificate")
                || cause.contains("proxy authorization required")
                || cause.contains("corrupt message of type InvalidContentType")
        })
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_proxy = || causes(&self.0).any(|cause| cause.to_string().starts_with("tunnel error"));
        f.write_str(match self.is_connect() {
            true if is_proxy() => "could not connect through the proxy",
            true => "could not connect",
            false if self.0.is_timeout() => "timed out",
            false if self.is_lasting() => "the response is not HTTP that can be read",
            false => "the connection was lost",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The innermost cause of an error, which says more than the errors around it.
pub fn innermost_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    causes(error).last().unwrap_or(error)
}

/// The error, what caused it, and so on.
pub(crate) fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}

use std::fmt;
use std::time::Duration;

use crate::send::operation::Operation;
use crate::token_id::InvalidTokenId;

/// Why a call did not give what was asked for.
///
/// There is a variant for each thing that a caller would treat differently. Neither `Display` nor `Debug` ever shows a
/// secret; the source of an error has the details of its cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The client can't be built from what it was given. Nothing was sent.
    Config(ConfigError),
    /// The text given for a token's ID can't be one. Nothing was sent.
    TokenId(InvalidTokenId),
    /// The arguments of the call contradict each other or the API's rules. Nothing was sent.
    InvalidInput(String),
    /// 400: the API does not understand the request.
    InvalidRequest(Box<ApiError>),
    /// 401: the credential is not, or no longer, a working secret.
    Unauthorized(Box<ApiError>),
    /// 403: the credential works, but may not do this.
    Forbidden(Box<ApiError>),
    /// 404: there is no such token, or none that the credential may know of.
    NotFound(Box<ApiError>),
    /// 409: the token changed while the request was under way. Nothing was changed by it; read again and repeat.
    Conflict(Box<ApiError>),
    /// 422: the patch does not apply to the token, or one of its `test`s does not hold. Nothing was changed.
    PatchFailed(Box<ApiError>),
    /// 429: the account's or the address's rate limit is spent, and the call's deadline leaves no time to wait for the
    /// next window. Nothing was done. [`ApiError::retry_after`] says how long to wait.
    RateLimited(Box<ApiError>),
    /// 5xx: the API, or something between here and there, failed, also after the repetitions that are safe.
    Server(Box<ApiError>),
    /// A status that the API does not document for this operation, such as a redirect.
    Unexpected(Box<ApiError>),
    /// No answer: the connection could not be made, broke off, or took longer than its time-out.
    Transport {
        /// The operation that got no answer.
        operation: Operation,
        /// What the HTTP client says of it.
        source: reqwest::Error,
    },
    /// An answer of success whose body can't be read as what the API promises.
    Undecodable {
        /// The operation whose answer it was.
        operation: Operation,
        /// Where reading stopped. It never repeats what was read.
        place: String,
    },
    /// The request went out and may have been carried out, but the answer that would tell is lost. It was not repeated,
    /// because repeating it could do harm.
    OutcomeUnknown {
        /// The operation that may or may not have been carried out.
        operation: Operation,
        /// The mark by which a token that was created can be known: its description contains this. Only from
        /// [`create_or_recover`](crate::Client::create_or_recover).
        marker: Option<String>,
        /// What was seen instead of the answer.
        source: Box<Error>,
    },
    /// The request was shown and not sent, as a [`dry_run`](crate::ClientBuilder::dry_run) asks.
    DryRun {
        /// The operation that was not carried out.
        operation: Operation,
    },
    /// The list was read to its end, but it changed meanwhile: tokens may be missing from what was read.
    ListChanged {
        /// How many tokens came a second time, and were left out.
        repeated: u64,
    },
    /// The list's link to its next page can't be followed: it loops, goes back, or leaves the host.
    BadLink {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Error {
    /// What the API said, if it was the API that refused.
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

    pub(crate) fn from_api(api: ApiError) -> Self {
        let api = Box::new(api);
        match api.status {
            400 => Self::InvalidRequest(api),
            401 => Self::Unauthorized(api),
            403 => Self::Forbidden(api),
            404 => Self::NotFound(api),
            409 => Self::Conflict(api),
            422 => Self::PatchFailed(api),
            429 => Self::RateLimited(api),
            500..=599 => Self::Server(api),
            _ => Self::Unexpected(api),
        }
    }

    pub(crate) fn outcome_unknown(operation: Operation, source: Self) -> Self {
        Self::OutcomeUnknown { operation, marker: None, source: Box::new(source) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::TokenId(error) => error.fmt(f),
            Self::InvalidInput(reason) => f.write_str(reason),
            Self::InvalidRequest(api)
            | Self::Unauthorized(api)
            | Self::Forbidden(api)
            | Self::NotFound(api)
            | Self::Conflict(api)
            | Self::PatchFailed(api)
            | Self::RateLimited(api)
            | Self::Server(api)
            | Self::Unexpected(api) => api.fmt(f),
            Self::Transport { operation, source } => {
                let what = if source.is_connect() {
                    "could not connect"
                } else if source.is_timeout() {
                    "timed out"
                } else {
                    "the connection broke off"
                };
                write!(f, "{operation}: {what}")
            }
            Self::Undecodable { operation, place } => {
                write!(f, "{operation}: the answer is not what the API promises ({place})")
            }
            Self::OutcomeUnknown { operation, marker, .. } => {
                write!(f, "{operation}: the answer is lost, and it may or may not have been carried out; ")?;
                match (operation.id().as_str(), marker) {
                    ("postToken", Some(marker)) => {
                        write!(f, "delete any token whose description contains `{marker}`, then create again")
                    }
                    ("postToken", None) => f.write_str(
                        "list the tokens, delete one that it made and whose secret nobody holds, then create again",
                    ),
                    ("resetToken", _) => {
                        f.write_str("the old secret may have stopped working; reset again with a credential that works")
                    }
                    _ => f.write_str("read the token to see, before trying again"),
                }
            }
            Self::ListChanged { repeated } => {
                write!(
                    f,
                    "the list changed while it was read ({repeated} tokens came twice, some may be missing); read it again"
                )
            }
            Self::DryRun { operation } => write!(f, "{operation}: not sent, since this is a dry run"),
            Self::BadLink { reason } => write!(f, "the link to the next page can't be followed: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transport { source, .. } => Some(source),
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

impl From<InvalidTokenId> for Error {
    fn from(error: InvalidTokenId) -> Self {
        Self::TokenId(error)
    }
}

/// What the API said when it refused a request.
///
/// A proxy or an outage answers with HTML, with nothing, or with half of something; then [`code`](Self::code) and
/// [`message`](Self::message) say only what the status does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The operation that was refused.
    pub operation: Operation,
    /// The HTTP status.
    pub status: u16,
    /// The API's word for what went wrong, as in `optimistic_locking_error`; empty if the answer has none.
    pub code: String,
    /// The API's sentence for what went wrong.
    pub message: String,
    /// The reference to give to LaunchDarkly's support, if the answer has one.
    pub id: Option<String>,
    /// How long the answer asks to wait before the next request, if it does.
    pub retry_after: Option<Duration>,
}

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

/// Why a client can't be built. It never repeats a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No environment variable holds a credential.
    MissingCredential {
        /// The variables that were looked at, in order.
        variables: &'static [&'static str],
    },
    /// The credential can't be a secret.
    Credential {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host can't be one.
    Host {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An environment variable can't be read.
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// The text to be added to the user agent can't stand in a header.
    UserAgent,
    /// A root certificate can't be read.
    RootCertificate {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client can't be made with these settings.
    Http(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredential { variables } => {
                write!(f, "no credential: set {} to the secret of an access token", variables.join(" or "))
            }
            Self::Credential { reason } => write!(f, "the credential is not a secret of LaunchDarkly's: {reason}"),
            Self::Host { reason } => write!(f, "the host can't be used: {reason}"),
            Self::Variable { name, reason } => write!(f, "{name}: {reason}"),
            Self::UserAgent => f.write_str("the user agent's suffix has characters that a header can't hold"),
            Self::RootCertificate { reason } => write!(f, "the root certificate can't be read: {reason}"),
            Self::Http(reason) => write!(f, "the HTTP client can't be made: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

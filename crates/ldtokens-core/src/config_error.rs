use std::fmt;

/// Why a client can't be built. It never shows a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No environment variable holds a credential.
    MissingCredential {
        /// The variables that were read, in this order.
        variables: &'static [&'static str],
    },
    /// The credential can't be used.
    Credential {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host can't be used.
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
    /// The text to append to the user agent can't be part of a header.
    UserAgent,
    /// A root certificate can't be used.
    RootCertificate {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client can't be built with these settings.
    Http(String),
    /// The background thread of a blocking client can't start.
    Thread(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredential { variables } => {
                write!(f, "no credential: set {} to the secret of an access token", variables.join(" or "))
            }
            Self::Credential { reason } => write!(f, "the credential is not the secret of an access token: {reason}"),
            Self::Host { reason } => write!(f, "the host can't be used: {reason}"),
            Self::Variable { name, reason } => write!(f, "{name}: {reason}"),
            Self::UserAgent => f.write_str("the user agent's suffix contains characters that a header can't have"),
            Self::RootCertificate { reason } => write!(f, "the root certificate can't be used: {reason}"),
            Self::Thread(reason) => write!(f, "the client's thread can't start: {reason}"),
            Self::Http(reason) => write!(f, "the HTTP client can't be built: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

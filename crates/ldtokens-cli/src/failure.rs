//! Failures: one line that says what to do next, and an exit status that a script can go by.

use std::fmt;
use std::process::ExitCode;

use ldtokens::{ConfigError, Error};
use ldtokens_server::StartError;

/// Why the command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    line: String,
}

impl Failure {
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self { status: 2, line: line.into() }
    }

    pub(crate) fn other(line: impl Into<String>) -> Self {
        Self { status: 1, line: line.into() }
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        anstream::eprintln!("ldtokens: {self}");
        ExitCode::from(self.status)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever it was made of.
        f.write_str(&self.line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, hint) = match &error {
            Error::Config(ConfigError::MissingCredential { .. } | ConfigError::Credential { .. }) => (3, ""),
            Error::Config(_) | Error::TokenId(_) | Error::InvalidInput(_) => (2, ""),
            Error::Unauthorized(_) => {
                (3, "set LD_ACCESS_TOKEN to a secret that works on this host, or name another with --host")
            }
            Error::Forbidden(_) => (4, "use a credential with the Admin role, or one whose policy allows this"),
            Error::NotFound(_) => (5, "`ldtokens getTokens showAll=true` lists the tokens that there are"),
            Error::Conflict(_) => (6, "someone else changed it meanwhile: look at it again, then repeat"),
            Error::PatchFailed(_) => (6, "nothing was changed: compare the patch with what `ldtokens getToken` shows"),
            Error::RateLimited(_) => (7, "nothing was done"),
            Error::OutcomeUnknown { .. } => (8, ""),
            Error::Transport { .. } => (9, "look whether the host is right (--host) and can be reached"),
            _ => (1, ""),
        };
        let mut line = error.to_string();
        if let Some(cause) = innermost(&error) {
            line = format!("{line}: {cause}");
        }
        if !hint.is_empty() {
            line = format!("{line}; {hint}");
        }
        Self { status, line }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::other(error.to_string())
    }
}

/// The cause at the bottom, which says most, as in "Connection refused".
fn innermost(error: &dyn std::error::Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

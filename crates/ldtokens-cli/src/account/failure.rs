//! Turns the client's errors into failures: the exit status, and advice on what to do about this account and connection.

use std::sync::OnceLock;

use ldtokens::{ApiError, ConfigError, Error, InvalidTokenId};

use crate::account::connection::explain;
use crate::account::credential::{advice, host};
use crate::terminal::failure::{Failure, Kind};

/// The command that the user typed.
static TYPED: OnceLock<String> = OnceLock::new();

/// Stores the command that the user typed, for messages.
pub(crate) fn typed(name: &str) {
    let _ = TYPED.set(name.to_owned());
}

/// The typed command and the host that it asked.
fn asked() -> String {
    TYPED.get().map_or_else(|| host().to_owned(), |name| format!("{}, which `ldtokens {name}` asked", host()))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Transport { source, .. } = &error {
            let (cause, hint) = explain(source, &asked());
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            return Self::new(Kind::Transport, format!("{error}{cause}; {hint}"));
        }
        let advice = advice();
        let no_api = format!("there is no LaunchDarkly API at {}: check --host", asked());
        let is_html = format!("check --host, and whether a proxy or a login page answers in place of {}", host());
        let (kind, hint) = match &error {
            Error::Config(ConfigError::MissingCredential { .. } | ConfigError::Credential { .. }) => {
                (Kind::NotAuthenticated, "")
            }
            Error::Config(_) | Error::TokenId(_) | Error::InvalidInput(_) => (Kind::Usage, ""),
            Error::Unauthorized(api) if !is_from_api(api) => (Kind::NotAuthenticated, NOT_FROM_API),
            Error::Unauthorized(_) => (Kind::NotAuthenticated, &advice[..]),
            Error::Forbidden(api) if !is_from_api(api) => (Kind::Forbidden, NOT_FROM_API),
            Error::Forbidden(_) => {
                (Kind::Forbidden, "use a credential with the Admin role, or one whose policy allows this")
            }
            Error::NotFound(api) if !is_from_api(api) || matches!(api.operation.id(), "getTokens" | "postToken") => {
                (Kind::NotFound, &no_api[..])
            }
            Error::NotFound(_) => (
                Kind::NotFound,
                "`ldtokens list --show-all` lists all tokens; if a name looks like an ID, add --by-name",
            ),
            Error::Conflict(_) => {
                (Kind::Conflict, "someone else changed it in the meantime: look at it again, then retry")
            }
            Error::PatchFailed(_) => {
                (Kind::Conflict, "nothing was changed: compare the patch with what `ldtokens get` shows")
            }
            Error::RateLimited(_) | Error::DeadlineExceeded { .. } => (Kind::RateLimited, "nothing was done"),
            Error::NoSecret { .. } => (Kind::SecretNotDelivered, ""),
            Error::OutcomeUnknown { .. } => (Kind::OutcomeUnknown, ""),
            Error::DryRun { .. } => (Kind::DryRun, ""),
            Error::Unexpected(api) if api.status == 404 => (Kind::NotFound, &no_api[..]),
            Error::Unexpected(api) if (300..400).contains(&api.status) => {
                (Kind::Other, "check --host: LaunchDarkly's API does not redirect")
            }
            Error::Undecodable { .. } => (Kind::Other, &is_html[..]),
            _ => (Kind::Other, ""),
        };
        let mut line = error.to_string();
        if let Some(cause) = innermost(&error) {
            line = format!("{line}: {cause}");
        }
        if !hint.is_empty() {
            line = format!("{line}; {hint}");
        }
        Self::new(kind, line).with_api_error(error.api())
    }
}

/// The hint for a response that is not from the API.
const NOT_FROM_API: &str =
    "the response is not from LaunchDarkly: a firewall or proxy in between may have rejected the request";

/// Whether the error is from the API, which always sends a code, and not from something in between.
fn is_from_api(error: &ApiError) -> bool {
    !error.code.is_empty()
}

impl From<InvalidTokenId> for Failure {
    fn from(error: InvalidTokenId) -> Self {
        Error::from(error).into()
    }
}

/// The innermost cause, such as "Connection refused".
fn innermost(error: &dyn std::error::Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

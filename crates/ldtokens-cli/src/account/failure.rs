//! Turns the client's errors into failures: the exit status, and advice on what to do about this account and connection.

use ldtokens::{ApiError, ConfigError, Error, InvalidTokenId};

use crate::account::connection::explain;
use crate::account::credential::advice;
use crate::terminal::failure::{Failure, Kind};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Transport { source, .. } = &error {
            let (cause, hint) = explain(source);
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            return Self::new(Kind::Transport, format!("{error}{cause}; {hint}"));
        }
        let advice = advice();
        let (kind, hint) = match &error {
            Error::Config(ConfigError::MissingCredential { .. } | ConfigError::Credential { .. }) => {
                (Kind::NotAuthenticated, "")
            }
            Error::Config(_) | Error::TokenId(_) | Error::InvalidInput(_) => (Kind::Usage, ""),
            Error::Unauthorized(api) if !is_from_api(api) => (Kind::NotAuthenticated, ON_THE_WAY),
            Error::Unauthorized(_) => (Kind::NotAuthenticated, &advice[..]),
            Error::Forbidden(api) if !is_from_api(api) => (Kind::Forbidden, ON_THE_WAY),
            Error::Forbidden(_) => {
                (Kind::Forbidden, "use a credential with the Admin role, or one whose policy allows this")
            }
            Error::NotFound(api) if !is_from_api(api) || matches!(api.operation.id(), "getTokens" | "postToken") => (
                Kind::NotFound,
                "there is no such API at this host: check --host; `ldtokens config` shows which is used",
            ),
            Error::NotFound(_) => (
                Kind::NotFound,
                "`ldtokens list --show-all` lists the tokens that there are; a name that looks like an ID takes --by-name",
            ),
            Error::Conflict(_) => (Kind::Conflict, "someone else changed it meanwhile: look at it again, then repeat"),
            Error::PatchFailed(_) => {
                (Kind::Conflict, "nothing was changed: compare the patch with what `ldtokens get` shows")
            }
            Error::RateLimited(_) | Error::DeadlineExceeded { .. } => (Kind::RateLimited, "nothing was done"),
            Error::NoSecret { .. } => (Kind::SecretNotDelivered, ""),
            Error::OutcomeUnknown { .. } => (Kind::OutcomeUnknown, ""),
            Error::DryRun { .. } => (Kind::DryRun, ""),
            Error::Unexpected(api) if (300..400).contains(&api.status) => {
                (Kind::Other, "check --host: LaunchDarkly's API does not redirect")
            }
            Error::Undecodable { .. } => {
                (Kind::Other, "check --host, and whether a proxy or a login page answers in the API's place")
            }
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

/// Where the answer is not the API's own.
const ON_THE_WAY: &str =
    "the answer is not LaunchDarkly's own: a firewall or proxy on the way may have refused the request";

/// Whether it is the API that says so, which names a code, and not something on the way to it.
fn is_from_api(error: &ApiError) -> bool {
    !error.code.is_empty()
}

impl From<InvalidTokenId> for Failure {
    fn from(error: InvalidTokenId) -> Self {
        Error::from(error).into()
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

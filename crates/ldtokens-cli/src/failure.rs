//! Failures: one line that says what to do next, and an exit status that a script can go by.

use std::fmt;
use std::process::ExitCode;

use ldtokens::{ApiError, ConfigError, Error, InvalidTokenId};
use ldtokens_server::StartError;
use serde_json::{Value, json};

use crate::redact::redacted;

/// What kind of failure it is, which a script tells by the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Other,
    Usage,
    NotAuthenticated,
    Forbidden,
    NotFound,
    Conflict,
    RateLimited,
    OutcomeUnknown,
    Transport,
    PartialFailure,
    SecretNotDelivered,
    Interrupted,
    /// What was asked for, and no failure to the one who asked.
    DryRun,
}

impl Kind {
    /// All of them, with their exit statuses, their names in JSON, and what they mean.
    pub(crate) const ALL: [(Self, u8, &'static str, &'static str); 13] = [
        (Self::Other, 1, "other", "another failure"),
        (Self::Usage, 2, "usage", "not understood, or refused before anything was changed"),
        (Self::NotAuthenticated, 3, "not_authenticated", "no credential, or one that does not work"),
        (Self::Forbidden, 4, "forbidden", "the credential may not do this"),
        (Self::NotFound, 5, "not_found", "no such token, or none that the credential may know of"),
        (Self::Conflict, 6, "conflict", "conflict, or a patch that does not apply: nothing was changed"),
        (Self::RateLimited, 7, "rate_limited", "rate limited past the deadline: nothing was done"),
        (Self::OutcomeUnknown, 8, "outcome_unknown", "outcome unknown: the answer that would tell is lost"),
        (Self::Transport, 9, "transport", "no connection or no answer"),
        (Self::PartialFailure, 10, "partial_failure", "some of several tokens were done and some were not"),
        (Self::SecretNotDelivered, 11, "secret_not_delivered", "done, but the new secret could not be delivered"),
        (Self::Interrupted, 130, "interrupted", "interrupted"),
        (Self::DryRun, 0, "dry_run", "a dry run"),
    ];

    fn row(self) -> (Self, u8, &'static str, &'static str) {
        *Self::ALL.iter().find(|(kind, ..)| *kind == self).expect("all are listed")
    }
}

/// Why the command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    line: String,
    api: Option<Box<ApiError>>,
    /// What else a program would want to know.
    details: Option<Value>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, line: impl Into<String>) -> Self {
        Self { kind, line: line.into(), api: None, details: None }
    }

    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(Kind::Usage, line)
    }

    pub(crate) fn other(line: impl Into<String>) -> Self {
        Self::new(Kind::Other, line)
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The same, of which `context` says where it comes from.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.line = format!("{context}: {}", self.line);
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Says it on standard error, as a line or as JSON.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        let (_, status, ..) = self.kind.row();
        if as_json {
            anstream::eprintln!("{}", json!({ "error": self.to_json() }));
        } else {
            anstream::eprintln!("ldtokens: {self}");
        }
        ExitCode::from(status)
    }

    pub(crate) fn to_json(&self) -> Value {
        let (_, status, name, _) = self.kind.row();
        let mut json = json!({ "kind": name, "exitStatus": status, "message": self.to_string() });
        if let Some(api) = &self.api {
            json["operation"] = api.operation.id().into();
            json["httpStatus"] = api.status.into();
            json["code"] = api.code.as_str().into();
            json["id"] = api.id.clone().into();
        }
        if let Some(details) = &self.details {
            json["details"] = details.clone();
        }
        json
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever it was made of, and no secret that came in by a variable or a file's name.
        f.write_str(&redacted(&self.line.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (kind, hint) = match &error {
            Error::Config(ConfigError::MissingCredential { .. } | ConfigError::Credential { .. }) => {
                (Kind::NotAuthenticated, "")
            }
            Error::Config(_) | Error::TokenId(_) | Error::InvalidInput(_) => (Kind::Usage, ""),
            Error::Unauthorized(_) => (
                Kind::NotAuthenticated,
                "set LD_ACCESS_TOKEN to a secret that works on this host, or name another with --host; `ldtokens config` \
                 says which apply",
            ),
            Error::Forbidden(_) => {
                (Kind::Forbidden, "use a credential with the Admin role, or one whose policy allows this")
            }
            Error::NotFound(_) => (Kind::NotFound, "`ldtokens list --show-all` lists the tokens that there are"),
            Error::Conflict(_) => (Kind::Conflict, "someone else changed it meanwhile: look at it again, then repeat"),
            Error::PatchFailed(_) => {
                (Kind::Conflict, "nothing was changed: compare the patch with what `ldtokens get` shows")
            }
            Error::RateLimited(_) | Error::DeadlineExceeded { .. } => (Kind::RateLimited, "nothing was done"),
            Error::NoSecret { .. } => (Kind::SecretNotDelivered, ""),
            Error::OutcomeUnknown { .. } => (Kind::OutcomeUnknown, ""),
            Error::DryRun { .. } => (Kind::DryRun, ""),
            Error::Transport { .. } => (Kind::Transport, "look whether the host is right (--host) and can be reached"),
            _ => (Kind::Other, ""),
        };
        let mut line = error.to_string();
        if let Some(cause) = innermost(&error) {
            line = format!("{line}: {cause}");
        }
        if !hint.is_empty() {
            line = format!("{line}; {hint}");
        }
        Self { kind, line, api: error.api().map(|api| Box::new(api.clone())), details: None }
    }
}

impl From<InvalidTokenId> for Failure {
    fn from(error: InvalidTokenId) -> Self {
        Error::from(error).into()
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

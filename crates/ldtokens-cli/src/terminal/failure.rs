//! Errors: one line that says what to do next, and an exit status for scripts.

use std::fmt;
use std::process::ExitCode;

use ldtokens::ApiError;
use ldtokens_server::StartError;
use serde_json::{Value, json};

use crate::terminal::redact::redacted;
use crate::terminal::say;

/// The kind of error, which decides the exit status.
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
    NoMatch,
    Matches,
    ExpiresSoon,
    Findings,
    Drift,
    Interrupted,
    /// Not an error: a dry run ended as it should.
    DryRun,
}

impl Kind {
    /// All kinds, with their exit statuses, names in JSON, and meanings.
    pub(crate) const ALL: [(Self, u8, &'static str, &'static str); 18] = [
        (Self::Other, 1, "other", "another error"),
        (Self::Usage, 2, "usage", "invalid usage or input: nothing was changed"),
        (Self::NotAuthenticated, 3, "not_authenticated", "no credential, or an invalid one"),
        (Self::Forbidden, 4, "forbidden", "permission denied: the credential may not do this"),
        (Self::NotFound, 5, "not_found", "no such token, or not visible to this credential"),
        (Self::Conflict, 6, "conflict", "conflict, or the patch does not apply: nothing was changed"),
        (Self::RateLimited, 7, "rate_limited", "still rate limited after waiting: nothing was done"),
        (Self::OutcomeUnknown, 8, "outcome_unknown", "outcome unknown: the response was lost"),
        (Self::Transport, 9, "transport", "no connection or no response"),
        (Self::PartialFailure, 10, "partial_failure", "some tokens succeeded and some failed"),
        (Self::SecretNotDelivered, 11, "secret_not_delivered", "done, but the new secret could not be delivered"),
        (Self::NoMatch, 12, "no_match", "no token matches, with --fail-if-none"),
        (Self::Matches, 13, "matches", "tokens match, with --fail-if-any"),
        (Self::ExpiresSoon, 14, "expires_soon", "works, but expires too soon, with --expires-within"),
        (Self::Findings, 15, "findings", "the audit found what --fail-on names"),
        (Self::Drift, 16, "drift", "the account differs from the file, with --fail-if-drift"),
        (Self::Interrupted, 130, "interrupted", "interrupted"),
        (Self::DryRun, 0, "dry_run", "a dry run"),
    ];

    fn row(self) -> (Self, u8, &'static str, &'static str) {
        *Self::ALL.iter().find(|(kind, ..)| *kind == self).expect("all are listed")
    }
}

/// Why the command failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: Kind,
    line: String,
    api: Option<Box<ApiError>>,
    /// More details for programs.
    details: Option<Value>,
    /// Whether the change was made, and only its output failed.
    is_done: bool,
}

impl Failure {
    pub(crate) fn new(kind: Kind, line: impl Into<String>) -> Self {
        Self { kind, line: line.into(), api: None, details: None, is_done: false }
    }

    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(Kind::Usage, line)
    }

    pub(crate) fn other(line: impl Into<String>) -> Self {
        Self::new(Kind::Other, line)
    }

    pub(crate) fn with_api_error(mut self, error: Option<&ApiError>) -> Self {
        self.api = error.map(|error| Box::new(error.clone()));
        self
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Puts `context` in front of the message.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.line = format!("{context}: {}", self.line);
        self
    }

    /// Marks the failure as one after the change was made. `what` says what was done.
    pub(crate) fn after(self, what: impl fmt::Display) -> Self {
        Self { is_done: true, ..self.within(what) }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Prints it on standard error, as a line or as JSON.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        let (_, status, ..) = self.kind.row();
        if as_json {
            say::json(&json!({ "error": self.to_json() }));
        } else {
            say::error(&self.to_string());
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
        // One line, without secrets from variables or file names.
        let line = self.line.split_whitespace().collect::<Vec<_>>().join(" ");
        f.write_str(&redacted(&without_codes(&line)))
    }
}

/// The text without the system's error numbers, as in "permission denied (os error 13)".
fn without_codes(text: &str) -> String {
    const CODE: &str = " (os error ";
    let mut parts = text.split(CODE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((code, rest)) if code.bytes().all(|digit| digit.is_ascii_digit()) => plain.push_str(rest),
            _ => plain.extend([CODE, part]),
        }
    }
    plain
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::other(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn os_error_numbers_are_removed() {
        for (line, shown) in [
            ("a: Permission denied (os error 13)", "a: Permission denied"),
            ("a (os error 2): b (os error 13); c", "a: b; c"),
            ("a (os error x)", "a (os error x)"),
        ] {
            assert_eq!(Failure::other(line).to_string(), shown);
        }
    }
}

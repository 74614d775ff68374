//! Errors: one line that says what to do next, and an exit status for scripts.

use std::fmt;
use std::process::ExitCode;

use clap::ValueEnum;
use ldtokens::ApiError;
use serde_json::{Value, json};

use crate::terminal::redact::redacted;
use crate::terminal::say;

/// The kind of error: its exit status, and its meaning. A program gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// another error
    Other = 1,
    /// invalid usage or input: nothing was changed
    Usage = 2,
    /// no credential, or an invalid one
    NotAuthenticated = 3,
    /// permission denied: the credential may not do this
    Forbidden = 4,
    /// no such token, or not visible to this credential
    NotFound = 5,
    /// conflict, or the patch does not apply: nothing was changed
    Conflict = 6,
    /// still rate limited after waiting: nothing was done
    RateLimited = 7,
    /// outcome unknown: the response was lost
    OutcomeUnknown = 8,
    /// no connection or no response
    Transport = 9,
    /// some tokens succeeded and some failed
    PartialFailure = 10,
    /// done, but the new secret could not be delivered
    SecretNotDelivered = 11,
    /// no token matches, with --fail-if-none
    NoMatch = 12,
    /// tokens match, with --fail-if-any
    Matches = 13,
    /// works, but expires too soon, with --expires-within
    ExpiresSoon = 14,
    /// the audit found what --fail-on names
    Findings = 15,
    /// the account differs from the file, with --fail-if-drift
    Drift = 16,
    /// interrupted
    Interrupted = 130,
    /// a dry run
    DryRun = 0,
}

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

    /// Adds failures of which the message has only the number, or nothing: lines for people, and details for programs.
    pub(crate) fn with_failed(mut self, failures: &[Self]) -> Self {
        if failures.is_empty() {
            return self;
        }
        let failed = &mut self.details.get_or_insert_with(|| json!({}))["failed"];
        let known = failed.as_array_mut().map(std::mem::take).unwrap_or_default();
        let added = failures.iter().map(|failure| json!({ "error": failure.to_json() }));
        *failed = known.into_iter().chain(added).collect();
        failures.iter().for_each(|failure| say::error(&failure.to_string()));
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
    pub(crate) fn report(&self) -> ExitCode {
        if say::are_errors_json() {
            say::json(&json!({ "error": self.to_json() }));
        } else {
            say::error(&self.to_string());
        }
        ExitCode::from(self.kind as u8)
    }

    pub(crate) fn to_json(&self) -> Value {
        let name = self.kind.to_possible_value().map(|kind| kind.get_name().to_owned());
        let mut json = json!({ "kind": name, "exitStatus": self.kind as u8, "message": self.to_string() });
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
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| match part.split_once(')') {
        Some((code, rest)) if code.bytes().all(|digit| digit.is_ascii_digit()) => plain + rest,
        _ => plain + CODE + part,
    })
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

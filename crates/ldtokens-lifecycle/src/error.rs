use std::fmt;

use ldtokens::Error as ApiError;
use serde::{Deserialize, Serialize};

use crate::destinations::Delivered;

/// Why a secret was not delivered, or a token not rotated or revoked. It states facts; what to do is the caller's to say.
#[derive(Debug)]
#[non_exhaustive]
pub struct Error {
    /// What is wrong.
    pub reason: Reason,
    /// What happened, for people. Empty if `source` says all.
    pub text: String,
    /// The error of the request, with [`Reason::Api`].
    pub source: Option<Box<ApiError>>,
    /// The last step of the rotation that is done. None if nothing was changed.
    pub step: Option<Step>,
    /// Each destination with its result, with [`Reason::NotDelivered`].
    pub deliveries: Vec<Delivered>,
}

/// How far a rotation has come. Each step is written to the journal before the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The request for a new secret is about to be sent, or was sent and its response is not known.
    Planned,
    /// There is a new secret. It may have been delivered.
    Issued,
    /// All destinations have the new secret.
    Delivered,
    /// The delivered secret works. The old token is left.
    Verified,
    /// The rotation is over. Nothing is left to do.
    Retired,
}

/// What is wrong. Callers do something else for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The API refused a request, or there was no connection.
    Api,
    /// A destination can't be written. No secret was requested.
    Unusable,
    /// A destination holds something that must not be overwritten unasked. No secret was requested.
    Occupied,
    /// There is no destination for the new secret.
    NoDestination,
    /// The new secret was not delivered to all destinations.
    NotDelivered,
    /// Another process is rotating the token.
    Busy,
    /// The journal can't be used.
    Journal,
    /// The rotation was started with other destinations.
    OtherDestinations,
    /// The rotation was started in another account.
    OtherAccount,
    /// The rotation was started with another option, which can't be changed any more.
    TooLate,
    /// The old secret of an earlier reset still works. Nothing was changed.
    EarlierOverlap,
    /// The token has expired, so that a reset would give it a secret that does not work.
    Expired,
    /// The token was replaced by another and is gone.
    Replaced,
    /// The token is not there any more, or the credential can't see it.
    Gone,
    /// The token is another member's personal token, which only that member can create.
    OthersPersonal,
    /// The new secret is lost, and the token can't be replaced.
    Lost,
    /// The API refuses the secret that it issued.
    Refused,
    /// So many replacements were created and not delivered that no more are.
    TooMany,
    /// Somebody else rotated or changed the token at the same time. The new secret of this rotation was not delivered.
    Overtaken,
    /// A token that was to be deleted can't be seen. It is not known to be deleted.
    CantSee,
    /// A destination does not hold the new secret any more, so nothing was deleted.
    NotHeld,
}

impl Error {
    /// Returns an error with these words.
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), source: None, step: None, deliveries: Vec::new() }
    }

    pub(crate) fn api(step: Option<Step>, source: ApiError) -> Self {
        Self { step, source: Some(Box::new(source)), ..Self::new(Reason::Api, "") }
    }

    /// Whether the credential may not do it, and nothing was done.
    pub(crate) fn is_no_permission(&self) -> bool {
        let source = self.source.as_deref().filter(|_| self.step.is_none());
        matches!(source, Some(ApiError::Forbidden(_) | ApiError::NotFound(_) | ApiError::Unauthorized(_)))
    }
}

impl From<ApiError> for Error {
    fn from(source: ApiError) -> Self {
        Self::api(None, source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(source) = &self.source {
            let separator = if self.text.is_empty() { "" } else { ": " };
            write!(f, "{separator}{source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().and_then(|source| source.source())
    }
}

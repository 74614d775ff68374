use std::fmt;

use ldtokens::Secret;

/// Details delivered along with a secret. They contain no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handover {
    /// The ID of the token that the secret belongs to.
    pub token_id: String,
    /// The token's name; empty if it has none.
    pub name: String,
    /// When the old secret stops working, as in `2026-01-31T12:00:00Z`; empty if it has stopped.
    pub old_expires: String,
}

/// Delivers a secret to a prepared destination. It may block. The error says why that failed, and where the secret is if it
/// was written.
pub type Prepared = Box<dyn FnOnce(&Secret, &Handover) -> Result<(), String> + Send + Sync>;

/// Where a new secret is delivered.
pub trait Destination: fmt::Debug + Send + Sync {
    /// Returns a description without any secret, such as `the file export.secret`. The journal keeps it, to detect that a
    /// rotation is resumed with other destinations.
    fn label(&self) -> String;

    /// Whether the secret can be read back from the destination.
    fn is_readable(&self) -> bool {
        false
    }

    /// Returns the secret that the destination holds, if any.
    ///
    /// # Errors
    /// Why it can't be read, or why its contents can't be a secret.
    fn read(&self) -> Result<Option<Secret>, String> {
        Ok(None)
    }

    /// Returns a secret that was written beside the destination but not moved there, because the program was killed.
    fn leftover(&self) -> Option<Secret> {
        None
    }

    /// Prepares the delivery before a new secret is requested: checks what can be checked, and reserves space.
    ///
    /// # Errors
    /// Why it can't be delivered.
    fn prepare(&self) -> Result<Prepared, String>;
}

use std::fmt;

use ldtokens::Secret;

/// What goes with a secret, and is no secret itself.
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

/// Delivers a secret to a destination that was made ready for it. It may block. The error says why that failed, and where
/// the secret is if it is anywhere.
pub type Prepared = Box<dyn FnOnce(&Secret, &Handover) -> Result<(), String> + Send + Sync>;

/// A place that a new secret is delivered to.
pub trait Destination: fmt::Debug + Send + Sync {
    /// What the place is, without any secret, as in `the file export.secret`. A journal keeps it, to notice when a rotation
    /// is resumed with other destinations.
    fn label(&self) -> String;

    /// Whether what is there can be read back.
    fn is_readable(&self) -> bool {
        false
    }

    /// The secret that is there, if one is.
    ///
    /// # Errors
    /// Why it can't be read, or why what is there can't be a secret.
    fn read(&self) -> Result<Option<Secret>, String> {
        Ok(None)
    }

    /// A secret that was written but is not in its place, after the program was killed.
    fn leftover(&self) -> Option<Secret> {
        None
    }

    /// Makes sure, before there is a new secret, that it can be delivered, as far as that can be known.
    ///
    /// # Errors
    /// Why it can't be delivered.
    fn prepare(&self) -> Result<Prepared, String>;
}

use std::fmt;

use ldtokens::Secret;

use crate::destinations::FileDestination;

/// Details delivered along with a secret. They contain no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The ID of the token that the secret belongs to.
    pub token_id: String,
    /// The token's name; empty if it has none.
    pub name: String,
    /// When the old secret stops working, as in `2026-01-31T12:00:00Z`; empty if there is none, or it has stopped.
    pub old_expires: String,
}

impl Metadata {
    /// Returns the details of a token without an old secret.
    pub fn new(token_id: impl Into<String>, name: Option<&str>) -> Self {
        Self { token_id: token_id.into(), name: name.unwrap_or_default().to_owned(), old_expires: String::new() }
    }
}

type Deliver = dyn FnOnce(&Secret, &Metadata) -> Result<(), String> + Send + Sync;

/// A delivery that is certain to succeed, as far as that can be known. Dropping it undoes the preparation.
pub struct Prepared {
    pub(crate) deliver: Box<Deliver>,
    pub(crate) note: Option<String>,
}

impl Prepared {
    /// Returns a delivery by `deliver`, which may block. Its error says why it failed, and where the secret is if it was
    /// written.
    pub fn new(deliver: impl FnOnce(&Secret, &Metadata) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { deliver: Box::new(deliver), note: None }
    }

    /// Adds what is unusual about the delivery, for reports.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("note", &self.note).finish_non_exhaustive()
    }
}

/// What a destination holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No secret, and nothing that a delivery would destroy.
    Nothing,
    /// A secret.
    Secret(Secret),
    /// Something that is not a secret, described by these words.
    Other(String),
}

/// Where a new secret is delivered. A [`Delivery`](crate::Delivery) brings one secret to several.
pub trait Destination: fmt::Debug + Send + Sync {
    /// Returns a description without any secret, such as `the file /etc/export.secret`. Paths in it are absolute, so that it
    /// means the same in another folder.
    fn label(&self) -> String;

    /// Returns a text that differs for different destinations. Only a hash of it is stored, so it may contain secrets.
    fn identity(&self) -> String {
        self.label()
    }

    /// The part of a file that this destination is, if it is one. Destinations in one file are locked and written together,
    /// by which [`prepare`](Self::prepare) and [`read`](Self::read) of each are replaced.
    fn file(&self) -> Option<&FileDestination> {
        None
    }

    /// Prepares the delivery before a new secret is requested: checks what can be checked, and reserves what is needed. It may
    /// block.
    ///
    /// # Errors
    /// Why it can't be delivered.
    fn prepare(&self) -> Result<Prepared, String>;

    /// Whether each run has to deliver the secret anew, since what was delivered is only for that run.
    fn is_ephemeral(&self) -> bool {
        false
    }

    /// Returns what the destination holds. None if that can't be read back.
    ///
    /// # Errors
    /// Why it can't be read now.
    fn read(&self) -> Result<Option<Contents>, String> {
        Ok(None)
    }
}

/// The result of the delivery to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The destination, as in `the file /etc/export.secret`.
    pub label: String,
    /// What is unusual about the delivery.
    pub note: Option<String>,
    /// Why it failed. None if it succeeded.
    pub problem: Option<String>,
}

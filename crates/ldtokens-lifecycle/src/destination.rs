use std::io;

use ldtokens::Secret;

use crate::file::{FileDestination, LockedFile};

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

/// Where a new secret is delivered. A [`Delivery`](crate::Delivery) brings one secret to several.
pub trait Destination: Send + Sync {
    /// Returns a description without any secret, such as `the file /etc/export.secret`. Paths in it are absolute, so that it
    /// means the same in another folder.
    fn label(&self) -> String;

    /// Returns a text that differs for different destinations. Only a hash of it is stored, so it may contain secrets.
    fn identity(&self) -> String {
        self.label()
    }

    /// The part of a file that this destination is, if it is one. Those in one file are locked and written together, and read back.
    fn file(&self) -> Option<&FileDestination> {
        None
    }

    /// Checks, before a new secret is requested, whether it can be delivered. It may block.
    ///
    /// # Errors
    /// Why it can't be delivered.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// Delivers the secret. It may block, and is repeated if it fails.
    ///
    /// # Errors
    /// Why it failed, and where the secret is if it was written.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> io::Result<()>;

    /// Whether each run has to deliver the secret anew, since what was delivered is only for that run.
    fn is_ephemeral(&self) -> bool {
        false
    }
}

impl Destination for FileDestination {
    fn label(&self) -> String {
        self.label()
    }

    fn file(&self) -> Option<&FileDestination> {
        Some(self)
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> io::Result<()> {
        LockedFile::prepare(vec![self.clone()])?.write(secret)
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
    /// Whether it had the secret before.
    pub was_held: bool,
    /// Why it failed. None if it succeeded.
    pub problem: Option<String>,
}

//! Errors of the store.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_WRITE;

/// Why the store could not do its work. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk is full or can't be written.
    #[error("the disk is full, or the store can't be written")]
    NotWritten,
    /// Another program is writing to the file.
    #[error("another program is writing to the store")]
    Busy,
    /// SQLite failed in another way, the work panicked, or the store is closing. The log has the cause.
    #[error("the store failed")]
    Failed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the store failed");
        match error.sqlite_error() {
            // Both are detected before a transaction is complete on the disk.
            Some(error) if error.code == ErrorCode::DiskFull || error.extended_code == SQLITE_IOERR_WRITE => {
                Self::NotWritten
            }
            Some(error) if error.code == ErrorCode::DatabaseBusy => Self::Busy,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StoreError;
    use rusqlite::ffi::{
        self, SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_IOERR_READ, SQLITE_IOERR_WRITE, SQLITE_LOCKED,
    };

    /// The docs of `StoreError`. Whether a client may retry depends on it.
    #[test]
    fn only_a_full_disk_and_a_locked_file_are_known_to_have_changed_nothing() {
        for (code, expected) in [
            (SQLITE_FULL, StoreError::NotWritten),
            (SQLITE_IOERR_WRITE, StoreError::NotWritten),
            (SQLITE_BUSY, StoreError::Busy),
            (SQLITE_BUSY_SNAPSHOT, StoreError::Busy),
            (SQLITE_LOCKED, StoreError::Failed),
            (SQLITE_IOERR_READ, StoreError::Failed),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(StoreError::from(error), expected, "{code}");
        }
        assert_eq!(StoreError::from(rusqlite::Error::QueryReturnedNoRows), StoreError::Failed);
        assert!(StoreError::NotWritten.to_string().contains("disk is full"));
    }
}

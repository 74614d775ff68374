//! The store: one SQLite file, or memory, with several readers and one writer.

mod last_use;
mod lock;
mod open;
mod pages;
mod readers;
mod records;
mod schema;
mod token_json;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::ffi::SQLITE_IOERR_WRITE;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub(crate) use last_use::LastUse;
pub(crate) use pages::{MemberRow, PageStart, TokenRow};
pub(crate) use readers::Reader;
pub(crate) use records::{CustomRole, Member, Records, StoredToken, Visible};
pub(crate) use token_json::DamagedToken;

use lock::Lock;
use readers::{MemoryLock, Readers};
use writer::{Job, all_or_nothing};

const READERS: usize = 4;

/// How many readers long lists may use at once. The others stay free for short reads.
const LONG_READS: usize = READERS / 2;

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

/// An open store. In a file, reads go on while a write waits for the disk.
pub(crate) struct Store {
    /// None once the store closes.
    jobs: Option<mpsc::Sender<Job>>,
    writing: Option<JoinHandle<()>>,
    readers: Readers,
    long_reads: Arc<Semaphore>,
    last_use: Arc<LastUse>,
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the store in the file `path`, or in memory without one. A file that does not exist is created. Waits up to `wait`
    /// for another server to close the store. An error says what is wrong, and what to do.
    pub(crate) fn open(path: Option<&Path>, wait: Duration) -> Result<Self, String> {
        let Some(path) = path else {
            let (connection, readers) = open::open_in_memory(READERS).expect("SQLite runs in memory");
            return Ok(Self::new(connection, readers, Some(Arc::default()), None));
        };
        let (connection, readers, lock) = open::open(path, READERS, wait)?;
        Ok(Self::new(connection, readers, None, Some(lock)))
    }

    fn new(
        connection: Connection,
        readers: Vec<Connection>,
        memory_lock: Option<Arc<MemoryLock>>,
        lock: Option<Lock>,
    ) -> Self {
        let last_use = Arc::new(LastUse::default());
        let (jobs, waiting) = mpsc::channel();
        let writing = std::thread::spawn({
            let (memory_lock, last_use) = (memory_lock.clone(), last_use.clone());
            move || writer::run(connection, memory_lock.as_deref(), &waiting, &last_use)
        });
        Self {
            jobs: Some(jobs),
            writing: Some(writing),
            readers: Readers::new(readers, memory_lock),
            long_reads: Arc::new(Semaphore::new(LONG_READS)),
            last_use,
            _lock: lock,
        }
    }

    /// A free reader, if there is one.
    pub(crate) fn free_reader(&self) -> Option<Reader<'_>> {
        self.readers.free()
    }

    /// A reader. Blocks the calling thread until it is free.
    pub(crate) fn reader(&self) -> Reader<'_> {
        self.readers.wait()
    }

    /// Waits for a permit to read a long list. Dropping it returns the permit.
    pub(crate) async fn long_read(&self) -> Option<OwnedSemaphorePermit> {
        self.long_reads.clone().acquire_owned().await.ok()
    }

    /// Runs `work` in a transaction that only reads, which sees what is stored at one moment.
    pub(crate) fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Records<'_>) -> Result<T, E>) -> Result<T, E> {
        self.reader().read(work)
    }

    /// Runs `work` in a transaction, after the writes before it. If it fails, nothing is changed. If not, its changes are on the
    /// disk when this returns.
    pub(crate) async fn write<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Records<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (response, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.map_err(E::from).and_then(|connection| all_or_nothing(connection, work));
            Box::new(move |committed| drop(response.send(committed.map_err(E::from).and(result))))
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Failed)?;
        jobs.send(job).map_err(|_| StoreError::Failed)?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Failed.into()))
    }

    pub(crate) fn last_use(&self) -> &Arc<LastUse> {
        &self.last_use
    }
}

/// Waits for the writes. The connection of the writer closes last: then SQLite removes its log, and leaves one file.
impl Drop for Store {
    fn drop(&mut self) {
        self.readers.close();
        self.jobs = None;
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use rusqlite::ffi::{
        self, SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_IOERR_READ, SQLITE_IOERR_WRITE, SQLITE_LOCKED,
    };

    use super::{READERS, Store, StoreError};

    fn in_memory() -> Store {
        Store::open(None, Duration::ZERO).unwrap()
    }

    #[test]
    fn there_is_a_free_reader_until_all_are_in_use() {
        let store = in_memory();
        let mut readers: Vec<_> = (0..READERS).map(|_| store.free_reader().expect("one is free")).collect();
        assert!(store.free_reader().is_none());
        readers.pop();
        assert!(store.free_reader().is_some());
    }

    #[test]
    fn long_lists_use_half_of_the_readers_at_most() {
        let store = in_memory();
        let mut permits: Vec<_> =
            (0..READERS / 2).map(|_| store.long_read().now_or_never().expect("one is free")).collect();
        assert!(store.long_read().now_or_never().is_none(), "the next list waits");
        permits.pop();
        assert!(store.long_read().now_or_never().is_some());
    }

    #[test]
    fn debug_output_has_nothing_of_the_store() {
        assert_eq!(format!("{:?}", in_memory()), "Store { .. }");
    }

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

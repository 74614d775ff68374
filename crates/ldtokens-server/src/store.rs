//! The store: one SQLite file, many readers, one writer.

mod error;
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

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub(crate) use error::StoreError;
pub(crate) use last_use::LastUse;
pub(crate) use pages::Place;
pub(crate) use readers::Reader;
pub(crate) use records::{CustomRole, Member, Records, StoredToken, Visible};

use crate::start_error::StartError;
use lock::Lock;
use readers::{Gate, Readers};
use writer::{Job, all_or_nothing};

const READERS: usize = 4;

/// How many readers long work may have at once, so that short work always finds one.
const LONG_READS: usize = READERS / 2;

/// Reads go on while a write waits for the disk.
pub(crate) struct Store {
    /// None while the store closes.
    jobs: Option<mpsc::Sender<Job>>,
    writing: Option<JoinHandle<()>>,
    readers: Readers,
    long_reads: Arc<Semaphore>,
    last_use: Arc<LastUse>,
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the store in the file `path`, or in memory. A file that isn't there is made; a server that has it open is waited
    /// for, for so long.
    pub(crate) fn open(path: Option<&Path>, wait: Duration) -> Result<Self, StartError> {
        let Some(path) = path else {
            let (connection, readers) = open::open_in_memory(READERS).expect("SQLite runs in memory");
            return Ok(Self::new(connection, readers, Some(Arc::default()), None));
        };
        let failed = |reason| StartError::Store { path: path.to_owned(), reason };
        let (connection, readers, lock) = open::open(path, READERS, wait).map_err(failed)?;
        Ok(Self::new(connection, readers, None, Some(lock)))
    }

    fn new(connection: Connection, readers: Vec<Connection>, gate: Option<Arc<Gate>>, lock: Option<Lock>) -> Self {
        let last_use = Arc::new(LastUse::default());
        let (jobs, waiting) = mpsc::channel();
        let (used, writers_gate) = (last_use.clone(), gate.clone());
        let writing = std::thread::spawn(move || writer::run(connection, writers_gate.as_deref(), &waiting, &used));
        Self {
            jobs: Some(jobs),
            writing: Some(writing),
            readers: Readers::new(readers, gate),
            long_reads: Arc::new(Semaphore::new(LONG_READS)),
            last_use,
            _lock: lock,
        }
    }

    /// A reader that is free, if there is one.
    pub(crate) fn free_reader(&self) -> Option<Reader<'_>> {
        self.readers.free()
    }

    /// A reader. The calling thread waits for it.
    pub(crate) fn reader(&self) -> Reader<'_> {
        self.readers.wait()
    }

    /// Waits for leave to do long work with a reader, which lasts as long as what is given.
    pub(crate) async fn long_read(&self) -> Option<OwnedSemaphorePermit> {
        self.long_reads.clone().acquire_owned().await.ok()
    }

    /// Runs `work` on what is stored at one moment.
    pub(crate) fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Records<'_>) -> Result<T, E>) -> Result<T, E> {
        self.reader().read(work)
    }

    /// Runs `work` after the writes before it. If it fails nothing is changed; if not, what it did is on disk.
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

/// Waits for what is being written. The writer closes last, and so leaves one file, without a log beside it.
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

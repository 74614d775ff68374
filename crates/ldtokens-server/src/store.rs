//! The store: one SQLite file, many readers, one writer.

mod last_use;
mod open;
mod records;
mod schema;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

pub(crate) use last_use::LastUse;
pub(crate) use records::{CustomRole, Member, Records, StoredToken, Visible};

use crate::answer::Refusal;
use crate::start_error::StartError;
use open::Lock;
use writer::{Job, all_or_nothing};

const READERS: usize = 4;

/// Reads go on while a write waits for the disk; in memory, where nothing waits, all share one connection.
pub(crate) struct Store {
    /// None while the store closes.
    jobs: Option<mpsc::Sender<Job>>,
    writing: Option<JoinHandle<()>>,
    readers: Vec<Arc<Mutex<Connection>>>,
    next_reader: AtomicUsize,
    last_use: Arc<LastUse>,
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the store in the file `path`, or in memory. A file that isn't there is made; a server that has it open is waited
    /// for, for so long.
    pub(crate) fn open(path: Option<&Path>, wait: Duration) -> Result<Self, StartError> {
        let Some(path) = path else {
            let connection = Arc::new(Mutex::new(open::open_in_memory().expect("SQLite runs in memory")));
            return Ok(Self::new(connection.clone(), vec![connection], None));
        };
        let failed = |reason| StartError::Store { path: path.to_owned(), reason };
        let (connection, lock) = open::open(path, wait).map_err(failed)?;
        let readers: Result<Vec<_>, _> =
            (0..READERS).map(|_| Ok(Arc::new(Mutex::new(open::open_reader(path)?)))).collect();
        let readers = readers.map_err(|error: rusqlite::Error| failed(error.to_string()))?;
        Ok(Self::new(Arc::new(Mutex::new(connection)), readers, Some(lock)))
    }

    fn new(connection: Arc<Mutex<Connection>>, readers: Vec<Arc<Mutex<Connection>>>, lock: Option<Lock>) -> Self {
        let last_use = Arc::new(LastUse::default());
        let (jobs, waiting) = mpsc::channel();
        let used = last_use.clone();
        let writing = std::thread::spawn(move || writer::run(&connection, &waiting, &used));
        Self {
            jobs: Some(jobs),
            writing: Some(writing),
            readers,
            next_reader: AtomicUsize::new(0),
            last_use,
            _lock: lock,
        }
    }

    /// Runs `work` on what is stored at one moment.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Records<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.readers.len()).map(|step| &self.readers[(turn + step) % self.readers.len()]);
        let free = in_turn.clone().find_map(|reader| match reader.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let mut connection = free
            .unwrap_or_else(|| self.readers[turn % self.readers.len()].lock().unwrap_or_else(PoisonError::into_inner));
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&Records::new(&transaction))
    }

    /// Runs `work` after the writes before it. If it fails nothing is changed; if not, what it did is on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Records<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = all_or_nothing(connection, work);
            Box::new(move |committed| drop(answer.send(committed.and(result))))
        });
        let jobs = self.jobs.as_ref().ok_or_else(Refusal::internal)?;
        jobs.send(job).map_err(|_| Refusal::internal())?;
        answered.await.unwrap_or_else(|_| Err(Refusal::internal()))
    }

    pub(crate) fn last_use(&self) -> &Arc<LastUse> {
        &self.last_use
    }
}

/// Waits for what is being written. The writer closes last, and so leaves one file, without a log beside it.
impl Drop for Store {
    fn drop(&mut self) {
        self.readers.clear();
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

//! The connections that only read. Each read sees what is stored at one moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use rusqlite::Connection;

use super::StoreError;
use super::records::Records;

/// Makes the readers and the writer of a store in memory wait for each other, since SQLite would return an error instead.
/// In a file, they don't need to wait.
pub(super) type MemoryLock = RwLock<()>;

#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    memory_lock: Option<Arc<MemoryLock>>,
}

/// One of the readers.
pub(crate) struct Reader<'a> {
    connection: MutexGuard<'a, Connection>,
    _memory_lock: Option<RwLockReadGuard<'a, ()>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>, memory_lock: Option<Arc<MemoryLock>>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), memory_lock }
    }

    /// A free reader, if there is one.
    pub(super) fn free(&self) -> Option<Reader<'_>> {
        let memory_lock = match &self.memory_lock {
            Some(memory_lock) => Some(free(memory_lock.try_read())?),
            None => None,
        };
        let connection = self.connections.iter().find_map(|connection| free(connection.try_lock()))?;
        Some(Reader { connection, _memory_lock: memory_lock })
    }

    /// A reader. Blocks the calling thread until it is free.
    pub(super) fn wait(&self) -> Reader<'_> {
        let memory_lock =
            self.memory_lock.as_ref().map(|memory_lock| memory_lock.read().unwrap_or_else(PoisonError::into_inner));
        let free = self.connections.iter().find_map(|connection| free(connection.try_lock()));
        let connection = free.unwrap_or_else(|| {
            self.connections[fastrand::usize(..self.connections.len())].lock().unwrap_or_else(PoisonError::into_inner)
        });
        Reader { connection, _memory_lock: memory_lock }
    }

    pub(super) fn close(&mut self) {
        self.connections.clear();
    }
}

fn free<T>(tried: Result<T, TryLockError<T>>) -> Option<T> {
    match tried {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Reader<'_> {
    /// Runs `work` in a transaction, which sees what is stored at one moment.
    pub(crate) fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Records<'_>) -> Result<T, E>) -> Result<T, E> {
        let begin = || self.connection.prepare_cached("BEGIN")?.execute([]);
        begin().map_err(StoreError::from)?;
        let _end = EndTransaction(&self.connection);
        work(&Records::new(&self.connection))
    }
}

/// Ends the transaction when it is dropped, also by a panic.
struct EndTransaction<'a>(&'a Connection);

impl Drop for EndTransaction<'_> {
    fn drop(&mut self) {
        let ended = self.0.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a reading transaction can't be ended");
        }
    }
}

//! The connections that only read. Each gives what is stored at one moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use rusqlite::Connection;

use super::error::StoreError;
use super::records::Records;

/// In memory, SQLite lets nobody read while something is written; what would then be an error waits here. In a file, readers
/// and the writer don't wait for each other.
pub(super) type Gate = RwLock<()>;

#[derive(Debug)]
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    gate: Option<Arc<Gate>>,
}

/// One of the readers.
pub(crate) struct Reader<'a> {
    connection: MutexGuard<'a, Connection>,
    _gate: Option<RwLockReadGuard<'a, ()>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>, gate: Option<Arc<Gate>>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), gate }
    }

    /// One that is free, if there is one.
    pub(super) fn free(&self) -> Option<Reader<'_>> {
        let gate = match &self.gate {
            Some(gate) => Some(free(gate.try_read())?),
            None => None,
        };
        let connection = self.connections.iter().find_map(|connection| free(connection.try_lock()))?;
        Some(Reader { connection, _gate: gate })
    }

    /// One that is free, or will be: what has waited for it is the thread that calls.
    pub(super) fn wait(&self) -> Reader<'_> {
        let gate = self.gate.as_ref().map(|gate| gate.read().unwrap_or_else(PoisonError::into_inner));
        let free = self.connections.iter().find_map(|connection| free(connection.try_lock()));
        let connection = free.unwrap_or_else(|| {
            self.connections[fastrand::usize(..self.connections.len())].lock().unwrap_or_else(PoisonError::into_inner)
        });
        Reader { connection, _gate: gate }
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
    /// Runs `work` on what is stored at one moment.
    pub(crate) fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Records<'_>) -> Result<T, E>) -> Result<T, E> {
        let begin = || self.connection.prepare_cached("BEGIN")?.execute([]);
        begin().map_err(StoreError::from)?;
        let _ended = Ended(&self.connection);
        work(&Records::new(&self.connection))
    }
}

/// Ends the transaction, also where the work panics.
struct Ended<'a>(&'a Connection);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let ended = self.0.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a reader can't end what it read");
        }
    }
}

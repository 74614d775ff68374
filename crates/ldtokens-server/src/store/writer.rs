//! The one thread that writes: what waits while the disk works is committed together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::last_use::LastUse;
use super::readers::Gate;
use super::records::Records;

/// How many writes are committed together at most.
const LONGEST_BATCH: usize = 256;

/// How long a last use stays unwritten where nothing else is written.
const FLUSH: Duration = Duration::from_secs(1);

/// Does its work within a transaction, if one could begin. Returns what to call with whether that is on disk.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Acknowledge + Send>;
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Takes jobs until there is nobody to send any.
pub(super) fn run(mut connection: Connection, gate: Option<&Gate>, jobs: &Receiver<Job>, last_use: &LastUse) {
    loop {
        let first = match jobs.recv_timeout(FLUSH) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut batch: Vec<Job> = first.into_iter().collect();
        while !batch.is_empty() && batch.len() < LONGEST_BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        commit(&mut connection, gate, batch, last_use);
    }
    commit(&mut connection, gate, Vec::new(), last_use);
}

fn commit(connection: &mut Connection, gate: Option<&Gate>, batch: Vec<Job>, last_use: &LastUse) {
    let used = last_use.take_unwritten();
    if batch.is_empty() && used.is_empty() {
        return;
    }
    let alone = gate.map(|gate| gate.write().unwrap_or_else(PoisonError::into_inner));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from);
    // The jobs first: each of them is waited for, whatever fails after it.
    let open = transaction.as_deref().map_err(|error| *error);
    let waiting: Vec<_> = batch.into_iter().map(|job| job(open)).collect();
    let committed = transaction.and_then(|transaction| {
        if transaction.is_autocommit() {
            return Err(StoreError::NotWritten);
        }
        for (token, moment) in &used {
            Records::new(&transaction).set_last_used(*token, *moment)?;
        }
        Ok(transaction.commit()?)
    });
    drop(alone);
    if committed.is_err() {
        last_use.give_back(used);
    }
    for acknowledge in waiting {
        acknowledge(committed);
    }
}

/// Runs `work` so that what it did is undone if it fails, and only that.
pub(super) fn all_or_nothing<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Records<'_>) -> Result<T, E>,
) -> Result<T, E> {
    if connection.is_autocommit() {
        // SQLite gave up the whole transaction, as it does when the disk is full.
        return Err(StoreError::NotWritten.into());
    }
    connection.execute_batch("SAVEPOINT work").map_err(StoreError::from)?;
    let result = catch_unwind(AssertUnwindSafe(|| work(&Records::new(connection))));
    let result = result.unwrap_or_else(|_| Err(StoreError::Failed.into()));
    if !connection.is_autocommit() {
        let end = if result.is_ok() { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" };
        connection.execute_batch(end).map_err(StoreError::from)?;
    }
    result
}

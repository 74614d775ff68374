//! The thread that writes. Writes that arrive while the disk is busy are committed together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use super::last_use::LastUse;
use super::readers::MemoryLock;
use super::records::Records;

/// The most writes that are committed together.
const MAX_BATCH: usize = 256;

/// How long a last use stays unwritten if nothing else is written.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// One write. It gets the connection, within a transaction, or why no transaction could begin. It returns a function to call
/// with the result of the commit.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Acknowledge + Send>;
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs jobs until the other end of the channel is dropped.
pub(super) fn run(
    mut connection: Connection,
    memory_lock: Option<&MemoryLock>,
    jobs: &Receiver<Job>,
    last_use: &LastUse,
) {
    loop {
        let first = match jobs.recv_timeout(FLUSH_INTERVAL) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut batch: Vec<Job> = first.into_iter().collect();
        while !batch.is_empty() && batch.len() < MAX_BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        commit(&mut connection, memory_lock, batch, last_use);
    }
    commit(&mut connection, memory_lock, Vec::new(), last_use);
}

fn commit(connection: &mut Connection, memory_lock: Option<&MemoryLock>, batch: Vec<Job>, last_use: &LastUse) {
    let used = last_use.take_unwritten();
    if batch.is_empty() && used.is_empty() {
        return;
    }
    let no_readers = memory_lock.map(|lock| lock.write().unwrap_or_else(PoisonError::into_inner));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from);
    // Each job runs, even if no transaction could begin: someone waits for its result.
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
    drop(no_readers);
    if committed.is_err() {
        last_use.give_back(used);
    }
    for acknowledge in waiting {
        acknowledge(committed);
    }
}

/// Runs `work`. If it fails, its changes are undone, and no others.
pub(super) fn all_or_nothing<T, E: From<StoreError>>(
    connection: &Connection,
    work: impl FnOnce(&Records<'_>) -> Result<T, E>,
) -> Result<T, E> {
    if connection.is_autocommit() {
        // SQLite has rolled back the whole transaction, as it does when the disk is full.
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rusqlite::Connection;

    use super::{Job, MAX_BATCH, all_or_nothing, run};
    use crate::store::StoreError;
    use crate::store::last_use::LastUse;
    use crate::store::open::open_in_memory;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Event {
        Written(usize),
        Acknowledged(usize),
    }

    #[test]
    fn waiting_writes_are_committed_together_up_to_the_maximum() {
        const JOBS: usize = MAX_BATCH + 10;
        let (jobs, waiting) = mpsc::channel();
        let (events, happened) = mpsc::channel();
        for number in 0..JOBS {
            let events = events.clone();
            let job: Job = Box::new(move |connection| {
                assert!(connection.is_ok());
                events.send(Event::Written(number)).unwrap();
                Box::new(move |committed| {
                    assert!(committed.is_ok());
                    events.send(Event::Acknowledged(number)).unwrap();
                })
            });
            jobs.send(job).unwrap();
        }
        drop((jobs, events));
        let (connection, _readers) = open_in_memory(1).unwrap();
        run(connection, None, &waiting, &LastUse::default());
        let expected = [0..MAX_BATCH, MAX_BATCH..JOBS].into_iter().flat_map(|batch| {
            batch.clone().map(Event::Written).chain(batch.map(Event::Acknowledged)).collect::<Vec<_>>()
        });
        assert!(happened.iter().eq(expected));
    }

    /// Inserts `number`, and panics after that if it is 2.
    fn insert(connection: &Connection, number: u32) -> Result<(), StoreError> {
        all_or_nothing(connection, |_| {
            connection.execute("INSERT INTO numbers VALUES (?1)", [number])?;
            assert_ne!(number, 2, "the panic that this test is about");
            Ok(())
        })
    }

    #[test]
    fn a_write_that_panics_is_undone_and_the_others_of_its_batch_are_committed() {
        let (jobs, waiting) = mpsc::channel();
        let (results, written) = mpsc::channel();
        for number in 1..=3 {
            let results = results.clone();
            let job: Job = Box::new(move |connection| {
                let result = insert(connection.unwrap(), number);
                Box::new(move |committed| results.send((result, committed)).unwrap())
            });
            jobs.send(job).unwrap();
        }
        let (numbers, in_table) = mpsc::channel();
        let job: Job = Box::new(move |connection| {
            let mut select = connection.unwrap().prepare("SELECT number FROM numbers").unwrap();
            for number in select.query_map([], |row| row.get::<_, u32>(0)).unwrap() {
                numbers.send(number.unwrap()).unwrap();
            }
            Box::new(|_| ())
        });
        jobs.send(job).unwrap();
        drop((jobs, results));

        let (connection, _readers) = open_in_memory(1).unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
        run(connection, None, &waiting, &LastUse::default());
        let written: Vec<_> = written.iter().collect();
        assert_eq!(written, [(Ok(()), Ok(())), (Err(StoreError::Failed), Ok(())), (Ok(()), Ok(()))]);
        assert_eq!(in_table.iter().collect::<Vec<_>>(), [1, 3]);
    }
}

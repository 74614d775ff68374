//! A limited number of places. Whoever has taken longest, or been idle longest, has to leave when another waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The places, and what holds each.
#[derive(Debug)]
pub(crate) struct Places<T> {
    taken: Mutex<Taken<T>>,
    freed: Notify,
}

#[derive(Debug)]
struct Taken<T> {
    next: u64,
    /// In the order in which the places were taken.
    holders: Holders<T>,
}

pub(crate) type Holders<T> = BTreeMap<u64, Arc<T>>;

/// A place. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place<T> {
    number: u64,
    places: Arc<Places<T>>,
    pub(crate) holder: Arc<T>,
}

impl<T> Places<T> {
    pub(crate) fn new() -> Arc<Self> {
        let taken = Mutex::new(Taken { next: 0, holders: BTreeMap::new() });
        Arc::new(Self { taken, freed: Notify::new() })
    }

    /// Takes a place for `holder`, which is made then. Until `make_room` returns none, it is called again when a place is freed, and
    /// after the time that it returns.
    pub(crate) async fn take(
        self: &Arc<Self>,
        holder: impl Fn() -> T,
        make_room: impl Fn(&Holders<T>) -> Option<Duration>,
    ) -> Place<T> {
        loop {
            let freed = self.freed.notified();
            let wait = {
                let mut taken = self.taken();
                let Some(wait) = make_room(&taken.holders) else {
                    let (number, holder) = (taken.next, Arc::new(holder()));
                    taken.next += 1;
                    taken.holders.insert(number, holder.clone());
                    return Place { number, places: self.clone(), holder };
                };
                wait
            };
            let _ = tokio::time::timeout(wait, freed).await;
        }
    }

    pub(crate) fn with_holders<R>(&self, work: impl FnOnce(&Holders<T>) -> R) -> R {
        work(&self.taken().holders)
    }

    fn taken(&self) -> MutexGuard<'_, Taken<T>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.places.taken().holders.remove(&self.number);
        self.places.freed.notify_waiters();
    }
}

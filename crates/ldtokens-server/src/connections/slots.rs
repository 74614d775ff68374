//! Who may stay connected when not all can: those that are worked for, and of the others the quickest.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a connection may stand still before it goes to make room.
const GRACE: Duration = Duration::from_secs(1);

/// The places of all connections.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    begun: Instant,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

/// A connection's place, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    places: Arc<Places>,
    activity: Arc<Activity>,
}

/// What a connection is at.
#[derive(Debug)]
pub(crate) struct Activity {
    begun: Instant,
    state: AtomicU8,
    /// When it last sent or took a byte, or its state changed, in microseconds after `begun`.
    moved: AtomicU64,
    ended: Notify,
    refused: Notify,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// For its client, to send or to read.
    Client,
    /// For the server, which works for it.
    Work,
    /// For the server to have time for it.
    Turn,
}

impl Activity {
    pub(crate) fn set(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
        self.touch();
    }

    /// It moves.
    pub(crate) fn touch(&self) {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }

    fn is(&self, state: State) -> bool {
        self.state.load(Ordering::Relaxed) == state as u8
    }

    fn moved(&self) -> Duration {
        Duration::from_micros(self.moved.load(Ordering::Relaxed))
    }

    /// Waits until it has to make room.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Waits until it is to be refused, to make room.
    pub(crate) async fn refused(&self) {
        self.refused.notified().await;
    }
}

impl Places {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, begun: Instant::now(), taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a place, and waits for one if there is none: until a connection ends, or one that stands still has to.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.take_free() {
                return place;
            }
            let _ = tokio::time::timeout(self.make_room(), freed).await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.limit {
            return None;
        }
        let number = taken.next;
        taken.next += 1;
        let activity = Arc::new(Activity {
            begun: self.begun,
            state: AtomicU8::new(State::Client as u8),
            moved: AtomicU64::new(0),
            ended: Notify::new(),
            refused: Notify::new(),
        });
        activity.touch();
        taken.connections.insert(number, activity.clone());
        Some(Place { number, places: self.clone(), activity })
    }

    /// Ends the connection that stands still for its client longest; if there is none, refuses the request that waits
    /// longest. Gives how long to wait for what comes of it, or for one to stand still for long enough.
    fn make_room(&self) -> Duration {
        let taken = self.taken();
        let slowest = |state: State| {
            let those = taken.connections.values().filter(move |activity| activity.is(state));
            those.min_by_key(|activity| activity.moved())
        };
        let still_for = |activity: &Activity| self.begun.elapsed().saturating_sub(activity.moved());
        match (slowest(State::Client), slowest(State::Turn)) {
            (Some(client), _) if still_for(client) >= GRACE => client.ended.notify_one(),
            (_, Some(waiting)) => waiting.refused.notify_one(),
            (Some(client), None) => return GRACE.saturating_sub(still_for(client)),
            (None, None) => {}
        }
        GRACE
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().connections.remove(&self.number);
        self.places.freed.notify_one();
    }
}

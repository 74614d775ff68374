//! A limit on connections: when all slots are taken, the connection that has been idle longest is closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a connection must be idle before it is closed to free its slot.
const MIN_IDLE: Duration = Duration::from_secs(1);

/// The slots of all connections.
#[derive(Debug)]
pub(crate) struct ConnectionSlots {
    limit: usize,
    started: Instant,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

/// The slot of one connection. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
    number: u64,
    slots: Arc<ConnectionSlots>,
    activity: Arc<Activity>,
}

/// What a connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    started: Instant,
    state: AtomicU8,
    had_request: AtomicBool,
    /// When it last sent or received a byte, or its state changed, in microseconds after `started`.
    last_moved: AtomicU64,
    close: Notify,
    refuse: Notify,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// For its client to send or to read.
    Client,
    /// For the server to finish its request.
    Handling,
    /// For the server to start its request.
    Queued,
}

impl Activity {
    pub(crate) fn set(&self, state: State) {
        if state == State::Handling {
            self.had_request.store(true, Ordering::Relaxed);
        }
        self.state.store(state as u8, Ordering::Relaxed);
        self.touch();
    }

    /// Notes that a byte was sent or received.
    pub(crate) fn touch(&self) {
        let now = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_moved.store(now, Ordering::Relaxed);
    }

    /// Whether a request has ever arrived on this connection.
    pub(crate) fn had_request(&self) -> bool {
        self.had_request.load(Ordering::Relaxed)
    }

    fn is(&self, state: State) -> bool {
        self.state.load(Ordering::Relaxed) == state as u8
    }

    fn last_moved(&self) -> Duration {
        Duration::from_micros(self.last_moved.load(Ordering::Relaxed))
    }

    /// Waits until this connection is to be closed.
    pub(crate) async fn close_requested(&self) {
        self.close.notified().await;
    }

    /// Waits until the waiting request of this connection is to be refused.
    pub(crate) async fn refuse_requested(&self) {
        self.refuse.notified().await;
    }
}

impl ConnectionSlots {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, started: Instant::now(), taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes a slot. If none is free, waits until a connection ends or an idle one is closed.
    pub(crate) async fn take(self: &Arc<Self>) -> Slot {
        loop {
            let freed = self.freed.notified();
            if let Some(slot) = self.take_free() {
                return slot;
            }
            let _ = tokio::time::timeout(self.make_room(), freed).await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<Slot> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.limit {
            return None;
        }
        let number = taken.next;
        taken.next += 1;
        let activity = Arc::new(Activity {
            started: self.started,
            state: AtomicU8::new(State::Client as u8),
            had_request: AtomicBool::new(false),
            last_moved: AtomicU64::new(0),
            close: Notify::new(),
            refuse: Notify::new(),
        });
        activity.touch();
        taken.connections.insert(number, activity.clone());
        Some(Slot { number, slots: self.clone(), activity })
    }

    /// Closes the connection that has waited for its client longest. If there is none, refuses the request that has waited
    /// longest. Returns how long to wait before the next try.
    pub(crate) fn make_room(&self) -> Duration {
        let taken = self.taken();
        let idle_longest = |state: State| {
            let in_state = taken.connections.values().filter(move |activity| activity.is(state));
            in_state.min_by_key(|activity| activity.last_moved())
        };
        let idle_for = |activity: &Activity| self.started.elapsed().saturating_sub(activity.last_moved());
        match (idle_longest(State::Client), idle_longest(State::Queued)) {
            (Some(client), _) if idle_for(client) >= MIN_IDLE => client.close.notify_one(),
            (_, Some(waiting)) => waiting.refuse.notify_one(),
            (Some(client), None) => return MIN_IDLE.saturating_sub(idle_for(client)),
            (None, None) => {}
        }
        MIN_IDLE
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().connections.remove(&self.number);
        self.slots.freed.notify_one();
    }
}

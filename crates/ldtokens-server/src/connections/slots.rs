//! A limit on connections: when all slots are taken, the connection that has been idle longest is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::connections::places::{Holders, Place, Places};

/// How long a connection must be idle before it is closed to free its slot.
const MIN_IDLE: Duration = Duration::from_secs(1);

/// The slots of all connections.
#[derive(Debug)]
pub(crate) struct ConnectionSlots {
    limit: usize,
    taken: Arc<Places<Activity>>,
}

/// What a connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    now: Mutex<Now>,
    /// Notified when the connection is to be closed.
    pub(crate) close: Notify,
    /// Notified when its waiting request is to be refused.
    pub(crate) refuse: Notify,
}

#[derive(Debug)]
struct Now {
    state: State,
    /// When it last sent or received a byte, or its state changed.
    last_moved: Instant,
    had_request: bool,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// For its client to send or to read.
    Client,
    /// For the server to finish its request.
    Handling,
    /// For the server to start its request.
    Queued,
}

impl Activity {
    fn new() -> Self {
        let now = Now { state: State::Client, last_moved: Instant::now(), had_request: false };
        Self { now: Mutex::new(now), close: Notify::new(), refuse: Notify::new() }
    }

    pub(crate) fn set(&self, state: State) {
        let mut now = self.now();
        let had_request = now.had_request || state == State::Handling;
        *now = Now { state, last_moved: Instant::now(), had_request };
    }

    /// Notes that a byte was sent or received.
    pub(crate) fn touch(&self) {
        self.now().last_moved = Instant::now();
    }

    /// Whether a request has ever arrived on this connection.
    pub(crate) fn had_request(&self) -> bool {
        self.now().had_request
    }

    /// For how long nothing has moved, if it is in this state.
    fn idle_in(&self, state: State) -> Option<Duration> {
        let now = self.now();
        (now.state == state).then(|| now.last_moved.elapsed())
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionSlots {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: Places::new() }
    }

    /// Takes a slot. If none is free, waits until a connection ends or an idle one is closed.
    pub(crate) async fn take(&self) -> Place<Activity> {
        let is_full = |taken: &Holders<Activity>| taken.len() >= self.limit;
        self.taken.take(Activity::new, |taken| is_full(taken).then(|| make_room(taken))).await
    }

    /// Closes a connection, or refuses a request, so that there is room for another.
    pub(crate) fn make_room(&self) {
        self.taken.with_holders(make_room);
    }
}

/// Closes the connection that has waited for its client longest. If there is none, refuses the request that has waited longest.
/// Returns how long to wait before the next try.
fn make_room(taken: &Holders<Activity>) -> Duration {
    let idle_longest = |state: State| {
        let idle = taken.values().filter_map(move |activity| Some((activity.idle_in(state)?, activity)));
        idle.max_by_key(|(idle, _)| *idle)
    };
    match (idle_longest(State::Client), idle_longest(State::Queued)) {
        (Some((idle, client)), _) if idle >= MIN_IDLE => client.close.notify_one(),
        (_, Some((_, waiting))) => waiting.refuse.notify_one(),
        (Some((idle, _)), None) => return MIN_IDLE.saturating_sub(idle),
        (None, None) => {}
    }
    MIN_IDLE
}

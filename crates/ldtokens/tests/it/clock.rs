//! A clock that needs no waiting: when all its workers sleep, it jumps to the time when the first of them wakes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ldtokens::Clock;
use tokio::sync::oneshot;

/// A clock for its [`worker`](Self::worker)s, each of which makes one call at a time.
///
/// It drives a server's clock, and shows another wall time than that: it is ahead or behind by a skew.
#[derive(Debug)]
pub struct JumpingClock {
    server: ldtokens_server::Clock,
    skew: Skew,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
pub enum Skew {
    Ahead(Duration),
    Behind(Duration),
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    workers: usize,
    number: u64,
    /// Who sleeps until when.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
}

impl JumpingClock {
    pub fn new(server: ldtokens_server::Clock, skew: Skew) -> Arc<Self> {
        Arc::new(Self { server, skew, state: Mutex::default() })
    }

    /// Adds a worker, until the returned value is dropped.
    pub fn worker(self: &Arc<Self>) -> Worker {
        self.state.lock().unwrap().workers += 1;
        Worker(self.clone())
    }

    /// Lets time pass whenever nobody has anything else to do, until there is no worker left.
    ///
    /// On a runtime of one thread: whoever was woken runs before this does.
    pub async fn drive(&self) {
        loop {
            // A worker that was just told to go on has left its sleep by the time that this is through.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let mut state = self.state.lock().unwrap();
            if state.workers == 0 {
                return;
            }
            state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
            if state.sleepers.len() < state.workers {
                continue;
            }
            let ((until, _), sleeper) = state.sleepers.pop_first().unwrap();
            self.server.advance(until.saturating_sub(state.elapsed));
            state.elapsed = state.elapsed.max(until);
            let _ = sleeper.send(());
        }
    }
}

/// Counts as one who sleeps or works.
pub struct Worker(Arc<JumpingClock>);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).workers -= 1;
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> SystemTime {
        let server = self.server.now().to_system_time();
        match self.skew {
            Skew::Ahead(by) => server + by,
            Skew::Behind(by) => server - by,
        }
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap().elapsed
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (wake, woken) = oneshot::channel();
        let mut state = self.state.lock().unwrap();
        // The server's clock counts whole milliseconds.
        let until = state.elapsed + Duration::from_millis(duration.as_micros().div_ceil(1000) as u64);
        let number = state.number;
        state.number += 1;
        state.sleepers.insert((until, number), wake);
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}

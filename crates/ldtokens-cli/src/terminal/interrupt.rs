//! Ctrl-C. A running request that changes something is finished, and no other is started. A read or a pause stops at once. A
//! second Ctrl-C ends the program.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::task::Poll;
use std::time::{Duration, SystemTime};

use ldtokens::{AttemptEvent, Clock, Observer, Operation, Outcome};
use tokio::sync::watch;

use crate::terminal::failure::{Failure, Kind};
use crate::terminal::say;
use crate::terminal::watch::Watch;

tokio::task_local! {
    /// What the client is doing for the work that is being polled. Several run at the same time.
    static NOW: watch::Sender<Now>;
}

/// Whether the user has asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    wanted: watch::Receiver<bool>,
    watch: Arc<Watch>,
    /// Whether the user knows that it takes until the last response.
    is_noted: Arc<AtomicBool>,
}

/// The result of work that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stopped {
    /// Nothing was changed.
    Unchanged,
    /// A response was lost, so the result of the request is not known.
    Unknown,
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        let line = match stopped {
            Stopped::Unchanged => "interrupted; nothing was changed",
            Stopped::Unknown => {
                "interrupted; the response to the last request was lost, so it may or may not have taken effect: check \
                 with `ldtokens get`"
            }
        };
        Failure::new(Kind::Interrupted, line)
    }
}

impl Interrupt {
    /// Starts to listen for signals.
    pub(crate) fn listen(watch: Watch) -> Result<Self, Failure> {
        let mut stops = Stops::listen()?;
        let (sender, wanted) = watch::channel(false);
        tokio::spawn(async move {
            stops.next().await;
            sender.send_replace(true);
            stops.next().await;
            say::error("stopped at once: the last request may or may not have taken effect");
            std::process::exit(130);
        });
        Ok(Self { wanted, watch: Arc::new(watch), is_noted: Arc::default() })
    }

    pub(crate) fn is_wanted(&self) -> bool {
        *self.wanted.borrow()
    }

    /// To be set as the client's observer and clock.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }

    /// Awaits `reading`, which must not change anything, unless it is interrupted.
    pub(crate) async fn unless<T>(&self, reading: impl Future<Output = T>) -> Result<T, Failure> {
        let mut wanted = self.wanted.clone();
        tokio::select! {
            result = reading => Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => Err(Stopped::Unchanged.into()),
        }
    }

    /// Awaits `writing`. After an interrupt it still waits for a running request that changes something, so that the result is
    /// known.
    pub(crate) async fn until_done<T>(&self, writing: impl Future<Output = T>) -> Result<T, Stopped> {
        let (sender, mut now) = watch::channel(Now { is_harmless: true, leaves: Some(Stopped::Unchanged) });
        let mut wanted = self.wanted.clone();
        let writing = NOW.scope(sender, writing);
        tokio::pin!(writing);
        tokio::select! {
            result = &mut writing => return Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => {}
        }
        loop {
            let current = *now.borrow_and_update();
            if let (true, Some(stopped)) = (current.is_harmless, current.leaves) {
                return Err(stopped);
            }
            if !self.is_noted.swap(true, Ordering::Relaxed) {
                say::note("waiting for the response to the last request; press Ctrl-C again to stop at once");
            }
            tokio::select! {
                result = &mut writing => return Ok(result),
                Ok(()) = now.changed() => {}
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Now {
    /// Whether it only reads or pauses, or waits for something else, such as a file, and has changed nothing.
    is_harmless: bool,
    /// What an interrupt would leave after all earlier requests. None if the work has to be finished, for example because a new
    /// token's secret would be lost.
    leaves: Option<Stopped>,
}

/// Changes what the client is doing for the work that is being polled, if that has to be known.
fn change(change: impl FnOnce(&mut Now)) {
    let _ = NOW.try_with(|now| now.send_modify(change));
}

/// Follows what the client is doing.
impl Observer for Watch {
    fn sending(&self, _: Operation, method: &str) {
        change(|now| now.is_harmless = is_safe(method));
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.show(attempt);
        change(|now| {
            now.leaves = match (attempt.outcome, attempt.method) {
                (_, method) if is_safe(method) => now.leaves,
                (Outcome::NotDone, _) => now.leaves,
                (Outcome::Unknown, method) if method != "POST" => Some(Stopped::Unknown),
                _ => None,
            };
            now.is_harmless = now.leaves == Some(Stopped::Unchanged);
        });
    }
}

fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// The system's clock, which also notices when the client pauses.
impl Clock for Watch {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.waiting(duration);
        let pause = NOW.try_with(|now| Pause::begin(now.clone()));
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            // So that an interrupt is noticed even after the shortest pause.
            tokio::task::yield_now().await;
            drop(pause);
        })
    }
}

/// A pause, until it is dropped.
struct Pause(watch::Sender<Now>);

impl Pause {
    fn begin(now: watch::Sender<Now>) -> Self {
        now.send_modify(|now| now.is_harmless = true);
        Self(now)
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0.send_modify(|now| now.is_harmless = now.leaves == Some(Stopped::Unchanged));
    }
}

/// Receives the signals that ask the command to stop: from Ctrl-C, from a CI job that is cancelled, or from a terminal that is
/// closed.
pub(crate) struct Stops {
    #[cfg(unix)]
    signals: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Stops {
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        kinds.extend((!is_hang_up_ignored()).then(SignalKind::hangup));
        let signals = kinds.into_iter().map(signal).collect::<Result<_, _>>();
        let signals = signals.map_err(|error| Failure::other(format!("can't listen for signals: {error}")))?;
        Ok(Self { signals })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let has_come = self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if has_come { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
impl Stops {
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Whether the program was started so that it outlives its terminal, as by `nohup`.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

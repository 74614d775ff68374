//! Ctrl-C: a request that changes something is brought to its end, and nothing more is begun. In a read or a pause it stops
//! at once. A second Ctrl-C ends the program.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ldtokens::raw::reqwest::Method;
use ldtokens::{AttemptEvent, Clock, Error, Observer, Operation};
use tokio::sync::watch;

use crate::terminal::failure::{Failure, Kind};
use crate::terminal::say;
use crate::terminal::signals::Stops;
use crate::terminal::watch::Watch;

/// Whether the user wants to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    wanted: watch::Receiver<bool>,
    activity: Arc<Activity>,
}

/// Why work was not finished.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stopped {
    /// Nothing was changed.
    Unchanged,
    /// An answer was lost, and what it would have said is not known.
    Unknown,
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        let line = match stopped {
            Stopped::Unchanged => "interrupted; nothing was changed",
            Stopped::Unknown => {
                "interrupted; the answer to the last request was lost, and whether it was carried out is not known: \
                 `ldtokens get` shows"
            }
        };
        Failure::new(Kind::Interrupted, line)
    }
}

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen(watch: Watch) -> Result<Self, Failure> {
        let mut stops = Stops::listen()?;
        let (sender, wanted) = watch::channel(false);
        tokio::spawn(async move {
            stops.next().await;
            sender.send_replace(true);
            stops.next().await;
            say::error("stopped at once: it is not known whether the last request was carried out");
            std::process::exit(130);
        });
        Ok(Self { wanted, activity: Arc::new(Activity::new(watch)) })
    }

    pub(crate) fn is_wanted(&self) -> bool {
        *self.wanted.borrow()
    }

    /// What a client has to report to, as its observer and its clock.
    pub(crate) fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// What `reading` gives, unless it is interrupted. Only for what changes nothing.
    pub(crate) async fn unless<T>(&self, reading: impl Future<Output = T>) -> Result<T, Failure> {
        let mut wanted = self.wanted.clone();
        tokio::select! {
            result = reading => Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => Err(Stopped::Unchanged.into()),
        }
    }

    /// What `writing` gives. If it is interrupted, a request under way that changes something is waited for, so that what it
    /// did is known.
    pub(crate) async fn until_done<T>(&self, writing: impl Future<Output = T>) -> Result<T, Stopped> {
        self.activity.now.send_replace(Now::default());
        let mut now = self.activity.now.subscribe();
        let mut wanted = self.wanted.clone();
        tokio::pin!(writing);
        tokio::select! {
            result = &mut writing => return Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => {}
        }
        let mut is_told = false;
        loop {
            if let Some(stopped) = now.borrow_and_update().may_stop() {
                return Err(stopped);
            }
            if !std::mem::replace(&mut is_told, true) {
                say::note("waiting for the response to the last request; press Ctrl-C again to stop at once");
            }
            tokio::select! {
                result = &mut writing => return Ok(result),
                _ = now.changed() => {}
            }
        }
    }
}

/// What a client is doing, as it reports it.
#[derive(Debug)]
pub(crate) struct Activity {
    now: watch::Sender<Now>,
    start: Instant,
    watch: Watch,
}

#[derive(Clone, Copy, Debug, Default)]
struct Now {
    doing: Doing,
    /// What the requests before have changed.
    past: Past,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Doing {
    /// Something that takes no time.
    #[default]
    Thinking,
    Pausing,
    Reading,
    Writing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Past {
    #[default]
    Unchanged,
    /// Not known, of a request that can be repeated.
    Unknown,
    /// Something is half done that has to be brought to an end: a new token's secret would be lost.
    MustGoOn,
}

impl Now {
    fn may_stop(self) -> Option<Stopped> {
        match (self.doing, self.past) {
            (Doing::Thinking | Doing::Writing, _) | (_, Past::MustGoOn) => None,
            (_, Past::Unchanged) => Some(Stopped::Unchanged),
            (_, Past::Unknown) => Some(Stopped::Unknown),
        }
    }
}

impl Activity {
    fn new(watch: Watch) -> Self {
        Self { now: watch::Sender::new(Now::default()), start: Instant::now(), watch }
    }
}

impl Observer for Activity {
    fn sending(&self, _: Operation, method: &str) {
        let doing = if is_safe(method) { Doing::Reading } else { Doing::Writing };
        self.now.send_modify(|now| now.doing = doing);
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.watch.attempt(attempt);
        // It is sure that nothing was done: there was no connection, or the API says so.
        let is_refused = attempt.status == Some(429)
            || matches!(attempt.error, Some(Error::Transport { source, .. }) if source.is_connect());
        let is_lost = !is_refused && attempt.status.is_none_or(|status| status >= 500);
        let is_done = attempt.status.is_some_and(|status| (200..300).contains(&status));
        self.now.send_modify(|now| {
            now.doing = Doing::Thinking;
            now.past = match attempt.method {
                method if is_safe(method) => now.past,
                "POST" if is_lost || is_done => Past::MustGoOn,
                _ if is_lost => Past::Unknown,
                _ if is_done => Past::MustGoOn,
                _ => now.past,
            };
        });
    }
}

fn is_safe(method: &str) -> bool {
    method.parse::<Method>().is_ok_and(|method| method.is_safe())
}

/// The machine's time, which tells when a client pauses.
impl Clock for Activity {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.watch.waiting(duration);
        let pause = Pause::begin(self.now.clone());
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            // Also after the shortest pause whoever waits for an interrupt has a look.
            tokio::task::yield_now().await;
            drop(pause);
        })
    }
}

/// A pause, until it is dropped.
struct Pause(watch::Sender<Now>);

impl Pause {
    fn begin(now: watch::Sender<Now>) -> Self {
        now.send_modify(|now| now.doing = Doing::Pausing);
        Self(now)
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0.send_modify(|now| now.doing = Doing::Thinking);
    }
}

//! Ctrl-C, and what the client is doing. A running request that changes something is finished, and no other is started. A read
//! or a pause stops at once. A second Ctrl-C ends the program.

use std::io::{IsTerminal, Write, stdin};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ldtokens::raw::reqwest::Url;
use ldtokens::{AttemptEvent, Clock, Observer, Operation, Outcome};
#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::watch;

use crate::terminal::failure::{Failure, Kind};
use crate::terminal::redact::redacted;
use crate::terminal::{progress, say};

/// The minimum wait that is shown. The client's usual pauses before a retry are shorter.
const LONG_WAIT: Duration = Duration::from_millis(1700);

tokio::task_local! {
    /// What the client is doing for the work that is being polled. Several run at the same time.
    static NOW: watch::Sender<Now>;
}

/// Whether the user has asked to stop.
#[derive(Debug)]
pub(crate) struct Interrupt {
    wanted: watch::Receiver<bool>,
    /// To be set as the client's observer and clock.
    pub(crate) follower: Arc<Follower>,
    /// Whether the user knows that it takes until the last response.
    is_noted: AtomicBool,
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
    /// Starts to listen for signals, for a client of `host` whose requests are shown if `is_verbose`.
    pub(crate) fn listen(host: &str, is_verbose: bool) -> Result<Self, Failure> {
        let mut stops = stops()?;
        let (sender, wanted) = watch::channel(false);
        tokio::spawn(async move {
            stops.recv().await;
            sender.send_replace(true);
            stops.recv().await;
            let line = "stopped at once: the last request may or may not have taken effect";
            Failure::new(Kind::Interrupted, line).report();
            std::process::exit(Kind::Interrupted as i32);
        });
        let origin = Url::parse(host).map_or_else(|_| host.to_owned(), |url| url.origin().ascii_serialization());
        let follower = Follower {
            start: Instant::now(),
            verbose_origin: is_verbose.then_some(origin),
            last_status: AtomicU16::new(0),
            shown: Mutex::default(),
        };
        Ok(Self { wanted, follower: Arc::new(follower), is_noted: AtomicBool::new(false) })
    }

    pub(crate) fn is_wanted(&self) -> bool {
        *self.wanted.borrow()
    }

    /// Awaits `reading`, which must not change anything, unless it is interrupted.
    pub(crate) async fn unless<T>(&self, reading: impl Future<Output = T>) -> Result<T, Failure> {
        let mut wanted = self.wanted.clone();
        tokio::select! {
            result = reading => Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => Err(Stopped::Unchanged.into()),
        }
    }

    /// Reads standard input, unless it is interrupted. On a terminal it asks first, and on Unix what is typed is not shown.
    pub(crate) async fn typed_or_piped<T: Send + 'static>(
        &self,
        question: &str,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        if !stdin().is_terminal() {
            return self.blocking(read).await;
        }
        #[cfg(unix)]
        let before = tcgetattr(stdin()).ok();
        #[cfg(unix)]
        if let Some(mut hidden) = before.clone() {
            hidden.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(stdin(), OptionalActions::Flush, &hidden);
        }
        let _ = write!(anstream::stderr(), "{question}");
        let answer = self.blocking(read).await;
        #[cfg(unix)]
        if let Some(before) = before {
            let _ = tcsetattr(stdin(), OptionalActions::Flush, &before);
        }
        let _ = writeln!(anstream::stderr());
        answer
    }

    /// Does `work` that may block, such as reading a pipe, unless it is interrupted. Then it may go on until the program ends.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let done = self.unless(tokio::task::spawn_blocking(work)).await?;
        done.map_err(|error| Failure::other(error.to_string()))
    }

    /// Awaits `writing`, and after an interrupt only a running request that changes something, so that its result is known.
    pub(crate) async fn until_done<T>(&self, writing: impl Future<Output = T>) -> Result<T, Stopped> {
        let (sender, mut now) = watch::channel(Now { is_harmless: true, leaves: Some(Stopped::Unchanged) });
        let mut wanted = self.wanted.clone();
        let stopped = async {
            let _ = wanted.wait_for(|wanted| *wanted).await;
            let can_stop = |now: &Now| now.is_harmless && now.leaves.is_some();
            if !can_stop(&now.borrow()) && !self.is_noted.swap(true, Ordering::Relaxed) {
                say::note("finishing what was started; press Ctrl-C again to stop at once");
            }
            now.wait_for(can_stop).await.map(|now| now.leaves)
        };
        tokio::select! {
            result = NOW.scope(sender, writing) => Ok(result),
            Ok(Some(stopped)) = stopped => Err(stopped),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Now {
    /// Whether it only reads or pauses, or waits for something else, such as a file, and has changed nothing.
    is_harmless: bool,
    /// What an interrupt would leave. None if the work has to be finished, as where a new token's secret would be lost.
    leaves: Option<Stopped>,
}

/// Changes what the client is doing for the work that is being polled, if that has to be known.
fn change(change: impl FnOnce(&mut Now)) {
    let _ = NOW.try_with(|now| now.send_modify(change));
}

/// Follows what the client is doing. Shows requests with `--verbose`, and long waits always.
#[derive(Debug)]
pub(crate) struct Follower {
    start: Instant,
    /// The URL up to the path, if requests are shown.
    verbose_origin: Option<String>,
    /// The status of the last response, or 0 if there was none.
    last_status: AtomicU16,
    /// The end of the wait that was shown. Requests that run at the same time wait together.
    shown: Mutex<Option<Instant>>,
}

impl Observer for Follower {
    fn sending(&self, _: Operation, method: &str) {
        change(|now| now.is_harmless = is_safe(method));
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.last_status.store(attempt.status.unwrap_or(0), Ordering::Relaxed);
        if let Some(origin) = &self.verbose_origin {
            let AttemptEvent { method, path, number, took, .. } = attempt;
            let status = attempt.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
            let number = if *number > 1 { format!(", attempt {number}") } else { String::new() };
            let took = took.as_millis();
            say::request(&redacted(&format!("{method} {origin}{path} → {status} ({took} ms{number})")));
        }
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
impl Clock for Follower {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.show_wait(duration);
        change(|now| now.is_harmless = true);
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            // So that an interrupt is noticed even after the shortest pause.
            tokio::task::yield_now().await;
            change(|now| now.is_harmless = now.leaves == Some(Stopped::Unchanged));
        })
    }
}

impl Follower {
    fn show_wait(&self, wait: Duration) {
        let end = Instant::now() + wait;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if wait < LONG_WAIT || shown.is_some_and(|shown| end < shown + LONG_WAIT) {
            return;
        }
        *shown = Some(end);
        let seconds = wait.as_secs_f64().ceil();
        let text = match self.last_status.load(Ordering::Relaxed) {
            0 => format!("no response: retrying in {seconds} s"),
            500.. => format!("server error: retrying in {seconds} s"),
            _ => format!("rate limited: waiting {seconds} s"),
        };
        if !progress::show(&text) {
            say::note(&text);
        }
    }
}

/// Receives the signals that ask the command to stop: of Ctrl-C, a cancelled CI job, or a terminal that is closed.
pub(crate) fn stops() -> Result<UnboundedReceiver<()>, Failure> {
    let (sender, stops) = mpsc::unbounded_channel();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        kinds.extend((!is_hang_up_ignored()).then(SignalKind::hangup));
        for kind in kinds {
            let mut signal =
                signal(kind).map_err(|error| Failure::other(format!("can't listen for signals: {error}")))?;
            let sender = sender.clone();
            tokio::spawn(async move { while signal.recv().await.is_some() && sender.send(()).is_ok() {} });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).is_ok() {} });
    Ok(stops)
}

/// Whether the program was started so that it outlives its terminal, as by `nohup`.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

//! The log on standard error. `RUST_LOG` sets its level; without it, `--verbose` and `serve` do. `--log off` turns it off.
//! The requests that `-v` shows are not part of the log.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::terminal::say;

const VARIABLE: &str = "RUST_LOG";
const LINES: usize = 1024;

/// How long the end of the command waits for the lines that are left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a server's log goes: to a thread, which writes it to standard error. Whoever starts a server and doesn't read its
/// standard error must not stop it, so a full pipe costs lines of the log, which are counted, and never a response.
static QUEUE: Mutex<Option<Queue>> = Mutex::new(None);

/// The lines, and a channel that is closed when all are written.
type Queue = (SyncSender<Vec<u8>>, Receiver<()>);

/// How many lines were dropped since the last one that was written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    Text,
    Json,
    Off,
}

/// Starts the log. Its level depends on the number of `--verbose` flags, on whether a server is `serving`, and on `RUST_LOG`.
pub(crate) fn start(verbosity: u8, serving: Option<Log>) {
    let by_flags = match (verbosity, serving) {
        // `interrupt.rs` shows the requests.
        (0 | 1, None) => Targets::new(),
        // One line per request, and errors.
        (0, Some(_)) => Targets::new().with_target("ldtokens_server", LevelFilter::INFO),
        (1, Some(_)) => Targets::new().with_target("ldtokens", LevelFilter::DEBUG),
        (2, _) => Targets::new().with_default(LevelFilter::DEBUG),
        (_, _) => Targets::new().with_default(LevelFilter::TRACE),
    };
    let targets = match std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) {
        None => by_flags,
        Some(wanted) => wanted.to_str().and_then(|wanted| wanted.parse().ok()).unwrap_or_else(|| {
            say::warning(&format!("{VARIABLE} is ignored: it must be like `debug` or `ldtokens=debug`"));
            by_flags
        }),
    };
    if serving == Some(Log::Off) || targets == Targets::new() {
        return;
    }
    let colours = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    // If standard error is closed, the command goes on.
    let lines = tracing_subscriber::fmt::layer().log_internal_errors(false);
    if let Some(format) = serving {
        let (sender, waiting) = sync_channel(LINES);
        let (is_writing, written) = sync_channel(0);
        std::thread::spawn(move || {
            write_all(&waiting, format, io::stderr());
            drop(is_writing);
        });
        *queue() = Some((sender, written));
    }
    let lines = match serving {
        Some(Log::Json) => lines.with_writer(|| Queued).json().flatten_event(true).boxed(),
        Some(_) => lines.with_writer(|| Queued).with_ansi(colours).boxed(),
        None => lines.with_writer(io::stderr).with_ansi(colours).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}

/// Waits for the lines that are left, but not long.
pub(crate) fn flush() {
    let Some((lines, written)) = queue().take() else { return };
    // Its thread ends with the last line.
    drop(lines);
    let _ = written.recv_timeout(FLUSH_TIMEOUT);
}

fn queue() -> MutexGuard<'static, Option<Queue>> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a line into the queue, or drops it.
struct Queued;

impl Write for Queued {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if queue().as_ref().is_none_or(|(lines, _)| lines.try_send(line.to_vec()).is_err()) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the lines, and how many were dropped. If standard error is closed, the command goes on.
fn write_all(waiting: &Receiver<Vec<u8>>, format: Log, mut out: impl Write) {
    const WHY: &str = "lines of the log were dropped, since it was not read";
    for line in waiting {
        let _ = out.write_all(&line);
        let _ = match (DROPPED.swap(0, Ordering::Relaxed), format) {
            (0, _) => Ok(()),
            (count, Log::Json) => writeln!(out, r#"{{"level":"WARN","message":"{WHY}","dropped":{count}}}"#),
            (count, _) => writeln!(out, "WARN {count} {WHY}"),
        };
    }
}

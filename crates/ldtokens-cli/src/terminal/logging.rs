//! The log on standard error. `RUST_LOG` sets its level; without it, `--verbose` and `serve` do. `--log off` turns it off.
//! The requests that `-v` shows are not part of the log.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

use crate::terminal::say;

const VARIABLE: &str = "RUST_LOG";

const LINES: usize = 1024;

/// How long the end of the command waits for the lines that are left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a server's log goes: to a thread, which writes it to standard error. Whoever starts a server and doesn't read its
/// standard error must not stop it, so a full pipe costs lines of the log, which are counted, and never a response.
static QUEUE: OnceLock<SyncSender<Entry>> = OnceLock::new();

/// How many lines were dropped since the last one that was written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The format of a server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    Text,
    Json,
    Off,
}

/// Starts the log. Its level depends on the number of `--verbose` flags, on whether a server is `serving`, and on `RUST_LOG`.
pub(crate) fn start(verbosity: u8, serving: Option<Log>) {
    let by_flags = match (verbosity, serving) {
        (0, None) => Targets::new(),
        // One line per request, and errors.
        (0, Some(_)) => Targets::new().with_target("ldtokens_server", LevelFilter::INFO),
        // `watch.rs` shows the requests.
        (1, None) => Targets::new(),
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
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    // If standard error is closed, the command goes on.
    let lines = tracing_subscriber::fmt::layer().log_internal_errors(false);
    let queue = || Queue::start(serving == Some(Log::Json));
    let lines = match serving {
        Some(Log::Json) => lines.with_writer(queue()).json().flatten_event(true).boxed(),
        Some(_) => lines.with_writer(queue()).with_ansi(colours).boxed(),
        None => lines.with_writer(std::io::stderr).with_ansi(colours).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}

/// Waits for the lines that are left, but not long.
pub(crate) fn flush() {
    let Some(queue) = QUEUE.get() else { return };
    let (flushed, is_flushed) = sync_channel(1);
    if queue.try_send(Entry::Flush(flushed)).is_ok() {
        let _ = is_flushed.recv_timeout(FLUSH_TIMEOUT);
    }
}

enum Entry {
    Line(Vec<u8>),
    /// Asks for a message once all lines before it are written.
    Flush(SyncSender<()>),
}

/// Puts lines into the queue, or drops them.
struct Queue;

impl Queue {
    fn start(is_json: bool) -> Self {
        let (lines, waiting) = sync_channel(LINES);
        let _ = QUEUE.set(lines);
        // If standard error is closed, the command goes on.
        std::thread::spawn(move || write_all(&waiting, is_json, io::stderr()));
        Self
    }
}

impl MakeWriter<'_> for Queue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Takes one line of the log.
impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if QUEUE.get().is_none_or(|queue| queue.try_send(Entry::Line(line.to_vec())).is_err()) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(waiting: &Receiver<Entry>, is_json: bool, mut out: impl Write) {
    for entry in waiting {
        match entry {
            Entry::Line(line) => drop(out.write_all(&line)),
            Entry::Flush(flushed) => drop(flushed.send(())),
        }
        match DROPPED.swap(0, Ordering::Relaxed) {
            0 => {}
            count if is_json => drop(writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"lines of the log were dropped, since it was not read\",\"dropped\":{count}}}"
            )),
            count => drop(writeln!(out, "WARN {count} lines of the log were dropped, since it was not read")),
        }
    }
}

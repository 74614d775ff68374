//! The queue before a server's log. Whoever starts a server and doesn't read its standard error must not stop it, so a full pipe
//! costs lines of the log, which are counted, and never a response.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait at most.
const LINES: usize = 1024;

/// How long the end of the command waits for the lines that are left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<Queue> = OnceLock::new();

/// Where a server's log goes: to a thread, which writes it to standard error.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    lines: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Asks for a message once all lines before it are written.
    Flush(SyncSender<()>),
}

/// Starts the thread.
pub(crate) fn start(is_json: bool) -> Queue {
    let (lines, waiting) = sync_channel(LINES);
    let dropped = Arc::new(AtomicU64::new(0));
    let queue = Queue { lines, dropped: dropped.clone() };
    // If standard error is closed, the command goes on.
    std::thread::spawn(move || write_all(&waiting, &dropped, is_json, io::stderr()));
    let _ = QUEUE.set(queue.clone());
    queue
}

/// Waits for the lines that are left, but not long.
pub(crate) fn flush() {
    let Some(queue) = QUEUE.get() else { return };
    let (flushed, is_flushed) = sync_channel(1);
    if queue.lines.try_send(Entry::Flush(flushed)).is_ok() {
        let _ = is_flushed.recv_timeout(FLUSH_TIMEOUT);
    }
}

fn write_all(waiting: &Receiver<Entry>, dropped: &AtomicU64, is_json: bool, mut out: impl Write) {
    for entry in waiting {
        match entry {
            Entry::Line(line) => drop(out.write_all(&line)),
            Entry::Flush(flushed) => drop(flushed.send(())),
        }
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            count if is_json => drop(writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"lines of the log were dropped, since it was not read\",\"dropped\":{count}}}"
            )),
            count => drop(writeln!(out, "WARN {count} lines of the log were dropped, since it was not read")),
        }
    }
}

impl MakeWriter<'_> for Queue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Takes one line of the log.
impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Entry::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A contender in a process of its own. It reads from standard input what to do and how often, and writes the seconds that
//! one run took.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

use crate::local::Place;

/// A process that waits for requests.
pub(crate) struct Worker {
    child: Child,
    asks: Option<ChildStdin>,
    results: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(mut command: Command, place: &Place) -> Result<Self> {
        command.env("LD_ACCESS_TOKEN", place.credential.expose());
        command.env("BENCH_HOST", &place.host).env("BENCH_TOKEN", &place.token_id);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().with_context(|| format!("{:?} does not start", command.get_program()))?;
        let asks = child.stdin.take();
        let results = BufReader::new(child.stdout.take().context("it has an output")?);
        Ok(Self { child, asks, results })
    }

    /// This program as the worker `name`.
    pub(crate) fn own(name: &str, place: &Place) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", name]);
        Self::start(command, place)
    }

    /// Does `what` as many times as `times` says, and returns the number that the worker writes.
    pub(crate) fn ask(&mut self, what: &str, times: usize) -> Result<f64> {
        let asks = self.asks.as_mut().context("it is asked")?;
        writeln!(asks, "{what} {times}")?;
        asks.flush()?;
        let mut line = String::new();
        self.results.read_line(&mut line)?;
        line.trim().parse().with_context(|| format!("{what}: the worker ended or wrote {line:?}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}

//! Progress: one line on a terminal, which is removed before anything else is written.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::terminal::columns::cut;
use crate::terminal::streams::{error_width, is_dumb};
use crate::terminal::visible::visible;

static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Until then, a rate says little about the rest.
const SETTLED: Duration = Duration::from_secs(2);

/// Replaces the line with `text`. Returns whether it is shown: only a terminal can.
pub(crate) fn show(text: &str) -> bool {
    let Some(width) = error_width().filter(|_| !is_dumb()) else { return false };
    IS_SHOWN.store(true, Ordering::Relaxed);
    // A line that wraps could not be removed.
    let text = cut(&visible(text), width.saturating_sub(1));
    write!(io::stderr(), "\r\x1b[K{text}").is_ok()
}

pub(crate) fn clear() {
    if IS_SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

/// How far a job of several tokens is.
pub(crate) struct Job {
    doing: &'static str,
    total: usize,
    start: Instant,
}

impl Job {
    pub(crate) fn begin(doing: &'static str, total: usize) -> Self {
        let job = Self { doing, total, start: Instant::now() };
        job.show(0);
        job
    }

    pub(crate) fn show(&self, done: usize) {
        show(&self.line(done, self.start.elapsed()));
    }

    fn line(&self, done: usize, elapsed: Duration) -> String {
        let line = format!("{}: {} of {}", self.doing, grouped(done), grouped(self.total));
        if done == 0 || elapsed < SETTLED {
            return line;
        }
        #[allow(clippy::cast_precision_loss)] // for people
        let rate = done as f64 / elapsed.as_secs_f64();
        #[allow(clippy::cast_precision_loss)]
        let left = (self.total - done) as f64 / rate;
        let left = if left < 90.0 { format!("{left:.0} s") } else { format!("{:.0} min", left / 60.0) };
        format!("{line}, {rate:.1} a second, {left} left")
    }
}

/// A number with its thousands apart: 2,995.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Job, grouped};

    #[test]
    fn progress_has_a_rate_and_the_time_left_once_they_are_known() {
        let job = Job { doing: "updating", total: 2995, start: Instant::now() };
        for (done, seconds, line) in [
            (0, 5, "updating: 0 of 2,995"),
            (9, 1, "updating: 9 of 2,995"),
            (249, 10, "updating: 249 of 2,995, 24.9 a second, 2 min left"),
            (2900, 100, "updating: 2,900 of 2,995, 29.0 a second, 3 s left"),
        ] {
            assert_eq!(job.line(done, Duration::from_secs(seconds)), line);
        }
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

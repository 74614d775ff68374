//! Shows requests with `--verbose`, and long waits always.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ldtokens::AttemptEvent;
use ldtokens::raw::reqwest::Url;

use crate::terminal::progress;
use crate::terminal::redact::redacted;
use crate::terminal::say;
use crate::terminal::streams::{error_width, is_dumb};

/// The minimum wait that is shown. The client's usual pauses before a retry are shorter.
const LONG_WAIT: Duration = Duration::from_millis(1700);

/// Shows requests and waits.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) start: Instant,
    /// The URL up to the path.
    origin: String,
    is_verbose: bool,
    /// Whether a program reads standard error.
    has_json_errors: bool,
    /// The status of the last response.
    last: Mutex<Option<u16>>,
    /// The end of the wait that was shown. Requests that run at the same time wait together.
    shown: Mutex<Option<Instant>>,
}

impl Watch {
    pub(crate) fn new(host: &str, is_verbose: bool, has_json_errors: bool) -> Self {
        let origin = Url::parse(host).map_or_else(|_| host.to_owned(), |url| url.origin().ascii_serialization());
        Self {
            start: Instant::now(),
            origin,
            is_verbose,
            has_json_errors,
            last: Mutex::new(None),
            shown: Mutex::new(None),
        }
    }

    /// Called after an attempt.
    pub(crate) fn show(&self, attempt: &AttemptEvent<'_>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = attempt.status;
        if self.is_verbose {
            say::result(&redacted(&format!(
                "{} {}{} → {}",
                attempt.method,
                self.origin,
                attempt.path,
                outcome(attempt)
            )));
        }
    }

    /// Called before a wait.
    pub(crate) fn waiting(&self, wait: Duration) {
        let end = Instant::now() + wait;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if wait < LONG_WAIT || shown.is_some_and(|shown| end < shown + LONG_WAIT) {
            return;
        }
        *shown = Some(end);
        let seconds = wait.as_secs_f64().ceil();
        let text = match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(500..) => format!("server error: retrying in {seconds} s"),
            Some(_) => format!("rate limited: waiting {seconds} s"),
            None => format!("no response: retrying in {seconds} s"),
        };
        if error_width().is_some() && !is_dumb() {
            progress::show(&text);
        } else if !self.has_json_errors {
            say::note(&text);
        }
    }
}

fn outcome(attempt: &AttemptEvent<'_>) -> String {
    let status = attempt.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    let number = if attempt.number > 1 { format!(", attempt {}", attempt.number) } else { String::new() };
    format!("{status} ({} ms{number})", attempt.took.as_millis())
}

//! What a user hears of requests: with `--verbose` each one, and always a long wait.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use ldtokens::AttemptEvent;
use ldtokens::raw::reqwest::Url;

use crate::terminal::progress;
use crate::terminal::redact::redacted;
use crate::terminal::say;

/// A shorter wait is not worth a word. None of the backoff's own is longer.
const LONG: Duration = Duration::from_millis(1700);

/// Tells of requests and waits.
#[derive(Debug)]
pub(crate) struct Watch {
    /// What stands before the path.
    origin: String,
    is_verbose: bool,
    /// Whether a program reads standard error.
    has_json_errors: bool,
    /// The status of the last answer.
    last: Mutex<Option<u16>>,
}

impl Watch {
    pub(crate) fn new(host: &str, is_verbose: bool, has_json_errors: bool) -> Self {
        let origin = Url::parse(host).map_or_else(|_| host.to_owned(), |url| url.origin().ascii_serialization());
        Self { origin, is_verbose, has_json_errors, last: Mutex::new(None) }
    }

    /// An attempt has ended.
    pub(crate) fn attempt(&self, attempt: &AttemptEvent<'_>) {
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

    /// A wait begins.
    pub(crate) fn waiting(&self, wait: Duration) {
        if wait < LONG {
            return;
        }
        let seconds = wait.as_secs_f64().ceil();
        let text = match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(500..) => format!("the API failed: trying again in {seconds} s"),
            Some(_) => format!("rate limited: waiting {seconds} s"),
            None => format!("no response: trying again in {seconds} s"),
        };
        if say::width().is_some() {
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

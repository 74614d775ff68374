//! The terminal: output, errors, progress, messages, the log, and signals.

pub(crate) mod discard;
pub(crate) mod failure;
pub(crate) mod hidden;
pub(crate) mod interrupt;
mod log_queue;
pub(crate) mod logging;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod redact;
pub(crate) mod say;
pub(crate) mod signals;
pub(crate) mod watch;

/// Whether the terminal understands no escape sequences, as those of editors and CI jobs say.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|name| name.is_empty() || name == "dumb")
}

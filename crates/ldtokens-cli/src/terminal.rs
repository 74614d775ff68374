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

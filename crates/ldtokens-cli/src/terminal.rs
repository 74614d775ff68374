//! The terminal: output, errors, progress, messages, the log, and signals.

pub(crate) mod columns;
pub(crate) mod failure;
pub(crate) mod interrupt;
pub(crate) mod logging;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod redact;
pub(crate) mod say;
pub(crate) mod streams;
pub(crate) mod visible;

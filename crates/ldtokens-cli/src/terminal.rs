//! The terminal: output, errors, progress, messages, the log, and signals. Other folders use only what is here.

mod columns;
mod failure;
mod interrupt;
pub(crate) mod logging;
pub(crate) mod output;
pub(crate) mod progress;
mod redact;
pub(crate) mod say;
mod streams;
mod visible;

pub(crate) use columns::{Columns, aligned, cut};
pub(crate) use failure::{Failure, Kind};
pub(crate) use interrupt::{Interrupt, Stopped, stops};
pub(crate) use logging::Log;
pub(crate) use output::field::{Field, NEVER, access, plain, roles, spaced};
pub(crate) use output::format::Format;
pub(crate) use output::printer::{PrintArgs, Printer, record};
pub(crate) use output::yaml::yaml;
pub(crate) use output::{LAST, OUTPUT, details, print, print_styled, write};
pub(crate) use progress::{Job, grouped};
pub(crate) use redact::{has_secret, redacted};
pub(crate) use streams::{Discard, discard, error_width, is_dumb, terminal_width};
pub(crate) use visible::{json_visible, visible};

//! Progress: one line on a terminal, which is removed before anything else is written.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal::output::columns::cut;
use crate::terminal::output::visible::visible;
use crate::terminal::say::width;

static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Replaces the line with `text`. Does nothing if standard error is not a terminal.
pub(crate) fn show(text: &str) {
    let Some(width) = width() else { return };
    IS_SHOWN.store(true, Ordering::Relaxed);
    // A line that wraps could not be removed.
    let text = cut(&visible(text), width.saturating_sub(1));
    let _ = write!(io::stderr(), "\r\x1b[K{text}");
}

/// Removes the line.
pub(crate) fn clear() {
    if IS_SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

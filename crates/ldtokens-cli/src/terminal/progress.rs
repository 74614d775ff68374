//! How far long work has come: one line on a terminal, which goes away before anything else is written there.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal::output::columns::cut;
use crate::terminal::output::visible::visible;
use crate::terminal::say::width;

static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows `text` in place of what was shown before; nothing where standard error is no terminal.
pub(crate) fn show(text: &str) {
    let Some(width) = width() else { return };
    IS_SHOWN.store(true, Ordering::Relaxed);
    // A line that goes on in the next one could not be taken away.
    let text = cut(&visible(text), width.saturating_sub(1));
    let _ = write!(io::stderr(), "\r\x1b[K{text}");
}

/// Takes the line away.
pub(crate) fn clear() {
    if IS_SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

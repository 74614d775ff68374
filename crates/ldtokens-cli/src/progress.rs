//! How far long work has come: one line on a terminal, which goes away.

use std::io::{self, IsTerminal, Write};

use terminal_size::terminal_size_of;

use crate::output::columns::cut;

/// A line on standard error that is overwritten; nothing where that is no terminal.
pub(crate) struct Progress {
    is_shown: bool,
    is_there: bool,
}

impl Progress {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { is_shown: is_wanted && io::stderr().is_terminal(), is_there: false }
    }

    pub(crate) fn show(&mut self, text: &str) {
        if self.is_shown {
            self.is_there = true;
            let width = terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
            // A line that goes on in the next one could not be taken away.
            let text = cut(text, width.saturating_sub(1));
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }

    /// Takes the line away, so that something else can be said.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_there) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

//! When each token, by its number, last authenticated a request: known at once, written with the next write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Reads don't wait for the disk, though each of them is a use.
#[derive(Debug, Default)]
pub(crate) struct LastUse {
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    known: HashMap<i64, i64>,
    unwritten: HashMap<i64, i64>,
}

impl LastUse {
    /// The token was used at `moment` (Unix milliseconds).
    pub(crate) fn note(&self, token: i64, moment: i64) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.known.insert(token, moment) != Some(moment) {
            uses.unwritten.insert(token, moment);
        }
    }

    /// When the token was last used since the store was opened.
    pub(crate) fn of(&self, token: i64) -> Option<i64> {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.known.get(&token).or_else(|| uses.unwritten.get(&token)).copied()
    }

    /// The token is being deleted. Should that fail, what is unwritten of it is still written.
    pub(crate) fn forget(&self, token: i64) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).known.remove(&token);
    }

    pub(super) fn take_unwritten(&self) -> HashMap<i64, i64> {
        std::mem::take(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner).unwritten)
    }

    /// Keeps what could not be written for the next time.
    pub(super) fn give_back(&self, unwritten: HashMap<i64, i64>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, moment) in unwritten {
            uses.unwritten.entry(token).or_insert(moment);
        }
    }
}

//! When each token last authenticated a request: known at once, written with the next write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Reads don't wait for the disk, though each of them is a use.
#[derive(Debug, Default)]
pub(crate) struct LastUse {
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct Uses {
    known: HashMap<String, i64>,
    unwritten: HashMap<String, i64>,
}

impl LastUse {
    /// The token was used at `moment` (Unix milliseconds).
    pub(crate) fn note(&self, token: &str, moment: i64) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.known.get_mut(token) {
            Some(known) if *known == moment => return,
            Some(known) => *known = moment,
            None => drop(uses.known.insert(token.to_owned(), moment)),
        }
        match uses.unwritten.get_mut(token) {
            Some(unwritten) => *unwritten = moment,
            None => drop(uses.unwritten.insert(token.to_owned(), moment)),
        }
    }

    /// When the token was last used since the store was opened.
    pub(crate) fn of(&self, token: &str) -> Option<i64> {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.known.get(token).or_else(|| uses.unwritten.get(token)).copied()
    }

    /// The token is being deleted. Should that fail, what is unwritten of it is still written.
    pub(crate) fn forget(&self, token: &str) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).known.remove(token);
    }

    pub(super) fn take_unwritten(&self) -> HashMap<String, i64> {
        std::mem::take(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner).unwritten)
    }

    /// Keeps what could not be written for the next time.
    pub(super) fn give_back(&self, unwritten: HashMap<String, i64>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, moment) in unwritten {
            uses.unwritten.entry(token).or_insert(moment);
        }
    }
}

//! When each token was last used. It is kept in memory at once, and written to the store with the next write, so that a read
//! doesn't wait for the disk. Tokens are named by their numbers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The last uses since the store was opened.
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
    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the token was used at `moment` (Unix milliseconds).
    pub(crate) fn note(&self, token: i64, moment: i64) {
        let mut uses = self.uses();
        if uses.known.insert(token, moment) != Some(moment) {
            uses.unwritten.insert(token, moment);
        }
    }

    /// When the token was last used since the store was opened.
    pub(crate) fn of(&self, token: i64) -> Option<i64> {
        let uses = self.uses();
        uses.known.get(&token).or_else(|| uses.unwritten.get(&token)).copied()
    }

    /// Forgets a token that is being deleted. If the deletion fails, a last use that is not written yet is still written.
    pub(crate) fn forget(&self, token: i64) {
        self.uses().known.remove(&token);
    }

    /// Forgets all last uses, also those that are not written yet.
    pub(crate) fn forget_all(&self) {
        *self.uses() = Uses::default();
    }

    /// Takes the last uses that are not written yet.
    pub(super) fn take_unwritten(&self) -> HashMap<i64, i64> {
        std::mem::take(&mut self.uses().unwritten)
    }

    /// Takes back what could not be written, for the next write.
    pub(super) fn give_back(&self, unwritten: HashMap<i64, i64>) {
        let mut uses = self.uses();
        for (token, moment) in unwritten {
            uses.unwritten.entry(token).or_insert(moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LastUse;

    #[test]
    fn a_use_is_known_at_once_and_written_once() {
        let last_use = LastUse::default();
        assert_eq!(last_use.of(1), None);
        last_use.note(1, 10);
        last_use.note(2, 10);
        assert_eq!((last_use.of(1), last_use.of(3)), (Some(10), None));
        assert_eq!(last_use.take_unwritten(), [(1, 10), (2, 10)].into());
        last_use.note(1, 10);
        assert!(last_use.take_unwritten().is_empty(), "it was written already");
        last_use.note(1, 11);
        assert_eq!(last_use.take_unwritten(), [(1, 11)].into());
    }

    #[test]
    fn what_could_not_be_written_is_written_later_unless_there_is_a_newer_use() {
        let last_use = LastUse::default();
        last_use.note(1, 10);
        last_use.note(2, 10);
        let unwritten = last_use.take_unwritten();
        last_use.note(2, 11);
        last_use.give_back(unwritten);
        assert_eq!(last_use.take_unwritten(), [(1, 10), (2, 11)].into());
    }

    #[test]
    fn a_deleted_token_is_forgotten_once_its_last_use_is_written() {
        let last_use = LastUse::default();
        last_use.note(1, 10);
        last_use.forget(1);
        assert_eq!(last_use.of(1), Some(10), "the deletion may still fail");
        last_use.take_unwritten();
        assert_eq!(last_use.of(1), None);
    }
}

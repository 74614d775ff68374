use std::time::SystemTime;

use crate::delivery::Delivered;
use crate::rotation::journal::{Journal, Step};
use crate::rotation::options::Strategy;
use crate::time;

/// The result of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The token that was rotated.
    pub token_id: String,
    /// Its name.
    pub name: Option<String>,
    /// How it was rotated.
    pub strategy: Strategy,
    /// The last step done: [`Step::Retired`], or [`Step::Verified`] if the old token is still there.
    pub step: Step,
    /// The token that has the new secret. After a reset it is the same token.
    pub new_token_id: String,
    /// The last four characters of the new secret.
    pub last_four: String,
    /// When the old secret stops working. None if it has stopped.
    pub old_ends_at: Option<SystemTime>,
    /// Whether the old secret stops by itself. Otherwise another run ends it.
    pub ends_by_itself: bool,
    /// The destinations that this run delivered to. None, if all had the new secret.
    pub deliveries: Vec<Delivered>,
    /// Whether the rotation was started by an earlier run.
    pub was_resumed: bool,
    /// What else happened that someone may want to know. No secret is in it.
    pub notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(
        journal: &Journal,
        deliveries: Vec<Delivered>,
        was_resumed: bool,
        now: i64,
        notes: Vec<String>,
    ) -> Self {
        let new = journal.new.as_ref();
        let ends = journal.old_ends_at.filter(|ends| *ends > now && !journal.ends_at_once());
        let is_gone = journal.strategy == Strategy::Replace && journal.step == Step::Retired;
        Self {
            token_id: journal.token_id.clone(),
            name: journal.name.clone(),
            strategy: journal.strategy,
            step: journal.step,
            new_token_id: new.map_or_else(|| journal.token_id.clone(), |new| new.token_id.clone()),
            last_four: new.map_or_else(String::new, |new| new.last_four.clone()),
            old_ends_at: ends.filter(|_| !is_gone).map(time::to_system_time),
            ends_by_itself: journal.strategy == Strategy::Reset || journal.is_expiring,
            deliveries,
            was_resumed,
            notes,
        }
    }
}

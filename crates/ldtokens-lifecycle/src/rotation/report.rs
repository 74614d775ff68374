use std::time::SystemTime;

use crate::rotation::journal::{Journal, Step};
use crate::rotation::options::Strategy;
use crate::time;

/// The result of the delivery to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The destination, as in `the file export.secret`.
    pub label: String,
    /// Why the delivery failed. None if it succeeded.
    pub problem: Option<String>,
}

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
    /// The last step done: [`Step::Retired`], or [`Step::Verified`] if the old token is still to be deleted.
    pub step: Step,
    /// The token that has the new secret. After a reset it is the same token.
    pub new_token_id: String,
    /// The last four characters of the new secret.
    pub last_four: String,
    /// When the old secret stops working. None if it has stopped.
    pub old_ends_at: Option<SystemTime>,
    /// The destinations that this run delivered to.
    pub deliveries: Vec<Delivery>,
    /// Whether the rotation was started by an earlier run.
    pub was_resumed: bool,
}

impl Report {
    pub(crate) fn new(journal: &Journal, deliveries: Vec<Delivery>, was_resumed: bool, now: i64) -> Self {
        let new = journal.new.as_ref();
        let ends = journal.old_ends_at.filter(|ends| *ends > now && !journal.ends_at_once());
        let is_deleted = journal.strategy == Strategy::Replace && journal.step == Step::Retired;
        Self {
            token_id: journal.token_id.clone(),
            name: journal.name.clone(),
            strategy: journal.strategy,
            step: journal.step,
            new_token_id: new.map_or_else(|| journal.token_id.clone(), |new| new.token_id.clone()),
            last_four: new.map_or_else(String::new, |new| new.last_four.clone()),
            old_ends_at: ends.filter(|_| !is_deleted).map(time::to_system_time),
            deliveries,
            was_resumed,
        }
    }
}

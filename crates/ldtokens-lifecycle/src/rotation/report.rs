use ldtokens::{TokenId, UnixMillis};

use crate::destination::Delivered;
use crate::rotation::journal::Step;
use crate::rotation::options::Strategy;

/// The result of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The token that was rotated.
    pub token_id: TokenId,
    /// Its name.
    pub name: Option<String>,
    /// How it was rotated.
    pub strategy: Strategy,
    /// The last step done: [`Step::Retired`], or [`Step::Verified`] if the old token is still there.
    pub step: Step,
    /// The token that has the new secret. After a reset it is the same token.
    pub new_token_id: TokenId,
    /// The last four characters of the new secret.
    pub last_four: String,
    /// When the old secret stops working. None if it has stopped.
    pub old_ends_at: Option<UnixMillis>,
    /// Whether the old secret stops by itself. Otherwise another run ends it.
    pub ends_by_itself: bool,
    /// The destinations that this run delivered to. None, if all had the new secret.
    pub deliveries: Vec<Delivered>,
    /// Whether the rotation was started by an earlier run.
    pub was_resumed: bool,
    /// Whether this run verified the new secret. Otherwise an earlier run did, and this one confirmed, delivered again or ended it.
    pub is_new: bool,
    /// Whether the destinations hold the new secret, and it works. Otherwise it is lost, but the old token had expired, and so the
    /// rotation is over.
    pub is_held: bool,
    /// What else happened that someone may want to know. No secret is in it.
    pub notes: Vec<String>,
}

use serde::{Deserialize, Serialize};

use crate::delivery::Place;
use crate::rotation::options::Strategy;

/// The progress of a rotation. Each step is written to the journal before the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The request for a new secret is about to be sent, or was sent and its response is not known.
    Planned,
    /// There is a new secret. It may have been delivered.
    Issued,
    /// All destinations have the new secret.
    Delivered,
    /// The delivered secret works. The old token is left.
    Verified,
    /// The rotation is over. Nothing is left to do.
    Retired,
}

/// What is compared to find out whether a token was reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenState {
    /// The last four characters of its secret.
    pub last_four: String,
    /// When it last changed, as a Unix time in milliseconds.
    pub last_modified: i64,
}

/// Identifies an issued secret without containing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSecret {
    /// The ID of its token.
    pub token_id: String,
    /// Its last four characters.
    pub last_four: String,
}

/// The state of one token's rotation. It contains no secret.
///
/// All times are Unix times in milliseconds by the API's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Journal {
    /// The version of the journal's format.
    pub version: u32,
    /// The account, if the API named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The ID of the token that is rotated.
    pub token_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the token is rotated.
    pub strategy: Strategy,
    /// How it was to be rotated when the rotation was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Strategy>,
    /// How far the rotation has come.
    pub step: Step,
    /// How long the old secret keeps working, in milliseconds.
    pub overlap: i64,
    /// The token before the rotation.
    pub old: TokenState,
    /// The number of requests for a new secret.
    pub attempts: u32,
    /// When the last of these requests was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// When the last request whose response was lost was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<i64>,
    /// The new secret, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<NewSecret>,
    /// When the old secret stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_ends_at: Option<i64>,
    /// Whether the API ends the old token then, since that is its expiry.
    #[serde(default)]
    pub is_expiring: bool,
    /// The marker in the description of a replacement until nothing has to be deleted any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// Earlier replacements, whose secrets are lost or may have been delivered. They end with the old token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<String>,
    /// The tokens that were seen at the end, just before they were deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleting: Vec<String>,
    /// Whether the API refused to create a token, so that the old one can't be replaced.
    #[serde(default)]
    pub may_not_create: bool,
    /// The destinations.
    #[serde(default)]
    pub places: Vec<Place>,
    /// When the new secret was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<i64>,
}

/// The version that this code writes.
pub(crate) const VERSION: u32 = 2;

impl Journal {
    /// Whether the rotation was started and is not finished.
    pub fn is_under_way(&self) -> bool {
        self.step != Step::Retired
    }

    /// Whether only the end of the old token is left.
    pub fn is_waiting(&self) -> bool {
        self.step == Step::Verified && self.strategy == Strategy::Replace
    }

    /// Whether the token `id` belongs to this rotation, as the old or a new one.
    pub fn is_about(&self, id: &str) -> bool {
        self.token_id == id
            || self.new.as_ref().is_some_and(|new| new.token_id == id)
            || self.superseded.iter().any(|superseded| superseded == id)
    }

    pub(crate) fn ends_at_once(&self) -> bool {
        self.overlap == 0
    }

    /// Forgets the issued secret and starts over with `strategy`.
    pub(crate) fn begin_again(&mut self, strategy: Strategy) {
        if self.strategy != strategy {
            self.attempts = 0;
            self.sent_at = None;
            self.lost_at = None;
        }
        self.strategy = strategy;
        self.step = Step::Planned;
        self.new = None;
    }

    /// Notes a replacement whose secret is not the one that is delivered.
    pub(crate) fn supersede(&mut self, id: String) {
        if !self.superseded.contains(&id) {
            self.superseded.push(id);
        }
    }
}

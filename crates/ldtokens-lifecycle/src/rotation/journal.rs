use serde::{Deserialize, Serialize};

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
    /// The delivered secret works.
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
    /// The ID of the token that is rotated.
    pub token_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the token is rotated.
    pub strategy: Strategy,
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
    /// The marker in the description of a replacement until the rotation is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// Earlier replacements whose secrets may have been delivered. They are deleted at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<String>,
    /// Whether superseded and lost replacements are deleted and the marker is removed.
    #[serde(default)]
    pub is_tidy: bool,
    /// Whether the API refused to create a token, so that the old one can't be replaced.
    #[serde(default)]
    pub may_not_create: bool,
    /// The labels of the destinations.
    #[serde(default)]
    pub destinations: Vec<String>,
    /// When the new secret was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<i64>,
}

/// The version that this code writes.
pub(crate) const VERSION: u32 = 1;

impl Journal {
    /// Whether the rotation was started and is not finished.
    pub fn is_under_way(&self) -> bool {
        self.step != Step::Retired
    }

    /// Whether only the deletion of the old token is left.
    pub fn is_waiting(&self) -> bool {
        self.step == Step::Verified && self.strategy == Strategy::Replace && self.is_tidy
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
}

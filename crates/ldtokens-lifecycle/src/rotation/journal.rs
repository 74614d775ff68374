use serde::{Deserialize, Serialize};

use crate::rotation::options::Strategy;

/// How far a rotation has come. A step is in the journal before the next one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The request for a new secret is about to be sent, or was sent and its answer is not known.
    Planned,
    /// There is a new secret. It may have been delivered.
    Issued,
    /// The new secret is at all destinations.
    Delivered,
    /// What was delivered works.
    Verified,
    /// The rotation is over. Nothing is left to do.
    Retired,
}

/// A token as it was seen, as far as it tells whether it was reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenState {
    /// The last four characters of its secret.
    pub last_four: String,
    /// When it last changed, as a Unix time in milliseconds.
    pub last_modified: i64,
}

/// A secret that was issued, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSecret {
    /// The ID of its token.
    pub token_id: String,
    /// Its last four characters.
    pub last_four: String,
}

/// What is known of the rotation of one token. It holds no secret.
///
/// All moments are Unix times in milliseconds by the API's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Journal {
    /// The version of this form.
    pub version: u32,
    /// The ID of the token that is rotated.
    pub token_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is rotated.
    pub strategy: Strategy,
    /// How far that has come.
    pub step: Step,
    /// How long the old secret is to work on, in milliseconds.
    pub overlap: i64,
    /// The token before the rotation.
    pub old: TokenState,
    /// How often a new secret was asked for.
    pub attempts: u32,
    /// When it was last asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// When it was asked for the last time that no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<i64>,
    /// The new secret, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<NewSecret>,
    /// When the old secret stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_ends_at: Option<i64>,
    /// What the description of a replacement contains until the rotation is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// Replacements whose secrets may have been delivered before another one was. They are deleted at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<String>,
    /// Whether superseded and lost replacements are deleted and the marker is removed.
    #[serde(default)]
    pub is_tidy: bool,
    /// Whether the API refused to create a token, so that the old one can't be replaced.
    #[serde(default)]
    pub may_not_create: bool,
    /// Where the new secret goes, in words.
    #[serde(default)]
    pub destinations: Vec<String>,
    /// When the new secret was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<i64>,
}

/// The form that this version writes.
pub(crate) const VERSION: u32 = 1;

impl Journal {
    /// Whether the rotation has begun and is not over.
    pub fn is_under_way(&self) -> bool {
        self.step != Step::Retired
    }

    /// Whether the old token only waits to be deleted.
    pub fn is_waiting(&self) -> bool {
        self.step == Step::Verified && self.strategy == Strategy::Replace && self.is_tidy
    }

    pub(crate) fn ends_at_once(&self) -> bool {
        self.overlap == 0
    }

    /// Forgets the secret that was issued, and begins again by `strategy`.
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

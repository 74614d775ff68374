//! The result of an audit.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ldtokens::{TokenId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::policy::Exception;
use crate::rule::{Rule, Severity};

/// Which token a finding is about, or which tokens. It is `tokenIds: []` if it is about the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// One token.
    TokenId(TokenId),
    /// Several tokens, or none.
    TokenIds(Vec<TokenId>),
}

impl Subject {
    /// The IDs of the tokens.
    pub fn ids(&self) -> &[TokenId] {
        match self {
            Self::TokenId(id) => std::slice::from_ref(id),
            Self::TokenIds(ids) => ids,
        }
    }
}

/// Something that the audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// How urgent it is.
    pub severity: Severity,
    /// Which token it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The token's name, if it is about one and that has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do, in a sentence.
    pub fix: Cow<'static, str>,
    /// Whether the baseline has it too. Absent without a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
}

/// A finding that an exception accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Accepted {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The exception.
    pub exception: Exception,
}

/// The result of an audit. It is written and read as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// As of when the tokens were judged, by the API's clock.
    pub audited_at: UnixMillis,
    /// The API's URL, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The account's ID, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Whether everything was read and seen.
    pub complete: bool,
    /// How many tokens were judged.
    pub tokens: usize,
    /// What was found, the most severe first.
    pub findings: Vec<Finding>,
    /// What exceptions of the policy accept.
    #[serde(default)]
    pub accepted: Vec<Accepted>,
    /// What is odd about the policy: exceptions that have ended, or that accept nothing.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Report {
    /// The number of findings of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The findings of this severity or above that are not in the baseline.
    pub fn news(&self, at_least: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity >= at_least && finding.known != Some(true))
    }

    /// Marks the findings that an earlier report has too: the same rule found the same tokens, at least as severe. Of several
    /// tokens, some can be gone. What was not read or seen is never known.
    ///
    /// # Errors
    /// A sentence, if the other report is of another account.
    pub fn compare_with(&mut self, baseline: &Self) -> Result<(), String> {
        if let (Some(own), Some(other)) = (&self.account_id, &baseline.account_id)
            && own != other
        {
            return Err(format!("the baseline is of account {other}, and this is {own}"));
        }
        let mut known: HashMap<(Rule, Option<&TokenId>), Vec<&Finding>> = HashMap::new();
        // What an exception accepted then is news when the exception has ended.
        for finding in &baseline.findings {
            let ids = finding.subject.ids();
            let keys = ids.iter().map(Some).chain(ids.is_empty().then_some(None));
            keys.for_each(|key| known.entry((finding.rule, key)).or_default().push(finding));
        }
        for finding in &mut self.findings {
            let ids = finding.subject.ids();
            let candidates = known.get(&(finding.rule, ids.first())).map(Vec::as_slice).unwrap_or_default();
            let is_known = candidates.iter().any(|before| {
                let before_ids: HashSet<&TokenId> = before.subject.ids().iter().collect();
                before.severity >= finding.severity && ids.iter().all(|id| before_ids.contains(id))
            });
            finding.known = Some(is_known && finding.rule != Rule::PartialInventory);
        }
        Ok(())
    }
}

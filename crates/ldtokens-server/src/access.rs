//! Who calls, and what they may do: the vendor's "Access tokens" and "API access tokens".

use ldtokens_client::types::Statement;
use serde_json::Value;

use crate::answer::Refusal;
use crate::policy;
use crate::secrets;
use crate::store::{Records, StoredToken, Visible};

/// How long a token's last use is kept as it is, in milliseconds, so that reading does not write each time.
const LAST_USED_GRAIN: i64 = 1_000;

/// The token that a request's credential opens.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) token: StoredToken,
}

/// What is done to a token, by the name that policies know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    UpdateName,
    UpdateDescription,
    UpdatePolicy,
    Reset,
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "createAccessToken",
            Self::UpdateName => "updateAccessTokenName",
            Self::UpdateDescription => "updateAccessTokenDescription",
            Self::UpdatePolicy => "updateAccessTokenPolicy",
            Self::Reset => "resetAccessToken",
            Self::Delete => "deleteAccessToken",
        }
    }
}

impl Caller {
    pub(crate) fn authenticate(records: &Records<'_>, credential: &str, now: i64) -> Result<Self, Refusal> {
        let token = records.token_of_secret(&secrets::hash(credential), now)?.ok_or_else(Refusal::unauthorized)?;
        if token.last_used.is_none_or(|last| now.saturating_sub(last) >= LAST_USED_GRAIN || now < last) {
            records.set_last_used(&token.id, now)?;
        }
        Ok(Self { token })
    }

    /// Which tokens it sees; all members' only if it asks for them and is an administrator.
    pub(crate) fn visible(&self, all_members: bool) -> Visible {
        if all_members && self.is_admin() {
            Visible::All
        } else if self.token.service {
            Visible::Service
        } else {
            Visible::ServiceAndMember(self.token.member.id.clone())
        }
    }

    fn sees(&self, target: &StoredToken) -> bool {
        target.service || self.is_admin() || (!self.token.service && target.member.id == self.token.member.id)
    }

    /// The token `id`, if it is there and the caller may know of it.
    pub(crate) fn find(&self, records: &Records<'_>, id: &str) -> Result<StoredToken, Refusal> {
        records.token(id)?.filter(|target| self.sees(target)).ok_or_else(Refusal::not_found)
    }

    /// Refuses unless the caller may do `action` to `target`.
    pub(crate) fn require(&self, action: Action, target: &StoredToken) -> Result<(), Refusal> {
        let resource = if target.service {
            format!("service-token/{}", target.id)
        } else {
            format!("member/{}:token/{}", target.member.id, target.id)
        };
        let allowed = self.is_admin() || policy::allows(&self.statements(), action.name(), &resource);
        if allowed { Ok(()) } else { Err(Refusal::forbidden()) }
    }

    /// Refuses unless the permissions in `document` reach no further than the caller's own.
    pub(crate) fn require_reach(&self, document: &Value) -> Result<(), Refusal> {
        // Of two policies it can't be told which reaches further, unless they are the same.
        let same =
            document.get("inlineRole").is_some_and(|policy| self.token.document.get("inlineRole") == Some(policy));
        if self.is_admin() || same { Ok(()) } else { Err(Refusal::forbidden()) }
    }

    /// Whether it has the Admin role. A personal token never has more than its member has.
    fn is_admin(&self) -> bool {
        let is_admin = |role: &str| matches!(role, "admin" | "owner");
        let role = self.token.document["role"].as_str().unwrap_or_default();
        is_admin(role) && (self.token.service || is_admin(&self.token.member.role))
    }

    fn statements(&self) -> Vec<Statement> {
        serde_json::from_value(self.token.document["inlineRole"].clone()).unwrap_or_default()
    }
}

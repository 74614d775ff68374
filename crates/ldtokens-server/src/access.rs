//! Who calls, and what they may do: the vendor's "Access tokens" and "API access tokens".

pub(crate) mod policy;
pub(crate) mod session;

use std::cell::OnceCell;

use ldtokens_client::types::Statement;
use serde_json::Value;

use crate::http::response::Refusal;
use crate::store::{Records, StoredToken, Visible};

/// The token that a request's credential opens.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) token: StoredToken,
    /// [`reaches`](Self::reaches), once someone asked.
    reaches: OnceCell<Vec<Reach>>,
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

/// How far permissions reach over tokens.
#[derive(Debug)]
enum Reach {
    All,
    /// What these statements allow, which is nothing for the roles that only read and write flags.
    Statements(Vec<Statement>),
}

impl Reach {
    fn allows(&self, action: Action, resource: &str) -> bool {
        match self {
            Self::All => true,
            Self::Statements(statements) => policy::allows(statements, action.name(), resource),
        }
    }

    fn contains(&self, policy: &[Statement]) -> bool {
        match self {
            Self::All => true,
            Self::Statements(statements) => policy::contains(statements, policy),
        }
    }
}

impl Caller {
    pub(crate) fn new(token: StoredToken) -> Self {
        Self { token, reaches: OnceCell::new() }
    }

    /// Whom the secret with this hash is of.
    pub(crate) fn authenticate(records: &Records<'_>, credential: &[u8; 32], now: i64) -> Result<Self, Refusal> {
        let token = records.token_of_secret(credential, now)?.ok_or_else(Refusal::unauthorized)?;
        Ok(Self::new(token))
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

    /// The token `id`, if the caller may do `actions` to it or, where there are none, see it. A token that it neither sees
    /// nor may change is not there.
    pub(crate) fn find(&self, records: &Records<'_>, id: &str, actions: &[Action]) -> Result<StoredToken, Refusal> {
        self.known(records, records.token(id)?.ok_or_else(Refusal::not_found)?, actions)
    }

    /// [`find`](Self::find) for a token that has been read.
    pub(crate) fn known(
        &self,
        records: &Records<'_>,
        target: StoredToken,
        actions: &[Action],
    ) -> Result<StoredToken, Refusal> {
        let allowed = actions.iter().try_for_each(|action| self.require(records, *action, &target));
        match allowed {
            Err(refusal) if self.sees(&target) => Err(refusal),
            Ok(()) if !actions.is_empty() || self.sees(&target) => Ok(target),
            _ => Err(Refusal::not_found()),
        }
    }

    /// Refuses unless the caller may do `action` to `target`.
    pub(crate) fn require(&self, records: &Records<'_>, action: Action, target: &StoredToken) -> Result<(), Refusal> {
        let resource = if target.service {
            format!("service-token/{}", target.id)
        } else {
            format!("member/{}:token/{}", target.member.id, target.id)
        };
        let reaches = self.reaches(records)?;
        if reaches.iter().all(|reach| reach.allows(action, &resource)) { Ok(()) } else { Err(Refusal::forbidden()) }
    }

    /// Refuses unless the permissions in `document` reach no further than the caller's own.
    pub(crate) fn require_reach(&self, records: &Records<'_>, document: &Value) -> Result<(), Refusal> {
        let reaches = self.reaches(records)?;
        if reaches.iter().all(|reach| matches!(reach, Reach::All)) {
            return Ok(());
        }
        // Of a base role, and of a custom role that is not known, it can't be told how far they reach.
        let is_told = document.get("role").is_none()
            && of_roles(records, &custom_roles(document))?.iter().all(|policy| policy.is_some());
        let policy = statements(records, document)?;
        let is_within = is_told && reaches.iter().all(|reach| reach.contains(&policy));
        if is_within { Ok(()) } else { Err(Refusal::forbidden()) }
    }

    /// Whether it has the Admin role. A personal token never has more than its member has.
    fn is_admin(&self) -> bool {
        is_admin(self.role()) && (self.token.service || is_admin(&self.token.member.role))
    }

    fn role(&self) -> &str {
        self.token.document["role"].as_str().unwrap_or_default()
    }

    /// Its reach is what all of these have in common: a personal token never has more than its member has.
    fn reaches(&self, records: &Records<'_>) -> Result<&[Reach], Refusal> {
        if let Some(known) = self.reaches.get() {
            return Ok(known);
        }
        let reaches = self.find_reaches(records)?;
        Ok(self.reaches.get_or_init(|| reaches))
    }

    fn find_reaches(&self, records: &Records<'_>) -> Result<Vec<Reach>, Refusal> {
        let own = if is_admin(self.role()) {
            Reach::All
        } else {
            Reach::Statements(statements(records, &self.token.document)?)
        };
        if self.token.service {
            return Ok(vec![own]);
        }
        let member = &self.token.member;
        let of_member = if is_admin(&member.role) {
            Reach::All
        } else {
            Reach::Statements(of_roles(records, &member.custom_roles)?.into_iter().flatten().flatten().collect())
        };
        Ok(vec![own, of_member])
    }
}

fn is_admin(role: &str) -> bool {
    matches!(role, "admin" | "owner")
}

/// The statements of a token's policy or custom roles. A base role has none.
fn statements(records: &Records<'_>, document: &Value) -> Result<Vec<Statement>, Refusal> {
    match document.get("inlineRole") {
        Some(policy) => Ok(serde_json::from_value(policy.clone()).unwrap_or_default()),
        None => Ok(of_roles(records, &custom_roles(document))?.into_iter().flatten().flatten().collect()),
    }
}

/// The policy of each of `roles`. None for one that the account does not have, which gives nothing.
fn of_roles(records: &Records<'_>, roles: &[String]) -> rusqlite::Result<Vec<Option<Vec<Statement>>>> {
    roles.iter().map(|role| Ok(records.custom_role(role)?.map(|role| role.policy))).collect()
}

fn custom_roles(document: &Value) -> Vec<String> {
    document.get("customRoleIds").and_then(|roles| serde_json::from_value(roles.clone()).ok()).unwrap_or_default()
}

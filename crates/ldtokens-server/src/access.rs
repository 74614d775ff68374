//! Authorization: who sent a request, and what they may do, after the vendor's "Access tokens" and "API access tokens".

pub(crate) mod policy;

use std::cell::OnceCell;
use std::sync::Arc;

use ldtokens_client::Secret;
use ldtokens_client::types::Statement;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::response::ApiError;
use crate::secrets;
use crate::store::{Records, StoredToken, Visible};

/// The credential of a request: the hash of the secret, and which form it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credential {
    pub(crate) hash: [u8; 32],
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Token,
    Bearer,
    Other,
}

impl Credential {
    pub(crate) fn of(secret: &str) -> Self {
        let form = match secret {
            token if token.starts_with("api-") => Form::Token,
            bearer if bearer.starts_with("Bearer ") => Form::Bearer,
            _ => Form::Other,
        };
        Self { hash: secrets::hash(secret), form }
    }

    /// Why it is refused if no token has this secret.
    pub(crate) fn unknown(self) -> ApiError {
        match self.form {
            Form::Token => ApiError::UNAUTHORIZED,
            Form::Bearer => ApiError::INVALID_BEARER,
            Form::Other => ApiError::MALFORMED_CREDENTIAL,
        }
    }
}

/// The sender of a request, as the token that its credential belongs to.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) token: StoredToken,
    /// Computed when first needed.
    permissions: OnceCell<Vec<Permissions>>,
}

/// An action on a token, which policies allow or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    UpdateName,
    UpdateDescription,
    UpdatePolicy,
    UpdateExpiry,
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
            Self::UpdateExpiry => "updateAccessTokenExpiry",
            Self::Reset => "resetAccessToken",
            Self::Delete => "deleteAccessToken",
        }
    }
}

/// What a token or a member may do to tokens.
#[derive(Debug)]
enum Permissions {
    /// Everything.
    All,
    /// What these statements allow. The base roles other than Admin and Owner have none, since they are about flags.
    Statements(Vec<Statement>),
}

impl Permissions {
    fn allows(&self, action: Action, resource: &str) -> bool {
        match self {
            Self::All => true,
            Self::Statements(statements) => policy::allows(statements, action.name(), resource),
        }
    }

    /// Whether `policy` allows nothing that these permissions don't.
    fn contains(&self, policy: &[Statement]) -> bool {
        match self {
            Self::All => true,
            Self::Statements(statements) => policy::contains(statements, policy),
        }
    }
}

impl Caller {
    /// The caller that `token` belongs to, unless it has expired at `now`, or is personal and its member has left.
    pub(crate) fn of(token: StoredToken, now: i64) -> Result<Self, ApiError> {
        let is_expired = token.properties["expiry"].as_i64().is_some_and(|expiry| expiry <= now);
        if is_expired || (token.member.is_removed && !token.service) {
            return Err(ApiError::DEAD_TOKEN);
        }
        Ok(Self { token, permissions: OnceCell::new() })
    }

    /// The caller that sent `credential`.
    pub(crate) fn authenticate(records: &Records<'_>, credential: Credential, now: i64) -> Result<Self, ApiError> {
        let token = records.token_of_secret(&credential.hash, now)?.ok_or_else(|| credential.unknown())?;
        Self::of(token, now)
    }

    /// The tokens on a list for the caller. Personal tokens of other members are on it only if an administrator asks for them.
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

    /// The token `id`, if the caller has permission for all `actions`, or, without actions, may see it. A token that the caller
    /// may neither see nor change is not found.
    pub(crate) fn find(&self, records: &Records<'_>, id: &str, actions: &[Action]) -> Result<StoredToken, ApiError> {
        let target = records.token(id)?.ok_or(ApiError::NOT_FOUND)?;
        self.decide(records, &target, actions, None)?;
        Ok(target)
    }

    /// The decision about every operation on a token: like [`find`](Self::find), for a token that has been read or is new. If
    /// `actions` give the token permissions, the caller must have all those that it has with the properties `changed`.
    ///
    /// What it decides holds in the transaction of `records`, so a write needs a decision in its own.
    pub(crate) fn decide(
        &self,
        records: &Records<'_>,
        target: &StoredToken,
        actions: &[Action],
        changed: Option<&Value>,
    ) -> Result<(), ApiError> {
        let allowed = actions.iter().try_for_each(|action| self.require(records, *action, target));
        match allowed {
            Err(error) if self.sees(target) => Err(error),
            Ok(()) if !actions.is_empty() || self.sees(target) => {
                let gives = actions.iter().any(|action| matches!(action, Action::Create | Action::UpdatePolicy));
                changed.filter(|_| gives).map_or(Ok(()), |changed| self.require_permissions(records, changed))
            }
            _ => Err(ApiError::NOT_FOUND),
        }
    }

    /// Refuses unless the caller has permission for `action` on `target`.
    pub(crate) fn require(&self, records: &Records<'_>, action: Action, target: &StoredToken) -> Result<(), ApiError> {
        let resource = if target.service {
            format!("service-token/{}", target.id)
        } else {
            format!("member/{}:token/{}", target.member.id, target.id)
        };
        let permissions = self.permissions(records)?;
        if permissions.iter().all(|permissions| permissions.allows(action, &resource)) {
            Ok(())
        } else {
            Err(ApiError::FORBIDDEN)
        }
    }

    /// Refuses unless the caller has all permissions that a token with these properties has.
    fn require_permissions(&self, records: &Records<'_>, properties: &Value) -> Result<(), ApiError> {
        let permissions = self.permissions(records)?;
        if permissions.iter().all(|permissions| matches!(permissions, Permissions::All)) {
            return Ok(());
        }
        // This server does not know what a base role or an unknown custom role allows.
        let is_known = properties.get("role").is_none()
            && policies(records, &custom_roles(properties))?.iter().all(|policy| policy.is_some());
        let policy = statements(records, properties)?;
        let is_within = is_known && permissions.iter().all(|permissions| permissions.contains(&policy));
        if is_within { Ok(()) } else { Err(ApiError::FORBIDDEN) }
    }

    /// Whether the caller is the account's owner, with all permissions.
    pub(crate) fn is_owner(&self) -> bool {
        self.is_admin() && !self.token.service && self.token.member.role == "owner"
    }

    /// Whether the caller is an administrator. A personal token never has more permissions than its member.
    fn is_admin(&self) -> bool {
        is_admin(self.role()) && (self.token.service || is_admin(&self.token.member.role))
    }

    fn role(&self) -> &str {
        self.token.properties["role"].as_str().unwrap_or_default()
    }

    /// The caller has permission for what all of these allow: a personal token has the intersection of its own permissions and
    /// those of its member.
    fn permissions(&self, records: &Records<'_>) -> Result<&[Permissions], ApiError> {
        if let Some(permissions) = self.permissions.get() {
            return Ok(permissions);
        }
        let permissions = self.read_permissions(records)?;
        Ok(self.permissions.get_or_init(|| permissions))
    }

    fn read_permissions(&self, records: &Records<'_>) -> Result<Vec<Permissions>, ApiError> {
        let own = if is_admin(self.role()) {
            Permissions::All
        } else {
            Permissions::Statements(statements(records, &self.token.properties)?)
        };
        if self.token.service {
            return Ok(vec![own]);
        }
        let member = &self.token.member;
        let of_member = if is_admin(&member.role) {
            Permissions::All
        } else {
            Permissions::Statements(policies(records, &member.custom_roles)?.into_iter().flatten().flatten().collect())
        };
        Ok(vec![own, of_member])
    }
}

fn is_admin(role: &str) -> bool {
    matches!(role, "admin" | "owner")
}

/// The statements of a token's policy or custom roles. A base role has none.
fn statements(records: &Records<'_>, properties: &Value) -> Result<Vec<Statement>, ApiError> {
    match properties.get("inlineRole") {
        Some(policy) => Ok(serde_json::from_value(policy.clone()).unwrap_or_default()),
        None => Ok(policies(records, &custom_roles(properties))?.into_iter().flatten().flatten().collect()),
    }
}

/// The policy of each role, or none if the account does not have the role.
fn policies(records: &Records<'_>, roles: &[String]) -> rusqlite::Result<Vec<Option<Vec<Statement>>>> {
    roles.iter().map(|role| Ok(records.custom_role(role)?.map(|role| role.policy))).collect()
}

fn custom_roles(properties: &Value) -> Vec<String> {
    properties.get("customRoleIds").and_then(|roles| serde_json::from_value(roles.clone()).ok()).unwrap_or_default()
}

/// A second secret of the owner's token. It is not in the store.
#[derive(Clone, Debug)]
pub(crate) struct SessionSecret {
    pub(crate) secret: Secret,
    hash: [u8; 32],
    token_id: Arc<str>,
}

impl SessionSecret {
    pub(crate) fn create(records: &Records<'_>) -> Result<Self, ApiError> {
        let token_id = records.token_of_owner()?.ok_or_else(|| {
            ApiError::invalid_request(
                "the account's owner has no personal token with the Admin role; move the file away to start with a new account",
            )
        })?;
        let secret = secrets::new_secret();
        Ok(Self { hash: secrets::hash(secret.expose()), secret, token_id: token_id.into() })
    }

    /// The caller that sent `credential`, which may be the session secret.
    pub(crate) fn authenticate(
        session_secret: Option<&Self>,
        records: &Records<'_>,
        credential: Credential,
        now: i64,
    ) -> Result<Caller, ApiError> {
        match session_secret {
            Some(session_secret) if session_secret.hash.ct_eq(&credential.hash).into() => {
                let token = records.token(&session_secret.token_id)?.ok_or(ApiError::UNAUTHORIZED)?;
                Caller::of(token, now)
            }
            _ => Caller::authenticate(records, credential, now),
        }
    }
}

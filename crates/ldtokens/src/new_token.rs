use std::time::Duration;

use ldtokens_client::types::{BaseRole, TokenBody};

use crate::unexpected_response;
use crate::{ApiVersion, Client, Error, IssuedToken, Policy, Role, Token, UnixMillis};

/// A token's permissions: exactly one of these.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Permissions {
    /// A base role. No token is given `Owner`.
    Role(Role),
    /// Custom roles, by ID or key.
    CustomRoles(Vec<String>),
    /// An inline policy.
    Inline(Policy),
}

impl Permissions {
    /// The custom roles `keys`, by ID or key.
    pub fn custom_roles<S: Into<String>>(keys: impl IntoIterator<Item = S>) -> Self {
        Self::CustomRoles(keys.into_iter().map(Into::into).collect())
    }

    /// Replaces the permissions of `token` by these, for [`Client::edit`].
    pub fn apply_to(&self, token: &mut Token) {
        token.role = None;
        token.custom_role_ids.clear();
        token.inline_role.clear();
        match self {
            Self::Role(role) => token.role = Some(role.clone()),
            Self::CustomRoles(keys) => token.custom_role_ids.clone_from(keys),
            Self::Inline(policy) => token.inline_role = policy.to_wire(),
        }
    }
}

impl From<Role> for Permissions {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

impl From<Policy> for Permissions {
    fn from(policy: Policy) -> Self {
        Self::Inline(policy)
    }
}

/// A token to be created.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is created until it is given to `Client::create`"]
pub struct NewToken {
    pub(crate) body: TokenBody,
    is_beta: bool,
    lifetime: Option<Duration>,
}

impl NewToken {
    /// A personal token with these permissions.
    pub fn new(permissions: impl Into<Permissions>) -> Self {
        let body = TokenBody::builder().service_token(false);
        let body = match permissions.into() {
            Permissions::Role(role) => body.role(BaseRole::from(role.as_str())),
            Permissions::CustomRoles(keys) => body.custom_role_ids(keys),
            Permissions::Inline(policy) => body.inline_role(policy.to_wire()),
        };
        let body = body.try_into().expect("nothing else is required");
        Self { body, is_beta: false, lifetime: None }
    }

    /// A token like `token`: of the same name, description, kind, permissions and default API version, but without its expiry.
    /// If `token` is shown with several kinds of permissions, its inline policy counts, or else its custom roles.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the permissions of `token` can't be read.
    pub fn like(token: &Token) -> Result<Self, Error> {
        let permissions = match (&token.role, &token.custom_role_ids[..], &token.inline_role[..]) {
            (_, _, [_, ..]) => Policy::from_wire(token.inline_role.iter().cloned())?.into(),
            (_, [_, ..], []) => Permissions::CustomRoles(token.custom_role_ids.clone()),
            (Some(role), [], []) => Permissions::Role(role.clone()),
            _ => return Err(Error::InvalidInput(format!("the token {} has no permissions", token.id))),
        };
        let mut new = Self::new(permissions);
        new.body.name.clone_from(&token.name);
        new.body.description.clone_from(&token.description);
        new.body.service_token = Some(token.service_token.unwrap_or_default());
        new.body.default_api_version = token.default_api_version;
        Ok(new)
    }

    /// The token's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.body.name = Some(name.into());
        self
    }

    /// What the token is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.body.description = Some(description.into());
        self
    }

    /// Makes it a service token, which keeps working when the member who creates it leaves. This can't be changed later.
    pub fn service(mut self) -> Self {
        self.body.service_token = Some(true);
        self
    }

    /// The API version for requests with the token that don't name one. This can't be changed later.
    pub fn default_api_version(mut self, version: ApiVersion) -> Self {
        (self.body.default_api_version, self.is_beta) = (version.number(), version == ApiVersion::Beta);
        self
    }

    /// When the token expires, to the millisecond. From then on the API refuses it. By default it never expires.
    pub fn expires_at(mut self, moment: impl Into<UnixMillis>) -> Self {
        (self.body.expiry, self.lifetime) = (Some(moment.into()), None);
        self
    }

    /// Makes the token expire `lifetime` after it is created, by the API's clock if a response has shown its time. In place of
    /// [`expires_at`](Self::expires_at).
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Whether `token` may have been created from this. The API turns the keys of custom roles into IDs.
    pub(crate) fn is_like(&self, token: &Token) -> bool {
        let TokenBody { role, custom_role_ids, inline_role, name, description, service_token, .. } = &self.body;
        let same_text = |own: &Option<String>, asked: &Option<String>| {
            own.as_deref().unwrap_or_default() == asked.as_deref().unwrap_or_default()
        };
        role.as_ref().is_none_or(|role| token.role.as_ref().is_some_and(|own| own.as_str() == role.as_str()))
            && token.custom_role_ids.len() == custom_role_ids.len()
            && token.inline_role.len() == inline_role.len()
            && same_text(&token.name, name)
            && same_text(&token.description, description)
            && token.service_token.unwrap_or_default() == service_token.unwrap_or_default()
    }

    fn to_body(&self, now: UnixMillis) -> Result<TokenBody, Error> {
        let invalid = |reason: &str| Err(Error::InvalidInput(reason.to_owned()));
        let mut body = self.body.clone();
        body.expiry = self.lifetime.map(|lifetime| now.saturating_add(lifetime)).or(body.expiry);
        if body.expiry.is_some_and(|expiry| expiry <= now) {
            return invalid("the new token's expiry is in the past");
        }
        if self.is_beta {
            return invalid("a token's default API version can't be beta");
        }
        let has_permissions = body.role.is_some() || !body.inline_role.is_empty() || !body.custom_role_ids.is_empty();
        if !has_permissions || body.custom_role_ids.iter().any(String::is_empty) {
            return invalid("a new token needs at least one custom role, by ID or key");
        }
        Ok(body)
    }
}

impl Client {
    /// Creates a token. Its secret is only in the returned value.
    ///
    /// If the response does not show the expiry that was asked for, the returned value has a warning, since the API ignores
    /// properties that it does not know.
    ///
    /// Dropping the future after the request is sent can leave a token whose secret nobody has. To avoid that, run the
    /// call in a task of its own.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] if the response is lost: there may be a token whose secret nobody has.
    /// [`create_or_recover`](Self::create_or_recover) deals with that. Also [`Error::InvalidInput`] if the expiry is in the past;
    /// [`Error::NoSecret`]; [`Error::InvalidRequest`] or [`Error::Forbidden`], for instance if the new token would have more
    /// permissions than the credential; and the errors of every call.
    pub async fn create(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        let body = new_token.to_body(self.sender.server_now())?;
        let expiry = body.expiry;
        let create = async |raw: &ldtokens_client::Client| raw.post_token().body(body).send().await;
        let reply = self.exchange(create).await?;
        let named = match unexpected_response::secret_without_id(reply.response.body()) {
            Some(secret) => self.with_credential(secret)?.whoami().await.ok(),
            None => None,
        };
        let id = named.and_then(|caller| caller.token_id);
        let mut issued = IssuedToken::from_reply(reply, id.as_ref())?;
        if expiry.is_some() && issued.details.expiry != expiry {
            issued.warn("the response does not show the expiry that was asked for; the token may never expire");
        }
        Ok(issued)
    }
}

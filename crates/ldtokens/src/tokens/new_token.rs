use std::time::Duration;

use ldtokens_client::types::TokenBody;

use crate::tokens::odd_response;
use crate::{ApiVersion, BaseRole, Client, Error, IssuedToken, Policy, Token, UnixMillis};

/// A token's permissions: exactly one of these.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Permissions {
    /// A base role.
    Role(BaseRole),
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
            Self::Role(role) => token.role = Some(role.to_string().as_str().into()),
            Self::CustomRoles(keys) => token.custom_role_ids.clone_from(keys),
            Self::Inline(policy) => token.inline_role = policy.to_wire(),
        }
    }
}

impl From<BaseRole> for Permissions {
    fn from(role: BaseRole) -> Self {
        Self::Role(role)
    }
}

impl From<Policy> for Permissions {
    fn from(policy: Policy) -> Self {
        Self::Inline(policy)
    }
}

/// A token to be created.
///
/// ```
/// use ldtokens::{BaseRole, NewToken};
/// let token = NewToken::new(BaseRole::Reader).name("Nightly export").service();
/// # let _ = token;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is created until it is given to `Client::create`"]
pub struct NewToken {
    pub(crate) description: Option<String>,
    name: Option<String>,
    permissions: Permissions,
    service: bool,
    default_api_version: Option<ApiVersion>,
    expiry: Option<Expiry>,
}

/// When a token that is to be created expires.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expiry {
    At(UnixMillis),
    In(Duration),
}

impl NewToken {
    /// A personal token with these permissions.
    pub fn new(permissions: impl Into<Permissions>) -> Self {
        Self {
            description: None,
            name: None,
            permissions: permissions.into(),
            service: false,
            default_api_version: None,
            expiry: None,
        }
    }

    /// A token like `token`: of the same name, description, kind, permissions and default API version, but without its expiry.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the permissions of `token` can't be read, or are not of one kind.
    pub fn like(token: &Token) -> Result<Self, Error> {
        let permissions = match (&token.role, &token.custom_role_ids[..], &token.inline_role[..]) {
            (Some(role), [], []) => Permissions::Role(role.as_str().into()),
            (None, [_, ..], []) => Permissions::CustomRoles(token.custom_role_ids.clone()),
            (None, [], [_, ..]) => Policy::from_wire(token.inline_role.iter().cloned())?.into(),
            _ => {
                return Err(Error::InvalidInput(format!(
                    "the token {} does not have one kind of permissions",
                    token.id
                )));
            }
        };
        Ok(Self {
            name: token.name.clone(),
            description: token.description.clone(),
            service: token.service_token.unwrap_or_default(),
            default_api_version: token.default_api_version.and_then(ApiVersion::from_number),
            ..Self::new(permissions)
        })
    }

    /// The token's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the token is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Makes it a service token, which keeps working when the member who creates it leaves. This can't be changed later.
    pub fn service(mut self) -> Self {
        self.service = true;
        self
    }

    /// The API version for requests with the token that don't name one. This can't be changed later.
    pub fn default_api_version(mut self, version: ApiVersion) -> Self {
        self.default_api_version = Some(version);
        self
    }

    /// When the token expires, to the millisecond. From then on the API refuses it. By default it never expires.
    pub fn expires_at(mut self, moment: impl Into<UnixMillis>) -> Self {
        self.expiry = Some(Expiry::At(moment.into()));
        self
    }

    /// Makes the token expire `lifetime` after it is created, by the API's clock if a response has shown its time. In place of
    /// [`expires_at`](Self::expires_at).
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expiry = Some(Expiry::In(lifetime));
        self
    }

    /// Whether `token` may have been created from this. The API turns the keys of custom roles into IDs.
    pub(crate) fn is_like(&self, token: &Token) -> bool {
        let same_permissions = match &self.permissions {
            Permissions::Role(role) => token.role.as_ref().is_some_and(|own| own.as_str() == role.to_string()),
            Permissions::CustomRoles(keys) => token.custom_role_ids.len() == keys.len(),
            Permissions::Inline(policy) => token.inline_role.len() == policy.statements().len(),
        };
        let same_text = |own: &Option<String>, asked: &Option<String>| {
            own.as_deref().unwrap_or_default() == asked.as_deref().unwrap_or_default()
        };
        same_permissions
            && same_text(&token.name, &self.name)
            && same_text(&token.description, &self.description)
            && token.service_token.unwrap_or_default() == self.service
    }

    fn to_body(&self, now: UnixMillis) -> Result<TokenBody, Error> {
        let expiry = self.expiry.map(|expiry| match expiry {
            Expiry::At(moment) => moment,
            Expiry::In(lifetime) => now.saturating_add(lifetime),
        });
        if expiry.is_some_and(|expiry| expiry <= now) {
            return Err(Error::InvalidInput("the new token's expiry is in the past".to_owned()));
        }
        if self.default_api_version == Some(ApiVersion::Beta) {
            return Err(Error::InvalidInput("a token's default API version can't be beta".to_owned()));
        }
        let mut body = TokenBody::builder()
            .name(self.name.clone())
            .description(self.description.clone())
            .service_token(self.service)
            .expiry(expiry)
            .default_api_version(self.default_api_version.and_then(ApiVersion::number));
        body = match &self.permissions {
            Permissions::Role(role) => body.role(role.clone()),
            Permissions::CustomRoles(keys) if keys.is_empty() || keys.iter().any(String::is_empty) => {
                return Err(Error::InvalidInput("a new token needs at least one custom role, by ID or key".to_owned()));
            }
            Permissions::CustomRoles(keys) => body.custom_role_ids(keys.clone()),
            Permissions::Inline(policy) => body.inline_role(policy.to_wire()),
        };
        TokenBody::try_from(body).map_err(|error| Error::InvalidInput(error.to_string()))
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
    /// [`Error::NoSecret`];
    /// [`Error::InvalidRequest`] or [`Error::Forbidden`], for instance if the new token would have more permissions than the
    /// credential; and the errors of every call.
    pub async fn create(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        let body = new_token.to_body(self.sender.server_now().at_least)?;
        let expiry = body.expiry;
        let create = async |raw: &ldtokens_client::Client| raw.post_token().body(body).send().await;
        let reply = self.exchange(create).await?;
        let named = match odd_response::secret_without_id(reply.response.body()) {
            Some(secret) if reply.decoded.is_err() => self.with_credential(secret)?.whoami().await.ok(),
            _ => None,
        };
        let id = named.and_then(|caller| caller.token_id);
        let mut issued = IssuedToken::from_reply(reply, id.as_ref())?;
        if expiry.is_some() && issued.details.expiry != expiry {
            issued.warn("the response does not show the expiry that was asked for; the token may never expire");
        }
        Ok(issued)
    }
}

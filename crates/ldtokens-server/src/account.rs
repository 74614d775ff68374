//! The account of a new store, as it is read from a file.

mod seeded;
mod yaml;

use std::collections::BTreeSet;
use std::str::FromStr;

use ldtokens_client::types::Statement;
use ldtokens_client::{Role, Secret, UnixMillis};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operations::token_rules::{Strictness, new_token, replace_keys};
use crate::operations::validation;
use crate::response::ApiError;
use crate::secrets;
use crate::store::{CustomRole, Member, Records, StoredToken};

/// The base roles of members, after the vendor's "Organization roles". `no_access` leaves a member only custom roles.
const ROLES_OF_MEMBERS: [&str; 5] = ["owner", "admin", "writer", "reader", "no_access"];

const DEFAULT: &str = include_str!("account/default.yaml");

/// The members, custom roles and tokens of a new store.
///
/// It is read from YAML or JSON. [`json_schema`](Self::json_schema) describes the format. The default account has an owner, an
/// admin, a writer and a reader, each with a personal token.
///
/// ```
/// use ldtokens_server::Account;
/// let account: Account = "
///     members:
///       - {email: owner@example.com, role: owner}
///       - {email: dev@example.com, role: reader, customRoles: [rotators]}
///     customRoles:
///       - key: rotators
///         policy: [{effect: allow, actions: [resetAccessToken], resources: ['service-token/*']}]
///     tokens:
///       - {name: Rotation, member: dev@example.com, customRoleIds: [rotators], secret: api-a-secret-for-tests}
/// ".parse()?;
/// # Ok::<(), ldtokens_server::InvalidAccount>(())
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The members. There must be at least one.
    members: Vec<Member>,
    /// The custom roles that members and tokens can have.
    #[serde(default)]
    custom_roles: Vec<CustomRole>,
    /// The tokens.
    #[serde(default)]
    tokens: Vec<AccountToken>,
    /// The time that the server's clock shows at the start, in Unix milliseconds. From then on it runs. By default, the machine's
    /// time.
    clock: Option<i64>,
    /// How many more tokens there are.
    #[serde(skip)]
    pub(crate) seeded: u32,
}

/// The secret of a token in a new store.
#[derive(Clone, Debug)]
pub(crate) struct TokenSecret {
    /// The name of the token.
    pub(crate) token: String,
    pub(crate) secret: Secret,
    /// Whether the account had no secret for the token.
    pub(crate) is_random: bool,
}

/// A token of the account. It must have exactly one of `role`, `customRoleIds` and `inlineRole`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountToken {
    /// 24 hexadecimal digits. Random if absent.
    id: Option<String>,
    /// The secret: at least 16 visible ASCII characters. Random, and shown once, if absent.
    secret: Option<Secret>,
    /// The email address of the member that the token belongs to.
    member: String,
    name: String,
    description: Option<String>,
    /// The base role: reader, writer or admin.
    role: Option<Role>,
    /// The keys or IDs of custom roles.
    custom_role_ids: Option<Vec<String>>,
    /// An inline policy.
    inline_role: Option<Vec<Statement>>,
    /// Whether it is a service token.
    #[serde(default)]
    service_token: bool,
    /// The API version of requests that name none.
    default_api_version: Option<i64>,
    /// When the token expires, in Unix milliseconds. It may be past. Never if absent.
    expiry: Option<i64>,
    /// When the token was created, in Unix milliseconds. By default, when the store is.
    creation_date: Option<i64>,
    /// When the token was last used, in Unix milliseconds. Never if absent.
    last_used: Option<i64>,
}

impl Default for Account {
    fn default() -> Self {
        DEFAULT.parse().expect("it is checked by a test")
    }
}

impl FromStr for Account {
    type Err = InvalidAccount;

    /// Reads an account from YAML, which includes JSON: up to 16 MiB, and up to 64 MiB of values with its aliases followed.
    fn from_str(text: &str) -> Result<Self, InvalidAccount> {
        let account: Self = yaml::read(text).map_err(InvalidAccount)?;
        account.check()?;
        Ok(account)
    }
}

impl Account {
    /// The maximum for the text of an account, in bytes: 16 MiB.
    pub const LONGEST: usize = yaml::MAX_SIZE;

    /// The JSON Schema (2020-12) of an account.
    pub fn json_schema() -> Value {
        schemars::schema_for!(Account).to_value()
    }

    /// Sets the secret of the owner's token.
    pub(crate) fn set_owner_secret(&mut self, secret: Secret) -> Result<(), &'static str> {
        check_secret(&secret)?;
        let at = self.owner_token().ok_or("the account has no owner with a token whose role is admin")?;
        self.tokens[at].secret = Some(secret);
        Ok(())
    }

    /// The index of the owner's first token with the Admin role.
    pub(crate) fn owner_token(&self) -> Option<usize> {
        let is_owner =
            |email: &String| self.members.iter().any(|member| member.email == *email && member.role == "owner");
        self.tokens.iter().position(|token| token.role == Some(Role::Admin) && is_owner(&token.member))
    }

    /// Gives the account the IDs and secrets that it lacks. Returns the secrets of its tokens, in their order.
    pub(crate) fn complete(&mut self) -> Vec<TokenSecret> {
        let ids = self.custom_roles.iter_mut().map(|role| &mut role.id);
        let ids = ids.chain(self.members.iter_mut().map(|member| &mut member.id));
        ids.filter(|id| id.is_empty()).for_each(|id| *id = secrets::new_id());
        let complete = |token: &mut AccountToken| {
            token.id.get_or_insert_with(secrets::new_id);
            let is_random = token.secret.is_none();
            let secret = token.secret.get_or_insert_with(secrets::new_secret).clone();
            TokenSecret { token: token.name.clone(), secret, is_random }
        };
        self.tokens.iter_mut().map(complete).collect()
    }

    /// The time that the server's clock shows at the start, if the account has one.
    pub(crate) fn clock(&self) -> Option<UnixMillis> {
        self.clock.map(UnixMillis::new)
    }

    /// Adds the account, which is [complete](Self::complete), to an empty store.
    pub(crate) fn add_to(&self, records: &Records<'_>, now: i64) -> Result<(), ApiError> {
        for role in &self.custom_roles {
            records.add_custom_role(role)?;
        }
        for member in &self.members {
            records.add_member(member)?;
        }
        let owner = records.owner_id()?;
        for token in &self.tokens {
            let member = self.members.iter().find(|member| member.email == token.member).cloned();
            let mut stored = token.stored(&owner, member.ok_or(ApiError::NOT_FOUND)?, now)?;
            if let Some(properties) = stored.properties.as_object_mut() {
                replace_keys(records, Strictness { is_strict: true }, properties)?;
            }
            let secret = token.secret.as_ref().ok_or(ApiError::INTERNAL)?;
            stored.properties["token"] = secret.last_four().into();
            records.add_token(&stored)?;
            records.add_secret(&stored.id, &secrets::hash(secret.expose()))?;
        }
        seeded::add(records, self.seeded)
    }

    fn check(&self) -> Result<(), InvalidAccount> {
        let keys: BTreeSet<&String> = self.custom_roles.iter().map(|role| &role.key).collect();
        let roles: BTreeSet<&String> =
            keys.iter().copied().chain(self.custom_roles.iter().map(|role| &role.id)).collect();
        let emails: BTreeSet<&String> = self.members.iter().map(|member| &member.email).collect();
        if self.members.is_empty() {
            return Err(InvalidAccount("members: there must be at least one".to_owned()));
        }
        let (mut ids, mut secrets) = (BTreeSet::new(), BTreeSet::new());
        let mut check_id = |at: &str, id: Option<&String>| match id.filter(|id| !id.is_empty()) {
            Some(id) if !secrets::is_id(id) => {
                Err(InvalidAccount(format!("{at}.id: an ID must have 24 hexadecimal digits")))
            }
            Some(id) if !ids.insert(id.clone()) => {
                Err(InvalidAccount(format!("{at}.id: {id} is the ID of something else already")))
            }
            _ => Ok(()),
        };
        let check_roles = |at: String, wanted: &[String]| match wanted.iter().find(|role| !roles.contains(role)) {
            Some(unknown) => Err(InvalidAccount(format!("{at}: customRoles has no `{unknown}`"))),
            None => Ok(()),
        };
        if keys.len() < self.custom_roles.len() || emails.len() < self.members.len() {
            return Err(InvalidAccount("two custom roles have the same key, or two members the same email".to_owned()));
        }
        for (index, role) in self.custom_roles.iter().enumerate() {
            check_id(&format!("customRoles[{index}]"), Some(&role.id))?;
        }
        for (index, member) in self.members.iter().enumerate() {
            check_id(&format!("members[{index}]"), Some(&member.id))?;
            if !ROLES_OF_MEMBERS.contains(&&*member.role) {
                let roles = ROLES_OF_MEMBERS.join(", ");
                return Err(InvalidAccount(format!("members[{index}]: role must be one of {roles}")));
            }
            check_roles(format!("members[{index}].customRoles"), &member.custom_roles)?;
        }
        for (index, token) in self.tokens.iter().enumerate() {
            let at = format!("tokens[{index}]");
            let invalid = |reason: &str| InvalidAccount(format!("{at}.{reason}"));
            check_id(&at, token.id.as_ref())?;
            if !matches!(token.role, None | Some(Role::Reader | Role::Writer | Role::Admin)) {
                return Err(InvalidAccount(format!("{at}: role must be reader, writer or admin")));
            }
            check_roles(format!("{at}.customRoleIds"), token.custom_role_ids.as_deref().unwrap_or_default())?;
            let member = self.members.iter().find(|member| member.email == token.member);
            let member = member.ok_or_else(|| invalid("member: no member has this email"))?;
            token.stored("", member.clone(), 0).map_err(|error| InvalidAccount(format!("{at}: {}", error.message)))?;
            if let Some(secret) = &token.secret {
                check_secret(secret).map_err(|reason| invalid(&format!("secret: {reason}")))?;
                if !secrets.insert(secret.expose()) {
                    return Err(invalid("secret: another token has the same secret"));
                }
            }
        }
        Ok(())
    }
}

impl AccountToken {
    /// The token as if it had been created by the API, whose checks it has to pass.
    fn stored(&self, owner: &str, member: Member, now: i64) -> Result<StoredToken, ApiError> {
        let mut body = json!({ "name": self.name, "serviceToken": self.service_token });
        for (name, value) in [
            ("description", json!(self.description)),
            ("role", json!(self.role)),
            ("customRoleIds", json!(self.custom_role_ids)),
            ("inlineRole", json!(self.inline_role)),
            ("defaultApiVersion", json!(self.default_api_version)),
            ("expiry", json!(self.expiry)),
        ] {
            if !value.is_null() {
                body[name] = value;
            }
        }
        let id = self.id.clone().unwrap_or_else(secrets::new_id);
        validation::check_body("postToken", &body)?;
        let mut token = new_token(id, &body, owner, member, self.creation_date.unwrap_or(now))?;
        token.last_used = self.last_used.filter(|moment| *moment != 0);
        Ok(token)
    }
}

fn check_secret(secret: &Secret) -> Result<(), &'static str> {
    let text = secret.expose();
    if text.len() < 16 {
        Err("it is shorter than 16 characters")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("it has characters other than visible ASCII")
    } else if secrets::is_id(text) {
        // The log has the IDs of tokens, and must not have a secret that stands in the place of one.
        Err("it has the form of an ID; choose another secret")
    } else {
        Ok(())
    }
}

/// Why an account is invalid: where, and what is wrong there. It never has a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidAccount(String);

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn the_default_account_has_a_token_of_each_base_role() {
        let account = Account::default();
        assert_eq!(account.tokens.len(), 4);
        assert_eq!(account.owner_token(), Some(0));
    }

    #[test]
    fn an_error_names_the_place_and_shows_no_secret() {
        let member = "members: [{email: a@example.com, role: owner}]";
        let secret = "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a";
        for (more, words) in [
            ("tokens: [{name: x, member: b@example.com, role: reader}]", "tokens[0].member: no member"),
            ("tokens: [{name: x, member: a@example.com}]", "tokens[0]: a token must have exactly one of"),
            ("tokens: [{name: x, member: a@example.com, role: owner}]", "tokens[0]: "),
            (
                "tokens: [{name: x, member: a@example.com, role: raeder}]",
                "tokens[0]: role must be reader, writer or admin",
            ),
            (
                "tokens: [{name: x, member: a@example.com, role: reader, secret: short}]",
                "tokens[0].secret: it is shorter",
            ),
            (
                "tokens: [{name: x, member: a@example.com, role: reader, secret: 0123456789abcdef01234567}]",
                "tokens[0].secret: it has the form of an ID",
            ),
            ("tokens: [{name: x, member: a@example.com, role: reader, id: '1'}]", "24 hexadecimal"),
            ("customRoles: [{key: a, policy: [], id: ''}]", "24 hexadecimal"),
            ("tokens: [{name: x, member: a@example.com, customRoleIds: [gone]}]", "customRoles has no `gone`"),
            ("tokens: [{name: x, member: a@example.com, role: reader, nmae: x}]", "unknown field `nmae`"),
            ("tokens: [{name: x, member: a@example.com, role: reader, serviceToken: SECRET}]", "line 2"),
            (
                "tokens: [{name: x, member: a@example.com, role: reader, secret: SECRET}, {name: y, member: a@example.com, role: reader, secret: SECRET}]",
                "tokens[1].secret: another token",
            ),
            ("customRoles: [{key: a, policy: []}, {key: a, policy: []}]", "have the same key"),
        ] {
            let text = format!("{member}\n{}", more.replace("SECRET", secret));
            let error = text.parse::<Account>().unwrap_err().to_string();
            assert!(error.contains(words), "{more}: {error}");
            assert!(!error.contains(secret), "{error}");
        }
        let misspelled = member.replace("owner}", "admni}").parse::<Account>().unwrap_err().to_string();
        assert_eq!(misspelled, "members[0]: role must be one of owner, admin, writer, reader, no_access");
        assert!("members: []".parse::<Account>().unwrap_err().to_string().contains("at least one"));
        let json = r#"{"members": [{"email": "a@example.com", "role": "owner"}]}"#;
        assert!(json.parse::<Account>().is_ok(), "JSON is read too");
    }
}

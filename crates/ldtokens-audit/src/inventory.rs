//! The tokens of an account at one moment, without secrets, and what could not be read or seen of them.

use std::collections::HashSet;

use ldtokens::{CallerIdentity, Error, Extra, Role, Secret, Token, TokenId, UnixMillis};
use serde::{Deserialize, Serialize};

/// The format of a saved inventory. Another one is an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "ldtokens inventory 1")]
    One,
}

/// Which tokens an inventory is meant to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scope {
    /// All tokens of the account.
    AllMembers,
    /// The service tokens, and the personal tokens of one member.
    OneMember,
}

/// Something that could not be read or seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Gap {
    /// The ID of the token that could not be read, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// What could not be read or seen, and why: a sentence.
    pub reason: String,
}

/// The tokens of an account at one moment. It has no secrets: of each, only the last four characters.
///
/// It is written and read as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inventory {
    format: Format,
    /// When the tokens were read, by the API's clock. The audit judges them as of then.
    pub taken_at: UnixMillis,
    /// The API's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The account's ID, if the API names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Which tokens it is meant to have.
    pub scope: Scope,
    /// What could not be read or seen. If there is any, the inventory is partial.
    pub gaps: Vec<Gap>,
    /// The custom roles that tokens have and the account does not.
    pub unknown_roles: Vec<String>,
    /// The tokens, in the order of the API.
    pub tokens: Vec<Token>,
}

impl Inventory {
    /// An inventory of these tokens, which were read at `taken_at`. Whole secrets, links, and properties that the API's document
    /// does not name are removed.
    pub fn new(taken_at: UnixMillis, scope: Scope, mut tokens: Vec<Token>) -> Self {
        for token in &mut tokens {
            token.token = token.token.take().map(|secret| Secret::new(secret.last_four()));
            token.extra = Extra::default();
            token.links = None;
            if let Some(member) = &mut token.member {
                member.links = None;
            }
        }
        Self {
            format: Format::One,
            taken_at,
            host: None,
            account_id: None,
            scope,
            gaps: Vec::new(),
            unknown_roles: Vec::new(),
            tokens,
        }
    }

    /// Whether everything was read and seen.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Notes something that could not be read or seen.
    pub fn add_gap(&mut self, reason: impl Into<String>) {
        self.gaps.push(Gap { token_id: None, reason: reason.into() });
    }

    /// Notes an error that a list of tokens yielded.
    pub fn add_error(&mut self, error: &Error) {
        let token_id = match error {
            Error::Undecodable { token_id: Some(id), .. } => TokenId::new(id.as_str()).ok(),
            _ => None,
        };
        self.gaps.push(Gap { token_id, reason: error.to_string() });
    }

    /// Notes whose credential read the tokens. If it is not certain that it sees the tokens of all members, that is a gap: to a
    /// credential without the Admin role the API returns a shorter list, and says nothing.
    ///
    /// It is certain if there are personal tokens of two members or of another one, or if the credential's own token is an
    /// Admin's.
    pub fn seen_by(&mut self, caller: Option<&CallerIdentity>) {
        self.account_id = caller.and_then(|caller| caller.account_id.clone());
        let personal = self.tokens.iter().filter(|token| !is_service(token)).map(|token| token.member_id.as_str());
        let own = caller.and_then(|caller| caller.member_id.as_deref());
        let members: HashSet<&str> = personal.chain(own).filter(|member| !member.is_empty()).collect();
        let id = caller.and_then(|caller| caller.token_id.as_ref());
        let is_admin = self.tokens.iter().any(|token| Some(&token.id) == id && sees_all(token));
        if self.scope == Scope::AllMembers && members.len() < 2 && !is_admin {
            self.add_gap(
                "Personal tokens of other members may be missing: the credential is not known to be an Admin's.",
            );
        }
    }

    /// The custom roles that tokens have, each once.
    pub fn custom_roles(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let roles = self.tokens.iter().flat_map(|token| &token.custom_role_ids).map(String::as_str);
        roles.filter(|role| seen.insert(*role)).collect()
    }
}

/// Whether a credential of this token sees the tokens of all members: whether it is an Admin's. To others the API shows only some.
pub fn sees_all(token: &Token) -> bool {
    let is_admins = |role: Option<&Role>| matches!(role, Some(Role::Admin | Role::Owner));
    // A personal token can't do more than its member.
    let member = token.member.as_ref().and_then(|member| member.role.as_ref());
    is_admins(token.role.as_ref()) && (is_service(token) || is_admins(member))
}

/// Whether it is a service token. The API leaves out `false`.
pub(crate) fn is_service(token: &Token) -> bool {
    token.service_token == Some(true)
}

/// The name, or else a dash.
pub(crate) fn name(token: &Token) -> &str {
    token.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or("–")
}

/// The token's permissions in short.
pub(crate) fn access(token: &Token) -> String {
    match (&token.role, token.custom_role_ids.as_slice()) {
        (Some(role), _) => role.to_string(),
        (None, []) if token.inline_role.is_empty() => "none".to_owned(),
        (None, []) => "policy".to_owned(),
        (None, [only]) => only.clone(),
        (None, [first, more @ ..]) => format!("{first} (+{} more)", more.len()),
    }
}

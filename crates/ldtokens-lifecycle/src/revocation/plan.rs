//! Finds the tokens that leaked secrets belong to, by authenticating with each, or else by its last four characters.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use ldtokens::{CallerIdentity, Client, Error, Secret, Token, TokenId};

use crate::revocation::scan::{KeyKind, is_access_token};
use crate::verify::is_refusal;

/// Revokes leaked secrets.
///
/// [`plan`](Self::plan) finds their tokens and changes nothing. [`Plan::carry_out`] then deletes or resets the tokens.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `plan` is called"]
pub struct Revocation<'a> {
    client: &'a Client,
    secrets: Vec<Secret>,
    ids: Vec<TokenId>,
    concurrency: usize,
    patience: Duration,
}

/// The leaked secrets and the tokens that they belong to.
#[derive(Debug)]
pub struct Plan {
    pub(crate) client: Client,
    pub(crate) leaks: Vec<Leak>,
    pub(crate) concurrency: usize,
    pub(crate) patience: Duration,
}

/// A leaked secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct Leak {
    /// Its last four characters.
    pub last_four: String,
    /// What it was found to be.
    pub finding: Finding,
    pub(crate) secret: Secret,
}

/// What a leaked secret was found to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// A secret of this token.
    Token(LeakedToken),
    /// The API refuses it: nobody can use it.
    Dead,
    /// The API did not say which token it belongs to, so nothing is done. These have its last four characters, which proves
    /// nothing.
    Unproven {
        /// The tokens that it may belong to.
        candidates: Vec<LeakedToken>,
        /// What the API said in place of the token.
        reason: String,
    },
    /// The API refuses it and it does not look like a secret. It may be cut short or have quotes around it.
    NotASecret,
    /// It is another kind of key, not an access token.
    OtherKey(KeyKind),
    /// The request failed.
    Failed(Error),
}

/// A token whose secret leaked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeakedToken {
    /// Its ID.
    pub id: TokenId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whether it was chosen by its ID, and the secret only has its last four characters.
    pub by_last_four: bool,
    /// Whether it is the token of the client's own credential.
    pub is_own: bool,
}

/// The result of authenticating with a secret.
enum Identified {
    Finding(Finding),
    /// It may work, but the token's ID is not known, for this reason. The identity may have other details.
    WithoutId(Box<CallerIdentity>, String),
}

impl<'a> Revocation<'a> {
    /// Returns a revocation of these secrets. The client's credential should be able to see, delete and reset the tokens of
    /// all members; where it is not permitted to, the leaked secret itself is used.
    pub fn new(client: &'a Client, secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut seen = HashSet::new();
        let secrets = secrets.into_iter().filter(|secret| seen.insert(secret.expose().to_owned())).collect();
        Self { client, secrets, ids: Vec::new(), concurrency: 8, patience: Duration::from_secs(10) }
    }

    /// Sets the tokens that are revoked also if a secret does not say that it is theirs, but has their last four characters.
    pub fn ids(mut self, ids: impl IntoIterator<Item = TokenId>) -> Self {
        self.ids = ids.into_iter().collect();
        self
    }

    /// Sets how many secrets are handled at the same time, at least 1. Default: 8.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Sets how long a revoked secret may still work before that is reported. Default: 10 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Finds the tokens that the secrets belong to. Changes nothing.
    ///
    /// # Errors
    /// If the client's own credential does not work, or there is no connection. Errors of single secrets are in the plan.
    pub async fn plan(self) -> Result<Plan, Error> {
        let own = match self.client.whoami().await {
            Ok(caller) => caller.token_id,
            Err(
                error @ (Error::Unauthorized(_)
                | Error::Transport { .. }
                | Error::RateLimited(_)
                | Error::DeadlineExceeded { .. }),
            ) => {
                return Err(error);
            }
            // The host does not have this route.
            Err(_) => None,
        };
        // Boxed, since the compiler can't see otherwise that the plan's future is Send.
        let requests: Vec<_> = self.secrets.iter().map(|secret| identify(self.client, secret).boxed()).collect();
        let identified: Vec<Identified> = stream::iter(requests).buffered(self.concurrency).collect().await;
        let mut all_tokens = None;
        let mut leaks = Vec::with_capacity(identified.len());
        for (secret, identified) in self.secrets.iter().zip(identified) {
            let mut finding = match identified {
                Identified::Finding(finding) => finding,
                Identified::WithoutId(caller, reason) => match tokens(self.client, &mut all_tokens).await {
                    Ok(tokens) => by_last_four(secret, &caller, reason, tokens, &self.ids),
                    Err(error) => Finding::Failed(error),
                },
            };
            if let Finding::Token(token) = &mut finding {
                token.is_own = own.as_ref() == Some(&token.id);
            }
            leaks.push(Leak { last_four: secret.last_four().to_owned(), finding, secret: secret.clone() });
        }
        Ok(Plan { client: self.client.clone(), leaks, concurrency: self.concurrency, patience: self.patience })
    }
}

impl Plan {
    /// Returns the secrets, each once, in their original order.
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// Returns the tokens to be deleted or reset, each once. The client's own token is last.
    pub fn tokens(&self) -> Vec<&LeakedToken> {
        let mut tokens: Vec<&LeakedToken> = Vec::new();
        for leak in &self.leaks {
            if let Finding::Token(token) = &leak.finding
                && !tokens.iter().any(|listed| listed.id == token.id)
            {
                tokens.push(token);
            }
        }
        tokens.sort_by_key(|token| token.is_own);
        tokens
    }
}

/// Authenticates with the secret.
async fn identify(client: &Client, secret: &Secret) -> Identified {
    if let Some(kind) = KeyKind::of(secret.expose()) {
        return Identified::Finding(Finding::OtherKey(kind));
    }
    let Ok(client) = client.with_credential(secret.clone()) else { return Identified::Finding(Finding::NotASecret) };
    Identified::Finding(match client.whoami().await {
        Ok(CallerIdentity { token_id: Some(id), token_name: name, .. }) => {
            Finding::Token(LeakedToken { id, name, by_last_four: false, is_own: false })
        }
        Ok(caller) => return Identified::WithoutId(Box::new(caller), "it works, but does not say so".to_owned()),
        Err(error) if is_refusal(&error) => {
            if is_access_token(secret.expose()) {
                Finding::Dead
            } else {
                Finding::NotASecret
            }
        }
        // The API's own answer. A gateway's error says nothing about the secret.
        Err(error) if error.api().is_some_and(|api| !api.code.is_empty() && api.status < 500 && api.status != 429) => {
            return Identified::WithoutId(Box::default(), error.to_string());
        }
        Err(error) => Finding::Failed(error),
    })
}

/// Returns all tokens that the client's credential can see. They are read once, and kept in `all`.
async fn tokens<'t>(client: &Client, all: &'t mut Option<Vec<Token>>) -> Result<&'t [Token], Error> {
    if all.is_none() {
        *all = Some(client.list().all_members(true).collect_all().await?);
    }
    Ok(all.as_deref().unwrap_or_default())
}

fn by_last_four(
    secret: &Secret,
    caller: &CallerIdentity,
    reason: String,
    tokens: &[Token],
    ids: &[TokenId],
) -> Finding {
    let fits = |token: &&Token| {
        token.token.as_ref().is_some_and(|token| token.last_four() == secret.last_four())
            && caller.token_name.as_ref().is_none_or(|name| token.name.as_ref() == Some(name))
            && caller.member_id.as_ref().is_none_or(|member| token.member_id == *member)
            && caller.service_token.is_none_or(|service| token.service_token.unwrap_or_default() == service)
    };
    let leaked = |token: &Token| LeakedToken {
        id: token.id.clone(),
        name: token.name.clone(),
        by_last_four: true,
        is_own: false,
    };
    let candidates: Vec<LeakedToken> = tokens.iter().filter(fits).map(leaked).collect();
    let chosen: Vec<_> = candidates.iter().filter(|token| ids.contains(&token.id)).collect();
    match chosen[..] {
        [token] => Finding::Token(token.clone()),
        _ => Finding::Unproven { candidates, reason },
    }
}

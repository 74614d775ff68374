//! Revocation: leaked secrets are found, their tokens identified, and then deleted or rotated.

mod scan;

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use ldtokens::{CallerIdentity, Client, Error as ApiError, Secret, Token, TokenId};
use tokio::sync::OnceCell;

pub use scan::{KeyKind, OtherKey, Scan, find_key};

use crate::error::Error;
use crate::verify::{Lag, identity_of};

/// Leaked secrets and the tokens that they belong to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Revocation {
    client: Client,
    /// Whose the client's own credential is. None if the API did not say so.
    pub caller: Option<CallerIdentity>,
    /// The secrets, each once, in their original order.
    pub leaks: Vec<Leak>,
    /// How long a revoked secret may still work before that is reported, since the API's reads can lag behind its writes (fact
    /// 12). Default: 10 seconds.
    pub read_lag: Duration,
}

/// A leaked secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct Leak {
    /// Its last four characters.
    pub last_four: String,
    /// What it was found to be.
    pub finding: Finding,
    secret: Secret,
}

impl Leak {
    /// Its token, if that is known.
    pub fn token(&self) -> Option<&LeakedToken> {
        if let Finding::Token(token) = &self.finding { Some(token) } else { None }
    }
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
    Failed(ApiError),
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

/// What became of a token's leaked secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked<T> {
    /// They had stopped working: someone else deleted or reset the token.
    Dead,
    /// It was done, and they don't work any more.
    Done(T),
    /// The API reported success, but one of them still works.
    StillWorks,
    /// The token that was chosen by its ID was deleted or rotated, but whether the secret was its own can't be found out.
    Unverified,
}

impl Revocation {
    /// Finds the tokens that the secrets belong to, and changes nothing. A secret that does not say whose it is, but has the last
    /// four characters of one of the tokens `ids`, is taken for a secret of that token.
    ///
    /// # Errors
    /// If the client's own credential does not work, or there is no connection. Errors of single secrets are in
    /// [`leaks`](Self::leaks).
    pub async fn plan(
        client: &Client,
        secrets: impl IntoIterator<Item = Secret>,
        ids: &[TokenId],
    ) -> Result<Self, ApiError> {
        let caller = match client.whoami().await {
            Ok(caller) => Some(caller),
            Err(
                error @ (ApiError::Unauthorized(_)
                | ApiError::Transport { .. }
                | ApiError::RateLimited(_)
                | ApiError::DeadlineExceeded { .. }),
            ) => return Err(error),
            // The host does not have this route.
            Err(_) => None,
        };
        let own = caller.as_ref().and_then(|caller| caller.token_id.clone());
        let mut seen = HashSet::new();
        let secrets: Vec<_> = secrets.into_iter().filter(|secret| seen.insert(secret.expose().to_owned())).collect();
        let tokens = OnceCell::new();
        // Boxed, since the compiler can't see otherwise that the future is Send.
        let findings: Vec<_> = secrets.iter().map(|secret| identify(client, secret, &tokens, ids).boxed()).collect();
        let findings: Vec<_> = stream::iter(findings).buffered(client.concurrency()).collect().await;
        let leaks = secrets.into_iter().zip(findings).map(|(secret, mut finding)| {
            if let Finding::Token(token) = &mut finding {
                token.is_own = own.as_ref() == Some(&token.id);
            }
            Leak { last_four: secret.last_four().to_owned(), finding, secret }
        });
        Ok(Self { client: client.clone(), caller, leaks: leaks.collect(), read_lag: Duration::from_secs(10) })
    }

    /// Returns the tokens to be deleted or rotated, each once. The client's own token is last: without it the others can't be.
    pub fn tokens(&self) -> Vec<&LeakedToken> {
        let mut seen = HashSet::new();
        let mut tokens: Vec<_> = self.leaks.iter().filter_map(Leak::token).collect();
        tokens.retain(|token| seen.insert(&token.id));
        tokens.sort_by_key(|token| token.is_own);
        tokens
    }

    /// Does `work`, which deletes or rotates the token, and tries whether its leaked secrets still work. If the client's own
    /// credential has no permission, `work` is done with a leaked secret.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn revoke<T, W: Future<Output = Result<T, Error>>>(
        &self,
        token: &LeakedToken,
        work: impl Fn(Client) -> W,
    ) -> Result<Revoked<T>, Error> {
        let secrets = self.secrets_of(token);
        let leaked = secrets.iter().filter_map(|secret| self.client.with_credential((*secret).clone()).ok());
        let mut failed: Option<Error> = None;
        for client in [self.client.clone()].into_iter().chain(leaked) {
            match work(client).await {
                Ok(done) => return Ok(self.checked(token, &secrets, done).await),
                Err(error) if error.is_no_permission() => failed = failed.or(Some(error)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let error = failed.expect("there is a client, and its work failed");
        // Someone else may have deleted or reset the token, or a request whose response was lost.
        let may_be_gone = matches!(
            error.source.as_deref().filter(|_| error.step.is_none()),
            Some(
                ApiError::NotFound(_)
                    | ApiError::Unauthorized(_)
                    | ApiError::OutcomeUnknown { .. }
                    | ApiError::NoSecret { .. }
            )
        );
        if may_be_gone && self.is_dead(token).await { Ok(Revoked::Dead) } else { Err(error) }
    }

    /// What became of the secrets, after it was `done`.
    async fn checked<T>(&self, token: &LeakedToken, secrets: &[&Secret], done: T) -> Revoked<T> {
        let mut lag = Lag::new(self.read_lag);
        for secret in secrets {
            loop {
                match identity_of(&self.client, secret).await {
                    Ok(None) => break,
                    _ if lag.may_last().await => {}
                    Ok(Some(_)) => return Revoked::StillWorks,
                    Err(_) if token.by_last_four => return Revoked::Unverified,
                    // The API's response to the deletion or rotation decides.
                    Err(_) => break,
                }
            }
        }
        Revoked::Done(done)
    }

    /// Whether no leaked secret of the token works, as the API says now.
    pub async fn is_dead(&self, token: &LeakedToken) -> bool {
        for secret in self.secrets_of(token) {
            if !matches!(identity_of(&self.client, secret).await, Ok(None)) {
                return false;
            }
        }
        true
    }

    fn secrets_of(&self, token: &LeakedToken) -> Vec<&Secret> {
        let leaks = self.leaks.iter().filter(|leak| leak.token().is_some_and(|leaked| leaked.id == token.id));
        leaks.map(|leak| &leak.secret).collect()
    }
}

/// Authenticates with the secret. `tokens` has the account's tokens, once they are needed.
async fn identify(client: &Client, secret: &Secret, tokens: &OnceCell<Vec<Token>>, ids: &[TokenId]) -> Finding {
    if let Some(kind) = KeyKind::of(secret.expose()) {
        return Finding::OtherKey(kind);
    }
    let (caller, reason) = match identity_of(client, secret).await {
        Ok(Some(CallerIdentity { token_id: Some(id), token_name: name, .. })) => {
            return Finding::Token(LeakedToken { id, name, by_last_four: false, is_own: false });
        }
        Ok(Some(caller)) => (caller, "it works, but does not say so".to_owned()),
        Ok(None) if scan::is_access_token(secret.expose()) => return Finding::Dead,
        Ok(None) => return Finding::NotASecret,
        // The API's own answer. A gateway's error says nothing about the secret.
        Err(error) if error.api().is_some_and(|api| !api.code.is_empty() && api.status < 500 && api.status != 429) => {
            (CallerIdentity::default(), error.to_string())
        }
        Err(error) => return Finding::Failed(error),
    };
    let list = async || client.list().all_members(true).collect_all().await;
    let tokens = match tokens.get_or_try_init(list).await {
        Ok(tokens) => tokens,
        Err(list) => return Finding::Failed(list.error),
    };
    let fits = |token: &&Token| {
        token.token.as_ref().is_some_and(|token| token.last_four() == secret.last_four())
            && caller.token_name.as_ref().is_none_or(|name| token.name.as_ref() == Some(name))
            && caller.member_id.as_ref().is_none_or(|member| token.member_id == *member)
            && caller.service_token.is_none_or(|service| token.service_token.unwrap_or_default() == service)
    };
    let leaked = |Token { id, name, .. }: &Token| LeakedToken {
        id: id.clone(),
        name: name.clone(),
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

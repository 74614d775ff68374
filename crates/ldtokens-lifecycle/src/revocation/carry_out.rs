//! Carries out a revocation: deletes or resets the tokens of leaked secrets, several at a time.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use ldtokens::{Client, Error, Secret, TokenId};

use crate::destination::Destination;
use crate::revocation::plan::{Finding, Leak, LeakedToken, Plan};
use crate::revocation::scan::KeyKind;
use crate::rotation::{Error as NotRotated, Journals, Options, Report, Rotation};

/// How long to wait between two checks of whether a revoked secret still works.
const PAUSE: Duration = Duration::from_millis(250);

/// The destinations of a token's new secret. If there is none, the token is not changed; the error says why.
pub type Destinations<'a> = dyn Fn(&LeakedToken) -> Result<Vec<Box<dyn Destination>>, String> + Sync + 'a;

/// How to revoke a leaked secret.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Remedy<'a> {
    /// Delete its token.
    Delete,
    /// Rotate its token without an overlap. The options' own overlap does not count.
    Rotate {
        /// Where the rotations are kept.
        journals: &'a Journals,
        /// How to rotate.
        options: &'a Options,
        /// Where the new secrets go.
        destinations: &'a Destinations<'a>,
    },
}

impl fmt::Debug for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Delete) { "Delete" } else { "Rotate" })
    }
}

/// The result for the leaked secrets of one token, or for one secret without a known token.
#[derive(Debug)]
#[non_exhaustive]
pub struct Revoked {
    /// The last four characters of each secret.
    pub last_fours: Vec<String>,
    /// Their token, if it is known.
    pub token: Option<LeakedToken>,
    /// What was done.
    pub outcome: Outcome,
}

/// The result of a revocation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The secret did not work any more.
    Dead,
    /// Its token was deleted.
    Deleted,
    /// Its token was rotated.
    Rotated(Box<Report>),
    /// The rotation of its token did not finish. Whether the secret still works, the error says.
    NotRotated(Box<NotRotated>),
    /// The API reported success, but the secret still works.
    StillWorks,
    /// The token that was chosen by its ID was deleted or rotated, but whether the secret was its own can't be found out.
    Unverified,
    /// The destination of the new secret is not ready, so the token was not changed.
    NotPrepared {
        /// Why.
        reason: String,
    },
    /// The API did not say which token it belongs to: nothing was done.
    Unproven {
        /// The tokens that have its last four characters.
        candidates: Vec<LeakedToken>,
        /// What the API said in place of the token.
        reason: String,
    },
    /// It is no secret: nothing was done.
    NotASecret,
    /// It is another kind of key: nothing was done.
    OtherKey(KeyKind),
    /// The revocation stopped before this token.
    NotTried,
    /// It failed.
    Failed(Error),
}

impl Outcome {
    /// Whether nobody can use the secret, and a new one, if any, was delivered.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Dead | Self::Deleted | Self::Rotated(_))
    }
}

/// A token and its secrets that leaked.
struct TokenSecrets {
    token: LeakedToken,
    secrets: Vec<Secret>,
}

impl Plan {
    /// Deletes or resets the tokens, several at a time, the client's own last. `report` is called with each result as
    /// soon as it is known. When `is_stopped` returns true, running requests finish and no others start.
    pub async fn carry_out(
        self,
        remedy: Remedy<'_>,
        is_stopped: &(dyn Fn() -> bool + Sync),
        mut report: impl FnMut(Revoked),
    ) {
        let Self { client, leaks, concurrency, patience } = self;
        let (targets, without_work) = sorted(leaks);
        without_work.into_iter().for_each(&mut report);
        let (own, others): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| target.token.is_own);
        for targets in [others, own] {
            let work = Work { client: &client, remedy, patience, is_stopped };
            // Boxed, since the compiler can't see otherwise that this future is Send.
            let revoking: Vec<_> = targets.into_iter().map(|target| work.revoke(target).boxed()).collect();
            let mut revoking = stream::iter(revoking).buffer_unordered(concurrency);
            while let Some(revoked) = revoking.next().await {
                report(revoked);
            }
        }
    }
}

/// The tokens with their secrets, and the outcomes that need no work.
fn sorted(leaks: Vec<Leak>) -> (Vec<TokenSecrets>, Vec<Revoked>) {
    let (mut targets, mut without_work) = (Vec::<TokenSecrets>::new(), Vec::new());
    for Leak { last_four, finding, secret } in leaks {
        let outcome = match finding {
            Finding::Token(token) => {
                match targets.iter_mut().find(|target| target.token.id == token.id) {
                    Some(target) => target.secrets.push(secret),
                    None => targets.push(TokenSecrets { token, secrets: vec![secret] }),
                }
                continue;
            }
            Finding::Dead => Outcome::Dead,
            Finding::Unproven { candidates, reason } => Outcome::Unproven { candidates, reason },
            Finding::NotASecret => Outcome::NotASecret,
            Finding::OtherKey(kind) => Outcome::OtherKey(kind),
            Finding::Failed(error) => Outcome::Failed(error),
        };
        without_work.push(Revoked { last_fours: vec![last_four], token: None, outcome });
    }
    (targets, without_work)
}

/// Whether the credential may not do it, and nothing was done.
fn is_no_permission(error: &NotRotated) -> bool {
    matches!(
        error,
        NotRotated::Api { step: None, source: Error::Forbidden(_) | Error::NotFound(_) | Error::Unauthorized(_) }
    )
}

#[derive(Clone, Copy)]
struct Work<'a> {
    client: &'a Client,
    remedy: Remedy<'a>,
    patience: Duration,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Work<'_> {
    async fn revoke(self, target: TokenSecrets) -> Revoked {
        let outcome = match self.remedy {
            _ if (self.is_stopped)() => Outcome::NotTried,
            Remedy::Delete => self.delete(&target).await,
            Remedy::Rotate { journals, options, destinations } => {
                self.rotate(&target, journals, options, destinations).await
            }
        };
        let last_fours = target.secrets.iter().map(|secret| secret.last_four().to_owned()).collect();
        Revoked { last_fours, token: Some(target.token), outcome }
    }

    async fn delete(self, target: &TokenSecrets) -> Outcome {
        let delete = |client: Client, id: TokenId| async move { client.delete(&id).await }.boxed();
        match self.with_any_credential(target, delete).await {
            Ok(()) => self.checked(target, Outcome::Deleted).await,
            Err(error) => self.failed(target, error).await,
        }
    }

    /// With the client's own credential. If that has no permission, with a leaked secret.
    async fn rotate(
        self,
        target: &TokenSecrets,
        journals: &Journals,
        options: &Options,
        destinations: &Destinations<'_>,
    ) -> Outcome {
        let leaked = target.secrets.iter().filter_map(|secret| self.client.with_credential(secret.clone()).ok());
        let mut first = None;
        for client in std::iter::once(self.client.clone()).chain(leaked) {
            let destinations = match destinations(&target.token) {
                Ok(destinations) => destinations,
                Err(reason) => return Outcome::NotPrepared { reason },
            };
            let options = options.clone().overlap(Duration::ZERO);
            let rotation = Rotation::new(&client, target.token.id.clone(), destinations, options);
            match rotation.run(journals).await {
                Ok(report) => return self.checked(target, Outcome::Rotated(Box::new(report))).await,
                Err(error) if is_no_permission(&error) => first = first.or(Some(error)),
                Err(error) => return Outcome::NotRotated(Box::new(error)),
            }
        }
        match first {
            Some(NotRotated::Api { source, .. }) => self.failed(target, source).await,
            Some(error) => Outcome::NotRotated(Box::new(error)),
            None => Outcome::NotTried,
        }
    }

    /// Sends a request about the token with the client's own credential. If that has no permission, with a leaked secret.
    async fn with_any_credential<T>(
        self,
        target: &TokenSecrets,
        send: impl Fn(Client, TokenId) -> BoxFuture<'static, Result<T, Error>>,
    ) -> Result<T, Error> {
        let id = &target.token.id;
        let error = match send(self.client.clone(), id.clone()).await {
            Err(error @ (Error::Forbidden(_) | Error::NotFound(_) | Error::Unauthorized(_))) => error,
            result => return result,
        };
        for secret in &target.secrets {
            let Ok(client) = self.client.with_credential(secret.clone()) else { continue };
            match send(client, id.clone()).await {
                Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Unauthorized(_)) => {}
                result => return result,
            }
        }
        Err(error)
    }

    /// The outcome after an error. If the secrets have stopped working, the token was deleted or reset: by someone else, or by
    /// a request whose response was lost.
    async fn failed(self, target: &TokenSecrets, error: Error) -> Outcome {
        let is_gone = matches!(error, Error::NotFound(_) | Error::Unauthorized(_));
        let is_unknown = matches!(error, Error::OutcomeUnknown { .. } | Error::NoSecret { .. });
        if !is_gone && !is_unknown {
            return Outcome::Failed(error);
        }
        for secret in &target.secrets {
            if !self.is_dead(secret).await {
                return Outcome::Failed(error);
            }
        }
        match self.remedy {
            _ if is_gone => Outcome::Dead,
            Remedy::Delete => Outcome::Deleted,
            Remedy::Rotate { .. } => Outcome::Failed(error),
        }
    }

    /// The outcome `done`, unless one of the secrets still works after the patience has run out: reads can lag behind writes
    /// (fact 12).
    async fn checked(self, target: &TokenSecrets, done: Outcome) -> Outcome {
        let mut left = self.patience;
        for secret in &target.secrets {
            while !self.is_dead(secret).await {
                if left.is_zero() {
                    return match self.works(secret).await {
                        true => Outcome::StillWorks,
                        false if target.token.by_last_four => Outcome::Unverified,
                        // The API's response to the deletion or reset decides.
                        false => done,
                    };
                }
                tokio::time::sleep(PAUSE.min(left)).await;
                left = left.saturating_sub(PAUSE);
            }
        }
        done
    }

    async fn works(self, secret: &Secret) -> bool {
        match self.client.with_credential(secret.clone()) {
            Ok(client) => client.whoami().await.is_ok(),
            Err(_) => false,
        }
    }

    async fn is_dead(self, secret: &Secret) -> bool {
        match self.client.with_credential(secret.clone()) {
            Ok(client) => client.whoami().await.is_err_and(|error| crate::verify::is_refusal(&error)),
            Err(_) => true,
        }
    }
}

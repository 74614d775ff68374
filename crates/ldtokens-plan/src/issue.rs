//! Gives a token of the file a new secret: creates, delivers, tries, and only then ends the old one.

use std::time::Duration;

use ldtokens::{Client, Error, Secret, Token, TokenId, UnixMillis};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Contents, Delivery, Destination, Metadata, Replaceable, has_secret_prefix, identity_of};

use crate::account::Account;
use crate::compare::differences;
use crate::error::PlanError;
use crate::file::ManagedToken;
use crate::marker::{Marked, Marker, State, has_marker, in_state, marked};

/// The maximum number of creates. More are made only if responses are lost.
const MAX_CREATES: u32 = 3;

/// How often a new secret is tried. The API's reads can lag behind its writes.
const MAX_TRIES: u32 = 8;

pub(crate) struct Issue<'a> {
    client: &'a Client,
    account: &'a Account,
    wanted: &'a ManagedToken,
    /// The account's tokens with this key.
    marked: Marked<'a>,
}

impl<'a> Issue<'a> {
    pub(crate) fn new(client: &'a Client, account: &'a Account, wanted: &'a ManagedToken) -> Self {
        Self { client, account, wanted, marked: marked(&account.tokens, &wanted.key) }
    }

    fn destinations(&self) -> Result<Vec<Box<dyn Destination>>, PlanError> {
        self.wanted.destinations.iter().map(|spec| spec.destination().map_err(PlanError::Refused)).collect()
    }

    /// Makes certain that a new secret can be delivered.
    pub(crate) async fn prepare(&self) -> Result<Delivery, PlanError> {
        let mut delivery = Delivery::new(self.destinations()?);
        let refused = |error: ldtokens_lifecycle::Error| PlanError::Refused(error.to_string());
        let ids: Vec<_> = self.marked.iter().map(|(token, _)| token.id.clone()).collect();
        let in_use = self.marked.iter().filter(|(_, state)| !matches!(state, State::Old(_)));
        let last_four = |token: &Token| token.token.as_ref().map(|secret| secret.last_four().to_owned());
        let last_fours: Vec<_> = in_use.filter_map(|(token, _)| last_four(token)).collect();
        let replaceable = Replaceable { tokens: &ids, last_fours: &last_fours, anything: false };
        delivery.prepare(self.client, replaceable).await.map_err(refused)?;
        Ok(delivery)
    }

    /// Gives the token a new secret, and ends the old one.
    pub(crate) async fn run(&self) -> Result<(), PlanError> {
        let mut delivery = self.prepare().await?;
        let ids = |state| in_state(&self.marked, state).into_iter().map(|token| token.id.clone());
        let (id, secret, new) = match self.half_delivered().await? {
            Some((id, secret)) => (id, secret, ids(State::New).collect()),
            None => self.create().await?,
        };
        let metadata = Metadata::new(id.as_str(), Some(&self.wanted.name));
        let delivered = delivery.deliver(&secret, &metadata).await;
        drop(delivery);
        if let Some((label, problem)) = delivered.iter().find_map(|one| Some((&one.label, one.problem.as_ref()?))) {
            if delivered.iter().all(|one| one.problem.is_some()) {
                // Nobody uses it, so it ends by itself. If that fails, the next run finds it.
                let _ = self.retire([&id]).await;
            }
            return Err(self.not_delivered(format!("{label}: {problem}")));
        }
        self.try_secret(&id, &secret).await?;
        let others: Vec<_> = ids(State::Current).chain(new).filter(|other| *other != id).collect();
        self.retire(&others).await?;
        let marker = Marker { key: self.wanted.key.clone(), state: State::Current };
        let text = marker.append_to(self.wanted.text());
        self.client.edit(&id, |token| token.description = Some(text.clone())).await?;
        Ok(())
    }

    /// The working secret that each destination holds, and whose it is, as the API says. None if it holds none or can't be read.
    async fn held(&self) -> Result<Vec<Option<(TokenId, Secret)>>, PlanError> {
        let mut held = Vec::new();
        for destination in self.destinations()? {
            held.push(match destination.file().map(FileDestination::read) {
                Some(Ok(Contents::Secret(secret))) if has_secret_prefix(&secret) => {
                    let owner = identity_of(self.client, &secret).await?.and_then(|identity| identity.token_id);
                    owner.map(|owner| (owner, secret))
                }
                _ => None,
            });
        }
        Ok(held)
    }

    /// The token of an interrupted run whose secret a destination holds, with that secret, if it still is as the file says and
    /// the API accepts it.
    async fn half_delivered(&self) -> Result<Option<(TokenId, Secret)>, PlanError> {
        let is_as_wanted = |token: &&Token| differences(self.wanted, token, self.account).is_empty();
        let new = in_state(&self.marked, State::New).into_iter().filter(is_as_wanted).map(|token| &token.id);
        let new: Vec<_> = new.collect();
        let held = if new.is_empty() { Vec::new() } else { self.held().await? };
        Ok(held.into_iter().flatten().find(|(owner, _)| new.contains(&owner)))
    }

    /// Creates a token. Returns the tokens with this key whose secrets may not be delivered too, also those whose responses were lost.
    async fn create(&self) -> Result<(TokenId, Secret, Vec<TokenId>), PlanError> {
        let permissions = self.wanted.permissions().map_err(PlanError::Refused)?;
        let marker = Marker { key: self.wanted.key.clone(), state: State::New };
        let new = self.wanted.new_token(permissions, marker.append_to(self.wanted.text()));
        let mut lost = 0;
        loop {
            match self.client.create(&new).await {
                Ok(issued) => {
                    let listed = match lost {
                        0 => self.account.tokens.clone(),
                        _ => self.client.list().all_members(true).collect_all().await.map_err(|list| list.error)?,
                    };
                    let new = in_state(&marked(&listed, &self.wanted.key), State::New)
                        .into_iter()
                        .map(|token| token.id.clone())
                        .collect();
                    return Ok((issued.id, issued.secret, new));
                }
                // It has the marker, so it is found.
                Err(Error::OutcomeUnknown { .. } | Error::NoSecret { .. }) if lost + 1 < MAX_CREATES => lost += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether each destination can be read, and holds a working secret of another token of the account than `old`.
    pub(crate) async fn is_replaced(&self, old: &TokenId) -> Result<bool, PlanError> {
        let held = self.held().await?;
        let is_known = |owner: &TokenId| self.account.tokens.iter().any(|token| token.id == *owner);
        let is_others =
            |held: &Option<(TokenId, Secret)>| held.as_ref().is_some_and(|(owner, _)| owner != old && is_known(owner));
        Ok(!held.is_empty() && held.iter().all(is_others))
    }

    async fn try_secret(&self, id: &TokenId, secret: &Secret) -> Result<(), PlanError> {
        for number in 0..MAX_TRIES {
            match identity_of(self.client, secret).await?.and_then(|identity| identity.token_id) {
                Some(owner) if owner == *id => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(50 << number)).await,
            }
        }
        Err(self.not_delivered("the API refuses the new secret".to_owned()))
    }

    fn not_delivered(&self, why: String) -> PlanError {
        let old = if in_state(&self.marked, State::Current).is_empty() { "" } else { "; the old secret keeps working" };
        PlanError::NotDelivered(why + old)
    }

    /// Lets tokens that were in use, or those of interrupted runs, end with the overlap: a consumer may have read the secret of
    /// each. One that expires earlier still does.
    async fn retire(&self, tokens: impl IntoIterator<Item = &TokenId>) -> Result<(), PlanError> {
        let now = UnixMillis::from(self.client.server_time());
        let until = now.saturating_add(self.wanted.overlap().max(Duration::from_secs(1)));
        for id in tokens {
            let edited = self.client.edit(id, |token| {
                if has_marker(token, &self.wanted.key, |state| !matches!(state, State::Old(_))) {
                    let (text, _) = Marker::of(token);
                    let until = token.expiry.map_or(until, |expiry| expiry.min(until));
                    let marker = Marker { key: self.wanted.key.clone(), state: State::Old(until) };
                    token.description = Some(marker.append_to(&text));
                    token.expiry = Some(until);
                }
            });
            edited.await?;
        }
        Ok(())
    }
}

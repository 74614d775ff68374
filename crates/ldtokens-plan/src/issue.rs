//! Gives a token of the file a new secret: creates, delivers, tries, and only then ends the old one.

use std::time::Duration;

use ldtokens::{Client, Error, IssuedToken, Secret, Token, TokenId, UnixMillis};
use ldtokens_lifecycle::{Contents, Delivery, Destination, Metadata, Replaceable, identity_of};

use crate::account::Account;
use crate::apply_error::{ApplyError, refused};
use crate::compare::differences;
use crate::file::ManagedToken;
use crate::marker::{Marker, State};

/// The maximum number of creates. More are made only if responses are lost.
const MAX_CREATES: u32 = 3;

/// How often a new secret is tried. The API's reads can lag behind its writes.
const MAX_TRIES: u32 = 8;

pub(crate) struct Issue<'a> {
    client: &'a Client,
    account: &'a Account,
    wanted: &'a ManagedToken,
    /// Tokens with the marker of this key, by state.
    new: Vec<Token>,
    current: Vec<Token>,
    old: Vec<TokenId>,
}

impl Issue<'_> {
    /// Returns the ID of the token that is in use now.
    pub(crate) async fn run(&mut self) -> Result<TokenId, ApplyError> {
        let destinations = || self.wanted.destinations.iter().map(|spec| spec.destination());
        let all: Vec<Box<dyn Destination>> = destinations().collect::<Result<_, _>>().map_err(ApplyError::Refused)?;
        let mut delivery = Delivery::new(all);
        delivery.prepare().await.map_err(refused)?;
        let known = self.new.iter().chain(&self.current);
        let ids: Vec<TokenId> = known.clone().map(|token| token.id.clone()).chain(self.old.iter().cloned()).collect();
        let last_four = |token: &Token| token.token.as_ref().map(|secret| secret.last_four().to_owned());
        let last_fours: Vec<_> = known.filter_map(last_four).collect();
        let replaceable = Replaceable { tokens: &ids, last_fours: &last_fours, anything: false };
        delivery.check(self.client, replaceable).await.map_err(refused)?;
        let (id, secret) = match self.half_delivered().await? {
            Some(found) => found,
            None => {
                let issued = self.create().await?;
                (issued.id, issued.secret)
            }
        };
        let metadata = Metadata::new(id.as_str(), Some(&self.wanted.name));
        let delivered = delivery.deliver(&secret, &metadata).await;
        drop(delivery);
        if let Some((label, problem)) = delivered.iter().find_map(|one| Some((&one.label, one.problem.as_ref()?))) {
            if delivered.iter().all(|one| one.problem.is_some()) {
                // Nobody uses it, so it ends by itself. If that fails, the next run finds it.
                let _ = self.retire([&id]).await;
            }
            return Err(ApplyError::NotDelivered(format!("{label}: {problem}")));
        }
        self.try_secret(&id, &secret).await?;
        let others = self.current.iter().chain(&self.new).map(|token| &token.id).filter(|other| **other != id);
        self.retire(others).await?;
        self.describe(&id).await?;
        Ok(id)
    }

    /// The token of an interrupted run whose secret a destination holds, with that secret, if it still is as the file says and
    /// the API accepts it.
    async fn half_delivered(&self) -> Result<Option<(TokenId, Secret)>, ApplyError> {
        let is_as_wanted = |token: &&Token| differences(self.wanted, token, self.account).is_empty();
        for spec in self.wanted.destinations.iter().filter(|_| !self.new.is_empty()) {
            let destination = spec.destination().map_err(ApplyError::Refused)?;
            let Ok(Some(Contents::Secret(secret))) = destination.read() else { continue };
            let Some(owner) = owner(self.client, &secret).await? else { continue };
            if self.new.iter().filter(is_as_wanted).any(|token| token.id == owner) {
                return Ok(Some((owner, secret)));
            }
        }
        Ok(None)
    }

    async fn create(&mut self) -> Result<IssuedToken, ApplyError> {
        let permissions = self.wanted.permissions().map_err(ApplyError::Refused)?;
        let marker = Marker { key: self.wanted.key.clone(), state: State::New };
        let new = self.wanted.new_token(permissions, marker.append_to(self.wanted.text()));
        let mut lost = 0;
        loop {
            match self.client.create(&new).await {
                Ok(issued) => {
                    if lost > 0 {
                        let tokens = self.client.list().all_members(true).collect_all().await;
                        self.new = marked_new(tokens.map_err(|incomplete| incomplete.error)?, &self.wanted.key);
                    }
                    return Ok(issued);
                }
                // It has the marker, so it is found.
                Err(Error::OutcomeUnknown { .. } | Error::NoSecret { .. }) if lost + 1 < MAX_CREATES => lost += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn try_secret(&self, id: &TokenId, secret: &Secret) -> Result<(), ApplyError> {
        for number in 0..MAX_TRIES {
            match owner(self.client, secret).await? {
                Some(owner) if owner == *id => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(50 << number)).await,
            }
        }
        Err(ApplyError::NotDelivered("the API refuses the new secret".to_owned()))
    }

    /// Lets tokens that were in use, or those of interrupted runs, end with the overlap: a consumer may have read the secret of
    /// each. One that expires earlier still does.
    async fn retire(&self, tokens: impl IntoIterator<Item = &TokenId>) -> Result<(), ApplyError> {
        let now = UnixMillis::from(self.client.server_time());
        let until = now.saturating_add(self.wanted.overlap().max(Duration::from_secs(1)));
        for id in tokens {
            let marker = |until| Marker { key: self.wanted.key.clone(), state: State::Old(until) };
            self.client
                .edit(id, |token| {
                    let (text, markers) = Marker::of(token);
                    let is_ours =
                        |marker: &Marker| marker.key == self.wanted.key && !matches!(marker.state, State::Old(_));
                    if markers.iter().any(is_ours) {
                        let until = token.expiry.map_or(until, |expiry| expiry.min(until));
                        token.description = Some(marker(until).append_to(&text));
                        token.expiry = Some(until);
                    }
                })
                .await?;
        }
        Ok(())
    }

    async fn describe(&self, id: &TokenId) -> Result<(), ApplyError> {
        let marker = Marker { key: self.wanted.key.clone(), state: State::Current };
        let text = marker.append_to(self.wanted.text());
        self.client.edit(id, |token| token.description = Some(text.clone())).await?;
        Ok(())
    }
}

/// The tokens with this key whose secrets may not be delivered.
fn marked_new(tokens: Vec<Token>, key: &str) -> Vec<Token> {
    let is_new = |token: &Token| {
        let (_, markers) = Marker::of(token);
        markers.iter().any(|marker| marker.key == key && marker.state == State::New)
    };
    tokens.into_iter().filter(is_new).collect()
}

/// Whose working secrets the destinations hold, one token for each. None if one can't be read back, or the API refuses its secret.
pub(crate) async fn owners(client: &Client, wanted: &ManagedToken) -> Result<Option<Vec<TokenId>>, ApplyError> {
    let mut owners = Vec::new();
    for spec in &wanted.destinations {
        let destination = spec.destination().map_err(ApplyError::Refused)?;
        let Ok(Some(Contents::Secret(secret))) = destination.read() else { return Ok(None) };
        let Some(owner) = owner(client, &secret).await? else { return Ok(None) };
        owners.push(owner);
    }
    Ok(Some(owners))
}

/// Whose secret it is, as the API says when it authenticates. None if it refuses it.
async fn owner(client: &Client, secret: &Secret) -> Result<Option<TokenId>, ApplyError> {
    Ok(identity_of(client, secret).await?.and_then(|identity| identity.token_id))
}

impl<'a> Issue<'a> {
    /// Sorts the account's tokens with the key of `wanted` by their states.
    pub(crate) fn new(client: &'a Client, account: &'a Account, wanted: &'a ManagedToken) -> Self {
        let (mut new, mut current, mut old) = (Vec::new(), Vec::new(), Vec::new());
        for token in &account.tokens {
            let (_, markers) = Marker::of(token);
            for marker in markers.into_iter().filter(|marker| marker.key == wanted.key) {
                match marker.state {
                    State::New => new.push(token.clone()),
                    State::Current => current.push(token.clone()),
                    State::Old(_) => old.push(token.id.clone()),
                }
            }
        }
        Self { client, account, wanted, new, current, old }
    }
}

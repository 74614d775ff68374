//! Reads what the next step of a rotation depends on.

use ldtokens::{Error as ApiError, Secret, Token, TokenId};

use crate::lists::{is_incomplete, is_read_again};
use crate::rotation::deliver::Target;
use crate::rotation::error::Error;
use crate::rotation::journal::{NewSecret, Step, TokenState};
use crate::rotation::next_step::{Facts, needs_orphans, needs_token, was_reset};
use crate::rotation::options::Strategy;
use crate::rotation::run::{HeldSecret, Run, state};
use crate::time;

/// What the API shows now.
#[derive(Default)]
pub(crate) struct Seen {
    token: Option<TokenState>,
    pub(crate) orphans: Vec<NewSecret>,
}

impl Run<'_> {
    pub(crate) async fn observe(&mut self) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        if needs_token(&self.journal) {
            seen.token = self.token().await?.as_ref().map(state);
        }
        if needs_orphans(&self.journal) {
            seen.orphans = self.orphans().await?;
        }
        if self.held.is_none() {
            self.held = self.find(&seen).await?;
        }
        if self.held.is_none() && self.journal.step < Step::Verified && self.member_id.is_none() {
            // Whether it can be replaced depends on its member.
            self.token().await?;
        }
        Ok(seen)
    }

    pub(crate) fn facts<'b>(&'b self, seen: &'b Seen) -> Facts<'b> {
        let can_read = |target: &Target| target.destination.is_readable();
        Facts {
            now: self.now(),
            token: seen.token.as_ref(),
            can_replace: self.can_replace(),
            is_forced: self.options.force,
            settle: time::millis(self.options.settle),
            is_settled: self.is_settled,
            has_orphans: !seen.orphans.is_empty(),
            held: self.held.as_ref().map(|held| &held.new),
            is_everywhere: self.is_everywhere(),
            all_readable: self.targets.iter().all(can_read),
            any_readable: self.targets.iter().any(can_read),
        }
    }

    /// Reads the token. `None` if it does not exist.
    pub(crate) async fn token(&mut self) -> Result<Option<Token>, Error> {
        match self.client.get(&self.id).await {
            Ok(token) => {
                self.learn(&token);
                Ok(Some(token))
            }
            Err(ApiError::NotFound(_)) => Ok(None),
            Err(source) => Err(self.api(source)),
        }
    }

    /// The tokens with the marker that the journal does not name.
    pub(crate) async fn orphans(&self) -> Result<Vec<NewSecret>, Error> {
        let Some(marker) = &self.journal.marker else { return Ok(Vec::new()) };
        let client = self.acting()?;
        let mut round = 1;
        loop {
            let mut orphans: Vec<NewSecret> = Vec::new();
            let mut tokens = client.list().all_members(true).stream();
            let error = loop {
                match tokens.next().await {
                    None => return Ok(orphans),
                    Some(Ok(token)) if self.is_orphan(&token, marker) => {
                        orphans.push(NewSecret { last_four: state(&token).last_four, token_id: token.id.to_string() })
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break error,
                }
            };
            match error {
                error if is_read_again(&error, round) => round += 1,
                // What was missed is found before the rotation ends, or by the next run.
                error if is_incomplete(&error) => return Ok(orphans),
                error => return Err(self.api(error)),
            }
        }
    }

    fn is_orphan(&self, token: &Token, marker: &str) -> bool {
        let is_new = self.journal.new.as_ref().is_some_and(|new| new.token_id == token.id.as_str());
        let is_marked = token.description.as_deref().is_some_and(|description| description.contains(marker));
        is_marked && !is_new && token.id != self.id && !self.journal.superseded.iter().any(|id| id == token.id.as_str())
    }

    /// Looks for the new secret in the destinations, where an earlier run may have delivered it.
    async fn find(&self, seen: &Seen) -> Result<Option<HeldSecret>, Error> {
        let wanted = self.wanted(seen);
        if wanted.is_empty() {
            return Ok(None);
        }
        for target in &self.targets {
            let held = target.read()?;
            for secret in held.into_iter().chain(target.destination.leftover()) {
                for new in wanted.iter().filter(|new| new.last_four == secret.last_four()) {
                    if self.is_secret_of(&secret, new).await? {
                        return Ok(Some(HeldSecret { secret, new: new.clone(), is_checked: true }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The secrets to look for: those that could be the new one.
    fn wanted(&self, seen: &Seen) -> Vec<NewSecret> {
        match (self.journal.step, self.journal.strategy) {
            (Step::Planned, Strategy::Replace) => seen.orphans.clone(),
            (Step::Planned, Strategy::Reset) => {
                let reset = seen.token.as_ref().filter(|token| was_reset(&self.journal, token));
                // If the last four characters are the old ones, the secret that is there can be the old one.
                let reset = reset.filter(|token| token.last_four != self.journal.old.last_four);
                let token_id = self.journal.token_id.clone();
                reset.map(|token| NewSecret { token_id, last_four: token.last_four.clone() }).into_iter().collect()
            }
            (Step::Issued | Step::Delivered, _) => self.journal.new.clone().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    async fn is_secret_of(&self, secret: &Secret, new: &NewSecret) -> Result<bool, Error> {
        // It has characters that no credential has.
        let Ok(client) = self.client.with_credential(secret.clone()) else { return Ok(false) };
        match client.whoami().await {
            Ok(identity) => Ok(identity.token_id.is_none_or(|id| id.as_str() == new.token_id)),
            Err(ApiError::Unauthorized(_)) => Ok(false),
            Err(source) => Err(self.api(source)),
        }
    }

    pub(crate) fn api(&self, source: ApiError) -> Error {
        Error::Api { step: (self.journal.attempts > 0).then_some(self.journal.step), source }
    }

    /// Deletes a token that may be gone already.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), Error> {
        let id = TokenId::new(id).map_err(|error| self.api(error.into()))?;
        match self.acting()?.delete(&id).await {
            Ok(()) | Err(ApiError::NotFound(_)) => Ok(()),
            Err(source) => Err(self.api(source)),
        }
    }
}

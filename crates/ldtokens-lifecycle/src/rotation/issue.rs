//! Requests a new secret and handles the outcome.

use std::time::Duration;

use ldtokens::{Error as ApiError, IssuedToken, NewToken, Overlap, Token, UnixMillis};

use crate::error::{Error, Reason, Step};
use crate::rotation::journal::{Journal, NewSecret, Strategy, TokenState};
use crate::rotation::replacement::{marker_start, new_marker, replacement_of, time};
use crate::rotation::run::Run;
use crate::verify::Lag;

/// The number of lost responses after which a run gives up. The next run continues.
const MAX_LOSSES: u32 = 5;

/// How long after its creation another replacement of the token counts as one of a rotation that is going on.
const AT_ONCE: Duration = Duration::from_secs(60 * 60);

impl Run<'_> {
    /// Requests a new secret, after it is certain that it can be delivered.
    pub(crate) async fn issue(&mut self) -> Result<(), Error> {
        self.prepare().await?;
        let before = self.journal.clone();
        let (mut new, mut original) = (None, None);
        if self.journal.strategy == Strategy::Replace {
            let marker = self.journal.marker.get_or_insert_with(|| new_marker(&self.id)).clone();
            let token = self.present_token().await?;
            self.require_replaceable(&token)?;
            original = Some(TokenState::of(&token));
            if self.journal.asked == Strategy::Replace {
                self.journal.old = TokenState::of(&token);
            }
            let like = match self.journal.superseded.last().filter(|_| self.journal.is_expiring) {
                // An earlier run gave the old token its expiry.
                Some(id) => self.client.get(id).await.unwrap_or(token),
                None => token,
            };
            self.journal.is_expiring = false;
            let replacement = replacement_of(&like, &marker, self.options.lifetime);
            new = Some(replacement.map_err(|source| self.api(source))?);
        }
        let ends_at = self.note_sending();
        // If this is not on disk, a later run can't know that a request was sent.
        self.write()?;
        match self.send(new, ends_at).await {
            Ok(issued) => {
                let last_four = issued.secret.last_four().to_owned();
                self.journal.new = Some(NewSecret { token_id: issued.id, last_four });
                self.held = Some((issued.secret, false));
                self.notes.extend(issued.warnings);
                self.record(Step::Issued);
                match self.is_overtaken(original.as_ref()).await {
                    true => Err(self.withdraw().await),
                    false => Ok(()),
                }
            }
            Err(error @ (ApiError::OutcomeUnknown { .. } | ApiError::NoSecret { .. })) => {
                self.delivery.release();
                self.losses += 1;
                if self.losses < MAX_LOSSES { Ok(()) } else { Err(Error::api(Some(Step::Planned), error)) }
            }
            Err(error) => self.after_refusal(before, error).await,
        }
    }

    /// Whether the caller can create a token like it. If that is not known, the request will show it.
    pub(crate) fn can_replace(&self, token: &Token) -> bool {
        let is_own_kind = token.service_token.unwrap_or_default()
            || self.caller.member_id.as_ref().is_none_or(|caller| *caller == token.member_id);
        is_own_kind && !self.may_not_create
    }

    pub(crate) fn require_replaceable(&self, token: &Token) -> Result<(), Error> {
        if self.can_replace(token) {
            return Ok(());
        }
        let id = &self.id;
        let text =
            format!("the token {id} is another member's personal token, and only that member can create one like it");
        Err(Error::new(Reason::OthersPersonal, text))
    }

    /// Refuses to reset a token that has expired, and notes that one expires within the overlap.
    pub(crate) fn check_expiry(&mut self) -> Result<(), Error> {
        let Some(expiry) = self.expiry.filter(|_| self.journal.strategy == Strategy::Reset) else { return Ok(()) };
        if expiry <= self.now() {
            let id = &self.id;
            let text =
                format!("the token {id} has expired, and a reset does not change that: its new secret would not work");
            return Err(Error::new(Reason::Expired, text));
        }
        if expiry < self.now().saturating_add(self.journal.overlap()) {
            self.notes.push(format!("the token expires at {}, and its new secret with it", time(expiry)));
        }
        Ok(())
    }

    /// Notes in the journal that a request is about to be sent. Returns when the old secret is to stop working.
    fn note_sending(&mut self) -> UnixMillis {
        let now = self.now();
        self.journal.attempts += 1;
        self.journal.sent_at = Some(now);
        // The API's clock is known to the second.
        let ends_at = now.saturating_add(self.journal.overlap()).saturating_add(Duration::from_secs(1));
        if self.journal.strategy == Strategy::Reset || self.journal.old_ends_at.is_none() {
            self.journal.old_ends_at = Some(self.expiry.map_or(ends_at, |expiry| expiry.min(ends_at)));
        }
        ends_at
    }

    async fn send(&self, new: Option<NewToken>, ends_at: UnixMillis) -> Result<IssuedToken, ApiError> {
        match new {
            Some(new) => self.client.create(&new).await,
            None if self.journal.ends_at_once() => self.client.reset(&self.id, Overlap::None).await,
            None => self.client.reset(&self.id, ends_at).await,
        }
    }

    /// Whether the token was rotated or changed by someone else since it was last read. `original` is what was replaced.
    async fn is_overtaken(&self, original: Option<&TokenState>) -> bool {
        // Whoever is first removes the marker only after changing the token, which is read last.
        if original.is_some() && !self.options.forced && self.is_second().await {
            return true;
        }
        let (old, new) = (&self.journal.old.last_four, self.journal.last_four());
        let mut lag = Lag::new(self.options.read_lag);
        loop {
            let Ok(now) = self.token().await else { return false };
            match (now.as_ref().map(TokenState::of), original) {
                (Some(now), Some(original)) => return now != *original,
                (Some(now), None) if now.last_four == new => return false,
                (Some(now), None) if now.last_four != *old => return true,
                (now, _) if !lag.may_last().await => return now.is_none(),
                _ => {}
            }
        }
    }

    /// Whether another rotation has just created a replacement of the token too, and before this one. So one of them goes on.
    async fn is_second(&self) -> bool {
        let mut lag = Lag::new(self.options.read_lag);
        loop {
            let Ok(replacements) = self.marked(&marker_start(&self.id)).await else { return false };
            let is_own = |token: &&Token| self.journal.new_token_id() == Some(&token.id);
            // A list without our own lags behind.
            if let Some(own) = replacements.iter().find(is_own) {
                let is_earlier = |other: &Token| {
                    (other.creation_date, &other.id) < (own.creation_date, &own.id)
                        && own.creation_date.saturating_duration_since(other.creation_date) < AT_ONCE
                        && !other.description.as_deref().is_some_and(|description| self.journal.created(description))
                };
                return replacements.iter().any(is_earlier);
            }
            if !lag.may_last().await {
                return false;
            }
        }
    }

    /// Gives up the new secret, which nobody has. A replacement that was created for it is deleted.
    async fn withdraw(&mut self) -> Error {
        self.held = None;
        if let (Strategy::Replace, Some(new)) = (self.journal.strategy, &self.journal.new)
            && let Err(source) = self.client.delete(&new.token_id).await
        {
            return self.api(source);
        }
        // What earlier requests created is still to be deleted by a later run.
        let kept = match self.journal.superseded.is_empty() && self.journal.attempts == 1 {
            true => self.locked.write(self.earlier.as_ref()),
            false => {
                self.journal.restart(self.journal.strategy);
                self.write()
            }
        };
        let id = &self.id;
        let text =
            format!("somebody else rotated or changed the token {id} meanwhile, so the new secret was not delivered");
        kept.err().unwrap_or_else(|| Error::new(Reason::Overtaken, text))
    }

    /// Handles a request that was not carried out: the journal is restored.
    async fn after_refusal(&mut self, before: Journal, source: ApiError) -> Result<(), Error> {
        self.journal = before;
        let has_no_route = matches!(source.api().map(|api| api.status), Some(404 | 405 | 410));
        if self.journal.strategy == Strategy::Reset
            && has_no_route
            && self.token().await?.is_some_and(|token| self.can_replace(&token))
        {
            self.notes.push("the API does not reset tokens any more, so the token is replaced".to_owned());
            self.journal.restart(Strategy::Replace);
            return Ok(());
        }
        let follows_reset = self.journal.strategy == Strategy::Replace && self.journal.old_ends_at.is_some();
        if follows_reset && self.journal.superseded.is_empty() && matches!(source, ApiError::Forbidden(_)) {
            self.may_not_create = true;
            self.journal.restart(Strategy::Reset);
            self.journal.attempts = 1;
            self.write()?;
            return if self.options.forced { Ok(()) } else { Err(self.lost_secret()) };
        }
        let is_first = self.journal.attempts == 0 && self.journal.old_ends_at.is_none() && !self.was_resumed;
        let _ = self.locked.write(if is_first { self.earlier.as_ref() } else { Some(&self.journal) });
        Err(Error::api((!is_first).then_some(Step::Planned), source))
    }
}

//! Requests a new secret and handles the outcome.

use std::time::Duration;

use ldtokens::{Error as ApiError, Overlap, Secret, TokenId};
use serde_json::Value;

use crate::delivery::Replaceable;
use crate::rotation::error::{Error, Stuck};
use crate::rotation::journal::{Journal, NewSecret, Step, TokenState};
use crate::rotation::options::Strategy;
use crate::rotation::plan::state;
use crate::rotation::replacement::{self, new_marker};
use crate::rotation::run::{HeldSecret, Run};
use crate::time;

/// The number of lost responses after which a run gives up. The next run continues.
const MAX_LOST: u32 = 5;

impl Run<'_> {
    /// Requests a new secret, after it is certain that it can be delivered.
    pub(crate) async fn issue(&mut self) -> Result<(), Error> {
        self.delivery.prepare().await?;
        self.check_destinations().await?;
        let before = self.journal.clone();
        let mut shown = None;
        let body = match self.journal.strategy {
            Strategy::Replace => {
                let marker = self.journal.marker.get_or_insert_with(new_marker).clone();
                let token = self.token().await?.ok_or_else(|| self.stuck(Stuck::Gone))?;
                if !self.can_replace() {
                    return Err(self.stuck(Stuck::OthersPersonal));
                }
                shown = Some(state(&token));
                Some(replacement::body(&token, &marker, self.options.lifetime, self.now()))
            }
            Strategy::Reset => None,
        };
        let ends_at = self.note_sending();
        // If this is not on disk, a later run can't know that a request was sent.
        if let Err(error) = self.write() {
            self.journal = before;
            self.delivery.release();
            return Err(error);
        }
        match self.send(body, ends_at).await {
            Ok(Some((token_id, secret))) => {
                let new = NewSecret { token_id, last_four: secret.last_four().to_owned() };
                self.held = Some(HeldSecret { secret, new, is_checked: false });
                self.journal_issued();
                if self.is_overtaken(shown.as_ref()).await {
                    return Err(self.withdraw().await);
                }
                match self.is_accepted().await {
                    Ok(false) => Err(self.stuck(Stuck::Refused)),
                    // A secret that arrived is delivered, whether or not it can be checked now.
                    Ok(true) | Err(_) => Ok(()),
                }
            }
            Ok(None) => self.after_lost(None),
            Err(error @ (ApiError::OutcomeUnknown { .. } | ApiError::NoSecret { .. })) => self.after_lost(Some(error)),
            Err(error) => self.refused(before, error).await,
        }
    }

    /// Refuses to overwrite what is not a secret of this rotation's tokens.
    pub(crate) async fn check_destinations(&self) -> Result<(), Error> {
        let ours = self.journal.superseded.iter().chain(self.journal.new.as_ref().map(|new| &new.token_id));
        let mut tokens: Vec<TokenId> = ours.filter_map(|id| TokenId::new(id.as_str()).ok()).collect();
        tokens.push(self.id.clone());
        let mut last_fours = vec![self.journal.old.last_four.clone()];
        last_fours.extend(self.journal.new.as_ref().map(|new| new.last_four.clone()));
        let replaceable = Replaceable { tokens: &tokens, last_fours: &last_fours, anything: self.options.overwrite };
        self.delivery.check(&self.client, replaceable).await.map_err(Error::from)
    }

    /// Notes in the journal that a request is about to be sent. Returns when the old secret is to stop working.
    fn note_sending(&mut self) -> i64 {
        let now = self.now();
        if self.journal.attempts > 0 {
            self.journal.lost_at = self.journal.sent_at;
        }
        self.journal.attempts += 1;
        self.journal.sent_at = Some(now);
        // The API's clock is known to the second.
        let ends_at = now.saturating_add(self.journal.overlap).saturating_add(1000);
        if self.journal.strategy == Strategy::Reset || self.journal.old_ends_at.is_none() {
            self.journal.old_ends_at = Some(ends_at);
        }
        ends_at
    }

    /// Sends the request. Returns `None` if the response lacks the ID or the secret.
    async fn send(&mut self, body: Option<Value>, ends_at: i64) -> Result<Option<(String, Secret)>, ApiError> {
        let Some(body) = body else {
            let overlap = match self.journal.ends_at_once() {
                true => Overlap::None,
                false => Overlap::Until(time::to_system_time(ends_at)),
            };
            let issued = self.client.reset(&self.id, overlap).await?;
            return Ok(Some((issued.id.as_str().to_owned(), issued.secret)));
        };
        let Some(created) = replacement::create(&self.client, &body).await? else { return Ok(None) };
        if body.get("expiry").and_then(Value::as_i64) != created.expiry {
            self.notes.push(format!("the replacement {} does not have the expiry that was asked for", created.id));
        }
        Ok(Some((created.id, created.secret)))
    }

    /// Whether the token was rotated or changed by someone else since it was last read. `shown` is what a replacement is like.
    async fn is_overtaken(&mut self, shown: Option<&TokenState>) -> bool {
        let new = self.held.as_ref().map(|held| held.new.last_four.clone()).unwrap_or_default();
        let mut waited = Duration::ZERO;
        for round in 0.. {
            let Ok(now) = self.token().await else { return false };
            let is_patient = waited < self.options.patience;
            match (now.as_ref().map(state), shown) {
                (Some(now), Some(shown)) => return now != *shown,
                (Some(now), None) if now.last_four == new => return false,
                // Reads can lag behind writes.
                (Some(now), None) if now.last_four == self.journal.old.last_four && !is_patient => return false,
                (Some(now), None) if now.last_four != self.journal.old.last_four => return true,
                (None, _) if !is_patient => return true,
                _ => waited += self.pause(round).await,
            }
        }
        false
    }

    /// Gives up the new secret, which nobody has. A replacement that was created for it is deleted.
    async fn withdraw(&mut self) -> Error {
        self.delivery.release();
        let new = self.held.take().map(|held| held.new.token_id);
        if let (Strategy::Replace, Some(Ok(id))) = (self.journal.strategy, new.map(TokenId::new))
            && let Err(source) = self.client.delete(&id).await
        {
            return self.api(source);
        }
        // What earlier requests created is still to be deleted by a later run.
        let kept = match self.journal.superseded.is_empty() && self.journal.attempts == 1 {
            true => self.locked.restore(self.earlier.as_ref()),
            false => {
                self.journal.begin_again(self.journal.strategy);
                self.write()
            }
        };
        kept.err().unwrap_or_else(|| self.stuck(Stuck::Overtaken))
    }

    /// Handles a request that was not carried out: the journal is restored.
    async fn refused(&mut self, before: Journal, source: ApiError) -> Result<(), Error> {
        self.journal = before;
        self.delivery.release();
        let has_no_route = matches!(source.status(), Some(404 | 405 | 410));
        if self.journal.strategy == Strategy::Reset
            && has_no_route
            && self.token().await?.is_some()
            && self.can_replace()
        {
            self.notes.push("the API does not reset tokens any more, so the token is replaced".to_owned());
            self.journal.begin_again(Strategy::Replace);
            return Ok(());
        }
        let follows_reset = self.journal.strategy == Strategy::Replace && self.journal.old_ends_at.is_some();
        if follows_reset && self.journal.superseded.is_empty() && matches!(source, ApiError::Forbidden(_)) {
            self.journal.may_not_create = true;
            self.journal.begin_again(Strategy::Reset);
            self.journal.attempts = 1;
            self.write()?;
            let until = self.journal.old_ends_at.filter(|until| *until > self.now());
            return Err(self.stuck(Stuck::Lost { until }));
        }
        let is_first = self.journal.attempts == 0 && self.journal.old_ends_at.is_none() && !self.was_resumed;
        let _ = if is_first { self.locked.restore(self.earlier.as_ref()) } else { self.locked.write(&self.journal) };
        Err(Error::Api { step: (!is_first).then_some(Step::Planned), source })
    }

    fn after_lost(&mut self, error: Option<ApiError>) -> Result<(), Error> {
        self.delivery.release();
        self.lost += 1;
        match error {
            _ if self.lost < MAX_LOST => Ok(()),
            Some(source) => Err(Error::Api { step: Some(Step::Planned), source }),
            None => Err(self.stuck(Stuck::NoSecret)),
        }
    }

    pub(crate) fn journal_issued(&mut self) {
        self.journal.new = self.held.as_ref().map(|held| held.new.clone());
        self.record(Step::Issued);
    }
}

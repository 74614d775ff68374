//! Requests a new secret and handles the outcome.

use ldtokens::{Overlap, Secret};
use serde_json::Value;

use crate::rotation::error::{Error, Stuck};
use crate::rotation::journal::{NewSecret, Step};
use crate::rotation::options::Strategy;
use crate::rotation::replacement::{self, new_marker};
use crate::rotation::run::{HeldSecret, Run};
use crate::time;

/// The number of lost responses after which a run gives up. The next run continues.
const MAX_LOST: u32 = 5;

impl Run<'_> {
    /// Requests a new secret.
    pub(crate) async fn issue(&mut self) -> Result<(), Error> {
        self.prepare()?;
        let before = self.journal.clone();
        let body = match self.journal.strategy {
            Strategy::Replace => {
                let marker = self.journal.marker.get_or_insert_with(new_marker).clone();
                let token = self.token().await?.ok_or_else(|| self.stuck(Stuck::Gone))?;
                if !self.can_replace() {
                    return Err(self.stuck(Stuck::OthersPersonal));
                }
                Some(replacement::body(&token, &marker))
            }
            Strategy::Reset => None,
        };
        let ends_at = self.note_sending();
        // If this is not on disk, a later run can't know that a request was sent.
        if let Err(error) = self.write() {
            self.journal = before;
            self.unprepare();
            return Err(error);
        }
        match self.send(body, ends_at).await {
            Ok(Some((token_id, secret))) => {
                let new = NewSecret { token_id, last_four: secret.last_four().to_owned() };
                self.held = Some(HeldSecret { secret, new, is_checked: false });
                self.journal_issued();
                self.check_new().await
            }
            Ok(None) => self.after_lost(None),
            Err(error @ (ldtokens::Error::OutcomeUnknown { .. } | ldtokens::Error::NoSecret { .. })) => {
                self.after_lost(Some(error))
            }
            Err(error) => {
                self.journal = before;
                self.refused(error)
            }
        }
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
    async fn send(&self, body: Option<Value>, ends_at: i64) -> Result<Option<(String, Secret)>, ldtokens::Error> {
        match body {
            Some(body) => replacement::create(&self.client, &body)
                .await
                .map(|created| created.map(|created| (created.id, created.secret))),
            None => {
                let overlap = match self.journal.ends_at_once() {
                    true => Overlap::None,
                    false => Overlap::Until(time::to_system_time(ends_at)),
                };
                let issued = self.client.reset(&self.id, overlap).await;
                issued.map(|issued| Some((issued.id.as_str().to_owned(), issued.secret)))
            }
        }
    }

    /// Handles a request that was not carried out: the journal is restored.
    fn refused(&mut self, source: ldtokens::Error) -> Result<(), Error> {
        self.unprepare();
        let follows_reset = self.journal.strategy == Strategy::Replace && self.journal.old_ends_at.is_some();
        if follows_reset && self.journal.new.is_none() && matches!(source, ldtokens::Error::Forbidden(_)) {
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

    fn after_lost(&mut self, error: Option<ldtokens::Error>) -> Result<(), Error> {
        self.unprepare();
        self.is_settled = false;
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

    /// Starts over, because the new secret is lost.
    pub(crate) async fn begin_again(&mut self, strategy: Strategy, delete_now: bool) -> Result<(), Error> {
        if self.journal.strategy == Strategy::Replace
            && let Some(new) = &self.journal.new
        {
            let id = new.token_id.clone();
            if delete_now {
                self.delete(&id).await?;
            } else {
                self.journal.superseded.push(id);
            }
        }
        self.held = None;
        self.journal.begin_again(strategy);
        self.write()
    }
}

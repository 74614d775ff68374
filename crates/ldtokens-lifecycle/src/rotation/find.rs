//! Finds a secret that an earlier run requested, and decides what to do if it is lost.

use std::time::Duration;

use ldtokens::{Error as ApiError, Token};

use crate::error::{Error, Reason, Step};
use crate::rotation::journal::{NewSecret, Strategy, TokenState, too_late_for};
use crate::rotation::replacement::time;
use crate::rotation::run::Run;

/// The number of replacements that were not delivered before the rotation stops and asks for help.
const MAX_SUPERSEDED: usize = 5;

impl Run<'_> {
    /// Within the overlap of an earlier reset, the same rotation is done, and another must be asked for.
    pub(crate) async fn find_earlier_reset(&mut self, token: &Token) -> Result<(), Error> {
        let is_asked_for =
            self.options.forced || self.journal.ends_at_once() || self.journal.strategy != Strategy::Reset;
        let earlier = self.earlier.clone().filter(|earlier| earlier.strategy == Strategy::Reset && !is_asked_for);
        let Some(earlier) = earlier else { return Ok(()) };
        let Some(ends) = earlier.overlap_end(self.now()) else { return Ok(()) };
        if self.options.overlap.is_some_and(|overlap| overlap != earlier.overlap()) {
            return Err(too_late_for("overlap"));
        }
        let (id, until) = (&self.id, time(ends));
        if !earlier.issued_secret_of(token) {
            let text = format!(
                "the token {id} was reset since it was rotated, so the secrets from then may be dead, and another reset may end \
                 a secret that works now"
            );
            return Err(Error::new(Reason::EarlierOverlap, text));
        }
        (self.journal, self.was_resumed) = (earlier, true);
        self.confirm().await.map_err(|error| match error {
            Error { reason: Reason::NotHeld | Reason::TooLate, text: why, .. } => {
                let text = format!(
                    "the token was reset before, and {why}; the secret from before that works until {until}, and another reset \
                     may end it early"
                );
                Error::new(Reason::EarlierOverlap, text)
            }
            error => error,
        })
    }

    /// Looks for the new secret in the destinations, where an earlier run may have delivered it.
    pub(crate) async fn find(&mut self) -> Result<(), Error> {
        let wanted = self.wanted().await?;
        if wanted.is_empty() {
            return Ok(());
        }
        for secret in self.delivery.held().await? {
            for new in wanted.iter().filter(|new| new.last_four == secret.last_four()) {
                if self.is_secret_of(&secret, &new.token_id).await? {
                    self.journal.superseded.retain(|superseded| *superseded != new.token_id);
                    self.journal.new = Some(new.clone());
                    self.held = Some((secret, true));
                    if self.journal.step == Step::Planned {
                        self.record(Step::Issued);
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The secrets to look for: those that could be the new one.
    async fn wanted(&mut self) -> Result<Vec<NewSecret>, Error> {
        match (self.journal.step, self.journal.strategy) {
            (Step::Planned, _) if self.journal.attempts == 0 => Ok(Vec::new()),
            (Step::Planned, Strategy::Replace) => {
                let orphans = self.orphans().await?;
                orphans.iter().for_each(|orphan| self.journal.supersede(orphan.token_id.clone()));
                Ok(orphans)
            }
            (Step::Planned, Strategy::Reset) => {
                let new = of(&self.present_token().await?);
                // If the last four characters are the old ones, the secret that is there can be the old one.
                let is_new = new.last_four != self.journal.old.last_four;
                Ok(Some(new).filter(|_| is_new).into_iter().collect())
            }
            _ => Ok(self.journal.new.clone().into_iter().collect()),
        }
    }

    /// The tokens with the marker, except the one that has the new secret. Any that a list missed are found before the rotation
    /// ends, or by the next run.
    pub(crate) async fn orphans(&self) -> Result<Vec<NewSecret>, Error> {
        let Some(marker) = &self.journal.marker else { return Ok(Vec::new()) };
        let is_orphan = |token: &&Token| self.journal.new_token_id() != Some(&token.id) && token.id != self.id;
        Ok(self.marked(marker).await?.iter().filter(is_orphan).map(of).collect())
    }

    /// The tokens that have `marker` in their descriptions.
    pub(crate) async fn marked(&self, marker: &str) -> Result<Vec<Token>, Error> {
        let mut tokens = match self.acting_client()?.list().all_members(true).collect_all().await {
            Ok(tokens) => tokens,
            Err(list) if matches!(list.error, ApiError::ListChanged { .. } | ApiError::WrongTotal { .. }) => {
                list.tokens
            }
            Err(list) => return Err(self.api(list.error)),
        };
        tokens.retain(|token| token.description.as_deref().is_some_and(|description| description.contains(marker)));
        Ok(tokens)
    }

    /// Requests a new secret. If one was requested before and is lost, what is certain to harm nobody is done: its token is
    /// kept until the end.
    pub(crate) async fn obtain(&mut self) -> Result<(), Error> {
        match self.journal.strategy {
            Strategy::Replace => {
                if let Some(new) = self.journal.new.take() {
                    self.journal.supersede(new.token_id);
                    self.journal.restart(Strategy::Replace);
                }
                let count = self.journal.superseded.len();
                if count >= MAX_SUPERSEDED && !self.options.forced {
                    let id = &self.id;
                    let text =
                        format!("{count} replacements of the token {id} were created, and none could be delivered");
                    return Err(Error::new(Reason::TooMany, text));
                }
            }
            Strategy::Reset if self.journal.attempts > 0 => self.restart_after_lost_reset().await?,
            Strategy::Reset => {}
        }
        self.issue().await
    }

    async fn restart_after_lost_reset(&mut self) -> Result<(), Error> {
        // A new secret can have the same last four characters.
        let was_reset =
            |run: &Self, token: &Token| run.journal.new.is_some() || TokenState::of(token) != run.journal.old;
        let mut token = self.present_token().await?;
        if !was_reset(self, &token) {
            // Until then it may still be carried out.
            self.wait_for_lost_requests().await;
            token = self.present_token().await?;
        }
        let can_replace = self.can_replace(&token);
        // What a second reset does to a secret in its overlap is not known.
        if !was_reset(self, &token) || self.journal.ends_at_once() || self.options.forced && !can_replace {
            self.journal.restart(Strategy::Reset);
        } else if can_replace {
            self.journal.restart(Strategy::Replace);
        } else {
            return Err(self.lost_secret());
        }
        Ok(())
    }

    /// The new secret is lost and can't be replaced.
    pub(crate) fn lost_secret(&self) -> Error {
        let (id, old) = (&self.id, self.old_state());
        let text = format!(
            "the token {id} has a new secret that is lost. The old one {old}. It can't be replaced: it is another member's \
             personal token, or the credential may not create tokens"
        );
        Error::new(Reason::Lost, text)
    }

    /// Waits until the last request can no longer be carried out.
    pub(crate) async fn wait_for_lost_requests(&self) {
        let waited =
            self.journal.sent_at.map_or(Duration::MAX, |sent_at| self.now().saturating_duration_since(sent_at));
        tokio::time::sleep(self.options.write_lag.saturating_sub(waited)).await;
    }
}

fn of(token: &Token) -> NewSecret {
    NewSecret { token_id: token.id.clone(), last_four: TokenState::of(token).last_four }
}

//! Finds a secret that an earlier run requested, and decides what to do if it is lost.

use ldtokens::{Error as ApiError, Incomplete, Token};

use crate::rotation::error::{Error, Stuck};
use crate::rotation::journal::{NewSecret, Step};
use crate::rotation::options::Strategy;
use crate::rotation::plan::state;
use crate::rotation::run::{HeldSecret, Run};
use crate::time;

/// The number of replacements that were not delivered before the rotation stops and asks for help.
const MAX_SUPERSEDED: usize = 5;

impl Run<'_> {
    /// Looks for the new secret in the destinations, where an earlier run may have delivered it.
    pub(crate) async fn find(&mut self) -> Result<(), Error> {
        let wanted = self.wanted().await?;
        if wanted.is_empty() {
            return Ok(());
        }
        for secret in self.delivery.held()? {
            for new in wanted.iter().filter(|new| new.last_four == secret.last_four()) {
                if self.is_secret_of(&secret, &new.token_id).await.map_err(|source| self.api(source))? {
                    self.journal.superseded.retain(|superseded| *superseded != new.token_id);
                    self.held = Some(HeldSecret { secret, new: new.clone(), is_checked: true });
                    if self.journal.step == Step::Planned {
                        self.journal_issued();
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The secrets to look for: those that could be the new one.
    async fn wanted(&mut self) -> Result<Vec<NewSecret>, Error> {
        let is_requested = self.journal.attempts > 0;
        match (self.journal.step, self.journal.strategy) {
            (Step::Planned, Strategy::Replace) if is_requested => {
                let orphans = self.orphans().await?;
                orphans.iter().for_each(|orphan| self.journal.supersede(orphan.token_id.clone()));
                Ok(orphans)
            }
            (Step::Planned, Strategy::Reset) if is_requested => {
                let token = self.token().await?.ok_or_else(|| self.stuck(Stuck::Gone))?;
                let NewSecret { last_four, .. } = of(&token);
                // If the last four characters are the old ones, the secret that is there can be the old one.
                let is_new = last_four != self.journal.old.last_four;
                Ok(if is_new { vec![of(&token)] } else { Vec::new() })
            }
            (Step::Issued | Step::Delivered, _) => Ok(self.journal.new.clone().into_iter().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// The tokens with the marker, except the one that has the new secret.
    pub(crate) async fn orphans(&self) -> Result<Vec<NewSecret>, Error> {
        let Some(marker) = &self.journal.marker else { return Ok(Vec::new()) };
        let tokens = match self.acting()?.list().all_members(true).collect_all().await {
            Ok(tokens) => tokens,
            // What was missed is found before the rotation ends, or by the next run.
            Err(Incomplete { error: ApiError::ListChanged { .. } | ApiError::WrongTotal { .. }, tokens, .. }) => tokens,
            Err(incomplete) => return Err(self.api(incomplete.error)),
        };
        Ok(tokens.iter().filter(|token| self.is_orphan(token, marker)).map(of).collect())
    }

    fn is_orphan(&self, token: &Token, marker: &str) -> bool {
        let is_new = self.journal.new.as_ref().is_some_and(|new| new.token_id == token.id.as_str());
        let is_marked = token.description.as_deref().is_some_and(|description| description.contains(marker));
        is_marked && !is_new && token.id != self.id
    }

    /// Requests a new secret. If one was requested before and is lost, what is certain to harm nobody is done: its token is
    /// kept until the end.
    pub(crate) async fn obtain(&mut self) -> Result<(), Error> {
        let is_lost = self.journal.attempts > 0;
        match self.journal.strategy {
            Strategy::Replace => {
                if let Some(new) = self.journal.new.take() {
                    self.journal.supersede(new.token_id);
                    self.journal.begin_again(Strategy::Replace);
                }
                let count = self.journal.superseded.len();
                if count >= MAX_SUPERSEDED && !self.options.again {
                    return Err(self.stuck(Stuck::TooMany(count)));
                }
            }
            Strategy::Reset if is_lost => self.after_lost_reset().await?,
            Strategy::Reset => {}
        }
        self.issue().await
    }

    async fn after_lost_reset(&mut self) -> Result<(), Error> {
        let mut was_reset = self.was_reset().await?;
        if !was_reset {
            // Until then it may still be carried out.
            self.settle(self.journal.sent_at).await;
            was_reset = self.was_reset().await?;
        }
        // What a second reset does to a secret in its overlap is not known.
        if !was_reset || self.journal.ends_at_once() || self.options.again && !self.can_replace() {
            self.journal.begin_again(Strategy::Reset);
        } else if self.can_replace() {
            self.journal.begin_again(Strategy::Replace);
        } else {
            let until = self.journal.old_ends_at.filter(|until| *until > self.now());
            return Err(self.stuck(Stuck::Lost { until }));
        }
        Ok(())
    }

    async fn was_reset(&mut self) -> Result<bool, Error> {
        let token = self.token().await?.ok_or_else(|| self.stuck(Stuck::Gone))?;
        // A new secret can have the same last four characters.
        Ok(self.journal.new.is_some() || state(&token) != self.journal.old)
    }

    /// Waits until a request that was sent at this time can no longer be carried out.
    pub(crate) async fn settle(&self, sent_at: Option<i64>) {
        let waited = (self.now() - sent_at.unwrap_or(0)).max(0);
        let left = time::millis(self.options.settle).saturating_sub(waited);
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0))).await;
    }
}

fn of(token: &Token) -> NewSecret {
    NewSecret { token_id: token.id.to_string(), last_four: state(token).last_four }
}

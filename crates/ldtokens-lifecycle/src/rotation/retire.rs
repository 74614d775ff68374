//! Ends a rotation. This is the only step that deletes anything, and only what it has just read.

use ldtokens::{Error as ApiError, TokenId, UnixMillis};

use crate::destination::Contents;
use crate::rotation::error::{Error, Stuck};
use crate::rotation::journal::Step;
use crate::rotation::options::Strategy;
use crate::rotation::plan::state;
use crate::rotation::replacement::{MARKER, TIME_NOTE, without};
use crate::rotation::run::{HeldSecret, Run};
use crate::time;

impl Run<'_> {
    /// Does what is left after the new secret works. Returns whether the rotation goes on.
    pub(crate) async fn end(&mut self) -> Result<bool, Error> {
        if self.journal.strategy == Strategy::Reset {
            return self.end_reset().await;
        }
        let is_over = self.journal.ends_at_once() || self.journal.old_ends_at.is_none_or(|ends| self.now() >= ends);
        if is_over {
            self.remove_old().await?;
            return Ok(false);
        }
        if self.was_resumed && self.held.is_none() {
            self.look_again().await?;
        }
        if !self.journal.is_expiring {
            self.expire_old().await?;
        }
        Ok(false)
    }

    /// What an earlier run did is reported only if it is still so, and if it is what this run was asked for.
    async fn look_again(&mut self) -> Result<(), Error> {
        if self.delivery.places().iter().any(|place| !self.journal.places.contains(place)) {
            return Err(Error::TooLateFor("destination"));
        }
        self.prove().await?;
        if self.token().await?.is_none() {
            self.notes.push(format!("the old token {} was deleted, or this credential can't see it", self.id));
            // Only for the report: when it ends is not known any more.
            self.journal.old_ends_at = None;
        }
        Ok(())
    }

    async fn end_reset(&mut self) -> Result<bool, Error> {
        if self.journal.attempts > 1 {
            let token = self.token().await?.ok_or_else(|| self.stuck(Stuck::Gone))?;
            // A reset whose response was lost was carried out after the one whose secret was delivered.
            if self.journal.new.as_ref().is_some_and(|new| new.last_four != state(&token).last_four) {
                self.held = None;
                self.obtain().await?;
                return Ok(true);
            }
        }
        if self.options.marks_time {
            let note = format!("{TIME_NOTE}{}]", time::format(self.journal.rotated_at.unwrap_or_else(|| self.now())));
            let client = self.acting()?;
            let edited = client.edit(&self.id, |token| {
                let description = token.description.as_deref().and_then(|text| without(TIME_NOTE, text));
                token.description = Some(format!("{} {note}", description.unwrap_or_default()).trim_start().to_owned());
            });
            edited.await.map_err(|source| self.api(source))?;
        }
        self.record(Step::Retired);
        Ok(false)
    }

    /// Lets the API end the old token, and what else was created, when the overlap ends. If it does not, they are deleted by a
    /// later run.
    async fn expire_old(&mut self) -> Result<(), Error> {
        let Some(ends) = self.journal.old_ends_at else { return Ok(()) };
        self.note_orphans().await?;
        let client = self.acting()?;
        for id in self.left()? {
            let edited = client.edit(&id, |token| {
                if token.expiry.is_none_or(|expiry| expiry.get() > ends) {
                    token.expiry = Some(UnixMillis::new(ends));
                }
            });
            let why = match edited.await {
                Ok(token) if token.expiry.is_some_and(|expiry| expiry.get() <= ends) => continue,
                Ok(_) => "the response does not show it".to_owned(),
                Err(
                    error @ (ApiError::Forbidden(_)
                    | ApiError::InvalidRequest(_)
                    | ApiError::PatchFailed(_)
                    | ApiError::NotFound(_)
                    | ApiError::Unexpected(_)),
                ) => error.to_string(),
                Err(source) => return Err(self.api(source)),
            };
            self.notes.push(format!("the token {id} can't be made to expire, so it works until it is deleted: {why}"));
            return self.write();
        }
        self.journal.is_expiring = true;
        self.record(Step::Verified);
        self.unmark().await
    }

    /// Notes tokens that requests with lost responses created.
    async fn note_orphans(&mut self) -> Result<(), Error> {
        if let Some(lost_at) = self.journal.lost_at {
            self.settle(Some(lost_at)).await;
            let orphans = self.orphans().await?;
            orphans.into_iter().for_each(|orphan| self.journal.supersede(orphan.token_id));
        }
        Ok(())
    }

    /// What has to end: the old token last.
    fn left(&self) -> Result<Vec<TokenId>, Error> {
        let ids = self.journal.superseded.iter().chain([&self.journal.token_id]);
        ids.map(|id| TokenId::new(id.as_str()).map_err(|error| self.api(error.into()))).collect()
    }

    /// Deletes the old token, and replacements that were not delivered or superseded.
    async fn remove_old(&mut self) -> Result<(), Error> {
        self.prove().await?;
        self.note_orphans().await?;
        let client = self.acting()?;
        for id in self.left()? {
            let was_seen = self.journal.deleting.iter().any(|seen| *seen == id.as_str());
            match client.get(&id).await {
                Ok(_) => {}
                // Our own delete, or the API at the end of its life, ended it.
                Err(ApiError::NotFound(_)) if was_seen || self.journal.is_expiring => continue,
                Err(ApiError::NotFound(_)) => return Err(self.stuck(Stuck::CantSee(id.to_string()))),
                Err(source) => return Err(self.api(source)),
            }
            if !was_seen {
                self.journal.deleting.push(id.to_string());
                self.write()?;
            }
            match client.delete(&id).await {
                Ok(()) | Err(ApiError::NotFound(_)) => {}
                Err(source) => return Err(self.api(source)),
            }
        }
        self.unmark().await?;
        self.record(Step::Retired);
        Ok(())
    }

    /// Reads that each destination holds a secret of the new token, and that it works.
    pub(crate) async fn prove(&mut self) -> Result<(), Error> {
        let Some(new) = self.journal.new.clone() else { return Err(self.stuck(Stuck::Gone)) };
        let files = self.journal.places.iter();
        let files = files.filter_map(|place| Some((place.label.clone(), place.file.as_ref()?.read())));
        let others = self
            .delivery
            .readable()
            .filter(|(label, _)| self.journal.places.iter().all(|place| place.label != *label || place.file.is_none()));
        let mut readable: Vec<_> = files.collect();
        readable.extend(others);
        for (label, contents) in &readable {
            let is_held = match contents {
                Ok(Contents::Secret(secret)) => {
                    let is_held = self.is_secret_of(secret, &new.token_id).await.map_err(|source| self.api(source))?;
                    if is_held {
                        self.held = Some(HeldSecret { secret: secret.clone(), new: new.clone(), is_checked: true });
                    }
                    is_held
                }
                _ => false,
            };
            if !is_held {
                return Err(self.stuck(Stuck::NotHeld(label.clone())));
            }
        }
        if readable.is_empty() {
            let id = TokenId::new(new.token_id.as_str()).map_err(|error| self.api(error.into()))?;
            let token = self.client.get(&id).await.map_err(|source| self.api(source))?;
            if state(&token).last_four != new.last_four {
                return Err(self.stuck(Stuck::NotHeld("the destination".to_owned())));
            }
        }
        Ok(())
    }

    /// Removes the marker from the new token.
    async fn unmark(&self) -> Result<(), Error> {
        let Some(new) = &self.journal.new else { return Ok(()) };
        let id = TokenId::new(new.token_id.as_str()).map_err(|error| self.api(error.into()))?;
        let client = self.acting()?;
        let edited = client.edit(&id, |token| {
            if let Some(text) = token.description.as_deref().filter(|text| text.contains(MARKER)) {
                token.description = without(MARKER, text);
            }
        });
        match edited.await {
            // A credential that may not edit descriptions leaves the marker, which does no harm.
            Ok(_) | Err(ApiError::Forbidden(_)) => Ok(()),
            Err(source) => Err(self.api(source)),
        }
    }
}

//! Ends a rotation. This is the only step that deletes anything, and only what it has just read.

use std::collections::BTreeMap;
use std::time::Duration;

use ldtokens::{Error as ApiError, Token};

use crate::delivery;
use crate::error::{Error, Reason, Step};
use crate::file::{Contents, FileDestination};
use crate::rotation::journal::{Strategy, TokenState, too_late_for};
use crate::rotation::replacement::{MARKER, TIME_NOTE, time, without};
use crate::rotation::run::Run;
use crate::verify::{Lag, has_secret_prefix};

/// The API may keep times to the second.
const SECOND: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Does what is left after the new secret works. Returns whether the rotation goes on.
    pub(crate) async fn retire(&mut self) -> Result<bool, Error> {
        if self.journal.strategy == Strategy::Reset {
            return self.retire_reset().await;
        }
        if std::mem::take(&mut self.wants_another) {
            // What other places hold would end with the rotation.
            if self.delivery.places() != self.journal.places {
                return Err(too_late_for("destination"));
            }
        } else {
            match self.end_old().await {
                // A secret that is lost is replaced by another, if that is asked for and there is a place for it.
                Err(Error { reason: Reason::NotHeld, .. })
                    if self.options.forced && !self.delivery.places().is_empty() => {}
                ended => return ended.map(|()| false),
            }
        }
        // The overlap begins again, at the places of now.
        self.journal.old_ends_at = None;
        self.journal.places = self.delivery.places();
        self.obtain().await.map(|()| true)
    }

    async fn end_old(&mut self) -> Result<(), Error> {
        if self.journal.overlap_end(self.now()).is_none() {
            return self.remove_old().await;
        }
        if self.was_resumed && self.held.is_none() {
            self.confirm_earlier_run().await?;
        }
        if self.journal.is_expiring { Ok(()) } else { self.expire_old().await }
    }

    /// Confirms the replacement that an earlier run made.
    pub(crate) async fn confirm_earlier_run(&mut self) -> Result<(), Error> {
        self.confirm().await?;
        if self.token().await?.is_none() {
            self.notes.push(format!("the old token {} was deleted, or this credential can't see it", self.id));
            // Only for the report: when it ends is not known any more.
            self.journal.old_ends_at = None;
        }
        Ok(())
    }

    /// What an earlier run did is reported only if it is still so, and if it is what this run was asked for. Delivers it to what has
    /// to get it again.
    pub(crate) async fn confirm(&mut self) -> Result<(), Error> {
        if self.delivery.places().iter().any(|place| !self.journal.places.contains(place)) {
            return Err(too_late_for("destination"));
        }
        self.prove().await?;
        self.deliver_again().await
    }

    async fn retire_reset(&mut self) -> Result<bool, Error> {
        if self.journal.attempts > 1 {
            let token = self.present_token().await?;
            // A reset whose response was lost was carried out after the one whose secret was delivered.
            if !self.journal.issued_secret_of(&token) {
                self.held = None;
                self.obtain().await?;
                return Ok(true);
            }
        }
        if self.options.notes_time {
            let note = format!("{TIME_NOTE}{}]", time(self.journal.rotated_at.unwrap_or_else(|| self.now())));
            let client = self.acting_client()?;
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
        let client = self.acting_client()?;
        let mut expiry = None;
        for id in self.journal.ending() {
            let mut is_in_use = false;
            let edited = client.edit(id, |token| {
                is_in_use = self.is_in_use(token);
                let is_later = |expiry| expiry > ends || self.given_expiry == Some(expiry);
                if !is_in_use && token.expiry.is_none_or(is_later) {
                    token.expiry = Some(ends);
                }
            });
            let why = match edited.await {
                Ok(_) if is_in_use => "somebody else has reset it".to_owned(),
                Ok(token) if token.expiry.is_some_and(|expiry| expiry <= ends) => {
                    expiry = token.expiry;
                    continue;
                }
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
        // The old token's is the last.
        let is_earlier = expiry.is_some_and(|expiry| expiry.saturating_add(SECOND) <= ends);
        if is_earlier && !self.was_resumed && expiry != self.expiry {
            let text = "somebody else made the old token expire, and may have replaced it at the same time";
            self.notes.push(text.to_owned());
        }
        self.journal.old_ends_at = expiry;
        self.journal.is_expiring = true;
        self.record(Step::Verified);
        self.remove_marker().await
    }

    /// Whether this is the old token, and somebody else reset it after it was replaced, although we did not.
    fn is_in_use(&self, token: &Token) -> bool {
        let may_be_ours = self.options.forced || self.journal.asked != Strategy::Replace;
        token.id == self.id && !may_be_ours && TokenState::of(token).last_four != self.journal.old.last_four
    }

    /// Notes tokens that requests with lost responses created.
    async fn note_orphans(&mut self) -> Result<(), Error> {
        if self.journal.attempts > 1 {
            self.wait_for_lost_requests().await;
            let orphans = self.orphans().await?;
            orphans.into_iter().for_each(|orphan| self.journal.supersede(orphan.token_id));
        }
        Ok(())
    }

    /// Deletes the old token, and replacements that were not delivered or superseded. Only of tokens that have expired is no proof
    /// needed that the new secret is held: their secrets don't work any more.
    async fn remove_old(&mut self) -> Result<(), Error> {
        let proved = match self.prove().await {
            Err(error) if error.reason != Reason::NotHeld => return Err(error),
            proved => proved,
        };
        self.note_orphans().await?;
        let client = self.acting_client()?;
        let mut left = Vec::new();
        for id in self.journal.ending() {
            match client.get(id).await {
                Ok(token) if self.is_in_use(&token) => {
                    let text =
                        format!("somebody else has reset the token {id}, so it may be in use; nothing was deleted");
                    return Err(Error::new(Reason::Overtaken, text));
                }
                Ok(token) => left.push(token),
                // Our own delete, or the API at the end of its life, ended it.
                Err(ApiError::NotFound(_)) if self.journal.deleting.contains(id) || self.journal.is_expiring => {}
                Err(ApiError::NotFound(_)) => {
                    let text = format!(
                        "the token {id} can't be seen, so it is not known to be deleted: someone else deleted it, or this \
                         credential may not see it"
                    );
                    return Err(Error::new(Reason::CantSee, text));
                }
                Err(source) => return Err(self.api(source)),
            }
        }
        if let Err(error) = proved {
            let now = self.now();
            if left.iter().any(|token| token.expiry.is_none_or(|expiry| expiry > now)) {
                return Err(Error { text: format!("{}; nothing was deleted", error.text), ..error });
            }
            self.notes.push(format!("the old token has expired, but {}", error.text));
            self.is_held = false;
        }
        for Token { id, .. } in left {
            if !self.journal.deleting.contains(&id) {
                self.journal.deleting.push(id.clone());
                self.write()?;
            }
            match client.delete(&id).await {
                Ok(()) | Err(ApiError::NotFound(_)) => {}
                Err(source) => return Err(self.api(source)),
            }
        }
        self.remove_marker().await?;
        self.record(Step::Retired);
        Ok(())
    }

    /// Reads that each destination holds a secret of the new token, and that it works.
    pub(crate) async fn prove(&mut self) -> Result<(), Error> {
        let id = self.id.clone();
        let not_held = |label: &str| {
            let text = format!("{label} does not hold the new secret of the token {id}");
            Error::new(Reason::NotHeld, text)
        };
        let Some(new) = self.journal.new.clone() else { return Err(not_held("the journal")) };
        let files = self.journal.places.iter().filter_map(|place| place.file.as_ref()).chain(self.delivery.files());
        let files: BTreeMap<String, FileDestination> = files.map(|file| (file.label(), file.clone())).collect();
        if files.is_empty() {
            return match self.client.get(&new.token_id).await {
                Ok(token) if self.journal.issued_secret_of(&token) => Ok(()),
                Ok(_) | Err(ApiError::NotFound(_)) => Err(not_held("the destination")),
                Err(source) => Err(self.api(source)),
            };
        }
        for (label, contents) in delivery::read(files.into_values()).await {
            let Ok(Contents::Secret(secret)) = contents else { return Err(not_held(&label)) };
            // After a reset the old secret is the same token's.
            let is_reset = self.journal.strategy == Strategy::Reset;
            let is_other = secret.last_four() != new.last_four;
            if is_other && (is_reset || !has_secret_prefix(&secret)) {
                return Err(not_held(&label));
            }
            if !self.is_secret_of(&secret, &new.token_id).await? {
                if is_other {
                    return Err(not_held(&label));
                }
                let text = format!("the new secret of the token {id}, which {label} holds, does not work any more");
                return Err(Error::new(Reason::NotHeld, text));
            }
            self.held = Some((secret, true));
        }
        Ok(())
    }

    /// Removes the marker from the new token, which works, so that a 404 is a read that lags behind, or the credential can't see it.
    async fn remove_marker(&mut self) -> Result<(), Error> {
        let Some(id) = self.journal.new_token_id().cloned() else { return Ok(()) };
        let client = self.acting_client()?;
        let mut lag = Lag::new(self.options.read_lag);
        loop {
            let edited = client.edit(&id, |token| {
                if let Some(text) = token.description.as_deref().filter(|text| text.contains(MARKER)) {
                    token.description = without(MARKER, text);
                }
            });
            match edited.await {
                Ok(_) => return Ok(()),
                Err(ApiError::NotFound(_)) if lag.may_last().await => {}
                Err(error @ (ApiError::Forbidden(_) | ApiError::NotFound(_))) => {
                    self.notes.push(format!("the description of {id} keeps the marker `{MARKER}...]`: {error}"));
                    return Ok(());
                }
                Err(source) => return Err(self.api(source)),
            }
        }
    }
}

//! Ends a rotation: deletes what it left behind and the old token.

use ldtokens::{Error as ApiError, TokenId};

use crate::rotation::error::Error;
use crate::rotation::journal::Step;
use crate::rotation::replacement::{MARKER, without_marker};
use crate::rotation::run::Run;
use crate::time;

/// The start of the note in a token's description that holds the time of its last rotation.
pub(crate) const TIME_NOTE: &str = "[ldtokens rotated ";

impl Run<'_> {
    /// Deletes replacements whose secrets were certainly never delivered.
    pub(crate) async fn delete_orphans(&mut self) -> Result<(), Error> {
        for orphan in self.orphans().await? {
            self.delete(&orphan.token_id).await?;
        }
        Ok(())
    }

    /// Deletes what requests with lost responses may have created, then removes the marker.
    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        if let Some(lost_at) = self.journal.lost_at {
            let left = time::millis(self.options.settle) - (self.now() - lost_at).max(0);
            if let Ok(left) = u64::try_from(left) {
                tokio::time::sleep(std::time::Duration::from_millis(left)).await;
            }
            self.delete_orphans().await?;
        }
        self.unmark().await?;
        self.journal.is_tidy = true;
        self.write()
    }

    async fn unmark(&self) -> Result<(), Error> {
        let Some(new) = &self.journal.new else { return Ok(()) };
        let id = TokenId::new(new.token_id.as_str()).map_err(|error| self.api(error.into()))?;
        let client = self.acting()?;
        let edited = client.edit(&id, |token| {
            if token.description.as_deref().is_some_and(|text| text.contains(MARKER)) {
                token.description = token.description.as_deref().and_then(without_marker);
            }
        });
        match edited.await {
            // A credential that may not edit descriptions leaves the marker, which does no harm.
            Ok(_) | Err(ApiError::Forbidden(_)) => Ok(()),
            Err(source) => Err(self.api(source)),
        }
    }

    /// Deletes the old token, and replacements that may have been in use until now.
    pub(crate) async fn delete_old(&mut self) -> Result<(), Error> {
        for superseded in self.journal.superseded.clone() {
            self.delete(&superseded).await?;
        }
        let old = self.journal.token_id.clone();
        self.delete(&old).await?;
        self.record(Step::Retired);
        Ok(())
    }

    /// Ends the rotation of a token that was reset.
    pub(crate) async fn retire(&mut self) -> Result<(), Error> {
        if self.options.marks_time {
            let note = format!("{TIME_NOTE}{}]", time::format(self.journal.rotated_at.unwrap_or_else(|| self.now())));
            let client = self.acting()?;
            let edited = client.edit(&self.id, |token| {
                let description = token.description.as_deref().unwrap_or_default();
                let description = without_time_note(description);
                token.description = Some(format!("{description} {note}").trim_start().to_owned());
            });
            edited.await.map_err(|source| self.api(source))?;
        }
        self.record(Step::Retired);
        Ok(())
    }
}

fn without_time_note(description: &str) -> &str {
    description.find(TIME_NOTE).map_or(description, |at| description[..at].trim_end())
}

/// Returns the time of the last rotation that a description notes, as a Unix time in milliseconds.
pub fn noted_time(description: &str) -> Option<i64> {
    let (_, rest) = description.split_once(TIME_NOTE)?;
    time::parse(rest.split_once(']')?.0)
}

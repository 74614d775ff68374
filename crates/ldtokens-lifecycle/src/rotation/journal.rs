use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ldtokens::{CallerIdentity, Token, TokenId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::delivery::Place;
use crate::error::{Error, Reason, Step};
use crate::file::{self, FileLock, Staged, existing, remove_leftovers};
use crate::rotation::Options;

/// How long the old secret keeps working by default.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// How a token gets a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// The token is reset: it keeps its ID, and the old secret works until the overlap ends.
    Reset,
    /// A token like it is created, and the old one expires, or else is deleted, when the overlap ends.
    Replace,
}

/// What is compared to find out whether a token was reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenState {
    pub(crate) last_four: String,
    pub(crate) last_modified: UnixMillis,
}

impl TokenState {
    pub(crate) fn of(token: &Token) -> Self {
        let last_four = token.token.as_ref().map_or_else(String::new, |secret| secret.last_four().to_owned());
        Self { last_four, last_modified: token.last_modified }
    }
}

/// Identifies an issued secret without containing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSecret {
    pub(crate) token_id: TokenId,
    pub(crate) last_four: String,
}

/// The state of one token's rotation. It contains no secret. All times are by the API's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Journal {
    pub(crate) version: u32,
    /// The account, if the API named it.
    pub account_id: Option<String>,
    /// The ID of the token that is rotated.
    pub token_id: TokenId,
    /// Its name.
    pub name: Option<String>,
    /// How it is rotated now.
    pub strategy: Strategy,
    /// The strategy when the rotation was started.
    pub(crate) asked: Strategy,
    /// How far the rotation has come.
    pub step: Step,
    /// How long the old secret keeps working, in milliseconds.
    pub(crate) overlap: u64,
    /// The token before the rotation.
    pub(crate) old: TokenState,
    /// The number of requests for a new secret.
    pub(crate) attempts: u32,
    /// When the last of these requests was sent.
    pub(crate) sent_at: Option<UnixMillis>,
    pub(crate) new: Option<NewSecret>,
    /// When the old secret stops working.
    pub old_ends_at: Option<UnixMillis>,
    /// Whether the API ends the old token then, since that is its expiry.
    pub(crate) is_expiring: bool,
    /// The marker in the description of a replacement until nothing has to be deleted any more.
    pub(crate) marker: Option<String>,
    /// Earlier replacements, whose secrets are lost or may have been delivered. They end with the old token.
    pub(crate) superseded: Vec<TokenId>,
    /// The tokens that were seen at the end, just before they were deleted.
    pub(crate) deleting: Vec<TokenId>,
    pub(crate) places: Vec<Place>,
    /// When the new secret was verified.
    pub rotated_at: Option<UnixMillis>,
}

/// The version that this code writes.
pub(crate) const VERSION: u32 = 2;

impl Journal {
    /// Returns the journal of a new rotation.
    pub(crate) fn planned(
        token: &Token,
        caller: &CallerIdentity,
        options: &Options,
        places: Vec<Place>,
    ) -> Result<Self, Error> {
        if places.is_empty() {
            return Err(Error::new(Reason::NoDestination, "there is no destination for the new secret"));
        }
        let overlap = millis(options.overlap.unwrap_or(OVERLAP));
        let is_own = caller.token_id.as_ref() == Some(&token.id);
        let asked = options.strategy.unwrap_or(Strategy::Reset);
        Ok(Self {
            version: VERSION,
            account_id: caller.account_id.clone(),
            token_id: token.id.clone(),
            name: token.name.clone(),
            // A reset at once could leave nobody with a credential.
            strategy: if is_own && overlap == 0 { Strategy::Replace } else { asked },
            asked,
            step: Step::Planned,
            overlap,
            old: TokenState::of(token),
            attempts: 0,
            sent_at: None,
            new: None,
            old_ends_at: None,
            is_expiring: false,
            marker: None,
            superseded: Vec::new(),
            deleting: Vec::new(),
            places,
            rotated_at: None,
        })
    }

    /// Returns the journal to continue the rotation with, by the options that are given now.
    pub(crate) fn resumed(
        mut self,
        caller: &CallerIdentity,
        options: &Options,
        places: Vec<Place>,
    ) -> Result<Self, Error> {
        if let (Some(started), Some(now)) = (&self.account_id, &caller.account_id)
            && started != now
        {
            let text = format!("this rotation was started in another account, {started}");
            return Err(Error::new(Reason::OtherAccount, text));
        }
        if !self.is_waiting() {
            if self.places != places && !options.forced {
                let labels: Vec<_> = self.places.into_iter().map(|place| place.label).collect();
                let text = format!("this rotation was started with other destinations: {}", labels.join(", "));
                return Err(Error::new(Reason::OtherDestinations, text));
            }
            self.places = places;
        }
        let is_sent = self.attempts > 0 || self.old_ends_at.is_some();
        let known = [self.strategy, self.asked];
        if let Some(strategy) = options.strategy.filter(|strategy| !known.contains(strategy)) {
            if is_sent {
                return Err(too_late_for("strategy"));
            }
            self.strategy = strategy;
        }
        if let Some(overlap) = options.overlap.map(millis).filter(|overlap| *overlap != self.overlap) {
            let was_reset = self.asked != Strategy::Replace;
            if is_sent && was_reset && (self.strategy == Strategy::Reset || overlap > self.overlap) {
                return Err(too_late_for("overlap"));
            }
            self.overlap = overlap;
            self.is_expiring = false;
            let since = self.rotated_at.or(self.sent_at);
            self.old_ends_at = since.map(|since| since.saturating_add(self.overlap()));
        }
        Ok(self)
    }

    /// Whether the rotation was started and is not finished.
    pub fn is_under_way(&self) -> bool {
        self.step != Step::Retired
    }

    /// Whether only the end of the old token is left.
    pub fn is_waiting(&self) -> bool {
        self.step == Step::Verified && self.strategy == Strategy::Replace
    }

    /// Whether the token `id` belongs to this rotation, as the old or a new one.
    pub fn is_about(&self, id: &str) -> bool {
        [&self.token_id].into_iter().chain(self.new_token_id()).chain(&self.superseded).any(|known| *known == *id)
    }

    /// Whether a token with this description is a replacement that the rotation created.
    pub fn created(&self, description: &str) -> bool {
        self.marker.as_ref().is_some_and(|marker| description.contains(marker))
    }

    pub(crate) fn ends_at_once(&self) -> bool {
        self.overlap == 0
    }

    pub(crate) fn overlap(&self) -> Duration {
        Duration::from_millis(self.overlap)
    }

    /// When the old secret stops working, unless that is as soon as possible, or has passed.
    pub fn overlap_end(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.old_ends_at.filter(|ends| *ends > now && !self.ends_at_once())
    }

    /// The token that has the new secret, if there is one.
    pub fn new_token_id(&self) -> Option<&TokenId> {
        self.new.as_ref().map(|new| &new.token_id)
    }

    /// The tokens that end with the rotation, unless it is a reset. The old one is last.
    pub fn ending(&self) -> impl Iterator<Item = &TokenId> {
        self.superseded.iter().chain([&self.token_id])
    }

    /// The last four characters of the new secret; empty if there is none.
    pub fn last_four(&self) -> &str {
        self.new.as_ref().map_or("", |new| &new.last_four)
    }

    /// Whether the old secret stops by itself. Otherwise another run ends it.
    pub fn ends_by_itself(&self) -> bool {
        self.strategy == Strategy::Reset || self.is_expiring
    }

    /// The expiry that the rotation gave the old token. If it had expired earlier by itself, that is when it ends.
    pub(crate) fn given_expiry(&self) -> Option<UnixMillis> {
        let by_overlap = self.sent_at.map(|sent| sent.saturating_add(self.overlap()));
        self.old_ends_at.filter(|ends| self.is_expiring && by_overlap <= Some(*ends))
    }

    /// Whether the token's secret is the one that this rotation issued, by its last four characters.
    pub fn issued_secret_of(&self, token: &Token) -> bool {
        self.new
            .as_ref()
            .is_some_and(|new| new.token_id == token.id && new.last_four == TokenState::of(token).last_four)
    }

    /// Forgets the issued secret and starts over with `strategy`.
    pub(crate) fn restart(&mut self, strategy: Strategy) {
        if self.strategy != strategy {
            self.attempts = 0;
            self.sent_at = None;
        }
        self.strategy = strategy;
        self.step = Step::Planned;
        self.new = None;
    }

    /// Notes a replacement whose secret is not the one that is delivered.
    pub(crate) fn supersede(&mut self, id: TokenId) {
        if !self.superseded.contains(&id) {
            self.superseded.push(id);
        }
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn too_late_for(what: &str) -> Error {
    Error::new(Reason::TooLate, format!("this rotation was started with another {what}, which can't be changed now"))
}

/// How long a locked journal is tried before it counts as another process's.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The folder of journals, one file for each token. Only its owner can read it.
#[derive(Clone, Debug)]
pub struct Journals {
    folder: PathBuf,
}

/// The journal of a token, locked until it is dropped.
pub(crate) struct LockedJournal {
    path: PathBuf,
    /// None for a check, which writes nothing.
    lock: Option<FileLock>,
}

impl Journals {
    /// Returns the journals in this folder, which is created by the first rotation.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Locks and reads the journal of a token. The journal may not exist yet.
    pub(crate) fn lock(&self, id: &TokenId) -> Result<(LockedJournal, Option<Journal>), Error> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let created = builder.recursive(true).create(&self.folder);
        created.map_err(|error| unusable(&self.folder, format!("the folder can't be created: {error}")))?;
        let path = self.path(id);
        let lock = FileLock::take(&path, MAX_WAIT).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                Error::new(Reason::Busy, format!("another process is rotating the token {id}"))
            }
            _ => unusable(&path, format!("it can't be locked: {error}")),
        })?;
        remove_leftovers(&path);
        let journal = read(&path)?;
        Ok((LockedJournal { path, lock: Some(lock) }, journal))
    }

    /// Reads the journal of a token, for a check.
    pub(crate) fn peek(&self, id: &TokenId) -> Result<(LockedJournal, Option<Journal>), Error> {
        let path = self.path(id);
        let journal = read(&path)?;
        Ok((LockedJournal { path, lock: None }, journal))
    }

    /// Reads all journals, ordered by token ID, and why those that can't be used can't be.
    ///
    /// # Errors
    /// [`Reason::Journal`] if the folder can't be read.
    pub fn all(&self) -> Result<(Vec<Journal>, Vec<Error>), Error> {
        let failed = |error| unusable(&self.folder, format!("the folder can't be read: {error}"));
        let (mut journals, mut unusable) = (Vec::new(), Vec::new());
        let entries = existing(fs::read_dir(&self.folder)).map_err(failed)?;
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                match read(&path) {
                    Ok(journal) => journals.extend(journal),
                    Err(error) => unusable.push(error),
                }
            }
        }
        journals.sort_by(|a, b| a.token_id.cmp(&b.token_id));
        Ok((journals, unusable))
    }

    fn path(&self, id: &TokenId) -> PathBuf {
        self.folder.join(format!("{}.json", id.to_path_segment()))
    }
}

impl LockedJournal {
    /// Whether nothing is to be changed.
    pub(crate) fn is_check(&self) -> bool {
        self.lock.is_none()
    }

    /// Writes `journal` durably, or removes the file if there is none.
    pub(crate) fn write(&self, journal: Option<&Journal>) -> Result<(), Error> {
        let written = match journal {
            Some(journal) => {
                let text = serde_json::to_string_pretty(journal).expect("a journal is JSON") + "\n";
                Staged::new(&self.path, text.len() as u64).and_then(|staged| staged.replace(text.as_bytes(), false))
            }
            None => fs::remove_file(&self.path),
        };
        written.map_err(|error| unusable(&self.path, format!("it can't be written: {error}")))
    }
}

fn read(path: &Path) -> Result<Option<Journal>, Error> {
    let read = file::read(path).map_err(|error| unusable(path, format!("it can't be read: {error}")))?;
    let Some(text) = read else { return Ok(None) };
    match serde_json::from_slice::<Journal>(&text) {
        Ok(journal) if journal.version > VERSION => Err(unusable(path, "a newer version wrote it".to_owned())),
        Ok(journal) => Ok(Some(journal)),
        Err(error) => Err(unusable(path, format!("it is not a journal: {error}"))),
    }
}

fn unusable(path: &Path, text: String) -> Error {
    Error::new(Reason::Journal, format!("{}: {text}", path.display()))
}

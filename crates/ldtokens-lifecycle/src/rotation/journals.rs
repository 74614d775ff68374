use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ldtokens::TokenId;

use crate::file::{Staged, remove_leftovers};
use crate::rotation::error::Error;
use crate::rotation::journal::{Journal, VERSION};

/// How long a locked journal is tried before it counts as another process's.
const PATIENCE: Duration = Duration::from_millis(500);

/// The folder of journals, one file for each token. Only its owner can read it.
#[derive(Clone, Debug)]
pub struct Journals {
    folder: PathBuf,
}

impl Journals {
    /// Returns the journals in this folder, which is created by the first rotation.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Locks and reads the journal of a token. The journal may not exist yet.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process has it locked; [`Error::Journal`] if it can't be read.
    pub fn lock(&self, id: &TokenId) -> Result<LockedJournal, Error> {
        make_private(&self.folder).map_err(|error| unusable(&self.folder, "the folder can't be created", error))?;
        let path = self.path(id);
        let lock_path = path.with_extension("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(&lock_path).map_err(|error| unusable(&lock_path, "it can't be opened", error))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                // A child that this process is starting keeps a lock that was dropped, until it runs its program.
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => thread::sleep(PATIENCE / 25),
                Err(TryLockError::WouldBlock) => return Err(Error::Busy { token_id: id.clone() }),
                Err(TryLockError::Error(error)) => return Err(unusable(&lock_path, "it can't be locked", error)),
            }
        }
        remove_leftovers(&path);
        let journal = read(&path)?;
        Ok(LockedJournal { journal, path, _lock: lock })
    }

    /// Reads the journal of a token without locking it.
    ///
    /// # Errors
    /// [`Error::Journal`] if it can't be read.
    pub fn read(&self, id: &TokenId) -> Result<Option<Journal>, Error> {
        read(&self.path(id))
    }

    /// Reads all journals, ordered by token ID.
    ///
    /// # Errors
    /// [`Error::Journal`] if the folder, or one of them, can't be read.
    pub fn all(&self) -> Result<Vec<Journal>, Error> {
        let failed = |error| unusable(&self.folder, "the folder can't be read", error);
        let mut journals = Vec::new();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(journals),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let is_staged = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.extension().is_some_and(|extension| extension == "json") && !is_staged {
                journals.extend(read(&path)?);
            }
        }
        journals.sort_by(|a, b| a.token_id.cmp(&b.token_id));
        Ok(journals)
    }

    fn path(&self, id: &TokenId) -> PathBuf {
        self.folder.join(format!("{}.json", id.to_path_segment()))
    }
}

/// The journal of a token, locked until it is dropped.
#[derive(Debug)]
pub struct LockedJournal {
    /// The journal, if it exists.
    pub journal: Option<Journal>,
    path: PathBuf,
    _lock: File,
}

impl LockedJournal {
    /// The path of the journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `journal` back, or removes the file if there was no journal.
    pub(crate) fn restore(&mut self, journal: Option<&Journal>) -> Result<(), Error> {
        match journal {
            Some(journal) => self.write(journal),
            None => fs::remove_file(&self.path).map_err(|error| unusable(&self.path, "it can't be removed", error)),
        }
    }

    /// Writes `journal` durably.
    pub(crate) fn write(&mut self, journal: &Journal) -> Result<(), Error> {
        let mut text = serde_json::to_string_pretty(journal).expect("a journal is JSON");
        text.push('\n');
        Staged::new(&self.path, text.len() as u64)
            .and_then(|staged| staged.replace(text.as_bytes(), false))
            .map_err(|error| unusable(&self.path, "it can't be written", error))?;
        self.journal = Some(journal.clone());
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Journal>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, "it can't be read", error)),
    };
    let broken = |reason: String| Error::Journal { path: path.to_owned(), reason };
    let journal: Journal = serde_json::from_str(&text).map_err(|error| {
        broken(format!("it is not a journal ({error}); see which secret the token has, and move the file away"))
    })?;
    if journal.version > VERSION {
        return Err(broken("a newer version wrote it: use that version".to_owned()));
    }
    Ok(Some(journal))
}

fn unusable(path: &Path, what: &str, error: io::Error) -> Error {
    Error::Journal { path: path.to_owned(), reason: format!("{what}: {error}") }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ldtokens::Secret;

use crate::file::access;
use crate::file::staged::{FileLock, Staged, lock, overwrite, remove_leftovers};
use crate::file::{FileDestination, read, resolved};

/// How long to wait for another process that changes the file.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A locked file, and what is needed to write it.
pub(crate) struct LockedFile {
    parts: Vec<FileDestination>,
    target: PathBuf,
    /// What it held when it was locked.
    before: Option<Vec<u8>>,
    way: Way,
    /// The file for the old contents.
    previous: Option<Staged>,
    _lock: Option<FileLock>,
}

enum Way {
    /// Replace it by another file with its name.
    Replace(Staged),
    /// Write into it, for this reason.
    InPlace(File, &'static str),
}

impl LockedFile {
    /// Locks the file that these are parts of, and makes certain that it can be written.
    pub(crate) fn prepare(parts: Vec<FileDestination>) -> io::Result<Self> {
        if parts.iter().any(|part| part.variable.is_some() != parts[0].variable.is_some()) {
            return Err(io::Error::other("it can't hold a secret and variables too"));
        }
        let target = resolved(&parts[0].path)?;
        let lock = match FileLock::take(&target, MAX_WAIT) {
            Ok(lock) => Some(lock),
            // Nothing can be created in its folder, so the file itself is locked below.
            Err(error) if is_denied(&error) && target.exists() => None,
            Err(error) => return Err(error),
        };
        let before = read(&target)?;
        let changed = changed(&parts, before.as_deref(), &Secret::new("x".repeat(64)))?;
        let way = Way::choose(&target, changed.len() as u64)?;
        let mut previous = None;
        if let Some(kept) = parts.iter().find_map(FileDestination::previous) {
            let staged = Staged::new(&kept.path, before.as_ref().map_or(0, Vec::len) as u64);
            let denied = |error| io::Error::other(format!("{} can't be written: {error}", kept.path.display()));
            previous = Some(staged.map_err(denied)?);
        }
        Ok(Self { parts, target, before, way, previous, _lock: lock })
    }

    /// What is unusual about the way it is written.
    pub(crate) fn note(&self) -> Option<String> {
        match &self.way {
            Way::Replace(_) => None,
            Way::InPlace(_, why) => Some(format!("written in place, since {why}")),
        }
    }

    /// Ends without a write, since it holds the secret.
    pub(crate) fn keep(self) {
        remove_leftovers(&self.target);
    }

    /// Writes the secret to all parts at once.
    pub(crate) fn write(self, secret: &Secret) -> io::Result<()> {
        let before = read(&self.target)?;
        let after = changed(&self.parts, before.as_deref(), secret)?;
        if let (Some(previous), Some(before)) = (self.previous, before.as_ref().filter(|before| **before != after)) {
            let lost = |error| io::Error::other(format!("the old contents can't be kept: {error}"));
            previous.replace(before, false).map_err(lost)?;
        }
        match self.way {
            // A program that does not know the lock has written there.
            Way::Replace(staged) if self.parts[0].variable.is_none() && before != self.before => {
                staged.leave(&after, "it was changed meanwhile")
            }
            Way::Replace(staged) => staged.replace(&after, before.is_none()),
            Way::InPlace(mut file, _) => overwrite(&mut file, &after),
        }?;
        remove_leftovers(&self.target);
        Ok(())
    }
}

impl Way {
    fn choose(target: &Path, size: u64) -> io::Result<Self> {
        let why = match access::obstacle(target) {
            Some(why) => why,
            None => match Staged::new(target, size) {
                Ok(staged) if staged.is_alike => return Ok(Self::Replace(staged)),
                Ok(_) => "its owner, ACL or labels can't be carried over to another file",
                Err(error) if is_denied(&error) => "nothing can be created in its folder",
                Err(error) => return Err(error),
            },
        };
        let refused =
            |error: io::Error| io::Error::new(error.kind(), format!("{why}, and it can't be written: {error}"));
        let file = OpenOptions::new().write(true).open(target).map_err(refused)?;
        lock(&file, MAX_WAIT)?;
        reserve(&file, size).map_err(refused)?;
        Ok(Self::InPlace(file, why))
    }
}

/// Whether the error says that nothing can be created here.
fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Makes certain that there is space for `size` bytes, without changing the contents.
#[cfg(target_os = "linux")]
fn reserve(file: &File, size: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, size.max(1)) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

fn changed(parts: &[FileDestination], before: Option<&[u8]>, secret: &Secret) -> io::Result<Vec<u8>> {
    parts.iter().try_fold(before.unwrap_or_default().to_vec(), |before, part| part.changed(&before, secret))
}

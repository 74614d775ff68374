//! One way to write a file: locked from the preparation to the delivery, and replaced so that a reader finds the old contents
//! or the new, never a mixture.

pub(crate) mod env;
mod lock;
mod staged;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ldtokens::Secret;

pub(crate) use lock::FileLock;
pub(crate) use staged::{Staged, hash, leftovers, remove_leftovers};

use crate::access;
use crate::destinations::FileDestination;

/// How long to wait for another process that changes the file.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The size of the largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

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
    pub(crate) fn prepare(parts: Vec<FileDestination>) -> Result<Self, String> {
        let failed = |error: io::Error| error.to_string();
        let target = resolved(parts[0].path()).map_err(failed)?;
        let lock = match FileLock::take(&target, MAX_WAIT) {
            Ok(lock) => Some(lock),
            // Nothing can be created in its folder, so the file itself is locked below.
            Err(error) if is_denied(&error) && target.exists() => None,
            Err(error) => return Err(failed(error)),
        };
        let before = read(&target).map_err(failed)?;
        let changed = changed(&parts, before.as_deref(), &Secret::new("x".repeat(64)))?;
        let way = Way::choose(&target, changed.len() as u64).map_err(failed)?;
        let previous = match parts.iter().any(|part| part.keeps_previous) {
            true => {
                let previous = previous(&target);
                let staged = Staged::new(&previous, before.as_ref().map_or(0, Vec::len) as u64);
                Some(staged.map_err(|error| format!("{} can't be written: {error}", previous.display()))?)
            }
            false => None,
        };
        Ok(Self { parts, target, before, way, previous, _lock: lock })
    }

    /// What is unusual about the way it is written.
    pub(crate) fn note(&self) -> Option<String> {
        match &self.way {
            Way::Replace(_) => None,
            Way::InPlace(_, why) => Some(format!("written in place, since {why}")),
        }
    }

    /// Writes the secret to all parts at once.
    pub(crate) fn write(self, secret: &Secret) -> Result<(), String> {
        let failed = |error: io::Error| error.to_string();
        let before = read(&self.target).map_err(failed)?;
        let after = changed(&self.parts, before.as_deref(), secret)?;
        let is_whole = self.parts.iter().any(FileDestination::is_whole);
        if let (Some(previous), Some(before)) = (self.previous, &before)
            && *before != after
        {
            previous.replace(before, false).map_err(|error| format!("the old contents can't be kept: {error}"))?;
        }
        match self.way {
            // A program that does not know the lock has written there.
            Way::Replace(staged) if is_whole && before != self.before => {
                staged.leave(&after, "it was changed meanwhile")
            }
            Way::Replace(staged) => staged.replace(&after, before.is_none()),
            Way::InPlace(file, _) => write_in_place(file, &after),
        }
        .map_err(failed)?;
        remove_leftovers(&self.target);
        Ok(())
    }
}

impl Way {
    fn choose(target: &Path, size: u64) -> io::Result<Self> {
        let metadata = match fs::metadata(target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Staged::new(target, size).map(Self::Replace);
            }
            Err(error) => return Err(error),
        };
        let why = match access::obstacle(target, &metadata) {
            Some(why) => why,
            None => match Staged::new(target, size) {
                Ok(staged) if staged.is_alike() => return Ok(Self::Replace(staged)),
                Ok(_) => "its owner, ACL or labels can't be carried over to another file",
                Err(error) if is_denied(&error) => "nothing can be created in its folder",
                Err(error) => return Err(error),
            },
        };
        let refused =
            |error: io::Error| io::Error::new(error.kind(), format!("{why}, and it can't be written: {error}"));
        let file = OpenOptions::new().write(true).open(target).map_err(refused)?;
        file.try_lock().map_err(|_| io::Error::other("another process is changing it"))?;
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

/// Writes at once, so that a reader finds no empty file.
fn write_in_place(mut file: File, contents: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

fn changed(parts: &[FileDestination], before: Option<&[u8]>, secret: &Secret) -> Result<Vec<u8>, String> {
    let mut after = before.unwrap_or_default().to_vec();
    for part in parts {
        after = part.changed(&after, secret)?;
    }
    Ok(after)
}

/// Where the old contents of a file are kept.
fn previous(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".previous");
    PathBuf::from(name)
}

/// Reads a file, if it exists. It must be a regular file.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // A pipe would block, and what is written to a device may be discarded.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    let mut contents = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut contents)?;
    Ok(Some(contents))
}

/// Follows symbolic links.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    if path.starts_with("/proc") || path.starts_with("/dev") && !path.starts_with("/dev/shm") {
        return Err(io::Error::other("it is not a regular file"));
    }
    let name = path.file_name().filter(|_| !path.as_os_str().as_encoded_bytes().ends_with(b"/"));
    let Some(name) = name else { return Err(io::Error::other("it is not the name of a file")) };
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(path)
            .map_err(|error| io::Error::new(error.kind(), format!("it is a link that leads nowhere: {error}"))),
        Ok(_) => fs::canonicalize(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(fs::canonicalize(path.parent().unwrap_or(Path::new("/")))?.join(name))
        }
        Err(error) => Err(error),
    }
}

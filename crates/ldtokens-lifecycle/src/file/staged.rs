use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, PersistError};

use crate::file::access;
use crate::file::existing;

/// The least space reserved on disk before a secret is requested, in bytes.
const ROOM: u64 = 4096;

/// Excludes other processes from changing a file. It ends with the process.
pub(crate) struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Waits for the lock. After `max_wait` the error is [`io::ErrorKind::WouldBlock`].
    pub(crate) fn take(target: &Path, max_wait: Duration) -> io::Result<Self> {
        let path = beside(target, "lock");
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        loop {
            let file = options.open(&path)?;
            lock(&file, max_wait)?;
            // Else its last owner has just removed it.
            if access::identity(file.metadata()) == access::identity(path.symlink_metadata()) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

/// Locks a file. After `max_wait` the error is [`io::ErrorKind::WouldBlock`].
pub(crate) fn lock(file: &File, max_wait: Duration) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if began.elapsed() > max_wait => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is changing it"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A file beside the target, with space for the new contents, that takes the target's name.
pub(crate) struct Staged {
    file: NamedTempFile,
    target: PathBuf,
    /// Whether exactly those can access it who can access the target.
    pub(crate) is_alike: bool,
}

/// Returns 64 bits of the SHA-256 of `bytes`, as hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a path beside `target` for a file that belongs to it.
pub(crate) fn beside(target: &Path, what: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    // Of the name, the hash: with more added, the name may be too long.
    target.with_file_name(format!(".ldtokens-{}-{what}", hash(name.as_encoded_bytes())))
}

/// The start of the names of staged files.
const NEW: &str = "new-";

/// The files that killed processes left beside `target`. One may hold a secret that exists nowhere else.
pub(crate) fn leftovers(target: &Path) -> Vec<PathBuf> {
    let start = beside(target, NEW);
    let start = start.file_name().unwrap_or_default().as_encoded_bytes();
    let entries = fs::read_dir(folder(target)).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(start));
    names.map(|entry| entry.path()).collect()
}

/// Removes what killed processes left beside `target`. It must be locked.
pub(crate) fn remove_leftovers(target: &Path) {
    for path in leftovers(target) {
        let _ = fs::remove_file(path);
    }
}

impl Staged {
    /// Creates the file, with space for `size` bytes, accessible to those who can access `target`. If there is no `target`, only
    /// its owner can.
    pub(crate) fn new(target: &Path, size: u64) -> io::Result<Self> {
        let start = beside(target, NEW);
        let start = start.file_name().unwrap_or_default();
        let mut file = tempfile::Builder::new().prefix(start).tempfile_in(folder(target))?;
        if existing(fs::metadata(target))?.is_some_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it is not a regular file"));
        }
        let is_alike = access::carry_over(target, file.path(), file.as_file()).unwrap_or(false);
        io::copy(&mut io::Read::take(io::repeat(0), size.max(ROOM)), file.as_file_mut())?;
        file.as_file().sync_all()?;
        Ok(Self { file, target: target.to_owned(), is_alike })
    }

    /// Replaces the target durably, or only creates it, if it `must_be_new`. If that fails after the contents were written, the
    /// error says where they are.
    pub(crate) fn replace(mut self, contents: &[u8], must_be_new: bool) -> io::Result<()> {
        overwrite(self.file.as_file_mut(), contents)?;
        let moved = match must_be_new {
            true => self.file.persist_noclobber(&self.target).or_else(|failed| match failed.error.kind() {
                io::ErrorKind::AlreadyExists => Err(failed),
                // A file system that can't do that.
                _ => failed.file.persist(&self.target),
            }),
            false => self.file.persist(&self.target),
        };
        match moved {
            Ok(_) => sync(folder(&self.target)),
            Err(PersistError { error, file }) => left(file, &error.to_string()),
        }
    }

    /// Leaves the contents beside the target. The error says so.
    pub(crate) fn leave(mut self, contents: &[u8], why: &str) -> io::Result<()> {
        overwrite(self.file.as_file_mut(), contents)?;
        left(self.file, why)
    }
}

fn left(file: NamedTempFile, why: &str) -> io::Result<()> {
    let (_, path) = file.keep()?;
    Err(io::Error::other(format!("{why}; what was to be written is in {}", path.display())))
}

/// Writes all at once, so that a reader finds no empty file.
pub(crate) fn overwrite(file: &mut File, contents: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs a folder, where the system can and we may.
fn sync(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), InvalidInput | Unsupported | PermissionDenied) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
#[path = "../../tests/unit/staged.rs"]
mod tests;

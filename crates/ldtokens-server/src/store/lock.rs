//! The locks of a store: it belongs to one server, under whatever path it is opened.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait before trying again to take a lock that another server holds.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// The most symbolic links that are followed to a file. Linux has the same maximum.
const MAX_LINKS: usize = 40;

/// The locks of a store, which other servers respect. Dropping it releases them.
///
/// SQLite would let two servers share the file, but each would count its own rate limits and last uses.
#[derive(Debug)]
pub(super) struct Lock {
    /// The store itself, so that no other server can have it by another path, such as a bind mount. It must stay open as long as
    /// SQLite has the file open: on closing it, the system would release SQLite's own locks.
    store: Option<File>,
    /// The file beside it, which is locked before anything is done to the store.
    _beside: File,
}

impl Lock {
    /// Locks the file `beside`. Waits up to `wait` for another server to release it. Returns none if that server still holds it.
    pub(super) fn take(beside: &Path, wait: Duration) -> io::Result<Option<Self>> {
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(beside)?;
        Ok(is_locked(&file, wait)?.then_some(Self { store: None, _beside: file }))
    }

    /// Opens the file `store` for reading and writing, and locks it too. A file that does not exist is created. Returns none if
    /// another server has it by another path.
    pub(super) fn take_store(&mut self, store: &Path) -> io::Result<Option<&File>> {
        let file = private(OpenOptions::new().create(true).truncate(false).read(true).write(true)).open(store)?;
        // On other systems, this lock would keep SQLite out too.
        if cfg!(target_os = "linux") && !is_locked(&file, Duration::ZERO)? {
            return Ok(None);
        }
        Ok(Some(self.store.insert(file)))
    }
}

/// Locks `file`, unless another process holds the lock until `wait` is over.
fn is_locked(file: &File, wait: Duration) -> io::Result<bool> {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if started.elapsed() < wait => std::thread::sleep(RETRY_DELAY),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Sets that a new file can be read and written by its owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The canonical path of `path`, also of a file that does not exist yet. If a part of it can't be read, returns the path as far
/// as it is known; opening it then fails with the reason.
pub(super) fn canonical(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if let Ok(canonical) = fs::canonicalize(&path) {
            return canonical;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (Ok(folder), Some(name)) = (fs::canonicalize(folder), path.file_name()) else { break };
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => return folder.join(name),
        }
    }
    path
}

/// Whether the file has another name, a hard link.
#[cfg(unix)]
pub(super) fn has_hard_link(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // Every folder has several hard links.
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.nlink() > 1)
}

/// Always false: the standard library has no call for it on this system.
#[cfg(not(unix))]
pub(super) fn has_hard_link(_: &Path) -> bool {
    false
}

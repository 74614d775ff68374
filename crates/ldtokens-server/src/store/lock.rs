//! One server a store: whatever name the store is given by.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a lock that another server has is tried again.
const POLL: Duration = Duration::from_millis(10);

/// How many symbolic links may lead to a file, as Linux has it.
const MOST_LINKS: usize = 40;

/// Keeps other servers out for as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// SQLite lets several processes share a file; two servers would each keep limits and last uses of their own.
///
/// Waits for so long for a server that has the lock. None if it still has.
pub(super) fn lock(path: &Path, wait: Duration) -> io::Result<Option<Lock>> {
    let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(path)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) if begun.elapsed() < wait => std::thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Options by which a file that isn't there is made readable and writable by its owner alone.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The one path of the file that `path` names, also of one that isn't there yet. What can't be looked up stays as it is, for
/// opening it to say why.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = fs::canonicalize(&path) {
            return whole;
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

/// Whether the file has other names besides this one.
#[cfg(unix)]
pub(super) fn has_other_names(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A folder has several names by itself.
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.nlink() > 1)
}

/// The standard library can't tell here.
#[cfg(not(unix))]
pub(super) fn has_other_names(_: &Path) -> bool {
    false
}

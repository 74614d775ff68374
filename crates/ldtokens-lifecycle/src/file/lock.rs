use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::access::{identity, identity_of_open};
use crate::file::staged::{beside, private};

/// How long to wait for another process that changes the file.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Excludes other processes from changing a file. It ends with the process.
pub(crate) struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Waits for the lock.
    pub(crate) fn take(target: &Path) -> io::Result<Self> {
        let path = beside(target, "lock");
        let began = Instant::now();
        loop {
            let file = private().create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Ok(()) if identity_of_open(&file) == identity(&path) => return Ok(Self { path, _file: file }),
                // Its last owner has just removed it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if began.elapsed() > MAX_WAIT => {
                    return Err(io::Error::other("another process is changing it"));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::access::identity;
use crate::file::staged::{beside, private};

/// Excludes other processes from changing a file. It ends with the process.
pub(crate) struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Waits for the lock. After `max_wait` the error is [`io::ErrorKind::WouldBlock`].
    pub(crate) fn take(target: &Path, max_wait: Duration) -> io::Result<Self> {
        let path = beside(target, "lock");
        let began = Instant::now();
        let id = |metadata: io::Result<Metadata>| metadata.ok().and_then(|metadata| identity(&metadata));
        loop {
            let file = private().create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Ok(()) if id(file.metadata()) == id(path.symlink_metadata()) => return Ok(Self { path, _file: file }),
                // Its last owner has just removed it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if began.elapsed() > max_wait => {
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is changing it"));
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

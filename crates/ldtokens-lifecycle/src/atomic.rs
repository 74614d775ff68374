//! Replaces files atomically: a reader sees the old contents or the new, never a mixture.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// The space reserved on disk before a secret is requested, in bytes.
const ROOM: usize = 4096;

/// A temporary file beside the target, with space reserved for the new contents.
#[derive(Debug)]
pub(crate) struct Staged {
    file: File,
    path: PathBuf,
    target: PathBuf,
    /// Whether to keep the file when this is dropped: it was moved to the target, or holds the only copy of the contents.
    is_kept: bool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns the path of the temporary file for `target`.
pub(crate) fn staging_path(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".ldtokens-new");
    target.with_file_name(name)
}

/// Follows symbolic links, if `path` is one.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

impl Staged {
    /// Creates the temporary file and reserves space. It has the mode and owner of `target`; if there is no `target`, only its
    /// owner can read it.
    pub(crate) fn new(target: &Path) -> io::Result<Self> {
        let target = resolved(target)?;
        if target.file_name().is_none() {
            return Err(io::Error::other("it is not the name of a file"));
        }
        let path = staging_path(&target);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let mut staged = Self { file, path, target, is_kept: false };
        staged.make_room()?;
        Ok(staged)
    }

    fn make_room(&mut self) -> io::Result<()> {
        match fs::metadata(&self.target) {
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is not a file")),
            Ok(metadata) => adopt_access(&self.file, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.file.write_all(&[0; ROOM])?;
        self.file.sync_all()
    }

    /// Replaces the target with `contents` durably. If that fails after they were written, the error says where they are.
    pub(crate) fn replace(mut self, contents: &[u8]) -> io::Result<()> {
        self.write(contents)?;
        self.is_kept = true;
        fs::rename(&self.path, &self.target).map_err(|error| {
            io::Error::new(error.kind(), format!("{error}; what was to be written is in {}", self.path.display()))
        })?;
        sync_folder(&self.target)
    }

    fn write(&mut self, contents: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(contents)?;
        self.file.set_len(contents.len() as u64)?;
        self.file.sync_all()
    }
}

/// Sets the mode and owner of `file` to those in `metadata`.
#[cfg(unix)]
fn adopt_access(file: &File, metadata: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
        fchown(file, Some(metadata.uid()), Some(metadata.gid()))
            .map_err(|error| io::Error::new(error.kind(), format!("its owner can't be kept: {error}")))?;
    }
    file.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o7777))
}

#[cfg(not(unix))]
fn adopt_access(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Syncs the folder that contains `file`.
#[cfg(unix)]
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

//! Replaces a file in one step, so that an error leaves the old text, and a reader never sees half of the new one.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes `text` to the file. A symbolic link stays one, and a file keeps its mode. A new one that `is_private` only this user can
/// read. What is no file, such as a pipe, is written to.
pub(crate) fn with(path: &Path, text: &str, is_private: bool) -> io::Result<()> {
    let path = if path.exists() { path.canonicalize()? } else { path.to_owned() };
    let old = fs::metadata(&path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return fs::OpenOptions::new().write(true).open(&path)?.write_all(text.as_bytes());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ldtokens-");
    if old.is_none() && !is_private {
        // As any new file: the umask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

//! Who else can read or write a file.

use std::fs::File;
use std::io;

/// Whether others than its owner can read the file.
#[cfg(unix)]
pub(crate) fn readable_by_others(file: &File) -> io::Result<bool> {
    has_mode(file, 0o044)
}

/// Whether others than its owner can write to the file.
#[cfg(unix)]
pub(crate) fn writable_by_others(file: &File) -> io::Result<bool> {
    has_mode(file, 0o022)
}

/// Of a pipe, as a shell's `<(...)` gives, the mode says nothing.
#[cfg(unix)]
fn has_mode(file: &File, mode: u32) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    Ok(metadata.is_file() && metadata.permissions().mode() & mode != 0)
}

/// Elsewhere access is not in a mode; a user's own folders are not others' to read.
#[cfg(not(unix))]
pub(crate) fn readable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// As for [`readable_by_others`].
#[cfg(not(unix))]
pub(crate) fn writable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

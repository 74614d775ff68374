//! Who else can read or write a file.

use std::fs::File;
use std::io;

/// Whether everyone on this machine can read the file.
///
/// A group is given to a file on purpose, as Kubernetes' `fsGroup` and systemd's credentials do. On a read-only mount, as
/// Kubernetes and Docker mount secrets, everyone's bit says little and can't be changed.
#[cfg(unix)]
pub(crate) fn readable_by_everyone(file: &File) -> io::Result<bool> {
    Ok(has_mode(file, 0o004)? && !is_on_read_only_mount(file)?)
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

#[cfg(unix)]
fn is_on_read_only_mount(file: &File) -> io::Result<bool> {
    Ok(rustix::fs::fstatvfs(file)?.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Elsewhere access is not in a mode; a user's own folders are not others' to read.
#[cfg(not(unix))]
pub(crate) fn readable_by_everyone(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// As for [`readable_by_everyone`].
#[cfg(not(unix))]
pub(crate) fn writable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

//! Whether other users can read or write a file, and why this user can't.

use std::fs::File;
use std::io;
use std::path::Path;

/// Whether everyone on this machine can read the file.
///
/// Access by a group is intended, as with Kubernetes' `fsGroup` and systemd's credentials. On a read-only mount, such as a
/// secret that Kubernetes or Docker mounts, and in `/run/secrets`, where Podman writes them, the mode can't be chosen, so it is
/// not checked.
#[cfg(unix)]
pub(crate) fn readable_by_everyone(file: &File, path: &Path) -> io::Result<bool> {
    let is_mounted = || path.canonicalize().is_ok_and(|path| path.starts_with("/run/secrets"));
    Ok(has_mode(file, 0o004)? && !is_mounted() && !is_on_read_only_mount(file)?)
}

/// Whether users other than its owner can write to the file.
#[cfg(unix)]
pub(crate) fn writable_by_others(file: &File) -> io::Result<bool> {
    has_mode(file, 0o022)
}

/// Whether the file belongs to a user who is neither this one nor root.
#[cfg(unix)]
pub(crate) fn belongs_to_another(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let owner = file.metadata()?.uid();
    Ok(owner != 0 && owner != rustix::process::geteuid().as_raw())
}

/// The mode of a pipe, such as a shell's `<(...)`, is not checked.
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

/// Other systems have no modes; other users can't read a user's own folders.
#[cfg(not(unix))]
pub(crate) fn readable_by_everyone(_: &File, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// See [`readable_by_everyone`].
#[cfg(not(unix))]
pub(crate) fn belongs_to_another(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// See [`readable_by_everyone`].
#[cfg(not(unix))]
pub(crate) fn writable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// The system's reason why a file can't be used. It names the user, who in a container is often not the one expected.
pub(crate) fn reason(error: &io::Error) -> String {
    #[cfg(unix)]
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!("{error} for the user with ID {}, who runs this", rustix::process::geteuid().as_raw());
    }
    error.to_string()
}

//! Files: replacing one, who else can use one, why this user can't, and reading text.

pub(crate) mod text;

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Replaces the file in one step. A symbolic link stays one, and a file keeps its owner and mode. A new one that `is_private` only
/// this user can read. What is no file, such as a pipe, is written to, and so is a file that can't be replaced, such as a mount
/// point, or one in a folder of others.
pub(crate) fn replace(path: &Path, text: &str, is_private: bool) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // By this name: where /dev/stdout leads, as to "pipe:[7]", is not always a name of a file.
        return fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    let path = behind_links(path);
    let is_denied = |error: &io::Error| matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ResourceBusy);
    match replace_whole(&path, text, old.as_ref(), is_private) {
        Err(error) if old.is_some() && is_denied(&error) => {
            let mut file = fs::OpenOptions::new().write(true).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
            file.sync_all()
        }
        replaced => replaced,
    }
}

fn replace_whole(path: &Path, text: &str, old: Option<&Metadata>, is_private: bool) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ldtokens-");
    if old.is_none() && !is_private {
        // As any new file: the umask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let new = file.as_file().metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
            }
        }
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The file to which symbolic links lead. It need not exist yet.
pub(crate) fn behind_links(path: &Path) -> PathBuf {
    let next = |path: &PathBuf| Some(folder_of(path).join(fs::read_link(path).ok()?));
    // As many as Linux follows. What goes round has no last one, and can't be opened.
    std::iter::successors(Some(path.to_owned()), next).take(40).last().unwrap_or_default()
}

/// The folder that the file is in, or will be.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates the folder, for this user alone.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether everyone on this machine can read the file.
///
/// Access by a group is intended, as with Kubernetes' `fsGroup` and systemd's credentials. On a read-only mount, such as a
/// secret that Kubernetes or Docker mounts, and in `/run/secrets`, where Podman writes them, the mode can't be chosen, so it is
/// not checked. Other systems than Unix have no modes; there, other users can't read a user's own folders.
pub(crate) fn readable_by_everyone(file: &File, path: &Path) -> bool {
    let is_mounted = || path.canonicalize().is_ok_and(|path| path.starts_with("/run/secrets"));
    has_mode(file, 0o004) && !is_mounted() && !is_on_read_only_mount(file)
}

/// Whether users other than its owner can write to the file.
pub(crate) fn writable_by_others(file: &File) -> bool {
    has_mode(file, 0o022)
}

/// Whether the file has one of the bits of `mode`, or that can't be read. A pipe, such as a shell's `<(...)`, has none.
#[cfg(unix)]
fn has_mode(file: &File, mode: u32) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().map_or(true, |metadata| metadata.is_file() && metadata.permissions().mode() & mode != 0)
}

#[cfg(unix)]
fn is_on_read_only_mount(file: &File) -> bool {
    rustix::fs::fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
fn has_mode(_: &File, _: u32) -> bool {
    false
}

#[cfg(not(unix))]
fn is_on_read_only_mount(_: &File) -> bool {
    false
}

/// Whether the file belongs to a user who is neither this one nor root, or that can't be read.
pub(crate) fn belongs_to_another(file: &File) -> bool {
    #[cfg(unix)]
    {
        let owner = file.metadata().map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata));
        !owner.is_ok_and(|owner| owner == 0 || owner == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    file.metadata().is_err()
}

/// The system's reason why a file can't be used. It names the user, who in a container is often not the one expected.
pub(crate) fn reason(error: &io::Error) -> String {
    #[cfg(unix)]
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!("{error} for the user with ID {}, who runs this", rustix::process::geteuid().as_raw());
    }
    error.to_string()
}

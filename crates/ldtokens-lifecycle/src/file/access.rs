//! Who may access a file: that is the same after the file is replaced.

#[cfg(not(unix))]
pub(crate) use elsewhere::{carry_over, identity, obstacle};
#[cfg(unix)]
pub(crate) use unix::{carry_over, identity, obstacle};

#[cfg(unix)]
mod unix {
    use std::fs::{File, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    use std::path::Path;

    use crate::file::existing;

    /// What tells a file from all others, whatever its name. None if it is not known, as on other systems.
    pub(crate) fn identity(metadata: io::Result<Metadata>) -> Option<(u64, u64)> {
        metadata.ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// Why a file must not be replaced by another with its name, but only be written in place.
    pub(crate) fn obstacle(path: &Path) -> Option<&'static str> {
        if path.metadata().is_ok_and(|metadata| metadata.nlink() > 1) {
            return Some("other names, hard links, lead to it");
        }
        is_mount_point(path).then_some("it is a mount point")
    }

    /// Gives the new file at `to` the owner, mode, ACL and extended attributes of the file at `from`, or removes what the folder
    /// gave it if there is none. Returns whether exactly those can access it who could access the other. Where we may not change
    /// the owner, that is an error.
    pub(crate) fn carry_over(from: &Path, to: &Path, file: &File) -> io::Result<bool> {
        let Some(metadata) = existing(from.metadata())? else {
            // A folder's default ACL.
            #[cfg(target_os = "linux")]
            attributes::set(Vec::new(), to)?;
            return Ok(true);
        };
        let access = |metadata: &Metadata| (metadata.uid(), metadata.gid(), metadata.mode());
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
            fchown(file, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        #[cfg(target_os = "linux")]
        attributes::set(attributes::of(from)?, to)?;
        Ok(access(&file.metadata()?) == access(&metadata))
    }

    #[cfg(target_os = "linux")]
    fn is_mount_point(path: &Path) -> bool {
        use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
        statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS)
            .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    #[cfg(not(target_os = "linux"))]
    fn is_mount_point(_: &Path) -> bool {
        false
    }

    /// ACLs and labels.
    #[cfg(target_os = "linux")]
    mod attributes {
        use std::io;
        use std::path::Path;

        use rustix::fs::{XattrFlags, getxattr, listxattr, removexattr, setxattr};
        use rustix::io::Errno;

        /// These depend on the contents, and the kernel makes them.
        const MADE: [&str; 2] = ["security.ima", "security.evm"];

        /// More than the kernel allows a value, or the list of names, to have.
        const MOST: usize = 64 * 1024;

        pub(super) fn of(path: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
            let mut names = vec![0; MOST];
            let length = match listxattr(path, &mut names[..]) {
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
                length => length?,
            };
            names.truncate(length);
            let names = names.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
            let names = names.filter(|name| !name.is_empty() && !MADE.contains(name));
            let mut value = vec![0; MOST];
            let read = names.map(|name| {
                let length = getxattr(path, name, &mut value[..])?;
                Ok((name.to_owned(), value[..length].to_vec()))
            });
            read.collect()
        }

        /// Gives the file these attributes and no others.
        pub(super) fn set(wanted: Vec<(String, Vec<u8>)>, path: &Path) -> io::Result<()> {
            let now = of(path)?;
            for (name, _) in now.iter().filter(|(name, _)| !wanted.iter().any(|(wanted, _)| wanted == name)) {
                // The label of a new file is the system's affair.
                if !name.starts_with("security.") {
                    removexattr(path, name.as_str())?;
                }
            }
            for (name, value) in wanted.iter().filter(|wanted| !now.contains(wanted)) {
                setxattr(path, name.as_str(), value, XattrFlags::empty())?;
            }
            Ok(())
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub(crate) fn identity(_: io::Result<Metadata>) -> Option<(u64, u64)> {
        None
    }

    pub(crate) fn obstacle(_: &Path) -> Option<&'static str> {
        None
    }

    pub(crate) fn carry_over(_: &Path, _: &Path, _: &File) -> io::Result<bool> {
        Ok(true)
    }
}

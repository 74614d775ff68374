//! Detects a standard output that discards everything: a secret written there would be lost.

/// Why standard output discards everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Discard {
    /// It was closed when the program started. A null device that is open for reading too looks the same, since the
    /// runtime opens one for a closed descriptor.
    Closed,
    /// `>/dev/null`
    #[cfg_attr(not(unix), allow(dead_code))]
    Null,
}

/// Whether standard output discards everything, and why.
#[cfg(unix)]
pub(crate) fn of_stdout() -> Option<Discard> {
    let null = rustix::fs::stat("/dev/null").ok()?;
    let output = rustix::fs::fstat(std::io::stdout()).ok()?;
    if rustix::fs::FileType::from_raw_mode(output.st_mode) != rustix::fs::FileType::CharacterDevice
        || output.st_rdev != null.st_rdev
    {
        return None;
    }
    let flags = rustix::fs::fcntl_getfl(std::io::stdout()).ok()?;
    Some(if flags.contains(rustix::fs::OFlags::RDWR) { Discard::Closed } else { Discard::Null })
}

#[cfg(not(unix))]
pub(crate) fn of_stdout() -> Option<Discard> {
    None
}

//! Detects a standard output or standard error that discards everything: a secret or a mask written there would be lost.

/// Why a stream discards everything.
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
pub(crate) fn of_stdout() -> Option<Discard> {
    of(&std::io::stdout())
}

/// Whether standard error discards everything, and why.
pub(crate) fn of_stderr() -> Option<Discard> {
    of(&std::io::stderr())
}

#[cfg(unix)]
fn of(stream: &impl std::os::fd::AsFd) -> Option<Discard> {
    let null = rustix::fs::stat("/dev/null").ok()?;
    let output = rustix::fs::fstat(stream).ok()?;
    if rustix::fs::FileType::from_raw_mode(output.st_mode) != rustix::fs::FileType::CharacterDevice
        || output.st_rdev != null.st_rdev
    {
        return None;
    }
    let flags = rustix::fs::fcntl_getfl(stream).ok()?;
    Some(if flags.contains(rustix::fs::OFlags::RDWR) { Discard::Closed } else { Discard::Null })
}

#[cfg(not(unix))]
fn of<T>(_: &T) -> Option<Discard> {
    None
}

//! Standard output that leads nowhere: a secret that goes there is lost.

/// Where nothing arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Discard {
    /// It was closed when the program began, or someone put a null device in its place that can be read from too, which
    /// looks the same: the runtime opens one for a closed descriptor.
    Closed,
    /// `>/dev/null`
    #[cfg_attr(not(unix), allow(dead_code))]
    Null,
}

/// Whether what is written to standard output is lost.
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

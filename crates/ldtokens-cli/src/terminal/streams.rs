//! The standard streams: whether they are terminals, how wide, and whether they discard what is written.

use std::io::{IsTerminal, stderr, stdout};

use terminal_size::{terminal_size, terminal_size_of};

/// Whether the terminal understands no escape sequences, as those of editors and CI jobs say.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|name| name.is_empty() || name == "dumb")
}

/// The width of the terminal, if standard output is one.
pub(crate) fn terminal_width() -> Option<usize> {
    stdout().is_terminal().then(|| terminal_size().map_or(80, |(width, _)| usize::from(width.0)))
}

/// The width of the terminal, if standard error is one.
pub(crate) fn error_width() -> Option<usize> {
    stderr().is_terminal().then(|| terminal_size_of(stderr()).map_or(80, |(width, _)| usize::from(width.0)))
}

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

/// Why the stream discards everything: a secret or a mask written there would be lost.
#[cfg(unix)]
pub(crate) fn discard(stream: &impl std::os::fd::AsFd) -> Option<Discard> {
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
pub(crate) fn discard<T>(_: &T) -> Option<Discard> {
    None
}

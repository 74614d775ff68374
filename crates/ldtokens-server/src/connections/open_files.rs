//! How many connections the limit on open files leaves room for.

/// Files that are kept free, for the store's files that SQLite opens when it needs them, and for what else the program does.
#[cfg(unix)]
const KEPT_FREE: usize = 24;

/// As many of `wanted` connections as the process can have open now, and at least one.
#[cfg(unix)]
pub(super) fn for_connections(wanted: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let open = std::fs::read_dir("/dev/fd").map_or(0, Iterator::count);
    let left = limit.saturating_sub(open).saturating_sub(KEPT_FREE).max(1);
    if left < wanted {
        tracing::warn!(
            wanted,
            left,
            "the limit on open files leaves room for fewer connections; `ulimit -n` raises it"
        );
    }
    wanted.min(left)
}

/// As many as are wanted: this system has no such limit.
#[cfg(not(unix))]
pub(super) fn for_connections(wanted: usize) -> usize {
    wanted
}

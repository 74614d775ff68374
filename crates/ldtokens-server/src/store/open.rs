//! Opens the file of a store. A file that is not a store, or that another server has open, is refused with the reason.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lock::{self, Lock};
use super::schema::{APPLICATION_ID, VERSION, migrate};

/// How long a write waits for another program that has locked the file, such as one that copies it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many prepared statements a connection keeps. There are fewer than this.
const CACHED_STATEMENTS: usize = 64;

/// How the file of every SQLite database starts.
const DATABASE: &[u8; 16] = b"SQLite format 3\0";

/// The size in bytes from which the check of a store is worth a line in the log.
const LONG_CHECK: u64 = 32 * 1024 * 1024;

/// Opens the store in the file `path`, and creates the file if it does not exist. Returns a connection that writes, as many
/// as `readers` that read, and the lock. If it fails, the file is not changed, and a file that it created is removed.
///
/// Waits up to `wait` for another server to close the store.
pub(super) fn open(path: &Path, readers: usize, wait: Duration) -> Result<(Connection, Vec<Connection>, Lock), String> {
    let given = path;
    check_name(given).map_err(str::to_owned)?;
    let path = &lock::canonical(given);
    let lock_path = beside(path, "-lock");
    let lock_is_new = !lock_path.exists();
    let locked = Lock::take(&lock_path, wait).map_err(Problem::from).and_then(|lock| lock.ok_or(Problem::InUse));
    let mut lock = locked.map_err(|problem| {
        // If another server holds the lock, the lock file belongs to that server.
        if lock_is_new && !matches!(problem, Problem::InUse) {
            let _ = fs::remove_file(&lock_path);
        }
        problem.reason(given)
    })?;
    let is_new = !path.exists();
    let connections = connect(path, &mut lock).and_then(|connection| {
        let readers: Result<Vec<_>, _> = (0..readers).map(|_| open_reader(path)).collect();
        Ok((connection, readers?))
    });
    let (connection, readers) = connections.map_err(|problem| {
        // If one can't be removed: it is an empty store, and the next start takes it for a new one.
        let created = [(is_new, path.to_owned()), (is_new, beside(path, "-wal")), (is_new, beside(path, "-shm"))];
        for (_, file) in created.into_iter().chain([(lock_is_new, lock_path)]).filter(|(is_new, _)| *is_new) {
            let _ = fs::remove_file(file);
        }
        problem.reason(given)
    })?;
    Ok((connection, readers, lock))
}

/// Refuses a path that SQLite would not take for that of an ordinary file.
fn check_name(path: &Path) -> Result<(), &'static str> {
    let name = path.as_os_str().as_encoded_bytes();
    if name.is_empty() {
        Err("the path is empty; give the path of a file")
    } else if name == b":memory:" {
        Err(
            "it is not a file; leave out --store to keep the account in memory, or give ./:memory: for a file with this name",
        )
    } else if name.len() >= 5 && name[..5].eq_ignore_ascii_case(b"file:") {
        Err("it is a URI, not a file; give the path only, or ./file:... for a file with such a name")
    } else if path.exists() && !path.is_file() && !path.is_dir() {
        Err("it is not an ordinary file; give the path of one")
    } else {
        Ok(())
    }
}

/// A connection that only reads.
fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// A store in memory: a connection that writes, and as many as `readers` that read. It ends with the last of them.
pub(super) fn open_in_memory(readers: usize) -> rusqlite::Result<(Connection, Vec<Connection>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // In SQLite's file system `memdb`, the connections of this process share a database whose name starts with a slash.
    let name = format!("/ldtokens-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags_and_vfs(&name, flags, c"memdb")?;
        keep_statements(&connection)?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")?;
        Ok(connection)
    };
    let mut connection = open()?;
    migrate(&mut connection, 0)?;
    let readers = (0..readers).map(|_| open()).collect::<Result<_, _>>()?;
    Ok((connection, readers))
}

/// Makes a statement prepared once. Without a guarantee that its plan stays, SQLite prepares one with a parameter for its
/// `LIMIT` again each time.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// SQLite's own names for the files beside a database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path, lock: &mut Lock) -> Result<Connection, Problem> {
    if lock::has_hard_link(path) {
        return Err(Problem::HardLink);
    }
    // SQLite gives its other files the permissions of this one. It would open a file that it can't write, and then refuse each
    // write; and it would take a file of a few bytes for an empty one.
    let mut file = lock.take_store(path)?.ok_or(Problem::InUse)?;
    let size = file.metadata()?.len();
    let mut start = [0; DATABASE.len()];
    if size > 0 && (file.read_exact(&mut start).is_err() || start != *DATABASE) {
        return Err(Problem::NotADatabase);
    }
    if size >= LONG_CHECK {
        tracing::info!(mib = size / (1024 * 1024), "the store is checked for damage before the server starts");
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    keep_statements(&connection)?;
    // Until it is known to be a store, not even closing the connection may write to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(Duration::ZERO)?;
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    let version = match (application, version) {
        (APPLICATION_ID, 1..=VERSION) => version,
        (APPLICATION_ID, _) => return Err(Problem::OtherVersion(version)),
        (0, 0) if is_empty => 0,
        _ => return Err(Problem::NotAStore),
    };
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if health != "ok" {
        return Err(Problem::Damaged);
    }
    // A response is sent after its change is on the disk. On macOS, a plain fsync does not wait for the disk. In a container, the
    // store's folder may be the only one that can be written.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    if version < VERSION {
        migrate(&mut connection, version)?;
        // The upgrade may have written the whole store to the log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("another server has it open; stop that one, or give another file")]
    InUse,
    // The name of SQLite's log is that of the file, so changes under one name would not be seen under the other.
    #[error("it has a hard link, by which a second server could open it; remove one of the two names, or give a copy")]
    HardLink,
    #[error(
        "its format is version {0}, and this program reads versions up to {VERSION}; use the program that wrote it"
    )]
    OtherVersion(i32),
    #[error("it is a database of another program; give another file")]
    NotAStore,
    #[error("it is not a database; give another file")]
    NotADatabase,
    #[error("it is damaged; restore it from a copy, or give another file")]
    Damaged,
    #[error("the disk is full; free some space, and start again")]
    Full,
}

impl Problem {
    fn reason(self, path: &Path) -> String {
        let told = match &self {
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => Self::Full,
            Self::Io(error) => return inaccessible(path, &error.to_string()),
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Self::NotADatabase,
                Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
                Some(ErrorCode::DiskFull) => Self::Full,
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    return inaccessible(path, "permission denied");
                }
                _ => self,
            },
            _ => self,
        };
        told.to_string()
    }
}

/// Why a file can't be read and written. `reason` is the system's.
fn inaccessible(path: &Path, reason: &str) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        "it is a folder; give a file".to_owned()
    } else if !folder.is_dir() {
        format!("there is no folder {}; make it first", folder.display())
    } else {
        format!("{reason}; check the permissions of the file and of its folder")
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use rusqlite::ffi::{
        self, SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR_READ, SQLITE_LOCKED,
        SQLITE_NOTADB, SQLITE_PERM, SQLITE_READONLY,
    };

    use super::{Problem, check_name};

    /// The docs of `StartError::Store`: what is wrong, and what to do.
    #[test]
    fn each_problem_has_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ld.db");
        let sqlite = |code| Problem::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        let io = |kind: io::ErrorKind| Problem::Io(kind.into());
        for (problem, path, expected) in [
            (sqlite(SQLITE_NOTADB), &*file, "not a database; give another file"),
            (sqlite(SQLITE_CORRUPT), &file, "damaged"),
            (sqlite(SQLITE_BUSY), &file, "another server has it open"),
            (sqlite(SQLITE_LOCKED), &file, "another server has it open"),
            (sqlite(SQLITE_FULL), &file, "the disk is full"),
            (sqlite(SQLITE_CANTOPEN), folder.path(), "it is a folder"),
            (sqlite(SQLITE_READONLY), &folder.path().join("not/there.db"), "there is no folder"),
            (sqlite(SQLITE_PERM), &file, "permission denied"),
            (sqlite(SQLITE_PERM), Path::new("ld.db"), "permission denied"),
            (sqlite(SQLITE_IOERR_READ), &file, "I/O"),
            (io(io::ErrorKind::StorageFull), &file, "the disk is full"),
            (io(io::ErrorKind::PermissionDenied), &file, "permission denied"),
            (Problem::InUse, &file, "another server has it open"),
            (Problem::HardLink, &file, "hard link"),
            (Problem::NotAStore, &file, "another program"),
            (Problem::Damaged, &file, "damaged"),
            (Problem::NotADatabase, &file, "not a database"),
            (Problem::OtherVersion(99), &file, "version 99"),
        ] {
            let reason = problem.reason(path);
            assert!(reason.contains(expected), "{expected}: {reason}");
        }
    }

    #[test]
    fn a_path_must_be_that_of_an_ordinary_file() {
        for name in ["", ":memory:", "file:", "FILE:ld.db"] {
            assert!(check_name(Path::new(name)).is_err(), "{name}");
        }
        #[cfg(unix)]
        assert!(check_name(Path::new("/dev/null")).is_err());
        // A folder is refused later, with a reason of its own.
        for name in ["ld.db", "file", "files:ld.db", "./:memory:", "./file:ld.db", "."] {
            assert!(check_name(Path::new(name)).is_ok(), "{name}");
        }
    }
}

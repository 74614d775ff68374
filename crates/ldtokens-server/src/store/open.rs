//! Opening a store's file: only one that is ours, by one server, and with a clear word if not.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lock::{self, Lock, private};
use super::schema::{APPLICATION_ID, VERSION, migrate};

/// How long a write waits while another program, such as one that makes a copy, keeps the file from being written.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// The store in the file `path`, which is made if it isn't there: a connection that writes, and so many that read. If it
/// can't be opened all is left as it was.
///
/// A server that has it open is waited for, for so long.
pub(super) fn open(path: &Path, readers: usize, wait: Duration) -> Result<(Connection, Vec<Connection>, Lock), String> {
    let given = path;
    check_name(given).map_err(str::to_owned)?;
    let path = &lock::resolved(given);
    let lock_path = beside(path, "-lock");
    let lock_is_new = !lock_path.exists();
    let locked = lock::lock(&lock_path, wait).map_err(Problem::from).and_then(|lock| lock.ok_or(Problem::InUse));
    let lock = locked.map_err(|problem| {
        // One that another server has is its.
        if lock_is_new && !matches!(problem, Problem::InUse) {
            let _ = fs::remove_file(&lock_path);
        }
        problem.reason(given)
    })?;
    let is_new = !path.exists();
    let connections = connect(path).and_then(|connection| {
        let readers: Result<Vec<_>, _> = (0..readers).map(|_| open_reader(path)).collect();
        Ok((connection, readers?))
    });
    let (connection, readers) = connections.map_err(|problem| {
        // What can't be removed is empty, and the next server takes it for new.
        let made = [(is_new, path.to_owned()), (is_new, beside(path, "-wal")), (is_new, beside(path, "-shm"))];
        for (_, file) in made.into_iter().chain([(lock_is_new, lock_path)]).filter(|(is_new, _)| *is_new) {
            let _ = fs::remove_file(file);
        }
        problem.reason(given)
    })?;
    Ok((connection, readers, lock))
}

/// Refuses names that SQLite takes for something else than a file's.
fn check_name(path: &Path) -> Result<(), &'static str> {
    let name = path.as_os_str().as_encoded_bytes();
    if name.is_empty() {
        Err("it has no name; give a file")
    } else if name == b":memory:" {
        Err(
            "it is not a file; leave --store out to keep the account in memory, or give ./:memory: for a file of this name",
        )
    } else if name.len() >= 5 && name[..5].eq_ignore_ascii_case(b"file:") {
        Err("it is a URI, not a file; give the path alone, or ./file:... for a file of such a name")
    } else if path.exists() && !path.is_file() && !path.is_dir() {
        Err("it is not an ordinary file; give one")
    } else {
        Ok(())
    }
}

/// A connection that only reads, beside the one that [`open`] gave.
fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// A store in memory: a connection that writes, and so many that read. It ends with the last of them.
pub(super) fn open_in_memory(readers: usize) -> rusqlite::Result<(Connection, Vec<Connection>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // SQLite's own file system in memory, in which connections of this process share what begins with a slash.
    let name = format!("/ldtokens-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
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
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// SQLite's own names for the files beside a database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path) -> Result<Connection, Problem> {
    if lock::has_other_names(path) {
        return Err(Problem::OtherNames);
    }
    // SQLite makes its other files readable by whom this one is.
    if !path.exists() {
        private(OpenOptions::new().create_new(true).write(true)).open(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    keep_statements(&connection)?;
    // Until it is known to be ours, not even closing it may write to it.
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
        _ => return Err(Problem::NotOurs),
    };
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if health != "ok" {
        return Err(Problem::Damaged);
    }
    // A response is given after the disk has what it tells of; on macOS a plain fsync doesn't wait for that.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    if version < VERSION {
        migrate(&mut connection, version)?;
        // Bringing it up to date may have written all of it to the log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

enum Problem {
    Sqlite(rusqlite::Error),
    Io(io::Error),
    InUse,
    OtherNames,
    OtherVersion(i32),
    NotOurs,
    Damaged,
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Problem {
    fn reason(&self, path: &Path) -> String {
        const IN_USE: &str = "another server has it open; stop that one, or give another file";
        const DAMAGED: &str = "it is damaged; restore it from a copy, or give another file";
        const FULL: &str = "the disk is full; make room, and start again";
        match self {
            Self::InUse => IN_USE.to_owned(),
            // SQLite's log has the file's name, so that what one name has written is not seen by the other.
            Self::OtherNames => {
                "it has another name, a hard link, by which a second server could open it; remove one of them, \
                                 or give a copy"
                    .to_owned()
            }
            Self::NotOurs => "it is a database of another program's; give another file".to_owned(),
            Self::Damaged => DAMAGED.to_owned(),
            Self::OtherVersion(version) => format!(
                "its format is version {version}, and this program reads up to version {VERSION}; use the program that wrote it"
            ),
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => FULL.to_owned(),
            Self::Io(error) => inaccessible(path).unwrap_or_else(|| error.to_string()),
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => "it is not a database; give another file".to_owned(),
                Some(ErrorCode::DatabaseCorrupt) => DAMAGED.to_owned(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => IN_USE.to_owned(),
                Some(ErrorCode::DiskFull) => FULL.to_owned(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    inaccessible(path).unwrap_or_else(|| error.to_string())
                }
                _ => error.to_string(),
            },
        }
    }
}

/// Why a file can't be read and written, as far as that shows.
fn inaccessible(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(if path.is_dir() {
        "it is a folder; give a file".to_owned()
    } else if !folder.is_dir() {
        format!("there is no folder {}; make it first", folder.display())
    } else {
        "it can't be read and written; look at its permissions and its folder's".to_owned()
    })
}

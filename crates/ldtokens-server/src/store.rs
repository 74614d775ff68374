//! The store: members, tokens and hashes of secrets, in one SQLite file.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;

use crate::start_error::StartError;

/// Tells our files from other programs', as SQLite's documentation of `application_id` suggests.
const APPLICATION_ID: i32 = 0x4c44_746b; // "LDtk"

/// The version of the schema below. A file of a later version is refused.
const VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE member (
        id TEXT PRIMARY KEY,
        email TEXT NOT NULL,
        role TEXT NOT NULL,
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL
    ) STRICT;
    CREATE TABLE token (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        member TEXT NOT NULL REFERENCES member (id),
        service INTEGER NOT NULL,
        last_used INTEGER,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE secret (
        hash BLOB PRIMARY KEY,
        token TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
        expires INTEGER
    ) STRICT;
    CREATE INDEX secret_of_token ON secret (token);
";

/// A member of the account.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

/// A token as it is stored: what the API shows of it, but for what follows from elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    pub(crate) id: String,
    pub(crate) member: Member,
    pub(crate) service: bool,
    pub(crate) last_used: Option<i64>,
    pub(crate) document: Value,
}

/// Which tokens a list shows.
#[derive(Clone, Debug)]
pub(crate) enum Visible {
    All,
    /// The service tokens, and this member's.
    ServiceAndMember(String),
    Service,
}

#[derive(Debug)]
pub(crate) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the store in the file `path`, or in memory. A file that isn't there is made.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, StartError> {
        let connection = match path {
            None => open_in_memory().expect("SQLite runs in memory"),
            Some(path) => open_file(path)
                .map_err(|error| StartError::Store { path: path.to_owned(), reason: reason(path, &error) })?,
        };
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` in a transaction. If it fails nothing is changed; if not, what it did is on disk.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Records<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&Records { transaction: &transaction })?;
        transaction.commit()?;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn open_file(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    // One server a store: the lock is held until the connection closes, so a second one is refused.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON")?;
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    match (application, version) {
        (APPLICATION_ID, VERSION) => {}
        (APPLICATION_ID, _) => return Err(OpenError::OtherVersion(version)),
        (0, 0) if is_empty => {}
        _ => return Err(OpenError::NotOurs),
    }
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE")?;
    if is_empty {
        connection.execute_batch(SCHEMA)?;
        connection
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}"))?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

enum OpenError {
    Sqlite(rusqlite::Error),
    OtherVersion(i32),
    NotOurs,
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn reason(path: &Path, error: &OpenError) -> String {
    let error = match error {
        OpenError::NotOurs => return "it is a database of another program's; give another file".to_owned(),
        OpenError::OtherVersion(version) => {
            return format!(
                "its format is version {version}, and this program reads version {VERSION}; use the program that wrote it"
            );
        }
        OpenError::Sqlite(error) => error,
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is not a database; give another file".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged; restore it from a copy, or give another file".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another server has it open; stop that one, or give another file".to_owned()
        }
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if path.is_dir() {
                "it is a folder; give a file".to_owned()
            } else if !folder.is_dir() {
                format!("there is no folder {}; make it first", folder.display())
            } else {
                "it can't be read and written; look at its permissions and its folder's".to_owned()
            }
        }
        _ => error.to_string(),
    }
}

/// The records, within a transaction.
pub(crate) struct Records<'a> {
    transaction: &'a Transaction<'a>,
}

const TOKEN: &str = "SELECT token.id, service, last_used, document, member.id, email, role, first_name, last_name
    FROM token JOIN member ON member.id = token.member";

impl Records<'_> {
    pub(crate) fn is_new(&self) -> rusqlite::Result<bool> {
        self.transaction.query_row("SELECT NOT EXISTS (SELECT 1 FROM member)", [], |row| row.get(0))
    }

    pub(crate) fn add_member(&self, member: &Member) -> rusqlite::Result<()> {
        let values = params![member.id, member.email, member.role, member.first_name, member.last_name];
        self.transaction.execute("INSERT INTO member VALUES (?, ?, ?, ?, ?)", values)?;
        Ok(())
    }

    pub(crate) fn add_token(&self, token: &StoredToken) -> rusqlite::Result<()> {
        let values = params![token.id, token.member.id, token.service, token.document.to_string()];
        self.transaction
            .prepare_cached("INSERT INTO token (id, member, service, document) VALUES (?, ?, ?, ?)")?
            .execute(values)?;
        Ok(())
    }

    pub(crate) fn add_secret(&self, token: &str, hash: &[u8; 32]) -> rusqlite::Result<()> {
        self.transaction.execute("INSERT INTO secret (hash, token) VALUES (?, ?)", params![hash, token])?;
        Ok(())
    }

    /// The token that the secret with this hash opens at the moment `now`.
    pub(crate) fn token_of_secret(&self, hash: &[u8; 32], now: i64) -> rusqlite::Result<Option<StoredToken>> {
        let query = format!(
            "{TOKEN} JOIN secret ON secret.token = token.id WHERE hash = ? AND (expires IS NULL OR expires > ?)"
        );
        self.transaction.prepare_cached(&query)?.query_row(params![hash, now], read_token).optional()
    }

    /// Sets when the secrets that `token` has now stop working: at `expires`, if they don't sooner.
    pub(crate) fn expire_secrets(&self, token: &str, expires: i64, now: i64) -> rusqlite::Result<()> {
        self.transaction.execute(
            "UPDATE secret SET expires = ?2 WHERE token = ?1 AND (expires IS NULL OR expires > ?2)",
            params![token, expires],
        )?;
        self.transaction.execute("DELETE FROM secret WHERE token = ? AND expires <= ?", params![token, now])?;
        Ok(())
    }

    pub(crate) fn set_last_used(&self, token: &str, moment: i64) -> rusqlite::Result<()> {
        self.transaction
            .prepare_cached("UPDATE token SET last_used = ? WHERE id = ?")?
            .execute(params![moment, token])?;
        Ok(())
    }

    pub(crate) fn token(&self, id: &str) -> rusqlite::Result<Option<StoredToken>> {
        self.transaction.prepare_cached(&format!("{TOKEN} WHERE token.id = ?"))?.query_row([id], read_token).optional()
    }

    pub(crate) fn set_document(&self, id: &str, document: &Value) -> rusqlite::Result<()> {
        let values = params![document.to_string(), id];
        self.transaction.execute("UPDATE token SET document = ? WHERE id = ?", values)?;
        Ok(())
    }

    pub(crate) fn delete_token(&self, id: &str) -> rusqlite::Result<()> {
        self.transaction.execute("DELETE FROM token WHERE id = ?", [id])?;
        Ok(())
    }

    /// How many tokens are visible, and a page of them in the order of their making.
    pub(crate) fn page(&self, visible: &Visible, limit: i64, offset: i64) -> rusqlite::Result<(i64, Vec<StoredToken>)> {
        let (condition, member) = match visible {
            Visible::All => ("?1 IS NULL", None),
            Visible::ServiceAndMember(member) => ("(service OR member = ?1)", Some(member)),
            Visible::Service => ("(service OR ?1 IS NOT NULL)", None),
        };
        let count = self
            .transaction
            .prepare_cached(&format!("SELECT count(*) FROM token WHERE {condition}"))?
            .query_row([member], |row| row.get(0))?;
        let tokens = self
            .transaction
            .prepare_cached(&format!("{TOKEN} WHERE {condition} ORDER BY number LIMIT ?2 OFFSET ?3"))?
            .query_map(params![member, limit, offset], read_token)?
            .collect::<Result<_, _>>()?;
        Ok((count, tokens))
    }
}

fn read_token(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredToken> {
    let text: String = row.get(3)?;
    let document = serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, error.into()))?;
    let member = Member {
        id: row.get(4)?,
        email: row.get(5)?,
        role: row.get(6)?,
        first_name: row.get(7)?,
        last_name: row.get(8)?,
    };
    Ok(StoredToken { id: row.get(0)?, member, service: row.get(1)?, last_used: row.get(2)?, document })
}

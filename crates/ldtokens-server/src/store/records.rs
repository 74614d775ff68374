//! The records of the store: members, custom roles, tokens, and hashes of secrets.

use ldtokens_client::types::Statement;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::schema::count_at_end;
use super::token_json::TokenJson;

/// A member of the account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Member {
    /// 24 hexadecimal digits. Random if absent.
    #[serde(default, deserialize_with = "not_empty")]
    pub(crate) id: String,
    /// The email address, which no other member may have.
    pub(crate) email: String,
    /// The base role: owner, admin, writer, reader or no_access.
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) first_name: String,
    #[serde(default)]
    pub(crate) last_name: String,
    /// The keys or IDs of custom roles. They say what a member other than an owner or admin may do to tokens.
    #[serde(default)]
    pub(crate) custom_roles: Vec<String>,
    /// Whether the member has left. The service tokens that the member created still name the member.
    #[serde(skip)]
    pub(crate) is_removed: bool,
}

/// A custom role of the account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CustomRole {
    /// 24 hexadecimal digits. Random if absent.
    #[serde(default, deserialize_with = "not_empty")]
    pub(crate) id: String,
    /// The key, by which members and tokens name the role.
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) name: String,
    /// The statements. One that denies beats those that allow.
    pub(crate) policy: Vec<Statement>,
}

fn not_empty<'de, D: Deserializer<'de>>(id: D) -> Result<String, D::Error> {
    let id = String::deserialize(id)?;
    if id.is_empty() { Err(D::Error::custom("an ID must have 24 hexadecimal digits")) } else { Ok(id) }
}

/// A token.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    /// Numbers rise from 1 in the order in which tokens are created. 0 if it is not in the store yet.
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) member: Member,
    pub(crate) service: bool,
    pub(crate) last_used: Option<i64>,
    /// Each change adds 1.
    pub(crate) revision: i64,
    /// The properties that the API returns, without those that each response computes. The column is called `document`.
    pub(crate) properties: TokenJson,
}

/// The tokens that a list has.
#[derive(Clone, Debug)]
pub(crate) enum Visible {
    All,
    Service,
    /// The service tokens, and the personal tokens of the member with this ID.
    ServiceAndMember(String),
}

/// Access to the records, within a transaction.
pub(crate) struct Records<'a> {
    pub(super) connection: &'a Connection,
}

/// Selects the columns that [`read_token`] reads, and `$also`. CROSS JOIN keeps SQLite from changing the order of the tables.
macro_rules! select_token {
    ($also:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT token.number, token.id, service, revision, document, moment, member.id, email, role, first_name, last_name,
                custom_roles, removed", $also, "
             FROM ", $from, "token CROSS JOIN member ON member.id = token.member
                LEFT JOIN last_use ON last_use.token = token.number
             WHERE ", $where
        )
    };
}

/// How many bytes of a hash are looked up in the index.
const HASH_PREFIX: usize = 8;

impl<'a> Records<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    fn execute(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(values, read).optional()
    }

    /// Runs `work`, which adds many tokens. It is faster within this function, since the tokens are counted once, at the end.
    pub(crate) fn add_many<E: From<rusqlite::Error>>(&self, work: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        count_at_end(self.connection, work)
    }

    /// Removes the whole account.
    pub(crate) fn clear(&self) -> rusqlite::Result<()> {
        count_at_end(self.connection, || {
            self.connection.execute_batch(
                "DELETE FROM last_use; DELETE FROM secret; DELETE FROM token; DELETE FROM member; DELETE FROM custom_role;",
            )
        })
    }

    /// Whether the store has no account yet.
    pub(crate) fn is_new(&self) -> rusqlite::Result<bool> {
        self.connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM member)", [], |row| row.get(0))
    }

    pub(crate) fn add_member(&self, member: &Member) -> rusqlite::Result<()> {
        let Member { id, email, role, first_name, last_name, custom_roles, .. } = member;
        let custom_roles = Value::from(custom_roles.clone()).to_string();
        let sql = "INSERT INTO member (id, email, role, first_name, last_name, custom_roles) VALUES (?, ?, ?, ?, ?, ?)";
        self.execute(sql, params![id, email, role, first_name, last_name, custom_roles]).map(drop)
    }

    /// The ID of the account's owner. If it has none, the first member counts as the owner, which is our choice.
    pub(crate) fn owner_id(&self) -> rusqlite::Result<String> {
        let sql = "SELECT coalesce((SELECT id FROM member WHERE role = 'owner' ORDER BY rowid LIMIT 1),
            (SELECT id FROM member ORDER BY rowid LIMIT 1))";
        self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    }

    /// Gives a member another base role. Returns whether the account has this member.
    pub(crate) fn set_member_role(&self, email: &str, role: &str) -> rusqlite::Result<bool> {
        Ok(self.execute("UPDATE member SET role = ? WHERE email = ?", [role, email])? > 0)
    }

    /// Removes a member from the account. Returns whether the account had this member.
    pub(crate) fn remove_member(&self, email: &str) -> rusqlite::Result<bool> {
        Ok(self.execute("UPDATE member SET removed = 1 WHERE email = ? AND NOT removed", [email])? > 0)
    }

    /// The member with this ID, unless the member has left.
    pub(crate) fn member(&self, id: &str) -> rusqlite::Result<Option<Member>> {
        let sql = "SELECT id, email, role, first_name, last_name, custom_roles, removed FROM member
            WHERE id = ? AND NOT removed";
        self.find(sql, [id], |row| read_member(row, 0))
    }

    pub(crate) fn add_custom_role(&self, role: &CustomRole) -> rusqlite::Result<()> {
        let policy = serde_json::to_string(&role.policy);
        let policy = policy.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let sql = "INSERT INTO custom_role (id, key, name, policy) VALUES (?, ?, ?, ?)";
        self.execute(sql, [&role.id, &role.key, &role.name, &policy]).map(drop)
    }

    /// The custom role with this ID or key.
    pub(crate) fn custom_role(&self, role: &str) -> rusqlite::Result<Option<CustomRole>> {
        let sql =
            "SELECT id, key, name, policy FROM custom_role WHERE id = ?1 OR key = ?1 ORDER BY id = ?1 DESC LIMIT 1";
        self.find(sql, [role], read_custom_role)
    }

    /// The number of custom roles, and a page of them in the order in which they were created.
    pub(crate) fn custom_roles(&self, limit: i64, offset: i64) -> rusqlite::Result<(i64, Vec<CustomRole>)> {
        let count = self.connection.query_row("SELECT count(*) FROM custom_role", [], |row| row.get(0))?;
        let roles = self
            .connection
            .prepare_cached("SELECT id, key, name, policy FROM custom_role ORDER BY rowid LIMIT ? OFFSET ?")?
            .query_map([limit, offset], read_custom_role)?
            .collect::<Result<_, _>>()?;
        Ok((count, roles))
    }

    pub(crate) fn add_token(&self, token: &StoredToken) -> rusqlite::Result<()> {
        let sql = "INSERT INTO token (id, member, service, document) VALUES (?, ?, ?, ?)";
        self.execute(sql, params![token.id, token.member.id, token.service, token.properties.text()])?;
        match token.last_used {
            Some(moment) => self.set_last_used(self.connection.last_insert_rowid(), moment),
            None => Ok(()),
        }
    }

    pub(crate) fn add_secret(&self, token: &str, hash: &[u8; 32]) -> rusqlite::Result<()> {
        self.execute("INSERT INTO secret (hash, token) VALUES (?, ?)", params![hash, token]).map(drop)
    }

    /// The token whose secret has this hash, if that secret has not expired at `now`.
    ///
    /// The index finds the hashes with the same first bytes. Each of these is then compared in constant time.
    pub(crate) fn token_of_secret(&self, hash: &[u8; 32], now: i64) -> rusqlite::Result<Option<StoredToken>> {
        let (mut first, mut last) = ([0x00; 32], [0xff; 32]);
        first[..HASH_PREFIX].copy_from_slice(&hash[..HASH_PREFIX]);
        last[..HASH_PREFIX].copy_from_slice(&hash[..HASH_PREFIX]);
        let mut statement = self.connection.prepare_cached(select_token!(
            ", hash",
            "secret CROSS JOIN ",
            "hash BETWEEN ? AND ? AND (expires IS NULL OR expires > ?) AND token.id = secret.token"
        ))?;
        let mut found = statement.query(params![first, last, now])?;
        while let Some(row) = found.next()? {
            let stored: [u8; 32] = row.get(13)?;
            if bool::from(stored.ct_eq(hash)) {
                return read_token(row).map(Some);
            }
        }
        Ok(None)
    }

    /// The ID of the owner's first personal token with the Admin role.
    pub(crate) fn token_of_owner(&self) -> rusqlite::Result<Option<String>> {
        let sql = "SELECT token.id FROM token JOIN member ON member.id = token.member
            WHERE role = 'owner' AND NOT service AND document ->> 'role' = 'admin' ORDER BY number LIMIT 1";
        self.find(sql, [], |row| row.get(0))
    }

    /// Lets the secrets of `token` stop working at `expires`, except those that expire earlier.
    pub(crate) fn expire_secrets(&self, token: &str, expires: i64, now: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE secret SET expires = ?2 WHERE token = ?1 AND (expires IS NULL OR expires > ?2)";
        self.execute(sql, params![token, expires])?;
        self.execute("DELETE FROM secret WHERE token = ? AND expires <= ?", params![token, now]).map(drop)
    }

    /// Does nothing if the token was deleted.
    pub(super) fn set_last_used(&self, number: i64, moment: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO last_use (token, moment) SELECT number, ?2 FROM token WHERE number = ?1
            ON CONFLICT (token) DO UPDATE SET moment = excluded.moment";
        self.execute(sql, [number, moment]).map(drop)
    }

    pub(crate) fn token(&self, id: &str) -> rusqlite::Result<Option<StoredToken>> {
        self.find(select_token!("", "", "token.id = ?"), [id], read_token)
    }

    /// Writes the properties of `token`, if its revision is still the one that was read. Returns whether it is.
    pub(crate) fn replace(&self, token: &StoredToken) -> rusqlite::Result<bool> {
        let sql = "UPDATE token SET document = ?, revision = revision + 1 WHERE id = ? AND revision = ?";
        Ok(self.execute(sql, params![token.properties.text(), token.id, token.revision])? == 1)
    }

    pub(crate) fn delete_token(&self, id: &str) -> rusqlite::Result<()> {
        self.execute("DELETE FROM token WHERE id = ?", [id]).map(drop)
    }
}

fn read_token(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    let member = read_member(row, 6)?;
    let id: String = row.get(1)?;
    Ok(StoredToken {
        number: row.get(0)?,
        properties: TokenJson::stored(&id, row.get(4)?)?,
        id,
        member,
        service: row.get(2)?,
        revision: row.get(3)?,
        last_used: row.get(5)?,
    })
}

/// Reads a member from the columns from `first` on.
fn read_member(row: &Row<'_>, first: usize) -> rusqlite::Result<Member> {
    let custom_roles = match row.get_ref(first + 5)?.as_str()? {
        "[]" => Vec::new(),
        _ => json(row, first + 5)?,
    };
    Ok(Member {
        id: row.get(first)?,
        email: row.get(first + 1)?,
        role: row.get(first + 2)?,
        first_name: row.get(first + 3)?,
        last_name: row.get(first + 4)?,
        custom_roles,
        is_removed: row.get(first + 6)?,
    })
}

fn read_custom_role(row: &Row<'_>) -> rusqlite::Result<CustomRole> {
    Ok(CustomRole { id: row.get(0)?, key: row.get(1)?, name: row.get(2)?, policy: json(row, 3)? })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

//! The format of the store, and the migrations from each version to the next.

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as a store, as SQLite's documentation of `application_id` suggests.
pub(super) const APPLICATION_ID: i32 = 0x4c44_746b; // "LDtk"

/// The version that this program reads and writes. A file of a later version is refused.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

/// Fills an empty `tally`.
macro_rules! count_tokens {
    () => {
        "INSERT INTO tally (owner, block, tokens)
            SELECT '*', number >> 10, count(*) FROM token GROUP BY 2
            UNION ALL SELECT iif(service, 'service', member), number >> 10, count(*) FROM token GROUP BY 1, 2;
        INSERT INTO tally (owner, block, tokens) SELECT owner, -1, sum(tokens) FROM tally GROUP BY owner;"
    };
}

/// From an empty file to version 1, from version 1 to version 2, and so on. A released migration never changes.
const MIGRATIONS: [&str; 5] = [
    "CREATE TABLE member (
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
    CREATE INDEX secret_of_token ON secret (token);",
    // Adds custom roles, also of members (keys, as JSON), and the revision of a token, which shows whether it was changed
    // between a read and a write.
    "ALTER TABLE member ADD COLUMN custom_roles TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE token ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX token_of_member ON token (member, service);
    CREATE TABLE custom_role (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        policy TEXT NOT NULL
    ) STRICT;",
    // Sets the owner of each token to the account's owner, and replaces the keys of its custom roles with IDs, as in the API.
    "UPDATE token SET document = json_set(document, '$.ownerId',
        (SELECT id FROM member ORDER BY role = 'owner' DESC, rowid LIMIT 1));
    UPDATE token SET document = json_set(document, '$.customRoleIds', json((
        SELECT json_group_array(coalesce((SELECT id FROM custom_role WHERE key = value), value))
        FROM json_each(document, '$.customRoleIds')
    ))) WHERE json_type(document, '$.customRoleIds') = 'array';",
    // Makes the cost of a list depend on its page only. Each kind of token has an index by number. `tally` counts the tokens
    // of '*' (all), of 'service' and of each member (personal ones): in each block of 1,024 numbers, and in all as block -1.
    // The last use gets a table of its own, so that a use does not rewrite the token.
    concat!("CREATE TABLE last_use (
        token INTEGER PRIMARY KEY REFERENCES token (number) ON DELETE CASCADE,
        moment INTEGER NOT NULL
    ) STRICT;
    INSERT INTO last_use (token, moment) SELECT number, last_used FROM token WHERE last_used IS NOT NULL;
    ALTER TABLE token DROP COLUMN last_used;
    CREATE INDEX member_of_role ON member (role);
    DROP INDEX token_of_member;
    CREATE INDEX service_token ON token (number) WHERE service;
    CREATE INDEX personal_token ON token (member, number) WHERE NOT service;
    CREATE TABLE tally (
        owner TEXT NOT NULL,
        block INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        PRIMARY KEY (owner, block)
    ) STRICT, WITHOUT ROWID;
    ", count_tokens!(), "
    CREATE TRIGGER token_made AFTER INSERT ON token BEGIN
        INSERT INTO tally (owner, block, tokens) VALUES
            ('*', -1, 1),
            ('*', new.number >> 10, 1),
            (iif(new.service, 'service', new.member), -1, 1),
            (iif(new.service, 'service', new.member), new.number >> 10, 1)
            ON CONFLICT (owner, block) DO UPDATE SET tokens = tokens + 1;
    END;
    CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
        UPDATE tally SET tokens = tokens - 1
            WHERE owner IN ('*', iif(old.service, 'service', old.member)) AND block IN (-1, old.number >> 10);
        DELETE FROM tally
            WHERE owner IN ('*', iif(old.service, 'service', old.member)) AND block IN (-1, old.number >> 10) AND tokens = 0;
    END;"),
    // A member who has left stays, since service tokens name the member.
    "ALTER TABLE member ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;",
];

/// Runs `work`, which adds many tokens, without the triggers that count each one. All are counted once, at the end.
pub(super) fn count_at_end<E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    work()?;
    connection.execute_batch(concat!("DELETE FROM tally;", count_tokens!()))?;
    for (_, sql) in &triggers {
        connection.execute_batch(sql)?;
    }
    Ok(())
}

/// Upgrades a store from the version `from` (0 for an empty one) to [`VERSION`], in one transaction.
pub(super) fn migrate(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

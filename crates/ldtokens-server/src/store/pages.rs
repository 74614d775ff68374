//! Lists: where a page starts, which is found without reading the tokens before it, and the tokens on it.

use rusqlite::{CachedStatement, params};

use super::records::{Records, Visible};

/// A block has this many bits of a token's number: the triggers in `schema.rs` count the tokens of each block.
const BLOCK_BITS: u32 = 10;

/// In place of a block's number, this one has the count of all blocks together.
const ALL_BLOCKS: i64 = -1;

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageStart {
    /// The number of the first token, or a lower one.
    pub(crate) number: i64,
    /// How many tokens from there on come before the page. Fewer than a block has.
    pub(crate) skip: i64,
}

/// A token as it stands in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRow<'a> {
    pub(crate) id: &'a str,
    /// The JSON text of an object.
    pub(crate) properties: &'a str,
    pub(crate) member: MemberRow<'a>,
    /// Unix milliseconds.
    pub(crate) last_used: Option<i64>,
}

/// What a response has of a token's member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberRow<'a> {
    pub(crate) id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) role: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
}

impl Visible {
    /// The owners in the table `tally` whose counts it is the sum of.
    fn owners(&self) -> Vec<&str> {
        match self {
            Self::All => vec!["*"],
            Self::Service => vec!["service"],
            Self::ServiceAndMember(member) => vec!["service", member],
        }
    }
}

impl Records<'_> {
    /// How many tokens are visible.
    pub(crate) fn total(&self, visible: &Visible) -> rusqlite::Result<i64> {
        let mut total = 0;
        let mut of_owner = self
            .connection
            .prepare_cached("SELECT coalesce(sum(tokens), 0) FROM tally WHERE owner = ? AND block = ?")?;
        for owner in visible.owners() {
            total += of_owner.query_row(params![owner, ALL_BLOCKS], |row| row.get::<_, i64>(0))?;
        }
        Ok(total)
    }

    /// The number of the last token, or 0 if there is none.
    pub(crate) fn last_number(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("SELECT coalesce(max(number), 0) FROM token")?.query_row([], |row| row.get(0))
    }

    /// Where the visible tokens after the first `offset` start. None if there are no more.
    pub(crate) fn page_start(&self, visible: &Visible, offset: i64) -> rusqlite::Result<Option<PageStart>> {
        if offset == 0 {
            return Ok(Some(PageStart { number: 0, skip: 0 }));
        }
        let mut blocks = Vec::new();
        let mut of_owner = self
            .connection
            .prepare_cached("SELECT block, tokens FROM tally WHERE owner = ? AND block > ? ORDER BY block")?;
        let owners = visible.owners();
        for owner in &owners {
            let mut rows = of_owner.query(params![owner, ALL_BLOCKS])?;
            while let Some(row) = rows.next()? {
                blocks.push((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            }
        }
        if owners.len() > 1 {
            blocks.sort_unstable();
        }
        let mut before = 0;
        for same_block in blocks.chunk_by(|(one, _), (next, _)| one == next) {
            let tokens: i64 = same_block.iter().map(|(_, tokens)| tokens).sum();
            if before + tokens > offset {
                return Ok(Some(PageStart { number: same_block[0].0 << BLOCK_BITS, skip: offset - before }));
            }
            before += tokens;
        }
        Ok(None)
    }

    /// The numbers of the visible tokens from `start` on, in ascending order and `limit` at most.
    pub(crate) fn token_numbers(&self, visible: &Visible, start: PageStart, limit: i64) -> rusqlite::Result<Vec<i64>> {
        let PageStart { number: first, skip } = start;
        let mut statement = self.connection.prepare_cached(match visible {
            Visible::All => "SELECT number FROM token WHERE number >= ?1 ORDER BY number LIMIT ?2 OFFSET ?3",
            Visible::Service => {
                "SELECT number FROM token INDEXED BY service_token WHERE service AND number >= ?1
                 ORDER BY number LIMIT ?2 OFFSET ?3"
            }
            Visible::ServiceAndMember(_) => {
                "SELECT number FROM token INDEXED BY service_token WHERE service AND number >= ?1
                 UNION ALL
                 SELECT number FROM token INDEXED BY personal_token WHERE NOT service AND member = ?4 AND number >= ?1
                 ORDER BY number LIMIT ?2 OFFSET ?3"
            }
        })?;
        let number = |row: &rusqlite::Row<'_>| row.get(0);
        match visible {
            Visible::ServiceAndMember(member) => {
                statement.query_map(params![first, limit, skip, member], number)?.collect()
            }
            _ => statement.query_map([first, limit, skip], number)?.collect(),
        }
    }

    /// Reads the rows of tokens, one after the other.
    pub(crate) fn token_rows(&self) -> rusqlite::Result<TokenRows<'_>> {
        let statement = self.connection.prepare_cached(
            "SELECT token.id, document, moment, member.id, email, role, first_name, last_name
             FROM token CROSS JOIN member ON member.id = token.member LEFT JOIN last_use ON last_use.token = number
             WHERE number = ?",
        )?;
        Ok(TokenRows { statement })
    }
}

/// See [`Records::token_rows`].
pub(crate) struct TokenRows<'a> {
    statement: CachedStatement<'a>,
}

impl TokenRows<'_> {
    /// Calls `use_row` with the row of the token `number`, if there is such a token.
    pub(crate) fn read(&mut self, number: i64, use_row: impl FnOnce(TokenRow<'_>)) -> rusqlite::Result<()> {
        let mut rows = self.statement.query([number])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let text = |column: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
        let member =
            MemberRow { id: text(3)?, email: text(4)?, role: text(5)?, first_name: text(6)?, last_name: text(7)? };
        use_row(TokenRow { id: text(0)?, properties: text(1)?, member, last_used: row.get(2)? });
        Ok(())
    }
}

//! Lists: where a page begins, found without reading what stands before it, and what stands in it.

use rusqlite::{CachedStatement, params};

use super::last_use::LastUse;
use super::records::{Records, Visible};
use crate::operations::token_response::{Shown, ShownMember};

/// As the triggers of the store's format count: this many numbers are a block, in bits.
const BLOCK_BITS: u32 = 10;

/// The block that counts a whole group.
const WHOLE: i64 = -1;

/// Where the tokens from an offset on begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number to begin at.
    pub(crate) from: i64,
    /// How many tokens from there are to be skipped; fewer than a block has.
    pub(crate) skip: i64,
}

impl Visible {
    /// The groups of the tally that it is the sum of.
    fn groups(&self) -> Vec<&str> {
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
        let mut of_group = self
            .connection
            .prepare_cached("SELECT coalesce(sum(tokens), 0) FROM tally WHERE owner = ? AND block = ?")?;
        for group in visible.groups() {
            total += of_group.query_row(params![group, WHOLE], |row| row.get::<_, i64>(0))?;
        }
        Ok(total)
    }

    /// The number of the last token of all; 0 if there is none.
    pub(crate) fn last_number(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("SELECT coalesce(max(number), 0) FROM token")?.query_row([], |row| row.get(0))
    }

    /// Where the visible tokens after the first `offset` begin. None if there are no more.
    pub(crate) fn place(&self, visible: &Visible, offset: i64) -> rusqlite::Result<Option<Place>> {
        if offset == 0 {
            return Ok(Some(Place { from: 0, skip: 0 }));
        }
        let mut blocks = Vec::new();
        let mut of_group = self
            .connection
            .prepare_cached("SELECT block, tokens FROM tally WHERE owner = ? AND block > ? ORDER BY block")?;
        let groups = visible.groups();
        for group in &groups {
            let mut rows = of_group.query(params![group, WHOLE])?;
            while let Some(row) = rows.next()? {
                blocks.push((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            }
        }
        if groups.len() > 1 {
            blocks.sort_unstable();
        }
        let mut before = 0;
        for parts in blocks.chunk_by(|one, next| one.0 == next.0) {
            let tokens: i64 = parts.iter().map(|(_, tokens)| tokens).sum();
            if before + tokens > offset {
                return Ok(Some(Place { from: parts[0].0 << BLOCK_BITS, skip: offset - before }));
            }
            before += tokens;
        }
        Ok(None)
    }

    /// The numbers of the visible tokens from a place on, in their order and so many at most.
    pub(crate) fn numbers(&self, visible: &Visible, place: Place, limit: i64) -> rusqlite::Result<Vec<i64>> {
        let Place { from, skip } = place;
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
                statement.query_map(params![from, limit, skip, member], number)?.collect()
            }
            _ => statement.query_map([from, limit, skip], number)?.collect(),
        }
    }

    /// What shows tokens, one after the other.
    pub(crate) fn show(&self) -> rusqlite::Result<Show<'_>> {
        let token = self.connection.prepare_cached(
            "SELECT token.id, document, moment, member.id, email, role, first_name, last_name
             FROM token CROSS JOIN member ON member.id = token.member LEFT JOIN last_use ON last_use.token = number
             WHERE number = ?",
        )?;
        Ok(Show { token })
    }
}

/// See [`Records::show`].
pub(crate) struct Show<'a> {
    token: CachedStatement<'a>,
}

impl Show<'_> {
    /// Writes the token `number` as the API shows it after what is in `out`. Does nothing for one that is gone.
    pub(crate) fn write(&mut self, number: i64, last_use: &LastUse, out: &mut Vec<u8>) -> rusqlite::Result<()> {
        let mut rows = self.token.query([number])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let text = |column: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
        let member =
            ShownMember { id: text(3)?, email: text(4)?, role: text(5)?, first_name: text(6)?, last_name: text(7)? };
        let last_used = last_use.of(number).or(row.get(2)?);
        Shown { id: text(0)?, document: text(1)?, member, last_used }.write(out);
        Ok(())
    }
}

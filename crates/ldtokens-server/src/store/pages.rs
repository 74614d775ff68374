//! Lists: where a page starts, which is found without reading the tokens before it, and the tokens on it.

use rusqlite::{CachedStatement, params};
use serde::Serialize;

use super::records::{Records, Visible};
use super::token_json::check_object;

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
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberRow<'a> {
    #[serde(rename = "_id")]
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
        for owner in visible.owners() {
            let mut rows = of_owner.query(params![owner, ALL_BLOCKS])?;
            while let Some(row) = rows.next()? {
                blocks.push((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            }
        }
        blocks.sort_unstable();
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
        check_object(text(0)?, text(1)?)?;
        use_row(TokenRow { id: text(0)?, properties: text(1)?, member, last_used: row.get(2)? });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::PageStart;
    use crate::store::{Member, Records, Store, StoreError, StoredToken, Visible};

    const BLOCK: i64 = 1 << super::BLOCK_BITS;

    /// Adds tokens with the numbers from 1 to `count`. Each third one is a service token.
    fn add_tokens(records: &Records<'_>, count: i64) -> rusqlite::Result<()> {
        let member = Member {
            id: "m".to_owned(),
            email: "m@example.com".to_owned(),
            role: "owner".to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            custom_roles: Vec::new(),
            is_removed: false,
        };
        records.add_member(&member)?;
        for number in 1..=count {
            records.add_token(&StoredToken {
                number: 0,
                id: number.to_string(),
                member: member.clone(),
                service: number % 3 == 0,
                last_used: None,
                revision: 0,
                properties: json!({ "_id": number.to_string() }).into(),
            })?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_page_starts_in_the_block_of_its_first_token() {
        let store = Store::open(None, Duration::ZERO).unwrap();
        store.write(|records| add_tokens(records, BLOCK + 5).map_err(StoreError::from)).await.unwrap();
        let read = |visible: Visible, offset: i64| {
            store.read(|records| records.page_start(&visible, offset).map_err(StoreError::from)).unwrap()
        };
        let start = |number: i64, skip: i64| Some(PageStart { number, skip });
        // The first block has one token less, since there is no number 0.
        assert_eq!(read(Visible::All, 0), start(0, 0));
        assert_eq!(read(Visible::All, 1), start(0, 1));
        assert_eq!(read(Visible::All, BLOCK - 2), start(0, BLOCK - 2));
        assert_eq!(read(Visible::All, BLOCK - 1), start(BLOCK, 0));
        assert_eq!(read(Visible::All, BLOCK + 4), start(BLOCK, 5));
        assert_eq!(read(Visible::All, BLOCK + 5), None);
        // A member and the service tokens are counted apart, and a block is the sum of both.
        let both = || Visible::ServiceAndMember("m".to_owned());
        assert_eq!(read(both(), BLOCK - 2), start(0, BLOCK - 2));
        assert_eq!(read(both(), BLOCK - 1), start(BLOCK, 0));
        assert_eq!(read(both(), BLOCK + 5), None);
        assert_eq!(read(Visible::Service, 341), start(BLOCK, 0));
        assert_eq!(read(Visible::Service, 343), None);
        let counts = store.read(|records| {
            let total = |visible| records.total(&visible);
            Ok::<_, StoreError>((
                total(Visible::All)?,
                total(Visible::Service)?,
                total(both())?,
                records.last_number()?,
            ))
        });
        assert_eq!(counts.unwrap(), (BLOCK + 5, 343, BLOCK + 5, BLOCK + 5));
    }

    #[tokio::test]
    async fn token_numbers_and_rows_are_those_of_the_visible_tokens() {
        let store = Store::open(None, Duration::ZERO).unwrap();
        store.write(|records| add_tokens(records, 9).map_err(StoreError::from)).await.unwrap();
        let read = |visible: Visible, number: i64, skip: i64, limit: i64| {
            let start = PageStart { number, skip };
            store.read(|records| records.token_numbers(&visible, start, limit).map_err(StoreError::from)).unwrap()
        };
        assert_eq!(read(Visible::All, 0, 0, 3), [1, 2, 3]);
        assert_eq!(read(Visible::All, 4, 1, 2), [5, 6]);
        assert_eq!(read(Visible::Service, 4, 0, 9), [6, 9]);
        assert_eq!(read(Visible::ServiceAndMember("m".to_owned()), 2, 1, 3), [3, 4, 5]);
        assert_eq!(read(Visible::ServiceAndMember("other".to_owned()), 0, 0, 9), [3, 6, 9]);
        let read_rows = |records: &Records<'_>| {
            let (mut rows, mut ids) = (records.token_rows()?, Vec::new());
            for number in [2, 10] {
                rows.read(number, |token| ids.push((token.id.to_owned(), token.member.id.to_owned())))?;
            }
            Ok::<_, StoreError>(ids)
        };
        assert_eq!(store.read(read_rows).unwrap(), [("2".to_owned(), "m".to_owned())], "there is no token 10");
    }
}

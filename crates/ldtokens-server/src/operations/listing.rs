//! The response with a list of tokens. A long one is read and sent in chunks, each of what is stored at one moment. So a
//! list takes no more memory than a chunk, and nothing is read before the client has taken what came before.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::Value;

use crate::operations::token_response;
use crate::response::{ApiError, json_text_response};
use crate::store::{LastUse, PageStart, Records, Store, Visible};

/// The size of a chunk, in bytes. It may be exceeded by one token.
const CHUNK: usize = 64 * 1024;

/// The size of the first chunk of a page, so that an ordinary page is one chunk, and so of one moment.
const FIRST_CHUNK_OF_PAGE: usize = 1024 * 1024;

/// How many token numbers are looked up at once.
const NUMBERS: i64 = 256;

/// The rest of a list that is being sent.
#[derive(Debug)]
pub(crate) struct Listing {
    visible: Visible,
    /// Where the next chunk starts.
    start: PageStart,
    /// The most tokens that may follow.
    remaining: i64,
    /// The number of the last token that belongs to the list.
    last: i64,
    /// The size of the next chunk.
    chunk_size: usize,
    /// Whether no token has been written yet.
    is_first: bool,
    /// The JSON before the tokens, until it is written, and after them.
    head: String,
    tail: String,
}

impl Listing {
    /// A page of at most `limit` visible tokens from `start` on, or, without a limit, all tokens that there are now.
    pub(crate) fn begin(
        records: &Records<'_>,
        visible: Visible,
        start: Option<PageStart>,
        limit: Option<i64>,
        links: &Value,
        total: Option<i64>,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            visible,
            remaining: if start.is_some() { limit.unwrap_or(i64::MAX) } else { 0 },
            start: start.unwrap_or(PageStart { number: 0, skip: 0 }),
            last: if limit.is_some() { i64::MAX } else { records.last_number()? },
            chunk_size: if limit.is_some() { FIRST_CHUNK_OF_PAGE } else { CHUNK },
            is_first: true,
            head: format!("{{\"_links\":{links},\"items\":["),
            tail: total.map_or("]}".to_owned(), |total| format!("],\"totalCount\":{total}}}")),
        })
    }

    /// The response that starts with `first`. If there is more, each further chunk is read when the client takes it, so that
    /// nothing is read for a client that has left.
    pub(crate) fn into_response(self, first: Vec<u8>, store: Arc<Store>) -> Response {
        if self.remaining == 0 {
            return json_text_response(StatusCode::OK, first);
        }
        let first = futures_util::stream::iter([Ok(Bytes::from(first))]);
        let others = futures_util::stream::try_unfold(self, move |mut listing| {
            let store = store.clone();
            async move {
                if listing.remaining == 0 {
                    return Ok(None);
                }
                let permit = store.long_read().await;
                let reading = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    let chunk = store.read(|records| Ok(listing.next_chunk(records, store.last_use())?));
                    chunk.map(|chunk| (Bytes::from(chunk), listing))
                });
                let read = reading.await.unwrap_or_else(|_| Err(ApiError::INTERNAL));
                // An error cuts the body off, so that the client sees that the list is incomplete.
                read.map(Some).map_err(|error| std::io::Error::other(error.message))
            }
        });
        json_text_response(StatusCode::OK, Body::from_stream(first.chain(others)))
    }

    /// The next chunk. After the last one, `remaining` is 0.
    pub(crate) fn next_chunk(&mut self, records: &Records<'_>, last_use: &LastUse) -> rusqlite::Result<Vec<u8>> {
        let size = std::mem::replace(&mut self.chunk_size, CHUNK);
        let mut chunk = std::mem::take(&mut self.head).into_bytes();
        let mut rows = records.token_rows()?;
        while self.remaining > 0 && chunk.len() < size {
            let wanted = self.remaining.min(NUMBERS);
            let numbers = records.token_numbers(&self.visible, self.start, wanted)?;
            let mut is_end = numbers.len() < usize::try_from(wanted).unwrap_or(usize::MAX);
            for number in numbers {
                if number > self.last || chunk.len() >= size {
                    is_end = number > self.last;
                    break;
                }
                if !std::mem::replace(&mut self.is_first, false) {
                    chunk.push(b',');
                }
                rows.read(number, |token| {
                    let last_used = last_use.of(number).or(token.last_used);
                    token_response::write(token, last_used, &mut chunk);
                })?;
                self.start = PageStart { number: number + 1, skip: 0 };
                self.remaining -= 1;
            }
            if is_end {
                self.remaining = 0;
            }
        }
        if self.remaining == 0 {
            chunk.extend_from_slice(std::mem::take(&mut self.tail).as_bytes());
        }
        Ok(chunk)
    }
}

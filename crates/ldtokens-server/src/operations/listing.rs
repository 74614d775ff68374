//! A list as it is answered: in pieces, each of what is stored at one moment, so that a list takes as much memory as a piece
//! however long it is, and goes no further than its client reads.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures_util::StreamExt;
use serde_json::Value;

use crate::http::response::{ApiError, json_text_response};
use crate::http::routes::Service;
use crate::store::{LastUse, Place, Records, Visible};
use axum::response::Response;

/// How long a piece is, in bytes and up to a token more.
const PIECE: usize = 64 * 1024;

/// How long the first piece of a page may be: an ordinary page is whole, and of one moment.
const PAGE: usize = 1024 * 1024;

/// How many tokens' numbers are looked up at once.
const NUMBERS: i64 = 256;

/// What is still to be given of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    visible: Visible,
    place: Place,
    /// How many tokens there may still be.
    left: i64,
    /// The last number that belongs to it.
    last: i64,
    /// How long the next piece may be.
    longest: usize,
    /// Whether no token was given yet.
    is_empty: bool,
    /// What comes before the tokens, and after them.
    head: String,
    tail: String,
}

impl Listing {
    /// The first `limit` of the visible tokens from `place` on; without a limit, those that there are now.
    pub(crate) fn begin(
        records: &Records<'_>,
        visible: Visible,
        place: Option<Place>,
        limit: Option<i64>,
        links: &Value,
        total: Option<i64>,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            visible,
            left: if place.is_some() { limit.unwrap_or(i64::MAX) } else { 0 },
            place: place.unwrap_or(Place { from: 0, skip: 0 }),
            last: if limit.is_some() { i64::MAX } else { records.last_number()? },
            longest: if limit.is_some() { PAGE } else { PIECE },
            is_empty: true,
            head: format!("{{\"_links\":{links},\"items\":["),
            tail: total.map_or("]}".to_owned(), |total| format!("],\"totalCount\":{total}}}")),
        })
    }

    /// The first piece, and what is left of the list if that is not all of it.
    pub(crate) fn first_piece(
        mut self,
        records: &Records<'_>,
        last_use: &LastUse,
    ) -> Result<(Vec<u8>, Option<Self>), ApiError> {
        let piece = self.piece(records, last_use)?;
        let is_left = self.left > 0;
        Ok((piece, is_left.then_some(self)))
    }

    /// The response that begins with `piece`, and reads the others as its client takes them: if the client is gone, no more.
    pub(crate) fn into_response(self, piece: Vec<u8>, service: Arc<Service>) -> Response {
        let first = futures_util::stream::iter([Ok(Bytes::from(piece))]);
        let others = futures_util::stream::try_unfold(self, move |mut listing| {
            let service = service.clone();
            async move {
                if listing.left == 0 {
                    return Ok(None);
                }
                let leave = service.store.long_read().await;
                let reading = tokio::task::spawn_blocking(move || {
                    let _leave = leave;
                    let piece = service.store.read(|records| Ok(listing.piece(records, service.store.last_use())?));
                    piece.map(|piece| (Bytes::from(piece), listing))
                });
                let read = reading.await.unwrap_or_else(|_| Err(ApiError::internal()));
                // The list breaks off, which its client sees.
                read.map(Some).map_err(|error| std::io::Error::other(error.message))
            }
        });
        json_text_response(StatusCode::OK, Body::from_stream(first.chain(others)))
    }

    /// The next piece. The last one leaves nothing.
    fn piece(&mut self, records: &Records<'_>, last_use: &LastUse) -> rusqlite::Result<Vec<u8>> {
        let longest = std::mem::replace(&mut self.longest, PIECE);
        let mut piece = std::mem::take(&mut self.head).into_bytes();
        let mut show = records.show()?;
        while self.left > 0 && piece.len() < longest {
            let input = self.left.min(NUMBERS);
            let numbers = records.numbers(&self.visible, self.place, input)?;
            let mut is_end = numbers.len() < usize::try_from(input).unwrap_or(usize::MAX);
            for number in numbers {
                if number > self.last || piece.len() >= longest {
                    is_end = number > self.last;
                    break;
                }
                if !std::mem::replace(&mut self.is_empty, false) {
                    piece.push(b',');
                }
                show.write(number, last_use, &mut piece)?;
                self.place = Place { from: number + 1, skip: 0 };
                self.left -= 1;
            }
            if is_end {
                self.left = 0;
            }
        }
        if self.left == 0 {
            piece.extend_from_slice(std::mem::take(&mut self.tail).as_bytes());
        }
        Ok(piece)
    }
}

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use ldtokens_client::types::Token;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::list::{List, Page};

/// The tokens of a list, one at a time; [`List::stream`] makes it.
///
/// It is a [`Stream`]; [`next`](Self::next) serves those who use no stream library.
#[derive(Debug)]
pub struct TokenStream {
    /// What to ask for first. Nothing is until the stream is polled.
    unasked: Option<List>,
    /// The request for the next page. Dropping the stream drops it too.
    asked: JoinSet<Result<Page, Error>>,
    page: std::vec::IntoIter<Token>,
    seen: Seen,
    first: u64,
    pages: u64,
    total_count: Option<u64>,
    changed: bool,
    repeated: u64,
}

impl TokenStream {
    pub(crate) fn new(list: List) -> Self {
        Self {
            first: list.first(),
            unasked: Some(list),
            asked: JoinSet::new(),
            page: Vec::new().into_iter(),
            seen: Seen::default(),
            pages: 0,
            total_count: None,
            changed: false,
            repeated: 0,
        }
    }

    /// The next token; `None` after the last one or after an error.
    pub async fn next(&mut self) -> Option<Result<Token, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn take(&mut self, page: Page) {
        if let (Some(before), Some(now)) = (self.total_count, page.total_count) {
            self.changed |= before != now;
        }
        self.pages += 1;
        self.total_count = page.total_count;
        self.page = page.tokens.into_iter();
        if let Some(next) = page.next {
            self.asked.spawn(next.send());
        }
    }

    /// What to say at the end, once.
    fn verdict(&mut self) -> Option<Result<Token, Error>> {
        let total = self.total_count.take();
        let read = self.first + self.seen.count();
        let wrong = total.filter(|total| (*total).max(self.first) != read);
        let repeated = std::mem::take(&mut self.repeated);
        let changed = std::mem::take(&mut self.changed) || repeated > 0;
        match wrong {
            // Within one page nothing moves.
            Some(total) if !changed && self.pages == 1 => Some(Err(Error::WrongTotal { total, read })),
            wrong => (changed || wrong.is_some()).then_some(Err(Error::ListChanged { repeated })),
        }
    }
}

impl Stream for TokenStream {
    type Item = Result<Token, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(token) = self.page.next() {
                if self.seen.insert(&token.id) {
                    return Poll::Ready(Some(Ok(token)));
                }
                self.repeated += 1;
                continue;
            }
            if let Some(list) = self.unasked.take() {
                self.asked.spawn(list.send());
            }
            match ready!(self.asked.poll_join_next(context)) {
                Some(Ok(Ok(page))) => self.take(page),
                Some(Ok(Err(error))) => {
                    self.total_count = None;
                    (self.changed, self.repeated) = (false, 0);
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => return Poll::Ready(self.verdict()),
            }
        }
    }
}

/// The tokens seen so far, at 8 bytes each however long their IDs are.
#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// Whether `id` is new.
    ///
    /// Of a hundred thousand IDs two are taken for one in one reading of four billion; that reading then ends as if the
    /// list had changed, and the next has other hashes.
    fn insert(&mut self, id: &str) -> bool {
        self.ids.insert(self.hasher.hash_one(id))
    }

    fn count(&self) -> u64 {
        self.ids.len() as u64
    }
}

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::JoinSet;

use crate::{Error, List, Page, Token};

/// The tokens of a list, one at a time. [`List::stream`] returns it.
///
/// It is a [`Stream`]; [`next`](Self::next) is for programs that use no stream library.
#[derive(Debug)]
pub struct TokenStream {
    /// The first page. It is requested when the stream is first polled.
    first_page: Option<List>,
    /// The request for the next page. Dropping the stream drops it too.
    next_page: JoinSet<Result<Page, Error>>,
    page: std::vec::IntoIter<Token>,
    unreadable: std::vec::IntoIter<Error>,
    seen: Seen,
    /// How many tokens could not be read.
    skipped: u64,
    offset: u64,
    limit: u64,
    pages: u64,
    total_count: Option<u64>,
    changed: bool,
    repeated: u64,
}

impl List {
    /// Streams all tokens from the offset on. At most two pages are in memory: the one being read, and the next, which is
    /// requested in advance.
    ///
    /// No token comes twice. A token that can't be read is an [`Error::Undecodable`], and the stream continues. If the list
    /// changes while it is read, the stream yields what it can and then ends with [`Error::ListChanged`]. If the list is a
    /// single page with a wrong total, it ends with [`Error::WrongTotal`]. Any other error ends it at once.
    ///
    /// It must be polled within a tokio runtime.
    pub fn stream(self) -> TokenStream {
        TokenStream {
            offset: self.offset,
            limit: self.limit,
            first_page: Some(self),
            next_page: JoinSet::new(),
            page: Vec::new().into_iter(),
            unreadable: Vec::new().into_iter(),
            seen: Seen::default(),
            skipped: 0,
            pages: 0,
            total_count: None,
            changed: false,
            repeated: 0,
        }
    }
}

impl TokenStream {
    /// The next token. `None` after the last one, or after an error that ends the stream.
    pub async fn next(&mut self) -> Option<Result<Token, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// How many tokens there were so far, those that can't be read included.
    fn count(&self) -> u64 {
        self.seen.ids.len() as u64 + self.skipped
    }

    fn take(&mut self, page: Page) {
        self.pages += 1;
        let on_page = (page.tokens.len() + page.unreadable.len()) as u64;
        // The vendor documents `totalCount` as the number of tokens returned. If it may mean that, it is ignored.
        if let Some(total) = page.total_count.filter(|total| *total > on_page) {
            self.changed |= self.total_count.is_some_and(|before| before != total);
            self.total_count = Some(total);
        }
        self.page = page.tokens.into_iter();
        self.unreadable = page.unreadable.into_iter();
        if let Some(next) = page.next
            && self.count() + on_page < self.limit
        {
            self.next_page.spawn(next.send());
        }
    }

    fn forget(&mut self) {
        (self.total_count, self.changed, self.repeated) = (None, false, 0);
    }

    /// The last item: an error, if the list changed.
    fn finish(&mut self) -> Option<Result<Token, Error>> {
        let expected = self.total_count.map(|total| total.saturating_sub(self.offset));
        let (repeated, read) = (self.repeated, self.count());
        let changed = self.changed || repeated > 0;
        let is_wrong = expected.is_some_and(|expected| expected != read);
        let total = self.total_count.unwrap_or_default();
        self.forget();
        if is_wrong && !changed && self.pages == 1 {
            // Tokens don't move within one page.
            return Some(Err(Error::WrongTotal { total, read: self.offset + read }));
        }
        (changed || is_wrong).then_some(Err(Error::ListChanged { repeated }))
    }
}

impl Stream for TokenStream {
    type Item = Result<Token, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.count() >= self.limit {
                // Whether the list changed is not known here.
                return Poll::Ready(None);
            }
            if let Some(token) = self.page.next() {
                if self.seen.insert(token.id.as_str()) {
                    return Poll::Ready(Some(Ok(token)));
                }
                self.repeated += 1;
                continue;
            }
            if let Some(error) = self.unreadable.next() {
                self.skipped += 1;
                return Poll::Ready(Some(Err(error)));
            }
            if let Some(list) = self.first_page.take() {
                self.next_page.spawn(list.send());
            }
            match ready!(self.next_page.poll_join_next(context)) {
                Some(Ok(Ok(page))) => self.take(page),
                Some(Ok(Err(error))) => {
                    self.forget();
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => return Poll::Ready(self.finish()),
            }
        }
    }
}

/// The hashes of the IDs of the tokens so far, 8 bytes each.
#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// Whether `id` is new.
    ///
    /// In a list of 100,000 tokens, the chance that two IDs have the same hash is about one in four billion. The stream then
    /// ends as if the list had changed, and the next stream uses other hashes.
    fn insert(&mut self, id: &str) -> bool {
        self.ids.insert(self.hasher.hash_one(id))
    }
}

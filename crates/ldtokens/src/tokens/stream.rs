use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::JoinSet;

use crate::{Error, List, Page, Token};

/// The size of pages, if the program sets none. The API may give smaller ones.
const LARGE_PAGE: u64 = 1000;

/// The tokens of a list, one at a time. [`List::stream`] returns it.
///
/// It is a [`Stream`]; [`next`](Self::next) is for programs that use no stream library.
#[derive(Debug)]
pub struct TokenStream {
    /// The first page. It is requested when the stream is first polled.
    first_page: Option<List>,
    /// The requests for the next pages, in order.
    requests: VecDeque<PageRequest>,
    /// Whether pages were where they were expected, so that several can be requested at once.
    is_regular: bool,
    page: std::vec::IntoIter<Token>,
    unreadable: std::vec::IntoIter<Error>,
    /// The error of the last page's link to the next one.
    bad_link: Option<Error>,
    seen: Seen,
    /// How many tokens could not be read.
    pub(crate) skipped: u64,
    offset: u64,
    limit: u64,
    pages: u64,
    total_count: Option<u64>,
    changed: bool,
    repeated: u64,
}

/// The request for a page, in a task of its own, which decodes the response too. Dropping it drops the task.
#[derive(Debug)]
struct PageRequest {
    list: List,
    task: JoinSet<Result<Page, Error>>,
}

impl PageRequest {
    fn new(list: List) -> Self {
        let mut task = JoinSet::new();
        task.spawn(list.clone().send());
        Self { list, task }
    }

    /// The first page, as large as the API gives it if the program sets no size. An API that refuses the size chooses it.
    fn first(list: List) -> Self {
        let size = LARGE_PAGE.min(list.limit);
        if list.page_size.is_some() || size == 0 {
            return Self::new(list);
        }
        let mut task = JoinSet::new();
        let (large, any) = (list.clone().page_size(size), list.clone());
        task.spawn(async {
            match large.send().await {
                Err(Error::InvalidRequest(_)) => any.send().await,
                sent => sent,
            }
        });
        Self { list, task }
    }
}

impl List {
    /// Streams all tokens from the offset on. Pages are as large as the API gives them, unless
    /// [`page_size`](Self::page_size) is set. When the first one has shown how many tokens there are, several pages are
    /// requested at once, up to the [`concurrency`](crate::ClientBuilder::concurrency). So many are in memory at most.
    ///
    /// No token comes twice. A token that can't be read is an [`Error::Undecodable`], and the stream continues. If the list
    /// changes while it is read, the stream yields what it can and then ends with [`Error::ListChanged`]. If the list is a
    /// single page with a wrong total, it ends with [`Error::WrongTotal`]. Any other error ends it at once.
    ///
    /// It must be polled within a tokio runtime. With several threads, pages are decoded side by side.
    pub fn stream(self) -> TokenStream {
        TokenStream {
            offset: self.offset,
            limit: self.limit,
            first_page: Some(self),
            requests: VecDeque::new(),
            is_regular: true,
            page: Vec::new().into_iter(),
            unreadable: Vec::new().into_iter(),
            bad_link: None,
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

    fn take(&mut self, offset: u64, page: Page) {
        self.pages += 1;
        let on_page = (page.tokens.len() + page.unreadable.len()) as u64;
        // The vendor documents `totalCount` as the number of tokens returned. If it may mean that, it is ignored.
        if let Some(total) = page.total_count.filter(|total| *total > on_page) {
            self.changed |= self.total_count.is_some_and(|before| before != total);
            self.total_count = Some(total);
        }
        self.page = page.tokens.into_iter();
        self.unreadable = page.unreadable.into_iter();
        let next = page.next.unwrap_or_else(|error| {
            self.bad_link = Some(error);
            None
        });
        match next.filter(|_| self.count() + on_page < self.limit) {
            Some(next) => self.request(next, offset, on_page),
            None => self.requests.clear(),
        }
    }

    /// Requests the page that the link leads to, if it is not under way. If it is where it was expected, after the `step`
    /// tokens of this page, it requests those after it too.
    fn request(&mut self, next: List, offset: u64, step: u64) {
        let is_next =
            |request: &PageRequest| (request.list.offset, request.list.page_size) == (next.offset, next.page_size);
        self.is_regular &= next.offset == offset + step && self.requests.front().is_none_or(is_next);
        if !self.is_regular {
            self.requests.clear();
        }
        if self.requests.is_empty() {
            self.requests.push_back(PageRequest::new(next));
        }
        // Until the end of the list, or of what the program wants.
        let end = self.total_count.unwrap_or_default().min(self.offset.saturating_add(self.limit));
        while let Some(PageRequest { list, .. }) = self.requests.back().filter(|_| self.is_regular)
            && self.requests.len() < list.client.concurrency
            && list.offset + step < end
        {
            let list = list.clone().offset(list.offset + step);
            self.requests.push_back(PageRequest::new(list));
        }
    }

    fn forget(&mut self) {
        (self.total_count, self.changed, self.repeated) = (None, false, 0);
    }

    /// The last item: an error, if the list changed or could not be followed to its end.
    fn finish(&mut self) -> Option<Result<Token, Error>> {
        let expected = self.total_count.map(|total| total.saturating_sub(self.offset));
        let (repeated, read) = (self.repeated, self.count());
        let changed = self.changed || repeated > 0;
        let is_wrong = expected.is_some_and(|expected| expected != read);
        let total = self.total_count.unwrap_or_default();
        self.forget();
        if let Some(error) = self.bad_link.take() {
            return Some(Err(error));
        }
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
                self.requests.push_back(PageRequest::first(list));
            }
            let Some(request) = self.requests.front_mut() else { return Poll::Ready(self.finish()) };
            let result = ready!(request.task.poll_join_next(context)).expect("it has a task");
            let offset = request.list.offset;
            self.requests.pop_front();
            match result {
                Ok(Ok(page)) => self.take(offset, page),
                Ok(Err(error)) => {
                    self.requests.clear();
                    self.forget();
                    return Poll::Ready(Some(Err(error)));
                }
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
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

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::JoinSet;

use crate::{Error, List, Page, Token};

/// The size of pages, if the program sets none. The API may give smaller ones.
const LARGE_PAGE: u64 = 1000;

/// How often a list that changes is read.
const MOST_READS: u32 = 3;

/// The tokens of a list, one at a time. [`List::stream`] returns it.
///
/// It is a [`Stream`]; [`next`](Self::next) is for programs that use no stream library.
#[derive(Debug, Default)]
pub struct TokenStream {
    /// The requests for the next pages, in order.
    requests: VecDeque<PageRequest>,
    /// Whether pages were where they were expected, so that several can be requested at once.
    is_regular: bool,
    /// The tokens of a page, and the errors of those that can't be read.
    items: VecDeque<Result<Token, Error>>,
    /// The error of the last page's link to the next one.
    bad_link: Option<Error>,
    /// The hashes of the IDs of the tokens so far, 8 bytes each. In a list of 100,000 tokens, the chance that two IDs have the
    /// same hash is about one in four billion. The stream then ends as if the list had changed, and the next one uses other hashes.
    seen: HashSet<u64>,
    /// How many tokens there were so far, those that can't be read included.
    count: u64,
    offset: u64,
    limit: u64,
    pages: u64,
    total_count: Option<u64>,
    changed: bool,
    repeated: u64,
    /// Whether nothing comes any more but, perhaps, an error that was returned with it.
    is_done: bool,
}

/// The request for a page, in a task of its own, which decodes the response too. Dropping it drops the task.
#[derive(Debug)]
struct PageRequest {
    list: List,
    /// Empty until it is started.
    task: JoinSet<Result<Page, Error>>,
}

impl PageRequest {
    fn new(list: List) -> Self {
        Self { list, task: JoinSet::new() }
    }

    fn start(&mut self, is_first: bool) {
        if self.task.is_empty() {
            self.task.spawn(page(self.list.clone(), is_first));
        }
    }
}

/// A page. The first is as large as the API gives it if the program sets no size. An API that refuses the size chooses it.
async fn page(list: List, is_first: bool) -> Result<Page, Error> {
    if is_first && list.page_size.is_none() {
        match list.clone().page_size(LARGE_PAGE.min(list.limit)).send().await {
            Err(Error::InvalidRequest(_)) => {}
            sent => return sent,
        }
    }
    list.send().await
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
        let (offset, limit, requests) = (self.offset, self.limit, [PageRequest::new(self)].into());
        TokenStream { offset, limit, requests, is_regular: true, ..TokenStream::default() }
    }

    /// Gets all tokens from the offset on. If the list changes while it is read, it is read again, up to three times in all.
    ///
    /// # Errors
    /// [`Incomplete`], with the error and all tokens that could be read. It converts into an [`Error`].
    pub async fn collect_all(self) -> Result<Vec<Token>, Incomplete> {
        let mut reads = 0;
        loop {
            reads += 1;
            let mut stream = self.clone().stream();
            let (mut tokens, mut error, mut all_pages) = (Vec::new(), None, true);
            while let Some(item) = stream.next().await {
                match item {
                    Ok(token) => tokens.push(token),
                    Err(end) if stream.is_done => (error, all_pages) = (Some(end), false),
                    Err(unreadable) => drop(error.get_or_insert(unreadable)),
                }
            }
            match error {
                None => return Ok(tokens),
                Some(Error::ListChanged { .. }) if reads < MOST_READS => {}
                Some(error) => return Err(Incomplete { tokens, error, all_pages }),
            }
        }
    }
}

impl TokenStream {
    /// The next token. `None` after the last one, or after an error that ends the stream.
    pub async fn next(&mut self) -> Option<Result<Token, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn take(&mut self, offset: u64, page: Page) {
        self.pages += 1;
        let on_page = (page.tokens.len() + page.unreadable.len()) as u64;
        // The vendor documents `totalCount` as the number of tokens returned. If it may mean that, it is ignored.
        if let Some(total) = page.total_count.filter(|total| *total > on_page) {
            self.changed |= self.total_count.is_some_and(|before| before != total);
            self.total_count = Some(total);
        }
        self.items.extend(page.tokens.into_iter().map(Ok).chain(page.unreadable.into_iter().map(Err)));
        let (next, bad_link) = page.next.map_or_else(|error| (None, Some(error)), |next| (next, None));
        self.bad_link = bad_link;
        match next.filter(|_| self.count + on_page < self.limit) {
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
        self.requests.iter_mut().for_each(|request| request.start(false));
    }

    /// The error that ends the stream, if the list changed or could not be followed to its end.
    fn last_error(&mut self) -> Option<Error> {
        let (total, read, repeated) = (self.total_count, self.offset + self.count, self.repeated);
        let changed = self.changed || repeated > 0;
        match (self.bad_link.take(), total.filter(|total| *total.max(&self.offset) != read)) {
            (Some(error), _) => Some(error),
            // Tokens don't move within one page.
            (None, Some(total)) if !changed && self.pages == 1 => Some(Error::WrongTotal(format!(
                "the API says that there are {total} tokens, but returned {read} and no next page: some may be missing"
            ))),
            (None, None) if !changed => None,
            (None, _) => Some(Error::ListChanged(format!(
                "the list changed while it was read ({repeated} tokens came twice, some may be missing); read it again"
            ))),
        }
    }
}

impl Stream for TokenStream {
    type Item = Result<Token, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            // Whether the list changed is not known at the limit.
            if self.is_done || self.count >= self.limit {
                return Poll::Ready(None);
            }
            if let Some(item) = self.items.pop_front() {
                let id = item.as_ref().ok().map(|token| self.seen.hasher().hash_one(token.id.as_str()));
                if id.is_none_or(|id| self.seen.insert(id)) {
                    self.count += 1;
                    return Poll::Ready(Some(item));
                }
                self.repeated += 1;
                continue;
            }
            let is_first = self.pages == 0;
            let Some(request) = self.requests.front_mut() else {
                self.is_done = true;
                return Poll::Ready(self.last_error().map(Err));
            };
            request.start(is_first);
            let page = ready!(request.task.poll_join_next(context)).expect("it has a task");
            let request = self.requests.pop_front().expect("it was the first");
            match page {
                Ok(Ok(page)) => self.take(request.list.offset, page),
                Ok(Err(error)) => {
                    self.is_done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
    }
}

/// The part of a list that could be read, and the error.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incomplete {
    /// The tokens that could be read.
    pub tokens: Vec<Token>,
    /// The error that ended the list, or else that of the first token that can't be read.
    pub error: Error,
    /// Whether all pages were read. Then nothing is missing but the tokens that can't be read.
    pub all_pages: bool,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Incomplete {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Incomplete> for Error {
    fn from(incomplete: Incomplete) -> Self {
        incomplete.error
    }
}

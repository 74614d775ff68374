use std::num::NonZeroU64;

use ldtokens_client::types::Tokens;

use crate::unexpected_response;
use crate::{Client, Error, Token};

/// Lists tokens: page by page, as a stream, or all at once.
///
/// ```
/// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
/// let page = client.list().all_members(true).page_size(100).send().await?;
/// println!("{} of {:?}", page.tokens.len(), page.total_count);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `send`, `stream` or `collect_all` is called"]
pub struct List {
    pub(crate) client: Client,
    all_members: bool,
    pub(crate) page_size: Option<u64>,
    pub(crate) offset: u64,
    pub(crate) limit: u64,
}

impl Client {
    /// Lists tokens: the caller's own personal tokens and the service tokens, or, with an Admin credential and
    /// [`all_members`](List::all_members), everyone's.
    pub fn list(&self) -> List {
        List { client: self.clone(), all_members: false, page_size: None, offset: 0, limit: u64::MAX }
    }
}

impl List {
    /// Whether to list the personal tokens of all members too, which needs an Admin credential. Otherwise the API lists the
    /// caller's own personal tokens and the service tokens.
    pub fn all_members(mut self, all: bool) -> Self {
        self.all_members = all;
        self
    }

    /// The maximum number of tokens on a page, at least 1. Default: for one page, the API's, which is 25; for a
    /// [`stream`](Self::stream), as many as the API gives, up to 1,000.
    pub fn page_size(mut self, size: u64) -> Self {
        self.page_size = Some(size);
        self
    }

    /// The number of tokens to skip. Default: 0.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// The maximum number of tokens of a [`stream`](Self::stream) or of [`collect_all`](Self::collect_all), those that can't be
    /// read included. Default: all.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Gets one page.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a page size of 0, and the errors of every call.
    pub async fn send(self) -> Result<Page, Error> {
        if self.page_size == Some(0) {
            return Err(Error::InvalidInput("the page size is 0; it must be at least 1".to_owned()));
        }
        let offset =
            i64::try_from(self.offset).map_err(|_| Error::InvalidInput("the offset is too large".to_owned()))?;
        let list = async |raw: &ldtokens_client::Client| {
            let mut request = raw.get_tokens();
            if self.all_members {
                request = request.show_all(true);
            }
            if let Some(size) = self.page_size.and_then(NonZeroU64::new) {
                request = request.limit(size);
            }
            if offset > 0 {
                request = request.offset(offset);
            }
            request.send().await
        };
        let reply = self.client.exchange(list).await?;
        let (page, unreadable, bad_link) = match reply.decoded {
            Ok(page) => (page, Vec::new(), None),
            Err(place) => unexpected_response::page(reply.response.body(), place)?,
        };
        let next = bad_link.map_or_else(|| self.next(&page), Err);
        let total_count = page.total_count.and_then(|count| u64::try_from(count).ok());
        Ok(Page { tokens: page.items, unreadable, total_count, next })
    }

    /// The list that starts after `tokens`, if there is a link to it.
    fn next(&self, tokens: &Tokens) -> Result<Option<Self>, Error> {
        let link = tokens.links.as_ref().and_then(|links| links.get("next"));
        let href = link.and_then(|link| link.href.as_deref()).filter(|href| !href.is_empty());
        let Some(href) = href else { return Ok(None) };
        let bad = |reason| Err(unexpected_response::bad_link(reason));
        let Some(url) = self.client.sender.base_url().same_origin(href) else { return bad("it leads to another host") };
        if !url.path().ends_with("/tokens") {
            return bad("it does not lead to a list of tokens");
        }
        let text = |name: &str| url.query_pairs().find_map(|(key, value)| (key == name).then_some(value));
        let number = |text: std::borrow::Cow<'_, str>| text.parse::<u64>().ok();
        let offset = match text("offset").and_then(number) {
            Some(offset) if offset > self.offset => offset,
            Some(_) => return bad("it leads back to a part that was already read"),
            None => return bad("it has no offset"),
        };
        let page_size = match text("limit").map(number) {
            Some(Some(size @ 1..)) => Some(size),
            Some(_) => return bad("its limit is not a positive number"),
            None => self.page_size,
        };
        Ok(Some(Self { offset, page_size, ..self.clone() }))
    }
}

/// One page of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// The page's tokens. Each one's `token` holds only the last four characters of its secret.
    pub tokens: Vec<Token>,
    /// An [`Error::Undecodable`] for each token that can't be read.
    pub unreadable: Vec<Error>,
    /// The response's `totalCount`: the number of tokens on all pages, as the API was seen to use it. It is documented as the
    /// number returned.
    pub total_count: Option<u64>,
    /// The next page, if there is one. [`Error::BadLink`] if its link can't be followed.
    pub next: Result<Option<List>, Error>,
}

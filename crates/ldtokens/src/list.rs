use std::num::NonZeroU64;

use ldtokens_client::types::{Token, Tokens};

use crate::client::Client;
use crate::error::Error;
use crate::stream::TokenStream;

/// Asks for the list of tokens: page by page, as a stream, or all at once.
///
/// ```
/// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
/// let page = client.list().all_members(true).limit(100).send().await?;
/// println!("{} of {:?}", page.tokens.len(), page.total_count);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for until `send`, `stream` or `collect_all`"]
pub struct List {
    client: Client,
    all_members: bool,
    limit: Option<u64>,
    offset: u64,
}

impl List {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, all_members: false, limit: None, offset: 0 }
    }

    /// Whether to list the personal tokens of all members too, which takes an Admin credential. Without it the API lists the
    /// caller's own and the service tokens.
    pub fn all_members(mut self, all: bool) -> Self {
        self.all_members = all;
        self
    }

    /// How many tokens a page holds at most, one or more. The API's own default, 25, if not set.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many tokens to skip before the first. None if not set.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// One page.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a limit of 0; [`Error::BadLink`] if the page's link to the next one can't be followed;
    /// and those of every call.
    pub async fn send(self) -> Result<Page, Error> {
        let limit = match self.limit.map(NonZeroU64::new) {
            Some(None) => {
                return Err(Error::InvalidInput("a page holds at least one token: the limit is 0".to_owned()));
            }
            Some(limit) => limit,
            None => None,
        };
        let offset =
            i64::try_from(self.offset).map_err(|_| Error::InvalidInput("the offset is too large".to_owned()))?;
        let list = async |raw: &ldtokens_client::Client| {
            let mut request = raw.get_tokens();
            if self.all_members {
                request = request.show_all(true);
            }
            if let Some(limit) = limit {
                request = request.limit(limit);
            }
            if offset > 0 {
                request = request.offset(offset);
            }
            request.send().await
        };
        let tokens = self.client.call(list).await?;
        let next = self.next(&tokens)?;
        let total_count = tokens.total_count.and_then(|count| u64::try_from(count).ok());
        Ok(Page { tokens: tokens.items, total_count, next })
    }

    /// All tokens from the offset on, one at a time. At most two pages are in memory: the one that is being consumed, and
    /// the next, which is asked for meanwhile.
    ///
    /// No token comes twice. If the list changes while it is read, the stream gives what it can and then ends with
    /// [`Error::ListChanged`], or, if it is one page that contradicts its own total, with [`Error::WrongTotal`]. After an
    /// error it ends.
    ///
    /// It must be polled within a tokio runtime.
    pub fn stream(self) -> TokenStream {
        TokenStream::new(self)
    }

    /// All tokens from the offset on.
    ///
    /// # Errors
    /// The first error of the [`stream`](Self::stream), [`Error::ListChanged`] among them.
    pub async fn collect_all(self) -> Result<Vec<Token>, Error> {
        let mut stream = self.stream();
        let mut tokens = Vec::new();
        while let Some(token) = stream.next().await {
            tokens.push(token?);
        }
        Ok(tokens)
    }

    pub(crate) fn first(&self) -> u64 {
        self.offset
    }

    /// The list that goes on where `tokens` ends, if its links name one.
    fn next(&self, tokens: &Tokens) -> Result<Option<Self>, Error> {
        let link = tokens.links.as_ref().and_then(|links| links.get("next"));
        let Some(href) = link.and_then(|link| link.href.as_deref()) else { return Ok(None) };
        let bad = |reason| Err(Error::BadLink { reason });
        let Some(url) = self.client.base_url.same_origin(href) else { return bad("it leads to another host") };
        if !url.path().ends_with("/tokens") {
            return bad("it does not lead to a list of tokens");
        }
        let number = |name: &str| {
            let (_, value) = url.query_pairs().find(|(key, _)| key == name)?;
            Some(value.parse::<u64>())
        };
        let mut next = self.clone();
        match number("offset") {
            Some(Ok(offset)) if offset > self.offset => next.offset = offset,
            Some(Ok(_)) => return bad("it leads back to where the list already was"),
            _ => return bad("it names no offset"),
        }
        match number("limit") {
            Some(Ok(limit)) if limit > 0 => next.limit = Some(limit),
            Some(_) => return bad("its limit is not a number of tokens"),
            None => {}
        }
        Ok(Some(next))
    }
}

/// One page of the list of tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The page's tokens. Each one's `token` holds only the last four characters of its secret.
    pub tokens: Vec<Token>,
    /// How many tokens all pages have together, if the API says so.
    pub total_count: Option<u64>,
    /// What asks for the next page, if there is one.
    pub next: Option<List>,
}

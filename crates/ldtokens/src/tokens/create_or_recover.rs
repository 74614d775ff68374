//! A create that is retried when the response is lost. [`guide::retries`](crate::guide::retries) says why it works this way.

use std::fmt;
use std::time::SystemTime;

use crate::{Client, Error, IssuedToken, NewToken, Operation, Patch, Token, TokenId, UnixMillis};

/// The maximum number of attempts to create one token.
const MAX_ROUNDS: u32 = 5;

/// The maximum number of times that the list is read, if it changes while it is read.
const MAX_LISTS: u32 = 3;

/// How many tokens to request on a page. The API does not document a maximum; if its pages are smaller, there are more.
const PAGE_SIZE: u64 = 100;

/// What is left to do after [`create_or_recover`](Client::create_or_recover) if responses were lost: to find and delete the
/// tokens that the lost attempts created, and to remove the mark. Pass it to [`Client::clean_up`].
#[derive(Clone, Debug)]
#[must_use = "nothing is cleaned up until it is given to `Client::clean_up`"]
pub struct CleanUp {
    marker: String,
    wanted: NewToken,
    /// The time before the first attempt, by our clock.
    began: SystemTime,
    /// The token that was created in the end, with its marked description.
    created: Option<Token>,
}

impl CleanUp {
    /// The mark in the description of tokens from later attempts, such as `[ldtokens create 0123456789abcdef]`.
    pub fn marker(&self) -> &str {
        &self.marker
    }
}

/// What [`Client::clean_up`] did and what it could not do. Its `Display` says what is left to do.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CleanUpReport {
    /// Tokens of lost attempts that were deleted.
    pub deleted: Vec<TokenId>,
    /// Tokens that the first attempt may have created: they have the requested settings, and were created after it began.
    /// If nobody else created them, delete them: nobody has their secrets.
    pub possible_duplicates: Vec<Token>,
    /// The created token, if its description still has the mark.
    pub marked: Option<TokenId>,
    /// Why something could not be done.
    pub errors: Vec<Error>,
    marker: String,
}

impl CleanUpReport {
    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.possible_duplicates.is_empty() && self.marked.is_none() && self.errors.is_empty()
    }
}

impl fmt::Display for CleanUpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentences = Vec::new();
        if !self.possible_duplicates.is_empty() {
            let ids: Vec<&str> = self.possible_duplicates.iter().map(|token| token.id.as_str()).collect();
            sentences.push(format!(
                "a lost attempt may have created {}: unless someone else did just now, delete it, since nobody has its secret",
                ids.join(", ")
            ));
        }
        if let Some(id) = &self.marked {
            sentences.push(format!(
                "the description of {id} still ends with `{}`: change the description to remove it",
                self.marker
            ));
        }
        if !self.errors.is_empty() {
            let errors: Vec<String> = self.errors.iter().map(Error::to_string).collect();
            sentences.push(format!(
                "not all tokens of lost attempts could be found or deleted ({}): delete other tokens whose description \
                 contains `{}`",
                errors.join("; "),
                self.marker
            ));
        }
        f.write_str(&sentences.join("; "))
    }
}

/// Why [`create_or_recover`](Client::create_or_recover) has no secret, and what is left to do. It converts into an
/// [`Error`], whose text says the same for people.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecoverError {
    /// The error.
    pub error: Error,
    /// What to pass to [`Client::clean_up`]. `None` if there is nothing to delete.
    pub clean_up: Option<Box<CleanUp>>,
}

impl fmt::Display for RecoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for RecoverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<RecoverError> for Error {
    fn from(failed: RecoverError) -> Self {
        failed.error
    }
}

impl Client {
    /// Creates a token, and tries again if the response is lost, until it has the secret of a token.
    ///
    /// If no response is lost, this is the same single request as [`create`](Self::create). If one is lost, more attempts
    /// are made, up to five in all. Their tokens have a mark in their description, ` [ldtokens create NNNN]`, with a random number of 16 hexadecimal digits. The first
    /// secret that arrives is returned. [`IssuedToken::clean_up`] then holds what is left to do: store the secret first,
    /// then pass that to [`clean_up`](Self::clean_up), which deletes the marked tokens of lost attempts, removes the mark,
    /// and reports tokens that the first attempt may have created.
    ///
    /// All attempts together end by the deadline of the [`RetryPolicy`](crate::RetryPolicy). Dropping the future can leave
    /// a token whose secret nobody has, as with [`create`](Self::create).
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], with a [`CleanUp`], if no attempt returned a secret, or if a later one failed in another way;
    /// and those of [`create`](Self::create).
    pub async fn create_or_recover(&self, new_token: &NewToken) -> Result<IssuedToken, RecoverError> {
        let client = self.with_one_deadline();
        let began = client.sender.clock.now();
        let mut error = match client.create(new_token).await {
            Err(error @ Error::OutcomeUnknown { .. }) => error,
            result => return result.map_err(|error| RecoverError { error, clean_up: None }),
        };
        let marker = format!("[ldtokens create {:016x}]", fastrand::u64(..));
        let description = match &new_token.description {
            Some(description) => format!("{description} {marker}"),
            None => marker.clone(),
        };
        let marked = new_token.clone().description(&description);
        let clean_up = CleanUp { marker, wanted: new_token.clone(), began, created: None };
        for round in 1..MAX_ROUNDS {
            client.sender.back_off(round).await;
            match client.create(&marked).await {
                Ok(mut issued) => {
                    let mut created = issued.details.clone();
                    created.description.get_or_insert(description);
                    issued.clean_up = Some(CleanUp { created: Some(created), ..clean_up });
                    return Ok(issued);
                }
                Err(lost @ Error::OutcomeUnknown { .. }) => error = lost,
                // An earlier attempt may still have created a token.
                Err(other) => {
                    let operation = other.operation().unwrap_or(Operation::PostToken);
                    error = Error::outcome_unknown(operation, other);
                    break;
                }
            }
        }
        if let Error::OutcomeUnknown { advice, .. } = &mut error {
            *advice = format!(
                "list the tokens, delete those whose description contains `{}` and those like them that nobody else created \
                 just now, then create again",
                clean_up.marker
            )
            .into();
        }
        Err(RecoverError { error, clean_up: Some(Box::new(clean_up)) })
    }

    /// Deletes the tokens of lost attempts of [`create_or_recover`](Self::create_or_recover), removes the mark from the
    /// token that was created in the end, and reports what may be left.
    ///
    /// It does not find a token that the API creates only afterwards. The mark in its description shows what it is.
    pub async fn clean_up(&self, clean_up: &CleanUp) -> CleanUpReport {
        let client = self.with_one_deadline();
        let mut left = CleanUpReport { marker: clean_up.marker.clone(), ..CleanUpReport::default() };
        client.delete_marked(clean_up, &mut left).await;
        if let Some(created) = &clean_up.created
            && let Err(error) = client.remove_mark(created, &clean_up.wanted).await
        {
            left.marked = Some(created.id.clone());
            left.errors.push(error);
        }
        left
    }

    /// Deletes the marked tokens, all but the one that was created in the end.
    async fn delete_marked(&self, clean_up: &CleanUp, left: &mut CleanUpReport) {
        let kept = clean_up.created.as_ref().map(|token| &token.id);
        for round in 1..=MAX_LISTS {
            let (tokens, error) = match self.list().page_size(PAGE_SIZE).collect_all().await {
                Ok(tokens) => (tokens, None),
                Err(incomplete) => (incomplete.tokens, Some(incomplete.error)),
            };
            let (marked, others): (Vec<_>, Vec<_>) = tokens
                .into_iter()
                .filter(|token| Some(&token.id) != kept)
                .partition(|token| token.description.as_ref().is_some_and(|text| text.contains(&clean_up.marker)));
            for token in marked {
                match self.delete(&token.id).await {
                    Ok(()) => left.deleted.push(token.id),
                    Err(Error::NotFound(_)) => {}
                    Err(error) => left.errors.push(error),
                }
            }
            // By now the server's clock is known.
            let since = self.sender.server_time(clean_up.began).at_least;
            left.possible_duplicates =
                others.into_iter().filter(|token| clean_up.may_be_duplicate(token, since)).collect();
            match error {
                None => return,
                Some(Error::ListChanged { .. } | Error::WrongTotal { .. }) if round < MAX_LISTS => {
                    self.sender.back_off(round).await
                }
                Some(error) => return left.errors.push(error),
            }
        }
    }

    async fn remove_mark(&self, created: &Token, wanted: &NewToken) -> Result<(), Error> {
        let patch = match &wanted.description {
            Some(description) => Patch::new().description(description),
            None => Patch::new().remove_description(),
        };
        let patch = patch.expect("/description", created.description.as_deref().unwrap_or_default());
        self.update(&created.id, &patch).await.map(drop)
    }
}

impl CleanUp {
    /// Whether the first attempt may have created `token`.
    fn may_be_duplicate(&self, token: &Token, since: UnixMillis) -> bool {
        let ours = self.created.as_ref().map_or("", |created| &created.member_id);
        let is_ours = ours.is_empty() || ours == token.member_id;
        // If a token was used, somebody has its secret.
        is_ours && token.creation_date >= since && token.last_used.is_none() && self.wanted.is_like(token)
    }
}

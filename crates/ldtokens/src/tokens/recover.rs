//! A create that is retried when the response is lost.
//!
//! The API has no idempotency key, so nothing but the token itself can tell which request created it. To look for one that
//! a lost attempt created, that attempt must have carried a mark, and the only place for one is the description. Marking
//! each create would cost a second request to remove the mark, and leave it for good where the credential may not change
//! the token. So the first attempt has no mark, and costs nothing more than a create. What it may have left is never
//! deleted by its looks, since someone else may have created a token like it at the same moment; it is reported. Later
//! attempts are marked, and what they left is deleted.

use std::fmt;
use std::time::SystemTime;

use ldtokens_client::UnixMillis;
use ldtokens_client::types::Token;

use crate::TokenId;
use crate::client::Client;
use crate::error::Error;
use crate::tokens::issued::IssuedToken;
use crate::tokens::new_token::NewToken;
use crate::tokens::patch::Patch;

/// The maximum number of attempts to create one token.
const MAX_ROUNDS: u32 = 5;

/// How often a list that changes while it is read is read again.
const MAX_LISTS: u32 = 3;

/// How many tokens to ask for at once. The API does not document a maximum; a smaller page is followed by more.
const PAGE_SIZE: u64 = 100;

/// What [`create_or_recover`](Client::create_or_recover) leaves to do when responses were lost: to find and remove what
/// the lost attempts created, and to remove the mark. Give it to [`Client::clean_up`].
#[derive(Clone, Debug)]
#[must_use = "nothing is cleaned up until it is given to `Client::clean_up`"]
pub struct CleanUp {
    marker: String,
    wanted: NewToken,
    /// Before the first attempt, by our clock.
    began: SystemTime,
    /// The token that was created in the end, and its marked description.
    created: Option<(TokenId, Option<String>)>,
    /// The member whose tokens these are, if known.
    member_id: Option<String>,
}

impl CleanUp {
    /// The mark in the description of what later attempts created, as in `[ldtokens create 0123456789abcdef]`.
    pub fn marker(&self) -> &str {
        &self.marker
    }
}

/// What [`Client::clean_up`] did and what it could not do. Its `Display` says what is left to do.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Leftovers {
    /// Tokens of lost attempts, which were deleted.
    pub deleted: Vec<TokenId>,
    /// Tokens that the first attempt may have created: they are like the one that was asked for, and were created since.
    /// If nobody else created them, delete them: nobody has their secrets.
    pub suspects: Vec<Token>,
    /// The created token, if its description still has the mark.
    pub marked: Option<TokenId>,
    /// Why something could not be done.
    pub errors: Vec<Error>,
    marker: String,
}

impl Leftovers {
    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.suspects.is_empty() && self.marked.is_none() && self.errors.is_empty()
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentences = Vec::new();
        if !self.suspects.is_empty() {
            let ids: Vec<&str> = self.suspects.iter().map(|token| token.id.as_str()).collect();
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
                "not all lost attempts could be looked for or removed ({}): delete other tokens whose description contains \
                 `{}`",
                errors.join("; "),
                self.marker
            ));
        }
        f.write_str(&sentences.join("; "))
    }
}

impl Client {
    /// Creates a token, and tries again if the response is lost: if it succeeds, you have the secret of a token.
    ///
    /// While nothing goes wrong this is [`create`](Self::create), with the same one request. If the response is lost, more
    /// attempts are made. Their tokens have a mark in their description, ` [ldtokens create NNNN]`, with a random number.
    /// The secret is returned as soon as one arrives. What is left to do is then in [`IssuedToken::clean_up`]: store the
    /// secret first, then give that to [`clean_up`](Self::clean_up), which deletes the marked tokens of lost attempts,
    /// removes the mark, and reports tokens that the first attempt may have created.
    ///
    /// All attempts together end by the deadline of the [`RetryPolicy`](crate::RetryPolicy). Dropping the future can leave
    /// a token whose secret nobody has, as with [`create`](Self::create).
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], with a [`CleanUp`], if no attempt got a response, or if a later one failed in another way;
    /// and those of [`create`](Self::create).
    pub async fn create_or_recover(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        let client = self.with_one_deadline();
        let began = client.sender.clock.now();
        let mut error = match client.create(new_token).await {
            Err(error @ Error::OutcomeUnknown { .. }) => error,
            result => return result,
        };
        let marker = format!("[ldtokens create {:016x}]", fastrand::u64(..));
        let description = match &new_token.description {
            Some(description) => format!("{description} {marker}"),
            None => marker.clone(),
        };
        let marked = new_token.clone().description(description);
        let clean_up = CleanUp { marker, wanted: new_token.clone(), began, created: None, member_id: None };
        for round in 1..MAX_ROUNDS {
            client.back_off(round).await;
            match client.create(&marked).await {
                Ok(mut issued) => {
                    let IssuedToken { id, details, .. } = &issued;
                    let created = Some((id.clone(), details.description.clone().or(marked.description)));
                    let member_id = Some(details.member_id.clone()).filter(|id| !id.is_empty());
                    issued.clean_up = Some(CleanUp { created, member_id, ..clean_up });
                    return Ok(issued);
                }
                Err(lost @ Error::OutcomeUnknown { .. }) => error = lost,
                // An earlier attempt may have created a token all the same.
                Err(other) => {
                    let operation = other.operation().unwrap_or(crate::Operation::PostToken);
                    error = Error::outcome_unknown(operation, other);
                    break;
                }
            }
        }
        if let Error::OutcomeUnknown { clean_up: slot, .. } = &mut error {
            *slot = Some(Box::new(clean_up));
        }
        Err(error)
    }

    /// Deletes what lost attempts of [`create_or_recover`](Self::create_or_recover) created, removes the mark from the token
    /// that was created in the end, and reports what may be left.
    ///
    /// An attempt that the API carries out only after this is not found. Its mark tells it from other tokens.
    pub async fn clean_up(&self, clean_up: &CleanUp) -> Leftovers {
        let client = self.with_one_deadline();
        let mut left = Leftovers { marker: clean_up.marker.clone(), ..Leftovers::default() };
        client.delete_marked(clean_up, &mut left).await;
        if let Some((id, description)) = &clean_up.created
            && let Err(error) = client.remove_mark(id, description.as_deref(), clean_up).await
        {
            left.marked = Some(id.clone());
            left.errors.push(error);
        }
        left
    }

    /// Deletes the marked tokens, all but the one that was created in the end.
    async fn delete_marked(&self, clean_up: &CleanUp, left: &mut Leftovers) {
        let kept = clean_up.created.as_ref().map(|(id, _)| id);
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
            let since = self.sender.pacing.server_time(clean_up.began).at_least;
            left.suspects = others.into_iter().filter(|token| clean_up.is_suspect(token, since)).collect();
            match error {
                None => return,
                Some(Error::ListChanged { .. } | Error::WrongTotal { .. }) if round < MAX_LISTS => {
                    self.back_off(round).await
                }
                Some(error) => return left.errors.push(error),
            }
        }
    }

    async fn remove_mark(&self, id: &TokenId, marked: Option<&str>, clean_up: &CleanUp) -> Result<(), Error> {
        let mut patch = match &clean_up.wanted.description {
            Some(description) => Patch::new().description(description),
            None => Patch::new().remove_description(),
        };
        if let Some(marked) = marked {
            patch = patch.expect("/description", marked);
        }
        self.update(id, &patch).await.map(drop)
    }
}

impl CleanUp {
    /// Whether the first attempt may have created `token`.
    fn is_suspect(&self, token: &Token, since: UnixMillis) -> bool {
        let is_ours = self.member_id.as_ref().is_none_or(|member| *member == token.member_id);
        // A token that was used is one whose secret somebody has.
        is_ours && token.creation_date >= since && token.last_used.is_none() && self.wanted.is_like(token)
    }
}

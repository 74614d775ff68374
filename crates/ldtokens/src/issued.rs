use std::time::{Duration, SystemTime};

use ldtokens_core::{DecodedResponse, SendOptions};

use crate::unexpected_response;
use crate::{Client, Error, Secret, Token, TokenId, UnixMillis};

/// A token that was just created or reset, and its secret.
///
/// Store the secret now; the API never returns it again.
#[derive(Clone, Debug)]
#[must_use = "nobody gets its secret again"]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token's ID.
    pub id: TokenId,
    /// The whole secret.
    pub secret: Secret,
    /// The token. Its `token` holds only the last four characters of the secret, as in every other response.
    pub details: Token,
    /// Warnings, for people: about a response that is not as documented, and what is left to do after
    /// [`create_or_recover`](crate::Client::create_or_recover). They don't contain the secret.
    pub warnings: Vec<String>,
}

impl IssuedToken {
    /// Takes the secret out of a successful response. If there is a secret, it is returned, whatever else is not as documented.
    pub(crate) fn from_reply(reply: DecodedResponse<Token>, requested_id: Option<&TokenId>) -> Result<Self, Error> {
        let DecodedResponse { operation, response, decoded, .. } = reply;
        let mut warnings = Vec::new();
        if response.body().is_cut_short() {
            warnings.push(format!("{operation}: the response is cut short after the secret"));
        }
        let documented = operation.route().and_then(|route| route.success);
        if documented.is_some_and(|documented| documented != response.status().as_u16()) {
            warnings.push(format!("{operation}: the response's status is {}", response.status().as_u16()));
        }
        let mut details = match decoded {
            Ok(token) => token,
            Err(place) => match unexpected_response::issued_token(response.body(), requested_id, place.clone()) {
                Some((token, warning)) => {
                    warnings.push(format!("{operation}: the response is not as documented: {warning}"));
                    token
                }
                None => return Err(Error::outcome_unknown(operation, Error::undecodable(operation, place))),
            },
        };
        let mut id = details.id.clone();
        if let Some(requested) = requested_id.filter(|requested| **requested != id) {
            warnings.push(format!("{operation}: the response to the reset of {requested} names the token {id}"));
            id = requested.clone();
        }
        let Some(secret) = details.token.take().filter(Secret::is_whole) else {
            return Err(Error::no_secret(operation, id));
        };
        details.token = Some(Secret::new(secret.last_four()));
        let mut issued = Self { id, secret, details, warnings: Vec::new() };
        warnings.into_iter().for_each(|warning| issued.warn(warning));
        Ok(issued)
    }

    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        tracing::warn!(token_id = %self.id, "{warning}");
        self.warnings.push(warning);
    }
}

/// How long the old secret of a token keeps working after a [`reset`](Client::reset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It stops working at once.
    None,
    /// It keeps working for this time, and about up to a second more, from the moment when the request is sent. The server's clock
    /// gives that moment if a response has shown its time, and otherwise ours does.
    For(Duration),
    /// It keeps working until this moment, to the millisecond. A moment in the past is an error.
    Until(SystemTime),
}

impl From<Duration> for Overlap {
    fn from(duration: Duration) -> Self {
        Self::For(duration)
    }
}

impl From<SystemTime> for Overlap {
    fn from(moment: SystemTime) -> Self {
        Self::Until(moment)
    }
}

impl From<UnixMillis> for Overlap {
    fn from(moment: UnixMillis) -> Self {
        Self::Until(moment.to_system_time())
    }
}

impl Client {
    /// Gives the token `id` a new secret. The old one stops working at once, or keeps working for the `overlap`.
    ///
    /// Dropping the future after the request is sent can lose the new secret while the old one has stopped working. To avoid
    /// that, run the call in a task of its own.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client, id: ldtokens::TokenId) -> Result<(), ldtokens::Error> {
    /// let issued = client.reset(&id, std::time::Duration::from_secs(3600)).await?;
    /// store(issued.secret.expose());
    /// # Ok(())
    /// # }
    /// # fn store(_: &str) {}
    /// ```
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] if the response is lost: the old secret may have stopped working, and nobody knows the new
    /// one; reset again. Also [`Error::InvalidInput`] if the overlap ends in the past; [`Error::NoSecret`];
    /// [`Error::NotFound`]; and the errors of every call.
    pub async fn reset(&self, id: &TokenId, overlap: impl Into<Overlap>) -> Result<IssuedToken, Error> {
        let (overlap, expiry) = match overlap.into() {
            Overlap::None => (None, None),
            // Its end is known only when the request is sent.
            Overlap::For(duration) => (Some(duration), None),
            Overlap::Until(moment) => (None, Some(UnixMillis::from(moment))),
        };
        // The API reads 0 as no overlap.
        if expiry.is_some_and(|expiry| expiry.get() == 0) {
            return Err(Error::InvalidInput("the overlap ends in 1970, which is in the past".to_owned()));
        }
        let reset = async |raw: &ldtokens_client::Client| {
            let request = raw.reset_token().token_id(id);
            match expiry {
                Some(expiry) => request.expiry(expiry).send().await,
                None => request.send().await,
            }
        };
        let client = Self { options: SendOptions { overlap, ..self.options }, ..self.clone() };
        let reply = client.exchange(reset).await?;
        IssuedToken::from_reply(reply, Some(id))
    }
}

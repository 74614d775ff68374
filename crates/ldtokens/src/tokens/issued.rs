use ldtokens_core::DecodedResponse;

use crate::tokens::odd_response;
use crate::{Error, Secret, Token, TokenId};

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
    /// Warnings, for people: about an odd response, and what is left to do after
    /// [`create_or_recover`](crate::Client::create_or_recover). They don't contain the secret.
    pub warnings: Vec<String>,
}

impl IssuedToken {
    /// Takes the secret out of a successful response. If there is a secret, it is returned, whatever else is odd.
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
            Err(place) => match odd_response::issued_token(response.body(), requested_id) {
                Some((token, warning)) => {
                    warnings.push(format!("{operation}: the response has properties that are {warning}"));
                    token
                }
                None => {
                    return Err(Error::outcome_unknown(operation, Error::undecodable(operation, place)));
                }
            },
        };
        let mut id = details.id.clone();
        if let Some(requested) = requested_id.filter(|requested| **requested != id) {
            warnings.push(format!("{operation}: the response to the reset of {requested} names the token {id}"));
            id = requested.clone();
        }
        let Some(secret) = details.token.take().filter(Secret::is_whole) else {
            return Err(Error::NoSecret { operation, id });
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

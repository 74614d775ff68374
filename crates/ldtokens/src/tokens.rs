//! Tokens: listing, reading, creating, changing, resetting and deleting them.

mod create_or_recover;
mod edit;
pub(crate) mod issued;
pub(crate) mod list;
pub(crate) mod new_token;
mod odd_response;
pub(crate) mod overlap;
pub(crate) mod patch;
pub(crate) mod stream;

use crate::{Client, Error, Token, TokenId};

/// Whether the outcome is unknown because a success came that is not the API's.
fn is_foreign(error: &Error) -> bool {
    matches!(error, Error::OutcomeUnknown { source, .. } if matches!(**source, Error::Undecodable { .. }))
}

impl Client {
    /// Gets the token `id`. Its `token` holds only the last four characters of the secret. An optional property that can't be read
    /// is left unchanged in its `extra`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or the credential may not see it, and the errors of every call.
    pub async fn get(&self, id: &TokenId) -> Result<Token, Error> {
        let reply = self.exchange(async |raw| raw.get_token().token_id(id).send().await).await?;
        match reply.decoded {
            Ok(token) => Ok(token),
            Err(place) => odd_response::token(reply.operation, reply.response.body(), &place),
        }
    }

    /// Deletes the token `id`. Its secret stops working at once.
    ///
    /// If the response is lost, the deletion is retried, and then 404 means that the token was deleted. So does 401 if
    /// [`whoami`](Self::whoami) has shown that the token is the credential itself. If a success is not the API's, such as a login
    /// page, the token is read.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it did not exist; [`Error::OutcomeUnknown`] if no response showed whether it was deleted; and
    /// the errors of every call.
    pub async fn delete(&self, id: &TokenId) -> Result<(), Error> {
        let client = self.with_one_deadline();
        let deleted = client.call(async |raw| raw.delete_token().token_id(id).send().await).await;
        match deleted {
            Err(error) if is_foreign(&error) => match client.get(id).await {
                Err(Error::NotFound(_)) => Ok(()),
                _ => Err(error),
            },
            deleted => deleted,
        }
    }
}

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

impl Client {
    /// Gets the token `id`. Its `token` holds only the last four characters of the secret.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or the credential may not see it, and the errors of every call.
    pub async fn get(&self, id: &TokenId) -> Result<Token, Error> {
        let reply = self.exchange(async |raw| raw.get_token().token_id(id).send().await).await?;
        match reply.decoded {
            Ok(token) => Ok(token),
            Err(place) => Err(odd_response::unreadable_token(reply.operation, reply.response.body(), &place)),
        }
    }

    /// Deletes the token `id`. Its secret stops working at once.
    ///
    /// If the response is lost, the deletion is retried, and then 404 means that the token was deleted. So does 401 if the
    /// credential worked before, since the token may be the credential itself.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it did not exist; [`Error::OutcomeUnknown`] if no response showed whether it was deleted; and
    /// the errors of every call.
    pub async fn delete(&self, id: &TokenId) -> Result<(), Error> {
        self.call(async |raw| raw.delete_token().token_id(id).send().await).await
    }
}

use ldtokens_client::types::Token;

use crate::error::Error;
use crate::operation::Operation;
use crate::{Secret, TokenId};

/// A token that was just created or reset, and its secret.
///
/// This is the only place where the whole secret ever is. The API does not show it again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token's ID.
    pub id: TokenId,
    /// The token. Its `token` holds only the last four characters of the secret, as everywhere else.
    pub token: Token,
    /// The whole secret.
    pub secret: Secret,
}

impl IssuedToken {
    /// Takes the secret out of `token`, as the answer to `operation` holds it.
    pub(crate) fn from_answer(operation: Operation, mut token: Token) -> Result<Self, Error> {
        let undecodable = |what: &str| {
            let error = Error::Undecodable { operation, place: what.to_owned() };
            Error::outcome_unknown(operation, error)
        };
        let secret = token.token.take().ok_or_else(|| undecodable("it holds no secret"))?;
        token.token = Some(Secret::new(secret.last_four()));
        Ok(Self { id: token.id.clone(), token, secret })
    }
}

//! A secret for the time that a server runs.

use std::sync::Arc;

use ldtokens_client::Secret;
use subtle::ConstantTimeEq;

use crate::access::Caller;
use crate::http::response::ApiError;
use crate::secrets;
use crate::store::Records;

/// A secret that opens the owner's token, and is in no store.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) secret: Secret,
    hash: [u8; 32],
    token_id: Arc<str>,
}

impl Session {
    pub(crate) fn begin(records: &Records<'_>) -> Result<Self, ApiError> {
        let token_id = records.token_of_owner()?.ok_or_else(|| {
            ApiError::invalid_request(
                "its owner has no token with the Admin role left; move the file away to begin anew",
            )
        })?;
        let secret = secrets::new_secret();
        Ok(Self { hash: secrets::hash(secret.expose()), secret, token_id: token_id.into() })
    }

    /// Whom the secret with this hash is of: `session`'s, or a stored one.
    pub(crate) fn caller(
        session: Option<&Self>,
        records: &Records<'_>,
        credential: &[u8; 32],
        now: i64,
    ) -> Result<Caller, ApiError> {
        match session {
            Some(session) if session.hash.ct_eq(credential).into() => {
                let token = records.token(&session.token_id)?.ok_or_else(ApiError::unauthorized)?;
                Ok(Caller::new(token))
            }
            _ => Caller::authenticate(records, credential, now),
        }
    }
}

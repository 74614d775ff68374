//! A secret that works while the server runs.

use std::sync::Arc;

use ldtokens_client::Secret;
use subtle::ConstantTimeEq;

use crate::access::Caller;
use crate::response::ApiError;
use crate::secrets::{self, Credential};
use crate::store::Records;

/// A second secret of the owner's token. It is not in the store.
#[derive(Clone, Debug)]
pub(crate) struct SessionSecret {
    pub(crate) secret: Secret,
    hash: [u8; 32],
    token_id: Arc<str>,
}

impl SessionSecret {
    pub(crate) fn create(records: &Records<'_>) -> Result<Self, ApiError> {
        let token_id = records.token_of_owner()?.ok_or_else(|| {
            ApiError::invalid_request(
                "the account's owner has no personal token with the Admin role; move the file away to start with a new account",
            )
        })?;
        let secret = secrets::new_secret();
        Ok(Self { hash: secrets::hash(secret.expose()), secret, token_id: token_id.into() })
    }

    /// The caller that sent `credential`, which may be the session secret.
    pub(crate) fn authenticate(
        session_secret: Option<&Self>,
        records: &Records<'_>,
        credential: Credential,
        now: i64,
    ) -> Result<Caller, ApiError> {
        match session_secret {
            Some(session_secret) if session_secret.hash.ct_eq(&credential.hash).into() => {
                let token = records.token(&session_secret.token_id)?.ok_or_else(ApiError::unauthorized)?;
                Caller::of(token, now)
            }
            _ => Caller::authenticate(records, credential, now),
        }
    }
}

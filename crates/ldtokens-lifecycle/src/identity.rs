//! Who a credential belongs to.

use ldtokens::{CallerIdentity, Client, Error};

/// Who the client's credential belongs to, as far as the API tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The ID of the token.
    pub token_id: Option<String>,
    /// The ID of the member who created the token.
    pub member_id: Option<String>,
}

impl From<CallerIdentity> for Identity {
    fn from(caller: CallerIdentity) -> Self {
        Self { token_id: caller.token_id.map(|id| id.as_str().to_owned()), member_id: caller.member_id }
    }
}

/// Asks the API who the client's credential belongs to.
///
/// # Errors
/// [`Error::Unauthorized`] if the credential is not valid, and those of every call.
pub async fn identify(client: &Client) -> Result<Identity, Error> {
    client.whoami().await.map(Identity::from)
}

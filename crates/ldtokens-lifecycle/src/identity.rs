//! Whose a credential is.

use ldtokens::reqwest::Method;
use ldtokens::{Client, Error};
use serde_json::Value;

/// Whose credential it is that a client authenticates with. The API may leave out any of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The ID of the token.
    pub token_id: Option<String>,
    /// The ID of the member who created the token.
    pub member_id: Option<String>,
}

/// Asks the API whose credential the client authenticates with.
///
/// # Errors
/// [`Error::Unauthorized`] if the credential does not work, and those of every call.
pub async fn identify(client: &Client) -> Result<Identity, Error> {
    let body = client.request("getCallerIdentity", Method::GET, "/caller-identity").send().await?;
    // What is not there, or has another form, is not known.
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| Some(answer.get(name)?.as_str()?.to_owned());
    Ok(Identity { token_id: text("tokenId"), member_id: text("memberId") })
}

//! Checks whether a secret works, and describes it.

use std::time::SystemTime;

use jiff::Timestamp;
use ldtokens::{CallerIdentity, Client, Error, Secret, Token};
use serde_json::Value;

use crate::time;

/// Properties that may hold a token's expiry. The vendor's application lets a token expire (fact 14), but the newest API
/// description has no property for it, so these names are our choice.
const EXPIRY: [&str; 6] = ["expiry", "expiryDate", "expirationDate", "expiresAt", "expires", "expiration"];

/// Whether a secret works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It works.
    Works(Box<Verified>),
    /// The API refuses it.
    DoesNotWork,
}

/// The details of a secret that works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The identity that the API reports.
    pub identity: CallerIdentity,
    /// Its token. None if the secret has no permission to read its own token, or the API did not name the token.
    pub token: Option<Token>,
    /// Whether it is a former secret of a token that was reset. It works until the overlap ends; the API does not say when.
    /// None if that is not known.
    pub is_former: Option<bool>,
    /// When the token expires, if the API says so.
    pub expires_at: Option<SystemTime>,
}

/// Checks whether `secret` works, by authenticating with it, and describes it. `client` sets the host; its own credential is not
/// used.
///
/// ```
/// # use ldtokens::Client;
/// use ldtokens_lifecycle::{Verdict, verify};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = ldtokens_server::Server::start().await?;
/// # let secret = server.owner_secret().unwrap().clone();
/// # let client = Client::builder(secret.clone()).host(server.url()).build()?;
/// match verify(&client, &secret).await? {
///     Verdict::Works(verified) => println!("{:?}", verified.identity.token_name),
///     _ => println!("rotate it"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The errors of every call; then it is not known whether the secret works. [`Error::Unauthorized`] only if the response came
/// from a proxy or the like. [`Error::Config`] if it can't be a secret.
pub async fn verify(client: &Client, secret: &Secret) -> Result<Verdict, Error> {
    let itself = client.with_credential(secret.clone())?;
    let mut verified = match describe(&itself).await {
        Ok(verified) => verified,
        Err(error) if is_refusal(&error) => return Ok(Verdict::DoesNotWork),
        Err(error) => return Err(error),
    };
    let current = verified.token.as_ref().and_then(|token| token.token.as_ref());
    verified.is_former = current.map(|current| current.last_four() != secret.last_four());
    Ok(Verdict::Works(Box::new(verified)))
}

/// Describes the client's own credential. Whether it is a former secret of its token is not known.
///
/// # Errors
/// [`Error::Unauthorized`] if the credential is not valid, and those of every call.
pub async fn describe(client: &Client) -> Result<Verified, Error> {
    let identity = client.whoami().await?;
    let token = match &identity.token_id {
        Some(id) => match client.get(id).await {
            Ok(token) => Some(token),
            Err(error) if is_refusal(&error) => return Err(error),
            // The secret works nevertheless.
            Err(_) => None,
        },
        None => None,
    };
    let expires_at = EXPIRY.iter().find_map(|name| {
        let of_token = token.as_ref().and_then(|token| token.extra.get(*name));
        moment(of_token.or_else(|| identity.extra.get(*name))?)
    });
    Ok(Verified { identity, token, is_former: None, expires_at })
}

/// Whether the API itself says that the credential is not valid. A 401 without an error code can come from a proxy.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Unauthorized(api) if !api.code.is_empty())
}

/// Reads a Unix time in milliseconds, where 0 means none, or a date in RFC 3339.
fn moment(value: &Value) -> Option<SystemTime> {
    let millis = match value {
        Value::String(text) => text.parse::<Timestamp>().ok()?.as_millisecond(),
        value => value.as_i64()?,
    };
    (millis > 0).then(|| time::to_system_time(millis))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::moment;
    use crate::time::to_system_time;

    #[test]
    fn an_expiry_is_milliseconds_or_a_date() {
        let end = Some(to_system_time(1_767_225_600_000));
        for (value, expected) in [
            (json!(1_767_225_600_000_i64), end),
            (json!("2026-01-01T00:00:00Z"), end),
            (json!(0), None),
            (json!(null), None),
            (json!("soon"), None),
            (json!({}), None),
        ] {
            assert_eq!(moment(&value), expected, "{value}");
        }
    }
}

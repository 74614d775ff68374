//! Checks whether a secret works, and describes it.

use std::time::Duration;

use ldtokens::{CallerIdentity, Client, Error, Secret, Token};

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
}

/// Checks whether `secret` works, by authenticating with it, and describes it. None if the API refuses it. `client` sets the host; its own credential is not
/// used.
///
/// ```
/// # use ldtokens::Client;
/// use ldtokens_lifecycle::verify;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = ldtokens_server::Server::start().await?;
/// # let secret = server.owner_secret().unwrap().clone();
/// # let client = Client::builder(secret.clone()).host(server.url()).build()?;
/// match verify(&client, &secret).await? {
///     Some(verified) => println!("{:?}", verified.identity.token_name),
///     None => println!("rotate it"),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The errors of every call; then it is not known whether the secret works. [`Error::Unauthorized`] only if the response came
/// from a proxy or the like. [`Error::Config`] if it can't be a secret.
pub async fn verify(client: &Client, secret: &Secret) -> Result<Option<Verified>, Error> {
    let itself = client.with_credential(secret.clone())?;
    let mut verified = match describe(&itself).await {
        Ok(verified) => verified,
        Err(error) if is_refusal(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let current = verified.token.as_ref().and_then(|token| token.token.as_ref());
    verified.is_former = current.map(|current| current.last_four() != secret.last_four());
    Ok(Some(verified))
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
    Ok(Verified { identity, token, is_former: None })
}

/// Authenticates with `secret`, on the host of `client`, and returns whose it is. None if the API refuses it. A 401 that is not the
/// API's own proves nothing.
///
/// # Errors
/// The errors of every call; then it is not known whether the secret works.
pub async fn identity_of(client: &Client, secret: &Secret) -> Result<Option<CallerIdentity>, Error> {
    // It may have characters that no credential has.
    let Ok(client) = client.with_credential(secret.clone()) else { return Ok(None) };
    match client.whoami().await {
        Ok(caller) => Ok(Some(caller)),
        Err(error) if is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a text has the prefix of access tokens' secrets. What a destination holds can be the password of something else: ask the
/// API whose secret it is only if it has this prefix.
pub fn has_secret_prefix(text: &Secret) -> bool {
    text.expose().starts_with("api-")
}

/// Whether the API itself says that the credential is not valid. A 401 without an error code can come from a proxy.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Unauthorized(api) if !api.code.is_empty())
}

/// Waits while the API's reads may lag behind its writes.
pub(crate) struct Lag {
    left: Duration,
    pause: Duration,
}

impl Lag {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { left: longest, pause: Duration::from_millis(100) }
    }

    /// Waits before another read. Returns false if what was read has to be believed.
    pub(crate) async fn may_last(&mut self) -> bool {
        let pause = self.pause.min(self.left);
        self.left -= pause;
        self.pause = Duration::from_secs(3).min(2 * self.pause);
        tokio::time::sleep(pause).await;
        !pause.is_zero()
    }
}

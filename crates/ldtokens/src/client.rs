use std::sync::Arc;
use std::time::SystemTime;

use ldtokens_client::types::ErrorRep;
use ldtokens_client::{Error as RawError, ResponseValue};
use ldtokens_core::{DecodedResponse, SendOptions, Sender};

use crate::unexpected_response::{self, is_undecodable_success};
use crate::{Error, RetryPolicy, Secret, Token, TokenId};

/// A client for the access tokens of one LaunchDarkly account.
///
/// | task | methods |
/// | --- | --- |
/// | build a client | [`from_env`](Self::from_env), [`builder`](Self::builder), [`with_credential`](Self::with_credential), [`with_retry`](Self::with_retry) |
/// | read tokens | [`list`](Self::list), [`get`](Self::get) |
/// | create one, or give it a new secret | [`create_or_recover`](Self::create_or_recover), [`create`](Self::create), [`reset`](Self::reset) |
/// | change or delete one | [`edit`](Self::edit), [`try_edit`](Self::try_edit), [`update`](Self::update), [`delete`](Self::delete) |
/// | learn about the credential | [`whoami`](Self::whoami), [`server_time`](Self::server_time) |
/// | anything else of the API | [`request`](Self::request), [`call`](Self::call) |
///
/// It is cheap to clone, and clones share connections and what they learn about rate limits: build one, and clone it into
/// each task. Use it in one tokio runtime: a connection ends with the runtime that made it. A call's future can be dropped at any
/// point, and the client stays usable. [`create`](Self::create) and [`reset`](Self::reset) say what can happen if theirs are.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) sender: Arc<Sender>,
    pub(crate) options: SendOptions,
    pub(crate) concurrency: usize,
}

impl Client {
    /// A client for the same account that authenticates with another credential.
    ///
    /// Both share connections and what they learn about rate limits, because the account's limit counts both.
    ///
    /// # Errors
    /// [`Error::Config`] if the credential can't be the secret of a token. Nothing is sent.
    pub fn with_credential(&self, credential: impl Into<Secret>) -> Result<Self, Error> {
        let sender = self.sender.with_credential(credential.into())?;
        Ok(Self { sender: Arc::new(sender), ..self.clone() })
    }

    /// The same client with another policy, for single calls, as in
    /// `client.with_retry(RetryPolicy { max_attempts: 1, ..RetryPolicy::default() }).get(&id)`.
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        Self { sender: Arc::new(self.sender.with_policy(policy)), ..self.clone() }
    }

    /// Gets the token `id`. Its `token` holds only the last four characters of the secret. An optional property that can't be read
    /// is left unchanged in its `extra`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or the credential may not see it, and the errors of every call.
    pub async fn get(&self, id: &TokenId) -> Result<Token, Error> {
        let reply = self.exchange(async |raw| raw.get_token().token_id(id).send().await).await?;
        match reply.decoded {
            Ok(token) => Ok(token),
            Err(place) => unexpected_response::token(reply.operation, reply.response.body(), &place),
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
            Err(error) if is_undecodable_success(&error) => match client.get(id).await {
                Err(Error::NotFound(_)) => Ok(()),
                _ => Err(error),
            },
            deleted => deleted,
        }
    }

    /// The time on the API's clock, calculated from its responses: never later than the real one, and at most about a second
    /// earlier. Before the first response, it is the time on our own clock.
    pub fn server_time(&self) -> SystemTime {
        self.sender.server_now().to_system_time()
    }

    /// The maximum number of requests that a list sends at once: [`ClientBuilder::concurrency`](crate::ClientBuilder::concurrency).
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Makes one call of the generated client, which has every parameter of every operation. The credential, rate limits,
    /// retries and errors are the same as for every other call.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
    /// let tokens = client.call(async |raw| raw.get_tokens().show_all(true).send().await).await?;
    /// println!("{:?}", tokens.links);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] if the response is lost and a retry could do harm, and the errors of every call.
    pub async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<T, Error> {
        self.exchange(call).await?.into_value()
    }

    /// Makes one call of the generated client. If the body of a success can't be decoded, `decoded` says where.
    pub(crate) async fn exchange<T>(
        &self,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<DecodedResponse<T>, Error> {
        self.sender.call(self.options, call).await
    }

    /// This client, with one deadline for all calls together: its retry policy's deadline, counted from now.
    pub(crate) fn with_one_deadline(&self) -> Self {
        Self { options: self.sender.with_one_deadline(self.options), ..self.clone() }
    }
}

use std::sync::Arc;
use std::time::SystemTime;

use ldtokens_client::types::ErrorRep;
use ldtokens_client::{Error as RawError, ResponseValue};
use reqwest::header::AUTHORIZATION;
use serde_json::error::Category;

use crate::config::builder::authorization;
use crate::send::transport::Call;
use crate::send::{Response, SendOptions, Sender};
use crate::{Error, Operation, Secret};

/// A client for the access tokens of one LaunchDarkly account.
///
/// It is cheap to clone, and clones share connections and what they learn about rate limits: build one, and clone it into
/// each task. A call's future can be dropped at any point, and the client stays usable. [`create`](Self::create) and
/// [`reset`](Self::reset) say what can happen if their futures are dropped.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) sender: Arc<Sender>,
    pub(crate) options: SendOptions,
}

/// A successful response: the value that the generated code decoded, and the response itself.
pub(crate) struct Reply<T> {
    pub(crate) operation: Operation,
    pub(crate) response: Response,
    /// The value, or the place where decoding failed.
    pub(crate) decoded: Result<T, String>,
}

impl Client {
    /// A client for the same account that authenticates with another credential.
    ///
    /// Both share connections and what they learn about rate limits, because the account's limit counts both.
    ///
    /// # Errors
    /// [`Error::Config`] if the credential can't be the secret of a token. Nothing is sent.
    pub fn with_credential(&self, credential: impl Into<Secret>) -> Result<Self, Error> {
        let mut sender =
            Sender { credential: credential.into(), credential_worked: Arc::default(), ..(*self.sender).clone() };
        sender.headers.insert(AUTHORIZATION, authorization(&sender.credential)?);
        Ok(Self { sender: Arc::new(sender), ..self.clone() })
    }

    /// The time on the API's clock, calculated from its responses: never later than the real one, and at most about a second
    /// earlier. Before the first response, it is the time on our own clock.
    pub fn server_time(&self) -> SystemTime {
        self.sender.pacing.server_time(self.sender.clock.now()).at_least.to_system_time()
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
        let reply = self.exchange(call).await?;
        let operation = reply.operation;
        reply.decoded.map_err(|place| {
            let error = Error::undecodable(operation, place);
            match operation {
                Operation::PostToken | Operation::ResetToken => Error::outcome_unknown(operation, error),
                _ => error,
            }
        })
    }

    /// Makes one call of the generated client. A success whose body can't be decoded is not an error yet.
    pub(crate) async fn exchange<T>(
        &self,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<Reply<T>, Error> {
        let transport = Arc::new(Call::new(self.sender.clone(), self.options));
        let raw = ldtokens_client::Client::new_with_client(
            self.sender.base_url.as_str(),
            self.sender.http.clone(),
            transport.clone(),
        );
        let result = call(&raw).await;
        match (transport.take_sent(), result) {
            (Some((_, Err(error))), _) => Err(error),
            (Some((operation, Ok(response))), result) => {
                let decoded = result.map(ResponseValue::into_inner).map_err(|error| decode_error(&error));
                Ok(Reply { operation, response, decoded })
            }
            (None, Err(RawError::InvalidRequest(reason))) => Err(Error::InvalidInput(reason)),
            (None, _) => Err(Error::InvalidInput("the call made no request".to_owned())),
        }
    }

    /// This client, with one deadline for all calls together: its retry policy's deadline, counted from now.
    pub(crate) fn with_one_deadline(&self) -> Self {
        let deadline = self.sender.clock.elapsed().saturating_add(self.sender.policy.deadline);
        let deadline = Some(self.options.deadline.unwrap_or(deadline).min(deadline));
        Self { options: SendOptions { deadline, ..self.options }, ..self.clone() }
    }

    /// Waits after round `round` of several calls. The first round is 1.
    pub(crate) async fn back_off(&self, round: u32) {
        let wait = self.sender.policy.backoff_after(round, fastrand::f64());
        self.sender.clock.sleep(wait).await;
    }
}

/// Where decoding failed, without the value at that place.
fn decode_error(error: &RawError<ErrorRep>) -> String {
    let error = match error {
        RawError::InvalidResponsePayload(_, error) => error,
        RawError::UnexpectedResponse(response) => return format!("its status is {}", response.status().as_u16()),
        _ => return "it can't be read".to_owned(),
    };
    let what = match error.classify() {
        Category::Eof => "the body ends early",
        Category::Data => "a value has an unexpected type",
        _ => "the body is not JSON",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

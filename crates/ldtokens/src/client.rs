use std::sync::Arc;
use std::time::Duration;

use ldtokens_client::types::ErrorRep;
use ldtokens_client::{Error as RawError, ResponseValue};

use crate::error::Error;
use crate::send::operation::Operation;
use crate::send::response::Response;
use crate::send::transport::Call;
use crate::send::{SendOptions, Sender};

/// A client for the access tokens of one LaunchDarkly account.
///
/// It is cheap to clone, and clones share connections and what they learn about rate limits: build one, and clone it into
/// each task. A call's future can be dropped at any point; the client stays usable. What dropping can do to a
/// [`create`](Self::create) or [`reset`](Self::reset) is said there.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) sender: Arc<Sender>,
    /// A deadline by the clock's `elapsed`, for the calls of one method together.
    pub(crate) deadline: Option<Duration>,
}

/// A successful response: what the generated code made of it, and the response itself.
pub(crate) struct Reply<T> {
    pub(crate) operation: Operation,
    pub(crate) response: Response,
    /// The value, or where reading it failed.
    pub(crate) decoded: Result<T, String>,
}

impl Client {
    /// The generated client that this one is made of: every parameter of every operation, with the same credential, rate
    /// limits and retries.
    ///
    /// [`call`](Self::call) is the same with this crate's errors. The errors here are the generator's. They don't tell
    /// whether the outcome is unknown, and they may print the body of a response that can't be read, which after a create
    /// or reset can hold a secret: don't log them.
    pub fn raw(&self) -> ldtokens_client::Client {
        ldtokens_client::Client::new_with_client(self.sender.base_url.as_str(), self.http.clone(), self.sender.clone())
    }

    /// Makes one call of the generated client, with this crate's errors.
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
    /// [`Error::OutcomeUnknown`] where a retry could do harm, and those of every call.
    pub async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<T, Error> {
        let reply = self.exchange(SendOptions::default(), call).await?;
        let operation = reply.operation;
        reply.decoded.map_err(|place| {
            let error = Error::Undecodable { operation, token_id: None, place };
            match operation {
                Operation::PostToken | Operation::ResetToken => Error::outcome_unknown(operation, error),
                _ => error,
            }
        })
    }

    /// Makes one call of the generated client. A success whose body can't be decoded is not an error yet.
    pub(crate) async fn exchange<T>(
        &self,
        options: SendOptions,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<Reply<T>, Error> {
        let options = SendOptions { deadline: self.deadline, ..options };
        let transport = Arc::new(Call::new(self.sender.clone(), options));
        let raw = ldtokens_client::Client::new_with_client(
            self.sender.base_url.as_str(),
            self.http.clone(),
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

    /// This client, whose calls all end at the end of its retry policy's deadline, counted from now.
    pub(crate) fn with_one_deadline(&self) -> Self {
        let deadline = self.sender.clock.elapsed().saturating_add(self.sender.policy.deadline);
        Self { deadline: Some(self.deadline.unwrap_or(deadline).min(deadline)), ..self.clone() }
    }

    /// Waits before round `round` + 1 of several calls, the first being 1.
    pub(crate) async fn back_off(&self, round: u32) {
        let wait = self.sender.policy.backoff_after(round, fastrand::f64());
        self.sender.clock.sleep(wait).await;
    }
}

/// Where decoding failed. Never what stood there.
fn decode_error(error: &RawError<ErrorRep>) -> String {
    match error {
        RawError::InvalidResponsePayload(_, error) => place(error),
        RawError::UnexpectedResponse(response) => format!("its status is {}", response.status().as_u16()),
        _ => "it can't be read".to_owned(),
    }
}

/// Where reading JSON failed. Never what stood there.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the body ends early",
        serde_json::error::Category::Data => "a value has an unexpected type",
        _ => "the body is not JSON",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

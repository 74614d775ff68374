use std::sync::Arc;

use ldtokens_client::types::{ErrorRep, Token};
use ldtokens_client::{Error as RawError, ResponseValue};

use crate::Secret;
use crate::attempt::place;
use crate::base_url::BaseUrl;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::issued::IssuedToken;
use crate::list::List;
use crate::new_token::NewToken;
use crate::operation::Operation;
use crate::overlap::Overlap;
use crate::patch::Patch;
use crate::retry::Repetition;
use crate::send::{Call, Sender};
use ldtokens_client::TokenId;

/// A client for the access tokens of one LaunchDarkly account.
///
/// It is cheap to clone, and clones share connections and what they learn of rate limits: make one, and clone it into
/// each task. Dropping the future of any of its calls, at any point, leaves it usable.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) base_url: BaseUrl,
    pub(crate) http: reqwest::Client,
    pub(crate) sender: Arc<Sender>,
}

impl Client {
    /// Begins a client that authenticates with `credential`, the secret of an access token.
    ///
    /// Unless told otherwise it speaks to the US instance.
    ///
    /// ```
    /// use ldtokens::{Client, Region};
    /// # fn secret() -> String { "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b".into() }
    /// let client = Client::builder(secret()).region(Region::Eu).build()?;
    /// # Ok::<(), ldtokens::Error>(())
    /// ```
    pub fn builder(credential: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(credential.into())
    }

    /// A client for the account that the environment names.
    ///
    /// The credential comes from `LD_ACCESS_TOKEN` or else `LAUNCHDARKLY_ACCESS_TOKEN`, the host from `LD_BASE_URI` or else
    /// `LAUNCHDARKLY_API_HOST` or else the US instance: the variables of the vendor's `ldcli` and of its Terraform provider.
    ///
    /// # Errors
    /// [`Error::Config`] names the variable that is missing or can't be read.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    pub(crate) fn new(base_url: BaseUrl, http: reqwest::Client, sender: Sender) -> Self {
        Self { base_url, http, sender: Arc::new(sender) }
    }

    /// The list of tokens: the caller's own personal tokens and the service tokens, or, with an Admin credential and
    /// [`all_members`](List::all_members), everyone's.
    pub fn list(&self) -> List {
        List::new(self.clone())
    }

    /// The token `id`. Its `token` holds only the last four characters of the secret.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none that the credential may know of, and those of every call.
    pub async fn get(&self, id: &TokenId) -> Result<Token, Error> {
        self.call(async |raw| raw.get_token().token_id(id.as_str()).send().await).await
    }

    /// A new token, together with its secret, which can't be had again.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] if the answer is lost: a token may have been made whose secret nobody holds.
    /// [`create_or_recover`](Self::create_or_recover) deals with that. [`Error::InvalidRequest`] and [`Error::Forbidden`] as
    /// the API sees it, for instance where the new token would reach further than the credential; and those of every call.
    pub async fn create(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        let body = new_token.to_body()?;
        let token = self.call(async |raw| raw.post_token().body(body.clone()).send().await).await?;
        IssuedToken::from_answer(Operation::new("post_token"), token)
    }

    /// The token `id` after `patch`, all of which is applied or nothing.
    ///
    /// # Errors
    /// [`Error::PatchFailed`] if the patch doesn't apply or a `test` in it doesn't hold; [`Error::Conflict`] if another
    /// change came between; [`Error::OutcomeUnknown`] if the answer is lost and repeating the patch could do harm;
    /// [`Error::NotFound`], and those of every call.
    pub async fn update(&self, id: &TokenId, patch: &Patch) -> Result<Token, Error> {
        let delta = patch.to_delta()?;
        self.call(async |raw| raw.patch_token().token_id(id.as_str()).body(delta.clone()).send().await).await
    }

    /// Deletes the token `id`; its secret stops working at once.
    ///
    /// If an answer is lost the deletion is repeated, and a token that is gone by then counts as deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there was none to begin with, and those of every call.
    pub async fn delete(&self, id: &TokenId) -> Result<(), Error> {
        self.call(async |raw| raw.delete_token().token_id(id.as_str()).send().await).await
    }

    /// A new secret for the token `id`. The old one stops working at once, or works on for the `overlap`.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] if the answer is lost: the old secret may have stopped working, and the new one is not
    /// known. [`Error::NotFound`], and those of every call.
    pub async fn reset(&self, id: &TokenId, overlap: Overlap) -> Result<IssuedToken, Error> {
        let expiry = overlap.expiry(|| self.sender.pacing.server_now(&*self.sender.clock));
        let reset = async |raw: &ldtokens_client::Client| {
            let request = raw.reset_token().token_id(id.as_str());
            match expiry {
                Some(expiry) => request.expiry(expiry).send().await,
                None => request.send().await,
            }
        };
        let token = self.call(reset).await?;
        IssuedToken::from_answer(Operation::new("reset_token"), token)
    }

    /// The generated client beneath this one: every parameter of every operation, on the same path, with the same
    /// credential, pacing and retries.
    ///
    /// [`call`](Self::call) is the same with this client's errors. Here they are the generator's own. What is lost in them is which outcome is unknown; and they may print the body
    /// of an answer that can't be read, which after a create or reset can hold a secret: don't log them.
    pub fn raw(&self) -> ldtokens_client::Client {
        ldtokens_client::Client::new_with_client(self.base_url.as_str(), self.http.clone(), self.sender.clone())
    }

    /// Makes one call of the generated client, with this one's errors: what the facade has no word for, on the same path.
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
    /// [`Error::OutcomeUnknown`] where repeating the request could do harm, and those of every call.
    pub async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&ldtokens_client::Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<T, Error> {
        let transport = Arc::new(Call::new(self.sender.clone()));
        let raw =
            ldtokens_client::Client::new_with_client(self.base_url.as_str(), self.http.clone(), transport.clone());
        match call(&raw).await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(error) => {
                let report = transport.take_report();
                Err(report.error.unwrap_or_else(|| misread(report.sent, error)))
            }
        }
    }
}

/// The error of an answer of success that the generated code can't read, or of a request that it can't build.
fn misread(sent: Option<(Operation, Repetition)>, error: RawError<ErrorRep>) -> Error {
    let Some((operation, repetition)) = sent else {
        return Error::InvalidInput(match error {
            RawError::InvalidRequest(reason) => reason,
            _ => "the request can't be built".to_owned(),
        });
    };
    let place = match error {
        RawError::InvalidResponsePayload(_, error) => place(&error),
        RawError::UnexpectedResponse(response) => format!("its status is {}", response.status().as_u16()),
        _ => "it can't be read".to_owned(),
    };
    let error = Error::Undecodable { operation, place };
    if repetition == Repetition::Harms { Error::outcome_unknown(operation, error) } else { error }
}

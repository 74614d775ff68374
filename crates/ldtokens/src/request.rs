//! Requests to any path of the API.

use ldtokens_core::innermost_cause;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Body, Client, Error, Operation};

impl Client {
    /// Starts a request to any path of the API, for instance for an operation that has no method here. The credential, rate limits,
    /// retries and errors are the same as for every other request.
    ///
    /// `path` is relative to `/api/v2`. Its segments must be percent-encoded, as by
    /// [`TokenId::to_path_segment`](crate::TokenId::to_path_segment). For an operation with a variant in [`Operation`], any
    /// path but the operation's own is an error.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
    /// use ldtokens::raw::reqwest::Method;
    /// let json: serde_json::Value = client.request("getRoles", Method::GET, "/roles").query("limit", "5").send_json().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, operation: impl Into<Operation>, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder {
            client: self.clone(),
            operation: operation.into(),
            is_safe: method.is_safe(),
            request: self.sender.request(method, path),
        }
    }
}

/// A request to any path of the API. [`Client::request`] starts one.
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called"]
pub struct RequestBuilder {
    client: Client,
    operation: Operation,
    is_safe: bool,
    request: reqwest::RequestBuilder,
}

impl RequestBuilder {
    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    /// Sets a header, instead of the client's own. `Authorization` can't be set.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sets the body, and `Content-Type: application/json`.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Sends the request and returns the response's body, whose `Debug` does not show it. After a create or reset it contains the
    /// secret.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if a header or the path is invalid, or the `expiry` is in the past; [`Error::OutcomeUnknown`]
    /// if the response is lost and a retry could do harm; and the errors of every call.
    pub async fn send(self) -> Result<Body, Error> {
        let invalid = |error| Error::InvalidInput(format!("the request can't be sent: {}", innermost_cause(&error)));
        let mut request = self.request.build().map_err(invalid)?;
        if request.headers().contains_key(AUTHORIZATION) {
            return Err(Error::InvalidInput("the header Authorization can't be set: the client sets it".to_owned()));
        }
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let response = self.client.sender.send(self.operation, request, self.client.options).await?;
        Ok(response.into_body())
    }

    /// Sends the request and reads the JSON of the response's body.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if the body can't be read as a `T`; after a change, which was made, it is the source of an
    /// [`Error::OutcomeUnknown`]. And those of [`send`](Self::send).
    pub async fn send_json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (operation, is_safe) = (self.operation, self.is_safe);
        let body = self.send().await?;
        serde_json::from_slice(&body).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            let error = Error::undecodable(operation, place);
            if is_safe { error } else { Error::outcome_unknown(operation, error) }
        })
    }
}

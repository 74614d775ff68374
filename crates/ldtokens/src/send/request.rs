//! Requests that are described at run time.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::send::operation::Operation;

impl Client {
    /// Begins a request that is described at run time, as a table of operations does: on the same path as all others, with
    /// the same credential, pacing, retries and errors.
    ///
    /// `operation` is its name, which errors, spans and pacing go by; `path` is below `/api/v2`, and what stands in it
    /// must be fit to: [`TokenId::to_path_segment`](crate::TokenId::to_path_segment) is.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
    /// use ldtokens::reqwest::Method;
    /// let json = client.request("getTokens", Method::GET, "/tokens").query("limit", "5").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, operation: &'static str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url.as_str());
        let request = self.http.request(method, url).header(ACCEPT, "application/json");
        RequestBuilder { client: self.clone(), operation: Operation::new(operation), request, invalid: None }
    }
}

/// A request that is described at run time; [`Client::request`] begins one.
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called"]
pub struct RequestBuilder {
    client: Client,
    operation: Operation,
    request: reqwest::RequestBuilder,
    invalid: Option<Error>,
}

impl RequestBuilder {
    /// Adds a parameter to the query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    /// Sets a header, in the place of the one that the client would send, if it would. `Authorization` can't be set: the
    /// credential is the client's.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if name != AUTHORIZATION => {
                let mut headers = reqwest::header::HeaderMap::new();
                headers.insert(name, value);
                self.request = self.request.headers(headers);
            }
            (Ok(AUTHORIZATION), _) => {
                self.refuse("the credential is the client's, and not a header of a request".to_owned());
            }
            (Ok(name), _) => self.refuse(format!("the value of the header {name} can't stand in a header")),
            (Err(_), _) => self.refuse("a header's name has characters that it can't have".to_owned()),
        }
        self
    }

    /// Sets the body.
    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    fn refuse(&mut self, reason: String) {
        self.invalid.get_or_insert(Error::InvalidInput(reason));
    }

    /// Sends it, and gives the answer's body. The answer to a create or reset holds the secret.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if a header can't be sent; [`Error::OutcomeUnknown`] where repeating the request could do
    /// harm; and those of every call.
    pub async fn send(self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        let request = self.request.build().map_err(|_| Error::InvalidInput("the request can't be built".to_owned()))?;
        let answer = self.client.sender.send(&self.client.http, self.operation, request).await?;
        Ok(answer.into_body())
    }
}

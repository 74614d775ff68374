//! Requests that are described at run time.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::send::SendOptions;
use crate::send::operation::Operation;

impl Client {
    /// Starts a request that is described at run time, for instance by a table of operations. It has the same credential,
    /// rate limits, retries and errors as all others.
    ///
    /// `path` is below `/api/v2`. Percent-encode its segments: [`TokenId::to_path_segment`](crate::TokenId::to_path_segment)
    /// does. For an operation that [`Operation`] names, another path than the operation's is an error.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
    /// use ldtokens::{Operation, raw::reqwest::Method};
    /// let json = client.request(Operation::GetTokens, Method::GET, "/tokens").query("limit", "5").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, operation: impl Into<Operation>, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sender.base_url.as_str());
        let request = self.http.request(method, url).header(ACCEPT, "application/json");
        RequestBuilder { client: self.clone(), operation: operation.into(), request, invalid: None }
    }
}

/// A request that is described at run time. [`Client::request`] starts one.
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called"]
pub struct RequestBuilder {
    client: Client,
    operation: Operation,
    request: reqwest::RequestBuilder,
    invalid: Option<Error>,
}

impl RequestBuilder {
    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    /// Sets a header, instead of the client's own. `Authorization` can't be set.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(AUTHORIZATION), _) => {
                self.refuse("the header Authorization can't be set: the client sets it".to_owned())
            }
            (Ok(name), Ok(value)) => {
                let mut headers = HeaderMap::new();
                headers.insert(name, value);
                self.request = self.request.headers(headers);
            }
            (Ok(name), _) => self.refuse(format!("the value of the header {name} contains invalid characters")),
            (Err(_), _) => self.refuse("a header's name contains invalid characters".to_owned()),
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

    /// Sends the request and returns the response's body. After a create or reset it holds the secret.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if a header, the path or an `expiry` in the past can't be sent; [`Error::OutcomeUnknown`] where
    /// a retry could do harm; and those of every call.
    pub async fn send(self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        let request = self.request.build().map_err(|_| Error::InvalidInput("the request can't be built".to_owned()))?;
        let Client { http, sender, deadline } = &self.client;
        let options = SendOptions { deadline: *deadline, ..SendOptions::default() };
        let response = sender.send(http, self.operation, request, options).await?;
        Ok(response.body.into())
    }
}

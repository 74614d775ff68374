//! Requests that are described at run time.

use reqwest::header::ACCEPT;

use crate::client::Client;
use crate::error::Error;
use crate::operation::Operation;

impl Client {
    /// The body of the answer to a request that is described at run time, as a table of operations does: on the same
    /// path as all others, with the same credential, pacing, retries and errors.
    ///
    /// `operation` is its name, which errors, spans and pacing go by; `path` is below `/api/v2`, and what stands in it
    /// must be fit to: [`TokenId::to_path_segment`](crate::TokenId::to_path_segment) is. The answer to a create or reset holds the secret.
    ///
    /// # Errors
    /// Those of every call, and [`Error::OutcomeUnknown`] where repeating the request could do harm.
    pub async fn request(
        &self,
        operation: &'static str,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<Vec<u8>, Error> {
        let url = format!("{}{path}", self.base_url.as_str());
        let mut request = self.http.request(method, url).query(query).header(ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let request = request.build().map_err(|_| Error::InvalidInput("the request can't be built".to_owned()))?;
        let answer = self.sender.send(&self.http, Operation::new(operation), request).await?;
        Ok(answer.into_body())
    }
}

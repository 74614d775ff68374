use std::sync::Arc;
use std::time::SystemTime;

use reqwest::header::AUTHORIZATION;

use crate::Secret;
use crate::builder::authorization;
use crate::client::Client;
use crate::error::Error;
use crate::send::Sender;

impl Client {
    /// A client for the same account that authenticates with another credential.
    ///
    /// Both share connections and what they learn of rate limits, since the account's limit counts them together.
    ///
    /// # Errors
    /// [`Error::Config`] if the credential can't be the secret of a token. Nothing is sent.
    pub fn with_credential(&self, credential: impl Into<Secret>) -> Result<Self, Error> {
        let credential = credential.into();
        let mut headers = self.sender.headers.clone();
        headers.insert(AUTHORIZATION, authorization(&credential)?);
        let sender = Sender {
            credential,
            headers,
            tunnelled: self.sender.tunnelled,
            policy: self.sender.policy.clone(),
            pacing: Arc::clone(&self.sender.pacing),
            clock: Arc::clone(&self.sender.clock),
            observer: self.sender.observer.clone(),
            rehearsal: self.sender.rehearsal.clone(),
        };
        Ok(Self { base_url: self.base_url.clone(), http: self.http.clone(), sender: Arc::new(sender) })
    }

    /// The time on the API's clock, as far as its answers have told, to the second. Before the first answer it is the
    /// client's own.
    pub fn server_time(&self) -> SystemTime {
        self.sender.pacing.server_now(&*self.sender.clock)
    }
}

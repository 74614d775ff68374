use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use reqwest::header::AUTHORIZATION;

use crate::Secret;
use crate::client::Client;
use crate::config::builder::authorization;
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
            base_url: self.sender.base_url.clone(),
            credential,
            headers,
            method_override: self.sender.method_override,
            policy: self.sender.policy.clone(),
            pacing: Arc::clone(&self.sender.pacing),
            clock: Arc::clone(&self.sender.clock),
            observer: self.sender.observer.clone(),
            dry_run: self.sender.dry_run.clone(),
            credential_worked: AtomicBool::new(false),
        };
        Ok(Self { http: self.http.clone(), sender: Arc::new(sender), deadline: self.deadline })
    }

    /// The time on the API's clock, as far as its responses tell: not later than that, and at most about a second earlier.
    /// Before the first response it is our own clock's.
    pub fn server_time(&self) -> SystemTime {
        self.sender.pacing.server_time(self.sender.clock.now()).at_least.to_system_time()
    }
}

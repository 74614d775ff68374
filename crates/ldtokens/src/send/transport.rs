//! How the generated client's requests take the one path.

use std::sync::{Arc, Mutex, PoisonError};

use ldtokens_client::{Exchange, Transport};
use reqwest::Request;

use crate::error::Error;
use crate::send::operation::Operation;
use crate::send::response::Response;
use crate::send::{SendOptions, Sender};

/// One call of the facade. It keeps what the generated code has no room for.
#[derive(Debug)]
pub(crate) struct Call {
    sender: Arc<Sender>,
    options: SendOptions,
    sent: Mutex<Option<(Operation, Result<Response, Error>)>>,
}

impl Call {
    pub(crate) fn new(sender: Arc<Sender>, options: SendOptions) -> Self {
        Self { sender, options, sent: Mutex::default() }
    }

    /// The last request's operation and result, if one was made.
    pub(crate) fn take_sent(&self) -> Option<(Operation, Result<Response, Error>)> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Transport for Call {
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            let operation = Operation::from(operation);
            let result = self.sender.send(http, operation, request, self.options).await;
            let response = result.as_ref().map_or_else(|_| Response::none(), Response::clone);
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some((operation, result));
            Ok(response.into_reqwest(operation))
        })
    }
}

/// [`Client::raw`](crate::Client::raw): the same path, and errors as the generated code has them.
impl Transport for Sender {
    fn exchange<'a>(&'a self, http: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            let operation = Operation::from(operation);
            match self.send(http, operation, request, SendOptions::default()).await {
                Ok(response) => Ok(response.into_reqwest(operation)),
                Err(error) => raw_error(operation, error),
            }
        })
    }
}

fn raw_error(operation: Operation, error: Error) -> reqwest::Result<reqwest::Response> {
    match error {
        Error::Transport { source, .. } => Err(source.into_reqwest()),
        Error::OutcomeUnknown { source, .. } => raw_error(operation, *source),
        error => Ok(error.api().map_or_else(Response::none, Response::of_error).into_reqwest(operation)),
    }
}

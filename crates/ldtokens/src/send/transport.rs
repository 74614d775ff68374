//! How requests of the generated client are sent like all others.

use std::sync::{Arc, Mutex, PoisonError};

use ldtokens_client::{Exchange, Transport};
use reqwest::{Request, StatusCode};

use crate::send::{Response, SendOptions, Sender};
use crate::{Error, Operation};

/// One call of the facade. It keeps the result, because the generated code can't return our errors.
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
    fn exchange<'a>(&'a self, _: &'a reqwest::Client, operation: &'static str, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            let operation = Operation::from(operation);
            let mut result = self.sender.send(operation, request, self.options).await;
            let response = match &mut result {
                Ok(response) => for_generated(response, operation),
                // The generated code returns an error for this status. `sent` keeps the real one.
                Err(_) => with_status(StatusCode::BAD_GATEWAY),
            };
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some((operation, result));
            Ok(response)
        })
    }
}

/// A response without headers and body.
pub(crate) fn with_status(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// A copy of the response with the success status that the generated code expects. The headers move to the copy.
fn for_generated(response: &mut Response, operation: Operation) -> Response {
    let mut copy = Response::new(response.body().clone());
    *copy.status_mut() = operation.success_status().unwrap_or(response.status());
    *copy.headers_mut() = std::mem::take(response.headers_mut());
    copy
}

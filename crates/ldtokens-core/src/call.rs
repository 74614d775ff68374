//! How requests of the generated client are sent like all others.

use std::sync::{Arc, Mutex, PoisonError};

use ldtokens_client::types::ErrorRep;
use ldtokens_client::{Client, Error as RawError, Exchange, Operation, ResponseValue, Transport};
use reqwest::{Request, StatusCode};
use serde_json::error::Category;

use crate::{Error, Response, SendOptions, Sender};

/// A successful response: the value that the generated code decoded, and the response itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct DecodedResponse<T> {
    /// The operation.
    pub operation: Operation,
    /// The response, without its headers.
    pub response: Response,
    /// The value, or the place where decoding failed.
    pub decoded: Result<T, String>,
}

impl<T> DecodedResponse<T> {
    /// The decoded value.
    ///
    /// # Errors
    /// [`Error::Undecodable`]; after a create or reset, whose secret is lost then, [`Error::OutcomeUnknown`].
    pub fn into_value(self) -> Result<T, Error> {
        let operation = self.operation;
        self.decoded.map_err(|place| {
            let error = Error::undecodable(operation, place);
            match operation {
                Operation::PostToken | Operation::ResetToken => Error::outcome_unknown(operation, error),
                _ => error,
            }
        })
    }
}

impl Sender {
    /// Makes one call of the generated client. If the body of a success can't be decoded, `decoded` says where.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the generated client makes no request, and those of [`send`](Self::send).
    pub async fn call<T>(
        self: &Arc<Self>,
        options: SendOptions,
        call: impl AsyncFnOnce(&Client) -> Result<ResponseValue<T>, RawError<ErrorRep>>,
    ) -> Result<DecodedResponse<T>, Error> {
        let transport = Arc::new(CallTransport { sender: self.clone(), options, sent: Mutex::default() });
        let raw = Client::new_with_client(self.base_url().as_str(), self.http.clone(), transport.clone());
        let result = call(&raw).await;
        // The last request, if one was made.
        let sent = transport.sent.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (sent, result) {
            (Some((operation, response)), result) => {
                let decoded = result.map(ResponseValue::into_inner).map_err(|error| decode_error(&error));
                response.map(|response| DecodedResponse { operation, response, decoded })
            }
            (None, Err(RawError::InvalidRequest(reason))) => Err(Error::InvalidInput(reason)),
            (None, _) => Err(Error::InvalidInput("the call made no request".to_owned())),
        }
    }
}

/// The transport of one call. It keeps the result, because the generated code can't return our errors.
#[derive(Debug)]
struct CallTransport {
    sender: Arc<Sender>,
    options: SendOptions,
    sent: Mutex<Option<(Operation, Result<Response, Error>)>>,
}

impl Transport for CallTransport {
    fn exchange<'a>(&'a self, _: &'a reqwest::Client, operation: Operation, request: Request) -> Exchange<'a> {
        Box::pin(async move {
            let mut result = self.sender.send(operation, request, self.options).await;
            // The generated code gets the success status that it expects, and returns an error for the other. `sent` has the real ones.
            let mut copy = http::Response::default();
            *copy.status_mut() = StatusCode::BAD_GATEWAY;
            if let Ok(response) = &mut result {
                let documented = operation.route().and_then(|route| StatusCode::from_u16(route.success?).ok());
                *copy.status_mut() = documented.unwrap_or(response.status());
                *copy.headers_mut() = std::mem::take(response.headers_mut());
                *copy.body_mut() = response.body().bytes.clone();
            }
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some((operation, result));
            Ok(copy)
        })
    }
}

/// Where decoding failed, without the value at that place.
fn decode_error(error: &RawError<ErrorRep>) -> String {
    let RawError::InvalidResponsePayload(_, error) = error else { return "it can't be read".to_owned() };
    let what = match error.classify() {
        Category::Eof => "the body ends early",
        Category::Data => "a value has an unexpected type",
        _ => "the body is not JSON",
    };
    format!("{what}, line {} column {}", error.line(), error.column())
}

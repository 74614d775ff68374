use reqwest::Response;
use serde::de::DeserializeOwned;

use crate::{Error, ResponseValue};

/// Decodes a response's JSON, in place of the generator's own function.
///
/// The whole body is checked to be UTF-8 at once, which takes a tenth of the time of checking each string in it.
pub(crate) async fn decode<T: DeserializeOwned, E>(mut response: Response) -> Result<ResponseValue<T>, Error<E>> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let body = response.bytes().await.map_err(Error::ResponseBodyError)?;
    let decoded = match std::str::from_utf8(&body) {
        Ok(text) => serde_json::from_str(text),
        // It says where the wrong byte is.
        Err(_) => serde_json::from_slice(&body),
    };
    match decoded {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(error) => Err(Error::InvalidResponsePayload(body, error)),
    }
}

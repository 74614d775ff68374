//! What was put into the generated types by hand, on the wire and off it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ldtokens_client::reqwest::{self, Request};
use ldtokens_client::types::{PatchOperation, Token};
use ldtokens_client::{Client, Error, Exchange, Operation, Secret, Transport, UnixMillis};

/// The example of `Token` in `openapi.yaml`, with a whole secret, as in the response to a reset.
const TOKEN: &str = r#"{
    "_id": "61095542756dba551110ae21", "ownerId": "569f183514f4432160000007", "memberId": "569f183514f4432160000007",
    "name": "Nightly export", "creationDate": 1753920000000, "lastModified": 1753923600000, "lastUsed": 1754002800000,
    "role": "astronaut", "token": "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a", "serviceToken": true,
    "_links": {"self": {"href": "/api/v2/tokens/61095542756dba551110ae21", "type": "application/json"}}
}"#;

#[test]
fn a_token_is_written_as_it_was_read() {
    let token: Token = serde_json::from_str(TOKEN).unwrap();
    assert_eq!(token.last_used, Some(UnixMillis::new(1_754_002_800_000)));
    let written = serde_json::to_value(&token).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(TOKEN).unwrap());
    assert_eq!(token.expires_in(token.last_modified), None);
    let mut expires = token;
    expires.expiry = expires.last_used;
    assert_eq!(expires.expires_in(expires.last_modified).unwrap().as_secs(), 79_200);
}

#[test]
fn a_token_never_prints_its_secret() {
    let token: Token = serde_json::from_str(TOKEN).unwrap();
    assert_eq!(token.token.as_ref().unwrap().expose(), "api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a");
    let builder = ldtokens_client::types::builder::Token::from(token.clone());
    assert!(!format!("{token:?} {token:#?} {builder:?}").contains("5a1e7e1c"));
}

#[test]
fn secrets_are_equal_if_their_text_is_equal() {
    assert_eq!(Secret::new("abc"), Secret::new("abc"));
    assert_ne!(Secret::new("abc"), Secret::new("abd"));
    assert_ne!(Secret::new("abc"), Secret::new("abcd"));
    assert_eq!(Secret::new("abc").last_four(), "abc");
    assert_eq!(Secret::new("abcdé").last_four(), "bcdé");
}

#[test]
fn every_time_can_be_converted_and_written() {
    for millis in [i64::MIN, -1, 0, i64::MAX] {
        let moment = UnixMillis::new(millis);
        let _ = (moment.to_system_time(), moment.saturating_add(std::time::Duration::MAX));
        assert_eq!(serde_json::to_string(&moment).unwrap(), millis.to_string());
    }
    assert_eq!(UnixMillis::from(UnixMillis::new(-1500).to_system_time()), UnixMillis::new(-1500));
}

/// A transport that must not be used.
#[derive(Debug)]
struct NoTransport;

impl Transport for NoTransport {
    fn exchange<'a>(&'a self, _: &'a reqwest::Client, operation: Operation, request: Request) -> Exchange<'a> {
        panic!("{operation} was sent to {}", request.url());
    }
}

#[test]
fn an_id_that_leads_to_another_path_is_refused_before_sending() {
    let client = Client::new("http://localhost/api/v2", Arc::new(NoTransport));
    for id in ["..", ".", "", "a/b"] {
        let send = pin!(client.delete_token().token_id(id).send());
        let result = send.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(result, Poll::Ready(Err(Error::InvalidRequest(_)))), "{id:?}");
    }
}

#[test]
fn a_null_value_in_a_patch_operation_is_kept() {
    for (text, value) in [
        (r#"{"op":"test","path":"/description","value":null}"#, Some(serde_json::Value::Null)),
        (r#"{"op":"remove","path":"/description"}"#, None),
    ] {
        let operation: PatchOperation = serde_json::from_str(text).unwrap();
        assert_eq!(operation.value, value);
        assert_eq!(serde_json::to_string(&operation).unwrap(), text);
    }
}

//! The sender alone, against the local server. What a facade's calls do is tested in the facade.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldtokens_client::reqwest::{self, Method, Request};
use ldtokens_client::types::TokenBody;
use ldtokens_client::{Operation, Secret};
use ldtokens_core::{AttemptEvent, BaseUrl, ConfigError, Error, Observer, RetryPolicy, SendOptions, Sender, Settings};
use ldtokens_server::Server;
use serde_json::{Value, json};

fn policy() -> RetryPolicy {
    RetryPolicy {
        backoff_base: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(10),
        ..RetryPolicy::default()
    }
}

fn sender(server: &Server) -> Arc<Sender> {
    with_settings(server, Settings::default())
}

fn with_settings(server: &Server, settings: Settings) -> Arc<Sender> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base_url = BaseUrl::parse(server.url(), false).unwrap();
    let settings = Settings { policy: policy(), ..settings };
    Arc::new(Sender::new(http, base_url, server.owner_secret().unwrap().clone(), settings).unwrap())
}

fn fault(server: &Server, line: &str) {
    server.faults().add([line.parse().unwrap()]).unwrap();
}

fn request(server: &Server, method: Method, path: &str) -> Request {
    let base_url = BaseUrl::parse(server.url(), false).unwrap();
    Request::new(method, format!("{}{path}", base_url.as_str()).parse().unwrap())
}

#[tokio::test]
async fn a_call_of_the_generated_client_is_retried_after_a_lost_response() {
    let server = Server::start().await.unwrap();
    fault(&server, "getTokens drop-after times=1");
    let list = sender(&server).call(SendOptions::default(), async |raw| raw.get_tokens().send().await).await;
    let tokens = list.unwrap().into_value().unwrap();
    assert!(!tokens.items.is_empty() && server.faults().left().is_empty());
}

// Our choice: nothing shows whether a lost create was carried out, so it is not repeated.
#[tokio::test]
async fn a_create_of_the_generated_client_whose_response_is_lost_is_made_once() {
    let server = Server::start().await.unwrap();
    let sender = sender(&server);
    for effect in ["drop-after", "status-after=503"] {
        fault(&server, &format!("postToken {effect} times=1"));
        let body: TokenBody = serde_json::from_value(json!({ "name": effect, "role": "reader" })).unwrap();
        let create = sender.call(SendOptions::default(), async |raw| raw.post_token().body(body).send().await).await;
        assert!(matches!(create, Err(Error::OutcomeUnknown { operation: Operation::PostToken, .. })), "{create:?}");
    }
    let list = sender.call(SendOptions::default(), async |raw| raw.get_tokens().send().await).await;
    let tokens = list.unwrap().into_value().unwrap().items;
    for effect in ["drop-after", "status-after=503"] {
        let made = tokens.iter().filter(|token| token.name.as_deref() == Some(effect)).count();
        assert_eq!(made, 1, "{effect}");
    }
}

// RFC 9110, section 15.5.9: a client may repeat a request after a 408. A gateway can send it after the API has done the work.
#[tokio::test]
async fn a_408_is_retried_for_a_read_and_is_outcome_unknown_for_a_create() {
    let server = Server::start().await.unwrap();
    let sender = Arc::new(sender(&server).with_policy(RetryPolicy { max_attempts: 2, ..policy() }));
    for effect in ["getTokens status=408 times=2", "postToken status-after=408 times=1"] {
        fault(&server, effect);
    }
    let list = sender.call(SendOptions::default(), async |raw| raw.get_tokens().send().await).await;
    let error = list.unwrap_err();
    assert!(matches!(error, Error::Server(_)) && error.is_retryable(), "{error:?}");
    let body: TokenBody = serde_json::from_value(json!({ "role": "reader" })).unwrap();
    let create = sender.call(SendOptions::default(), async |raw| raw.post_token().body(body).send().await).await;
    assert!(matches!(create, Err(Error::OutcomeUnknown { .. })), "{create:?}");
    assert!(server.faults().left().is_empty());
}

/// The methods that `sending` got, and those of the attempts.
#[derive(Debug, Default)]
struct Methods(Mutex<[Vec<String>; 2]>);

impl Observer for Methods {
    fn sending(&self, _: Operation, method: &str) {
        self.0.lock().unwrap()[0].push(method.to_owned());
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.0.lock().unwrap()[1].push(format!("{} {} {:?}", attempt.method, attempt.number, attempt.outcome));
    }
}

// Our choice: X-HTTP-Method-Override is how a request is sent, not what it is.
#[tokio::test]
async fn an_observer_sees_the_method_of_the_operation_and_the_number_of_the_attempt() {
    let server = Server::start().await.unwrap();
    let methods = Arc::new(Methods::default());
    let observer = Some(methods.clone() as Arc<dyn Observer>);
    let sender = with_settings(&server, Settings { method_override: true, observer, ..Settings::default() });
    fault(&server, "deleteToken drop-before times=1");
    let request = request(&server, Method::DELETE, "/tokens/0123456789abcdef01234567");
    sender.send(Operation::DeleteToken, request, SendOptions::default()).await.unwrap();
    let [sending, ended] = &*methods.0.lock().unwrap();
    assert_eq!(
        (sending.join(", "), ended.join(", ")),
        ("DELETE, DELETE".to_owned(), "DELETE 1 Unknown, DELETE 2 NotDone".to_owned())
    );
}

#[tokio::test]
async fn an_operation_that_openapi_yaml_does_not_have_is_sent_with_the_credential() {
    let server = Server::start().await.unwrap();
    let operation = Operation::Other("getCallerIdentity");
    let request = request(&server, Method::GET, "/caller-identity");
    let response = sender(&server).send(operation, request, SendOptions::default()).await.unwrap();
    let caller: Value = serde_json::from_slice(response.body()).unwrap();
    assert!(caller["memberId"].is_string(), "{caller}");
}

#[tokio::test]
async fn debug_of_a_response_does_not_show_its_body() {
    let server = Server::start().await.unwrap();
    let sender = sender(&server);
    let body: TokenBody = serde_json::from_value(json!({ "role": "reader" })).unwrap();
    let created = sender.call(SendOptions::default(), async |raw| raw.post_token().body(body).send().await).await;
    let shown = format!("{created:?}");
    let secret = created.unwrap().into_value().unwrap().token.unwrap();
    assert!(!shown.contains(secret.expose()), "{shown}");
    let mut request = request(&server, Method::POST, "/tokens");
    *request.body_mut() = Some(r#"{"role": "reader"}"#.into());
    let response = sender.send(Operation::PostToken, request, SendOptions::default()).await.unwrap();
    let created: Value = serde_json::from_slice(response.body()).unwrap();
    assert!(!format!("{response:?}").contains(created["token"].as_str().unwrap()), "{response:?}");
}

#[tokio::test]
async fn a_path_outside_the_api_is_refused_and_not_sent() {
    let server = Server::start().await.unwrap();
    let mut request = request(&server, Method::GET, "/tokens");
    request.url_mut().set_path("/elsewhere");
    let error = sender(&server).send(Operation::Other("x"), request, SendOptions::default()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
}

#[tokio::test]
async fn a_body_that_is_a_stream_is_refused_and_not_sent() {
    let server = Server::start().await.unwrap();
    let mut request = request(&server, Method::POST, "/tokens");
    *request.body_mut() = Some(reqwest::get(server.url()).await.unwrap().into());
    let error = sender(&server).send(Operation::PostToken, request, SendOptions::default()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
}

#[tokio::test]
async fn another_credential_has_its_own_authorization() {
    let server = Server::start().await.unwrap();
    let sender = sender(&server);
    let wrong = Secret::new("api-00000000-0000-4000-8000-000000000000");
    let other = Arc::new(sender.with_credential(wrong).unwrap());
    let list = other.call(SendOptions::default(), async |raw| raw.get_tokens().send().await).await;
    assert!(matches!(list, Err(Error::Unauthorized(_))), "{list:?}");
    let list = sender.call(SendOptions::default(), async |raw| raw.get_tokens().send().await).await;
    list.unwrap();
    let refused = sender.with_credential(Secret::new("two words"));
    assert!(matches!(refused, Err(ConfigError::Credential { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_overlap_is_refused_with_an_expiry_or_for_another_operation() {
    let server = Server::start().await.unwrap();
    let sender = sender(&server);
    let options = SendOptions { overlap: Some(Duration::from_secs(60)), ..SendOptions::default() };
    let id = "0123456789abcdef01234567";
    let both = async |raw: &ldtokens_client::Client| {
        raw.reset_token().token_id(id).expiry(ldtokens_client::UnixMillis::new(1)).send().await
    };
    let reset = sender.call(options, both).await;
    assert!(matches!(reset, Err(Error::InvalidInput(_))), "{reset:?}");
    let read = sender.call(options, async |raw| raw.get_token().token_id(id).send().await).await;
    assert!(matches!(read, Err(Error::InvalidInput(_))), "{read:?}");
}

#[tokio::test]
async fn several_calls_can_have_one_deadline() {
    let server = Server::start().await.unwrap();
    let sender = sender(&server);
    let options = SendOptions { deadline: Some(Duration::ZERO), ..SendOptions::default() };
    let options = sender.with_one_deadline(options);
    let list = sender.call(options, async |raw| raw.get_tokens().send().await).await;
    assert!(matches!(list, Err(Error::DeadlineExceeded(Operation::GetTokens))), "{list:?}");
}

//! Requests to any path, and requests that are shown and not sent.

use std::sync::{Arc, Mutex};

use ldtokens::raw::reqwest::Method;
use ldtokens::{AttemptEvent, DryRun, Error, Exchange, Observer, Operation, Overlap, Patch, RetryPolicy, Transport};

use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client_of, client_with_faults, create, create_or_recover, owner, reader, server};

#[tokio::test]
async fn a_custom_header_is_sent_but_authorization_cannot_be_set() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let list = || client.request("getTokens", Method::GET, "/tokens");

    list().header("LD-API-Version", "20220603").header("X-Trace", "a b").send().await.unwrap();
    let head = proxy.seen()[0].head.clone();
    assert!(head.contains("ld-api-version: 20220603\r\n") && !head.contains("20240415"), "{head}");
    assert!(head.contains("x-trace: a b\r\n"), "{head}");

    for (name, value) in [("authorization", "api-x"), ("X-A", "two\nlines"), ("X A", "x"), ("", "x")] {
        let refused = list().header(name, value).send().await.unwrap_err();
        assert!(matches!(refused, Error::InvalidInput(_)), "{name}: {refused}");
        assert!(!refused.to_string().contains("api-x"), "{refused}");
    }
    assert_eq!(proxy.seen().len(), 1, "what is refused is not sent");
}

// RFC 9110, sections 9.3.2 and 15.3.5: the responses to HEAD and with status 204 have no body.
#[tokio::test]
async fn a_response_without_a_body_is_a_success_where_none_is_expected() {
    const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";
    let server = server().await;
    let fault = Fault::Respond(Moment::Before, NO_CONTENT);
    const TEXT: &str = "HTTP/1.1 202 Accepted\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";
    let text = Fault::Respond(Moment::Before, TEXT);
    let (client, proxy) = client_with_faults(&server, [Fault::Pass, fault.clone(), fault, text]).await;
    assert!(client.request("getTokens", Method::HEAD, "/tokens").send().await.unwrap().is_empty());
    assert!(client.request("putContext", Method::PUT, "/contexts").send().await.unwrap().is_empty());
    // A create must bring a secret.
    let created = client.request("postToken", Method::POST, "/tokens").send().await;
    assert!(matches!(created, Err(Error::OutcomeUnknown { .. })), "{created:?}");
    let other = client.request("getToken", Method::DELETE, "/tokens/61095542756dba551110ae21").send().await;
    assert!(matches!(other, Err(Error::InvalidInput(_))), "the method is another operation's: {other:?}");
    // Nothing is known of the bodies of other operations.
    assert_eq!(*client.request("postFlag", Method::POST, "/flags").send().await.unwrap(), *b"ok");
    assert_eq!(proxy.seen().len(), 4);
}

#[tokio::test]
async fn a_dry_run_shows_changes_without_the_credential_and_does_not_send_them() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let token = create(&client_of(&server, server.url()).build().unwrap(), "kept").await;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let client = {
        let shown = shown.clone();
        let show = move |request: &ldtokens::raw::reqwest::Request| {
            let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
            shown.lock().unwrap().push(format!("{request:?} {}", String::from_utf8_lossy(body)));
        };
        client_of(&server, proxy.url()).dry_run(DryRun::Changes, show).build().unwrap()
    };
    assert_eq!(client.get(&token.id).await.unwrap().name.as_deref(), Some("kept"));
    let held_back = |error: Error| assert!(matches!(error, Error::DryRun { .. }), "{error}");
    held_back(client.create(&reader("new")).await.unwrap_err());
    held_back(create_or_recover(&client, &reader("new")).await.unwrap_err());
    held_back(client.update(&token.id, &Patch::new().name("x")).await.unwrap_err());
    held_back(client.edit(&token.id, |token| token.name = Some("edited".into())).await.unwrap_err());
    held_back(client.reset(&token.id, Overlap::None).await.unwrap_err());
    held_back(client.delete(&token.id).await.unwrap_err());
    assert!(proxy.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", proxy.lines());

    let shown = shown.lock().unwrap();
    assert_eq!(shown.len(), 6);
    assert!(shown[3].contains("PATCH") && shown[3].contains(r#""value":"edited""#), "{}", shown[3]);
    assert!(shown.iter().all(|shown| shown.contains("ld-api-version") && !shown.contains("authorization")));
    assert!(!shown.iter().any(|shown| shown.contains(owner(&server).expose())));
}

#[tokio::test]
async fn a_dry_run_of_everything_needs_no_server() {
    let client = ldtokens::Client::builder("x".to_owned()).host("http://127.0.0.1:1");
    let client = client.dry_run(DryRun::Everything, |_| {}).build().unwrap();
    assert!(matches!(client.list().send().await, Err(Error::DryRun { .. })));
}

// Our choice: an operation that this version does not know goes by the name that it was given.
#[test]
fn an_operation_has_one_id_whichever_name_is_given() {
    let names = [("getTokens", "getTokens"), ("get_tokens", "getTokens"), ("getRoles", "getRoles")];
    for (given, id) in names {
        assert_eq!(ldtokens::Operation::from(given).id(), id);
        assert_eq!(ldtokens::Operation::from(given).to_string(), id);
    }
}

#[tokio::test]
async fn json_can_be_sent_and_received_as_a_type_of_ones_own() {
    #[derive(serde::Serialize)]
    struct New {
        role: &'static str,
    }
    #[derive(serde::Deserialize)]
    struct Created {
        token: String,
    }
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let post = |role| client.request(Operation::PostToken, Method::POST, "/tokens").json(&New { role });
    let created: Created = post("reader").send_json().await.unwrap();
    let body = post("reader").send().await.unwrap();
    assert!(created.token.starts_with("api-") && !format!("{body:?}").contains("api-"), "{body:?}");
    // It was created.
    let wrong = post("reader").send_json::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(wrong, Error::OutcomeUnknown { .. }), "{wrong:?}");
    let list = client.request(Operation::GetTokens, Method::GET, "/tokens");
    assert!(matches!(list.send_json::<Vec<u8>>().await, Err(Error::Undecodable { .. })));
    assert_eq!(proxy.seen().len(), 4);
}

#[tokio::test]
async fn single_calls_can_have_another_policy() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let at_once = client.with_retry(RetryPolicy { deadline: std::time::Duration::ZERO, ..RetryPolicy::default() });
    assert!(matches!(at_once.list().send().await, Err(Error::DeadlineExceeded { .. })));
    client.list().send().await.unwrap();
    assert_eq!(proxy.seen().len(), 1);
}

/// Loses the first response, and then answers.
#[derive(Debug, Default)]
struct Canned(Mutex<Vec<String>>);

impl Transport for Canned {
    fn exchange<'a>(
        &'a self,
        _: &'a ldtokens::raw::reqwest::Client,
        operation: Operation,
        request: ldtokens::raw::reqwest::Request,
    ) -> Exchange<'a> {
        let mut seen = self.0.lock().unwrap();
        seen.push(format!("{operation} {}", request.headers().contains_key("authorization")));
        let status = if seen.len() == 1 { 503 } else { 204 };
        let mut response = ldtokens::raw::http::Response::default();
        *response.status_mut() = ldtokens::raw::http::StatusCode::from_u16(status).unwrap();
        Box::pin(std::future::ready(Ok(response)))
    }
}

impl Observer for Canned {
    fn sending(&self, operation: Operation, method: &str) {
        self.0.lock().unwrap().push(format!("{operation} {method} is sent"));
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        let line = format!("{} {} {:?}", attempt.method, attempt.number, attempt.outcome);
        self.0.lock().unwrap().push(line);
    }
}

// Our choice: X-HTTP-Method-Override is how a request is sent, not what it is.
#[tokio::test]
async fn a_transport_of_ones_own_gets_each_attempt_and_an_observer_sees_the_operations_method() {
    let (canned, seen) = (Arc::new(Canned::default()), Arc::new(Canned::default()));
    let client = ldtokens::Client::builder("api-0").transport(canned.clone()).observer(seen.clone());
    let client = client.method_override().retry(crate::support::hasty()).build().unwrap();
    let id: ldtokens::TokenId = "61095542756dba551110ae21".parse().unwrap();
    client.delete(&id).await.unwrap();
    assert_eq!(*canned.0.lock().unwrap(), ["deleteToken true", "deleteToken true"]);
    let sent = "deleteToken DELETE is sent";
    assert_eq!(*seen.0.lock().unwrap(), [sent, "DELETE 1 Unknown", sent, "DELETE 2 Done"]);
}

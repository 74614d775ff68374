//! Responses that arrive in part, coded, without an end, or not as HTTP: a secret in them is not lost, and nothing is repeated
//! that would come again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use ldtokens::{Client, Error, IssuedToken, Overlap, RetryPolicy};
use serde_json::Value;

use crate::proxy::{Fault, Moment, Proxy, split};
use crate::support::{client, client_with_faults, create, create_or_recover, named, reader, server, works};

/// The response with the ID and the secret first, and without what ends its head, so that a header can be added.
fn secret_first(response: &[u8]) -> (String, String) {
    let (head, body) = split(response);
    let mut token: Value = serde_json::from_str(&body).unwrap();
    let mut take = |name: &str| format!("\"{name}\":{}", token.as_object_mut().unwrap().remove(name).unwrap());
    let first = format!("{{{},{},", take("_id"), take("token"));
    let rest = token.to_string();
    let head = head.replace("content-length", "x-length");
    (head, first + rest.strip_prefix('{').unwrap())
}

/// With this length named, and then so many bytes of the body, counted from the end of the secret.
fn with_length(response: &[u8], length: i64, after_secret: usize) -> Vec<u8> {
    let (head, body) = secret_first(response);
    let secret = body.match_indices(',').nth(1).unwrap().0;
    let length = usize::try_from(secret as i64 + length).unwrap();
    format!("{head}content-length: {length}\r\n\r\n{}", &body[..secret + after_secret]).into_bytes()
}

/// What becomes of a response's bytes.
type Edit = fn(Vec<u8>) -> Vec<u8>;

const CUT: [(&str, Edit); 5] = [
    ("cut after the secret", |response| with_length(&response, 100, 0)),
    ("cut after the next property's name", |response| with_length(&response, 100, 12)),
    ("cut in an object", |response| with_length(&response, 1000, 80)),
    ("a length that is too small", |response| with_length(&response, 20, 20)),
    ("a name that is not UTF-8", |response| {
        let (head, body) = secret_first(&response);
        let mut bytes = format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes();
        let name = bytes.windows(4).position(|window| window == b"odd ").unwrap();
        bytes[name] = 0xff;
        bytes
    }),
];

#[tokio::test]
async fn a_secret_that_arrived_is_not_lost_with_the_rest_of_its_response() {
    let server = server().await;
    for (number, (what, fault)) in CUT.into_iter().enumerate() {
        let name = format!("odd {number}");
        let (through, proxy) = client_with_faults(&server, vec![Fault::Bytes(fault); 2]).await;
        let check = async |issued: Result<IssuedToken, Error>| {
            let issued = issued.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert!(works(&server, &issued.secret).await, "{what}");
            assert_eq!(issued.warnings.is_empty(), what.contains("UTF-8"), "{what}: {:?}", issued.warnings);
            issued
        };
        let issued = check(through.create(&reader(&name)).await).await;
        assert_eq!(named(&server, &name).await[0].id, issued.id, "{what}");
        let _ = check(through.reset(&issued.id, Overlap::None).await).await;
        assert_eq!(proxy.seen().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn a_secret_without_id_and_links_says_itself_whose_it_is() {
    let server = server().await;
    let odd: fn(&mut Value) = |token| *token = serde_json::json!({ "token": token["token"] });
    let (client, proxy) = client_with_faults(&server, [Fault::Odd(201, odd)]).await;
    let issued = client.create(&reader("alone")).await.unwrap();
    assert!(works(&server, &issued.secret).await);
    assert_eq!(named(&server, "alone").await[0].id, issued.id);
    assert_eq!(proxy.lines(), ["POST /api/v2/tokens", "GET /api/v2/caller-identity"]);
}

#[tokio::test]
async fn a_reset_whose_response_names_another_token_has_a_warning() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let odd: fn(&mut Value) = |token| token["_id"] = "0123456789abcdef01234567".into();
    let (client, _proxy) = client_with_faults(&server, [Fault::Odd(200, odd)]).await;
    let issued = client.reset(&token.id, Overlap::None).await.unwrap();
    assert_eq!(issued.id, token.id);
    assert!(issued.warnings[0].contains("names the token 0123456789abcdef01234567"), "{:?}", issued.warnings);
}

/// Any coding is allowed to a request that names none (RFC 9110, section 12.5.3).
#[tokio::test]
async fn no_coding_is_asked_for_and_a_coded_response_is_one_clear_error() {
    let coded: Edit = |response| {
        let (head, _) = split(&response);
        let head = head.replace("content-length", "x-length");
        format!("{head}content-encoding: gzip\r\ncontent-length: 6\r\n\r\n\u{1f}..{{}}").into_bytes()
    };
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, vec![Fault::Bytes(coded); 9]).await;
    let error = client.list().send().await.unwrap_err();
    assert!(error.to_string().contains("coded (gzip)") && !error.is_retryable(), "{error}");
    assert_eq!(proxy.seen().len(), 1);
    assert!(proxy.seen()[0].head.contains("accept-encoding: identity\r\n"), "{}", proxy.seen()[0].head);
    let error = create_or_recover(&client, &reader("coded")).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn a_response_without_an_end_is_read_up_to_a_bound() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let (client, proxy) = client_with_faults(&server, vec![Fault::Endless; 3]).await;
    let error = client.get(&token.id).await.unwrap_err();
    assert!(error.to_string().contains("longer than 16 MiB"), "{error}");
    // The secret came first.
    let reset = client.reset(&token.id, Overlap::None).await.unwrap();
    assert!(works(&server, &reset.secret).await);
    assert!(reset.warnings[0].contains("cut short after the secret"), "{:?}", reset.warnings);
    let patched = client.update(&token.id, &ldtokens::Patch::new().name("y")).await.unwrap();
    assert_eq!(patched.name.as_deref(), Some("y"), "a read shows it");
    let seen = proxy.lines().iter().filter(|line| !line.starts_with("GET")).count();
    assert_eq!(seen, 2, "nothing is repeated: {:?}", proxy.lines());
}

#[tokio::test]
async fn hundreds_of_headers_are_read_and_what_is_not_http_is_not_requested_again() {
    let headers = |count: usize| (0..count).map(|number| format!("x-header-{number}: x\r\n")).collect::<String>();
    let server = server().await;
    let many: Edit = |response| {
        let (head, body) = split(&response);
        let more: String = (0..200).map(|number| format!("x-header-{number}: x\r\n")).collect();
        format!("{head}{more}\r\n{body}").into_bytes()
    };
    let (client, _proxy) = client_with_faults(&server, [Fault::Bytes(many)]).await;
    assert!(works(&server, &client.create(&reader("many")).await.unwrap().secret).await);

    let too_many = format!("HTTP/1.1 201 Created\r\n{}content-length: 2\r\n\r\n{{}}", headers(1500)).leak();
    for response in [too_many, "SSH-2.0-OpenSSH_9.6\r\n".to_owned().leak()] {
        let (client, proxy) = client_with_faults(&server, vec![Fault::Respond(Moment::After, response); 9]).await;
        let error = client.list().send().await.unwrap_err();
        assert!(error.to_string().contains("not HTTP that can be read") && !error.is_retryable(), "{error:?}");
        assert_eq!(proxy.seen().len(), 1);
        let error = create_or_recover(&client, &reader("unread")).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
        assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
    }
}

// RFC 9110, section 8.4: a content coding. Some servers name a character set there, or a coding that they don't use.
#[tokio::test]
async fn a_body_that_is_not_coded_is_read_whatever_its_header_says() {
    let edits: [Edit; 5] = [
        // As Go's encoder writes it.
        |response| {
            let (head, body) = split(&response);
            let head = head.replace("content-length", "x-length");
            format!("{head}content-length: {}\r\n\r\n{body}\n", body.len() + 1).into_bytes()
        },
        |response| with_header(&response, "content-encoding: utf-8"),
        |response| with_header(&response, "content-encoding:"),
        |response| with_header(&response, "content-encoding: Identity"),
        |response| with_header(&response, "content-encoding: gzip"),
    ];
    all_are_read(edits).await;
}

// RFC 9112, section 5.1: not allowed, and seen.
#[tokio::test]
async fn a_header_that_is_not_valid_loses_no_response() {
    let edits: [Edit; 3] = [
        |response| with_header(&response, "x-spaced : x"),
        |response| with_header(&response, "no colon"),
        |response| with_header(&response, "x-(odd): x"),
    ];
    all_are_read(edits).await;
}

/// A number without bounds, half of a character, and arrays that are nested too deep are JSON that cannot be read.
#[tokio::test]
async fn a_secret_is_returned_even_if_another_property_is_not_json() {
    let edits: [Edit; 4] = [
        |response| with_property(&response, "1e999"),
        |response| with_property(&response, r#""\ud800""#),
        |response| with_property(&response, &format!("{}{}", "[".repeat(200), "]".repeat(200))),
        |response| with_property(&response, "oops"),
    ];
    let server = server().await;
    for (number, edit) in edits.into_iter().enumerate() {
        let (client, proxy) = client_with_faults(&server, vec![Fault::Bytes(edit); 2]).await;
        let created = client.create(&reader("odd")).await.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert!(works(&server, &created.secret).await && created.warnings.len() == 1, "{number}: {created:?}");
        let reset = client.reset(&created.id, Overlap::None).await;
        let reset = reset.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert!(works(&server, &reset.secret).await && reset.id == created.id, "{number}: {reset:?}");
        assert_eq!(proxy.seen().len(), 2, "{number}");
    }
}

fn with_property(response: &[u8], value: &str) -> Vec<u8> {
    let (head, body) = split(response);
    let body = format!("{{\"odd\":{value},{}", body.strip_prefix('{').unwrap());
    let head = head.replace("content-length", "x-length");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

// RFC 8446, section 6.1: without close_notify, more may have been sent. JSON that is whole says that it was not.
#[tokio::test]
async fn json_that_arrived_whole_is_read_even_if_the_connection_ends_badly() {
    let longer: Edit = |response| {
        let (head, body) = split(&response);
        let head = head.replace("content-length", "x-length");
        format!("{head}content-length: {}\r\n\r\n{body}", body.len() + 10).into_bytes()
    };
    all_are_read([longer]).await;
}

fn with_header(response: &[u8], header: &str) -> Vec<u8> {
    let (head, body) = split(response);
    format!("{head}{header}\r\n\r\n{body}").into_bytes()
}

/// A create, a read, a list and a delete whose responses are changed in these ways succeed, without warnings and at once.
async fn all_are_read(edits: impl IntoIterator<Item = Edit>) {
    let server = server().await;
    for (number, edit) in edits.into_iter().enumerate() {
        let (client, proxy) = client_with_faults(&server, vec![Fault::Bytes(edit); 4]).await;
        let created = client.create(&reader("odd")).await.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert!(works(&server, &created.secret).await && created.warnings.is_empty(), "{number}: {created:?}");
        client.get(&created.id).await.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        client.list().send().await.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        client.delete(&created.id).await.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert_eq!(proxy.seen().len(), 4, "{number}: {:?}", proxy.lines());
    }
}

/// A connection belongs to the runtime that made it. If that one stands still, the connection never takes the request.
#[test]
fn a_create_on_a_connection_of_a_runtime_that_stands_still_was_not_sent() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = servers.block_on(server());
    let policy = RetryPolicy { attempt_timeout: std::time::Duration::from_secs(4), ..crate::support::hasty() };
    let client = crate::support::client_of(&server, server.url()).retry(policy).build().unwrap();
    let (first, second) = (runtime(), runtime());
    let _ = first.block_on(create(&client, "one"));
    let _ = second.block_on(create(&client, "two"));
    drop(first);
    let _ = second.block_on(create(&client, "three"));
    assert_eq!(second.block_on(named(&server, "two")).len(), 1);
}

/// While a program waits for a child process, its runtime does not notice that the server has closed the connection.
#[tokio::test]
async fn no_create_is_sent_on_a_connection_that_was_closed_while_the_thread_was_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let (call_ended, wait_for_end) = std::sync::mpsc::channel();
    let (closed, wait_until_closed) = std::sync::mpsc::channel();
    let stub = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"}") {
                let read = connection.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let body = r#"{"_id":"a","token":"api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b"}"#;
            let head = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n", body.len());
            connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
            wait_for_end.recv().unwrap();
            drop(connection);
            closed.send(()).unwrap();
        }
    });
    let client = Client::builder("api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b").host(host).build().unwrap();
    for _ in 0..2 {
        let _ = client.create(&reader("x")).await.unwrap();
        // The thread is blocked, as by a child process.
        call_ended.send(()).unwrap();
        wait_until_closed.recv().unwrap();
    }
    stub.join().unwrap();
}

#[tokio::test]
async fn an_html_404_is_a_wrong_host_and_not_a_missing_token() {
    const PAGE: &str =
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 13\r\n\r\n<html></html>";
    const JSON_500: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let page = || Fault::Respond(Moment::Before, PAGE);
    let lost = Fault::Respond(Moment::Before, JSON_500);
    let proxy = Proxy::with_faults(server.addr(), [page(), page(), lost, page()]).await;
    let client = crate::support::client_of(&server, proxy.url()).build().unwrap();
    for error in [client.get(&token.id).await.unwrap_err(), client.delete(&token.id).await.unwrap_err()] {
        assert!(matches!(error, Error::Unexpected(_)), "{error:?}");
        assert!(error.to_string().contains("check the host"), "{error}");
    }
    let error = client.delete(&token.id).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
}

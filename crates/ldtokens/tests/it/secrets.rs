//! The secret is in what create and reset return, and nowhere else.

use std::io::Write;
use std::sync::{Arc, Mutex};

use ldtokens::raw::reqwest::{self, Method};
use ldtokens::{Client, Error, Overlap, Patch};
use tracing_subscriber::fmt::MakeWriter;

use crate::proxy::{self, Fault, Moment};
use crate::support::{client_with_faults, create, hasty, owner, reader, server};

const ECHO: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 97\r\n\r\n{\"code\":\"forbidden\",\"message\":\"no: Authorization: api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a\"}     ";

/// All that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A log collector sees a whole process, so this takes one of its own.
#[test]
fn neither_logs_nor_debug_output_hold_a_secret() {
    let test = "secrets::a_process_that_searches_its_own_log";
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    let output = process.args(["--exact", test, "--ignored", "--nocapture"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn a_process_that_searches_its_own_log() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(log.clone()).init();

    let server = server().await;
    let faults = [
        Fault::Pass,
        Fault::CutOff,
        Fault::Respond(Moment::After, proxy::JSON_500),
        Fault::Respond(Moment::Before, ECHO),
    ];
    let (client, _proxy) = client_with_faults(&server, faults).await;
    let mut shown = String::new();
    let issued = create(&client, "seen by all").await;
    for _ in 0..2 {
        let error = client.reset(&issued.id, Overlap::None).await.unwrap_err();
        shown += &format!("{error} {error:?} {:?}", std::error::Error::source(&error));
    }
    let error = client.list().send().await.unwrap_err();
    assert!(error.to_string().contains("[redacted]"), "{error}");
    shown += &format!("{error} {error:?}");
    let rotated = client.reset(&issued.id, Overlap::None).await.unwrap();
    shown += &format!("{issued:?} {rotated:?} {client:?} {:?} {:?}", reader("x"), Patch::new().name("x"));
    client.call(async |raw| raw.get_tokens().send().await.inspect(|_| shown += &format!("{raw:?}"))).await.unwrap();
    shown += &format!("{:?}", Client::builder(owner(&server)));
    client.get(&issued.id).await.unwrap();

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("getToken") && logged.contains("attempt"), "there is something to search: {logged}");
    for field in ["http.request.method=GET", "url.template=\"/tokens/{tokenId}\"", "http.response.status_code=200"] {
        assert!(logged.contains(field), "{field}");
    }
    for secret in [&issued.secret, &rotated.secret, &owner(&server)] {
        for part in [secret.expose(), &secret.expose()[4..], &secret.expose()[..20]] {
            assert!(!logged.contains(part), "the log holds {part}");
            assert!(!shown.contains(part), "{shown}");
        }
    }
    assert!(!shown.contains("5a1e7e1c"), "{shown}");
}

#[tokio::test]
async fn a_credential_that_cannot_be_a_header_is_refused_and_not_shown() {
    for credential in ["", "hunter2\r\nx: y", "hunter2 hunter2", "hunter2\u{e9}", " hunter2", "hunter2\n"] {
        let error = Client::builder(credential.to_owned()).retry(hasty()).build().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_secret_in_the_place_of_an_id_is_refused_and_not_shown() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let path = format!("/tokens/{}", owner(&server).expose());
    let error = client.request("getToken", Method::GET, &path).send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)) && proxy.seen().is_empty(), "{error:?}");
    assert!(!format!("{error:?} {error}").contains(owner(&server).expose()), "{error:?}");
}

#[test]
fn debug_of_a_builder_shows_no_password() {
    let proxy = reqwest::Proxy::all("http://user:hunter2@proxy.example").unwrap();
    let builder = Client::builder("secret".to_owned()).host("https://user:hunter2@ld.example").proxy(proxy);
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
}

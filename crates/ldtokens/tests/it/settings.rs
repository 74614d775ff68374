//! Configuration that people expect.

use std::time::Duration;

use ldtokens::{ApiVersion, Client, ConfigError, DryRun, Error, Patch, Region};

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client_of, create, owner, reader, server, works};

#[tokio::test]
async fn the_host_can_have_the_api_path_or_not() {
    let server = server().await;
    for suffix in ["", "/", "/api/v2", "/api/v2/"] {
        let client = client_of(&server, format!("{}{suffix}", server.url())).build().unwrap();
        client.list().send().await.unwrap();
    }
}

#[tokio::test]
async fn patch_and_delete_can_be_sent_as_post() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).method_override().build().unwrap();
    let token = create(&client, "x").await;
    assert_eq!(client.update(&token.id, &Patch::new().name("y")).await.unwrap().name.as_deref(), Some("y"));
    client.delete(&token.id).await.unwrap();
    let seen = proxy.seen();
    assert!(seen.iter().all(|seen| seen.line.starts_with("POST ")), "{:?}", proxy.lines());
    assert!(seen[1].head.contains("x-http-method-override: patch"));
    assert!(seen[2].head.contains("x-http-method-override: delete"));
}

#[tokio::test]
async fn the_header_has_the_configured_api_version() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    for version in ApiVersion::ALL {
        let client = client_of(&server, proxy.url()).api_version(version).build().unwrap();
        client.list().send().await.unwrap();
        let head = proxy.seen().pop().unwrap().head;
        assert!(head.contains(&format!("ld-api-version: {version}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_must_be_allowed() {
    let builder = || Client::builder("secret".to_owned()).host("http://ld.example");
    assert!(matches!(builder().build(), Err(Error::Config(ConfigError::PlainHttp))));
    assert!(builder().allow_plain_http().build().is_ok());
}

#[tokio::test]
async fn requests_go_to_the_regions_host() {
    for (region, host) in [
        (Region::Us, "app.launchdarkly.com"),
        (Region::Eu, "app.eu.launchdarkly.com"),
        (Region::Federal, "app.launchdarkly.us"),
    ] {
        let is_host = move |request: &reqwest::Request| assert_eq!(request.url().host_str(), Some(host));
        let client = Client::builder("secret".to_owned()).region(region).dry_run(DryRun::Everything, is_host);
        client.build().unwrap().list().send().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_custom_http_client_sends_no_credential_to_another_origin() {
    let server = server().await;
    let elsewhere = Proxy::with_faults(server.addr(), []).await;
    let location: &'static str = Box::leak(
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/api/v2/tokens\r\ncontent-length: 0\r\n\r\n",
            elsewhere.url()
        )
        .into_boxed_str(),
    );
    let redirect = crate::proxy::Fault::Respond(crate::proxy::Moment::Before, location);
    let proxy = Proxy::with_faults(server.addr(), [redirect.clone(), redirect]).await;

    let own = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = client_of(&server, proxy.url()).http_client(own).build().unwrap();
    assert!(matches!(client.list().send().await, Err(Error::Unauthorized(_))));
    assert!(!elsewhere.seen()[0].head.contains("authorization"), "{}", elsewhere.seen()[0].head);

    let client = client_of(&server, proxy.url()).build().unwrap();
    assert!(matches!(client.list().send().await, Err(Error::Unexpected(_))));
    assert_eq!(elsewhere.seen().len(), 1, "ours does not even ask");
}

// RFC 9110, section 15.4.4: after a 303, a client sends GET to another resource. What that says is not about the request.
#[tokio::test]
async fn a_change_that_is_redirected_is_outcome_unknown_and_a_create_is_made_once() {
    const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}";
    const LOGIN: &str = "HTTP/1.1 303 See Other\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let token = create(&client_of(&server, server.url()).build().unwrap(), "kept").await;
    for page in [proxy::HTML_200, proxy::OWN_403, REFUSED] {
        let proxy = Proxy::start(server.addr(), move |line| match line.contains("/login") {
            true => Fault::Respond(Moment::Before, page),
            false => Fault::Respond(Moment::Before, LOGIN),
        })
        .await;
        let own = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = client_of(&server, proxy.url()).http_client(own).build().unwrap();
        let deleted = client.delete(&token.id).await;
        assert!(matches!(deleted, Err(Error::OutcomeUnknown { .. })), "{deleted:?}");
        let updated = client.update(&token.id, &Patch::new().name("x")).await;
        assert!(matches!(updated, Err(Error::OutcomeUnknown { .. })), "{updated:?}");
        let before = proxy.seen().len();
        let created = client.create(&reader("once")).await;
        assert!(matches!(created, Err(Error::OutcomeUnknown { .. })), "{created:?}");
        let posts = proxy.lines()[before..].iter().filter(|line| line.starts_with("POST")).count();
        assert_eq!(posts, 1, "{:?}", proxy.lines());
    }

    // A secret that arrived is not thrown away.
    const MOVED: &str = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /api/v2/tokens?\r\ncontent-length: 0\r\n\r\n";
    let proxy = Proxy::with_faults(server.addr(), [Fault::Respond(Moment::Before, MOVED)]).await;
    let own = reqwest::Client::builder().no_proxy().build().unwrap();
    let created = client_of(&server, proxy.url()).http_client(own).build().unwrap().create(&reader("moved")).await;
    assert!(works(&server, &created.unwrap().secret).await);
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let through = reqwest::Proxy::http(proxy.url()).unwrap();
    let client = Client::builder(owner(&server)).host("http://ld.example").allow_plain_http().proxy(through);
    let client = client.connect_timeout(Duration::from_secs(1)).build().unwrap();
    // A request through a proxy names the whole URL, which the server behind it takes or not; it got there.
    let _ = client.list().send().await;
    assert!(proxy.lines()[0].starts_with("GET http://ld.example/api/v2/tokens"), "{:?}", proxy.lines());
}

// RFC 9110, section 15.5.8. The password would be missing again.
#[tokio::test]
async fn a_proxy_that_asks_for_a_password_is_asked_once() {
    const ASKS: &str =
        "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=x\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), vec![Fault::Respond(Moment::Before, ASKS); 9]).await;
    let through = reqwest::Proxy::all(proxy.url()).unwrap();
    let client = client_of(&server, "https://ld.example").proxy(through).build().unwrap();
    let error = client.create(&reader("x")).await.unwrap_err();
    assert!(!error.is_retryable() && error.to_string().ends_with("could not connect through the proxy"), "{error:?}");
    assert_eq!(proxy.seen().len(), 1, "{:?}", proxy.lines());
}

#[tokio::test]
async fn requests_to_loopback_never_use_a_proxy() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let through = reqwest::Proxy::all(proxy.url()).unwrap();
    let client = client_of(&server, server.url()).proxy(through).build().unwrap();
    client.list().send().await.unwrap();
    assert!(proxy.seen().is_empty(), "{:?}", proxy.lines());
}

#[test]
fn the_futures_of_calls_can_be_sent_between_threads() {
    fn sendable<T: Send>(_: T) {}
    async fn store(issued: &ldtokens::IssuedToken) -> Result<(), ldtokens::Error> {
        tokio::task::yield_now().await;
        assert_eq!(issued.warnings.len(), 0);
        Ok(())
    }
    let client = Client::builder("secret".to_owned()).build().unwrap();
    let id: ldtokens::TokenId = "a".parse().unwrap();
    let (new, patch) = (crate::support::reader("x"), Patch::new());
    sendable(client.list().send());
    sendable(client.list().collect_all());
    sendable(client.get(&id));
    sendable(client.create(&new));
    sendable(client.create_or_recover(&new, async |issued| store(issued).await));
    sendable(client.update(&id, &patch));
    sendable(client.edit(&id, |_| {}));
    sendable(client.delete(&id));
    sendable(client.reset(&id, ldtokens::Overlap::None));
    sendable(client.whoami());
}

//! What goes over the wire, byte for byte, as a stub that records it sees it.

use std::sync::{Arc, Mutex};

use ldtokens::raw::reqwest::Method;
use ldtokens::raw::reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use ldtokens::{DryRun, Overlap, Patch, TokenId};

use crate::proxy::Proxy;
use crate::support::{client_of, reader, server};

// Fact 1: production refuses a reset without the header, and some proxies a POST without a length.
#[tokio::test]
async fn every_post_and_patch_has_content_type_and_content_length() {
    let server = server().await;
    for method_override in [false, true] {
        let proxy = Proxy::with_faults(server.addr(), []).await;
        let mut builder = client_of(&server, proxy.url());
        if method_override {
            builder = builder.method_override();
        }
        let client = builder.build().unwrap();
        let token = client.create(&reader("x")).await.unwrap();
        client.update(&token.id, &Patch::new().name("y")).await.unwrap();
        let _ = client.reset(&token.id, Overlap::None).await.unwrap();
        client.call(async |raw| raw.reset_token().token_id(&token.id).send().await).await.unwrap();
        let path = format!("/tokens/{}/reset", token.id);
        client.request("resetToken", Method::POST, &path).send().await.unwrap();
        client.delete(&token.id).await.unwrap();
        client.list().send().await.unwrap();

        let seen = proxy.seen();
        assert_eq!(seen.len(), 7);
        for request in &seen {
            let writes = request.line.starts_with("POST") || request.line.starts_with("PATCH");
            let types: Vec<_> = request.head.lines().filter(|line| line.starts_with("content-type:")).collect();
            let expected: &[&str] = if writes { &["content-type: application/json"] } else { &[] };
            assert_eq!(types, expected, "{}", request.head);
            let lengths: Vec<_> = request.head.lines().filter(|line| line.starts_with("content-length:")).collect();
            let length = format!("content-length: {}", request.body.len());
            let expected: &[&str] = if writes { &[&length] } else { &[] };
            assert_eq!(lengths, expected, "{}", request.head);
            assert!(!request.head.contains("transfer-encoding"), "{}", request.head);
            assert!(request.head.contains("accept: application/json"), "{}", request.head);
        }
    }
}

#[tokio::test]
async fn a_dry_run_shows_content_type_and_content_length_and_the_end_of_an_overlap() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = {
        let shown = shown.clone();
        move |request: &ldtokens::raw::reqwest::Request| {
            let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let has_expiry = request.url().query().is_some_and(|query| query.starts_with("expiry="));
            shown.lock().unwrap().push((header(CONTENT_TYPE), header(CONTENT_LENGTH), has_expiry));
        }
    };
    let client = ldtokens::Client::builder("x".to_owned()).dry_run(DryRun::Everything, show).build().unwrap();
    let id: TokenId = "0123456789abcdef01234567".parse().unwrap();
    client.reset(&id, Overlap::None).await.unwrap_err();
    client.reset(&id, std::time::Duration::from_secs(60)).await.unwrap_err();
    client.create(&reader("x")).await.unwrap_err();
    client.delete(&id).await.unwrap_err();
    let json = Some("application/json".to_owned());
    let shown = shown.lock().unwrap();
    let empty = |has_expiry| (json.clone(), Some("0".to_owned()), has_expiry);
    assert_eq!(shown[..], [empty(false), empty(true), (json.clone(), None, false), (None, None, false)]);
}

#[tokio::test]
async fn a_request_with_another_path_than_the_operations_is_not_sent() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    for path in
        ["/tokens/..", "/tokens/%2e%2e", "/tokens/", "/tokens/a/b", "/tokens/a/../b/c", "/tokens", "/members/a", "/"]
    {
        let error = client.request("deleteToken", Method::DELETE, path).send().await.unwrap_err();
        assert!(matches!(error, ldtokens::Error::InvalidInput(_)), "{path}: {error:?}");
    }
    assert!(proxy.seen().is_empty(), "{:?}", proxy.lines());
}

//! Whether a secret works, and what is known of it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use ldtokens::{BaseRole, Client, Secret};
use ldtokens_lifecycle::verify;

use crate::revocations::{Account, DEAD};

/// A proxy that answers each request by 401 and a page of its own, until it is dropped.
fn proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<h1>Log in first</h1>";
            let head = "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    url
}

#[tokio::test]
async fn a_secret_is_dead_only_if_the_api_says_so() {
    let behind = Client::builder(DEAD).host(proxy()).build().unwrap();
    let error = verify(&behind, &Secret::new(DEAD)).await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Unauthorized(_)), "{error:?}");
    // Nobody listens on this port, tcpmux's.
    let nobody = Client::builder(DEAD).host("http://127.0.0.1:1").build().unwrap();
    let error = verify(&nobody, &Secret::new(DEAD)).await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Transport { .. }), "{error:?}");
}

#[tokio::test]
async fn a_working_secret_is_described_and_is_current_or_former() {
    let account = Account::new().await;
    let token = account.create(BaseRole::Writer).await;
    let verified = async |secret: &Secret| verify(&account.owner, secret).await.unwrap().unwrap();
    let before = verified(&token.secret).await;
    assert_eq!(before.identity.token_id, Some(token.id.clone()));
    assert_eq!(before.token.unwrap().role, token.details.role);
    assert_eq!(before.is_former, Some(false));
    let new = account.owner.reset(&token.id, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(verified(&token.secret).await.is_former, Some(true));
    assert_eq!(verified(&new.secret).await.is_former, Some(false));
    account.owner.delete(&token.id).await.unwrap();
    assert!(!account.works(&new.secret).await);
}

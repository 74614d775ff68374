//! A server, a client, and what tests do with them.

use std::time::Duration;

use ldtokens::{BaseRole, Client, ClientBuilder, Error, IssuedToken, NewToken, RetryPolicy, Secret, Token};
use ldtokens_server::Server;

use crate::proxy::{Fault, Proxy};

pub async fn server() -> Server {
    Server::start().await.unwrap()
}

pub fn owner(server: &Server) -> Secret {
    server.owner_secret().unwrap().clone()
}

/// A policy whose waits are short, for tests in real time.
pub fn hasty() -> RetryPolicy {
    RetryPolicy {
        backoff_base: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(10),
        attempt_timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(20),
        ..RetryPolicy::default()
    }
}

/// A client's builder that speaks to `url` as the owner.
pub fn client_of(server: &Server, url: impl Into<String>) -> ClientBuilder {
    Client::builder(owner(server)).host(url).retry(hasty())
}

/// A client that speaks to the server itself.
pub fn client(server: &Server) -> Client {
    client_of(server, server.url()).build().unwrap()
}

/// A client whose requests meet these faults, one each, and the proxy that does it.
pub async fn client_with_faults(server: &Server, faults: impl IntoIterator<Item = Fault>) -> (Client, Proxy) {
    let faults: Vec<_> = faults.into_iter().collect();
    // Only a timeout ends an attempt without a response.
    let hangs = faults.iter().any(|fault| matches!(fault, Fault::Hang(_)));
    let attempt_timeout = if hangs { Duration::from_secs(1) } else { hasty().attempt_timeout };
    let proxy = Proxy::with_faults(server.addr(), faults).await;
    let policy = RetryPolicy { attempt_timeout, ..hasty() };
    (client_of(server, proxy.url()).retry(policy).build().unwrap(), proxy)
}

pub fn reader(name: &str) -> NewToken {
    NewToken::new(BaseRole::Reader).name(name)
}

pub async fn create(client: &Client, name: &str) -> IssuedToken {
    client.create(&reader(name)).await.unwrap()
}

/// Creates, and stores nothing.
pub async fn create_or_recover(client: &Client, new_token: &NewToken) -> Result<IssuedToken, Error> {
    client.create_or_recover(new_token, async |_| Ok(())).await
}

/// The server's tokens of that name, read without detours.
pub async fn named(server: &Server, name: &str) -> Vec<Token> {
    let all = client(server).list().all_members(true).page_size(1000).collect_all().await.unwrap();
    all.into_iter().filter(|token| token.name.as_deref() == Some(name)).collect()
}

/// Whether `secret` works.
pub async fn works(server: &Server, secret: &Secret) -> bool {
    let client = Client::builder(secret.clone()).host(server.url()).retry(hasty()).build().unwrap();
    match client.list().page_size(1).send().await {
        Ok(_) => true,
        Err(ldtokens::Error::Unauthorized(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

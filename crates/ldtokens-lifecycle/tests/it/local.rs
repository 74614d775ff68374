//! A local server whose clock stands still, its owner's client, and a folder. The tests of tokens as code use this file too.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ldtokens::{Client, Error, RetryPolicy, Secret, TokenId, UnixMillis};
use ldtokens_server::{Clock, Server, ServerBuilder};
use tempfile::TempDir;

pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub struct Local {
    pub server: Server,
    pub clock: Clock,
    pub client: Client,
    pub folder: TempDir,
}

impl Local {
    pub async fn start(builder: ServerBuilder) -> Self {
        let clock = Clock::manual(UnixMillis::now());
        let server = builder.clock(clock.clone()).start().await.unwrap();
        let client = client(&server, server.owner_secret().unwrap().clone());
        Self { server, clock, client, folder: tempfile::tempdir().unwrap() }
    }

    /// Whose a secret is, if it works.
    pub async fn owner_of(&self, secret: &Secret) -> Option<TokenId> {
        match client(&self.server, secret.clone()).whoami().await {
            Ok(caller) => caller.token_id,
            Err(Error::Unauthorized(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    pub fn fault(&self, line: &str) {
        self.server.faults().add([line.parse().unwrap()]).unwrap();
    }
}

pub fn client(server: &Server, secret: Secret) -> Client {
    // No test is about a timeout, and on a busy machine a response can take long.
    let policy = RetryPolicy {
        backoff_base: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(10),
        attempt_timeout: HOUR,
        deadline: HOUR,
        ..RetryPolicy::default()
    };
    Client::builder(secret).host(server.url()).retry(policy).build().unwrap()
}

/// Polls `work` at most `polls` times, and then drops it. None if it has not finished.
pub async fn poll_at_most<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), polls);
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

//! A server, a token, the file of its consumer, and rotations of it.

use std::path::PathBuf;
use std::time::Duration;

use ldtokens::{BaseRole, Client, NewToken, RetryPolicy, Secret, Token, TokenId, UnixMillis};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Error, Journal, Journals, Options, Reason, Report, Rotation, Strategy};
use ldtokens_server::{Clock, Server};
use tempfile::TempDir;

pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub struct World {
    pub server: Server,
    pub clock: Clock,
    pub client: Client,
    pub folder: TempDir,
    pub id: TokenId,
}

impl World {
    /// With a service token whose secret the consumer's file holds.
    pub async fn new() -> Self {
        Self::among(0).await
    }

    /// Among so many other tokens, which come before it in the list.
    pub async fn among(others: u32) -> Self {
        let clock = Clock::manual(UnixMillis::now());
        let server = Server::builder().clock(clock.clone()).seed_tokens(others).start().await.unwrap();
        let client = client(&server, server.owner_secret().unwrap().clone());
        let new = NewToken::new(BaseRole::Reader).name("Export").description("Nightly").service();
        let token = client.create(&new).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = Self { id: token.id.clone(), server, clock, client, folder };
        std::fs::write(world.file(), token.secret.expose()).unwrap();
        world
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("export.secret")
    }

    pub fn secret(&self) -> Secret {
        Secret::new(std::fs::read_to_string(self.file()).unwrap())
    }

    pub fn journals(&self) -> Journals {
        Journals::new(self.folder.path().join("rotations"))
    }

    /// The journal, if there is one.
    pub fn journal(&self) -> Option<Journal> {
        self.journals().all().unwrap().0.pop()
    }

    pub fn destinations(&self) -> Vec<Box<dyn Destination>> {
        vec![Box::new(FileDestination::new(self.file()))]
    }

    pub async fn rotate(&self, options: Options) -> Result<Report, Error> {
        Rotation::new(&self.client, self.id.clone(), self.destinations(), options).run(&self.journals()).await
    }

    /// Whose a secret is, if it works.
    pub async fn owner_of(&self, secret: &Secret) -> Option<TokenId> {
        let client = client(&self.server, secret.clone());
        match client.whoami().await {
            Ok(caller) => caller.token_id,
            Err(ldtokens::Error::Unauthorized(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The tokens named as the rotated one is.
    pub async fn tokens(&self) -> Vec<Token> {
        let all = self.client.list().all_members(true).collect_all().await.unwrap();
        all.into_iter().filter(|token| token.name.as_deref() == Some("Export")).collect()
    }

    /// Lets the overlap of a day end. It began later than the server's clock says, which stands still: a client adds the
    /// time since the last response, which is seconds if the disk is slow.
    pub fn end_overlap(&self) {
        self.clock.advance(DAY + HOUR);
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

pub fn options(strategy: Strategy) -> Options {
    Options { strategy: Some(strategy), write_lag: Duration::ZERO, read_lag: Duration::ZERO, ..Options::default() }
}

/// Why it failed.
pub fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> Reason {
    result.unwrap_err().reason
}

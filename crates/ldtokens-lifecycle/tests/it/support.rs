//! A server, a token, the file of its consumer, and rotations of it.

use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use ldtokens::{BaseRole, NewToken, Secret, Token, TokenId};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Error, Journal, Journals, Options, Reason, Report, Rotation, Strategy};
use ldtokens_server::Server;

use crate::local::Local;
pub use crate::local::{DAY, HOUR, client};

pub struct World {
    local: Local,
    pub id: TokenId,
}

impl Deref for World {
    type Target = Local;

    fn deref(&self) -> &Local {
        &self.local
    }
}

impl World {
    /// With a service token whose secret the consumer's file holds.
    pub async fn new() -> Self {
        Self::among(0).await
    }

    /// Among so many other tokens, which come before it in the list.
    pub async fn among(others: u32) -> Self {
        let local = Local::start(Server::builder().seed_tokens(others)).await;
        let new = NewToken::new(BaseRole::Reader).name("Export").description("Nightly").service();
        let token = local.client.create(&new).await.unwrap();
        let world = Self { id: token.id.clone(), local };
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
}

pub fn options(strategy: Strategy) -> Options {
    Options { strategy: Some(strategy), write_lag: Duration::ZERO, read_lag: Duration::ZERO, ..Options::default() }
}

/// Why it failed.
pub fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> Reason {
    result.unwrap_err().reason
}

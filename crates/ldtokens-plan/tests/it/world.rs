//! An account, a folder for secrets, and a file of tokens.

use std::path::PathBuf;
use std::time::Duration;

use ldtokens::{Client, RetryPolicy, Secret, Token, TokenId, UnixMillis};
use ldtokens_plan::{Account, Applied, ApplyOptions, Marker, Plan, PlanError, State, TokensFile, apply};
use ldtokens_server::{Clock, Server, ServerBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub struct World {
    pub server: Server,
    pub clock: Clock,
    pub client: Client,
    pub folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::of(Server::builder()).await
    }

    pub async fn with_account(yaml: &str) -> Self {
        Self::of(Server::builder().account(yaml.parse().unwrap())).await
    }

    pub async fn of(builder: ServerBuilder) -> Self {
        let clock = Clock::manual(UnixMillis::now());
        let server = builder.clock(clock.clone()).start().await.unwrap();
        let client = client(&server, server.owner_secret().unwrap().clone());
        Self { server, clock, client, folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with one service token, whose secret goes to a file of its key's name. `more` overrides its properties.
    pub fn file(&self, key: &str, more: Value) -> TokensFile {
        let mut token = json!({
            "key": key, "name": "Export", "role": "reader", "serviceToken": true, "destinations": [{"file": self.path(key)}],
        });
        let properties = token.as_object_mut().unwrap();
        properties.extend(more.as_object().unwrap().clone());
        properties.retain(|_, value| !value.is_null());
        let file: TokensFile = serde_json::from_value(json!({ "tokens": [token] })).unwrap();
        file.check().unwrap();
        file
    }

    pub async fn account(&self, file: &TokensFile) -> Account {
        Account::read(&self.client, file).await.unwrap()
    }

    pub async fn plan(&self, file: &TokensFile) -> Plan {
        Plan::new(file, &self.account(file).await)
    }

    pub async fn try_apply(&self, file: &TokensFile, options: ApplyOptions) -> Result<Applied, PlanError> {
        let account = Account::read(&self.client, file).await?;
        apply(&self.client, file, &Plan::new(file, &account), options, |_| ()).await
    }

    /// Applies without a failure, so that no change is left.
    pub async fn apply(&self, file: &TokensFile) {
        let applied = self.try_apply(file, ApplyOptions::default()).await.unwrap();
        assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        let plan = self.plan(file).await;
        assert!(plan.is_empty(), "{plan}");
    }

    pub async fn tokens(&self) -> Vec<Token> {
        self.client.list().all_members(true).collect_all().await.unwrap()
    }

    /// The tokens with this key and their states, oldest first.
    pub async fn marked(&self, key: &str) -> Vec<(State, Token)> {
        let mut all = Vec::new();
        for token in self.tokens().await {
            let (_, markers) = Marker::split(token.description.as_deref().unwrap_or_default());
            all.extend(
                markers.into_iter().filter(|marker| marker.key == key).map(|marker| (marker.state, token.clone())),
            );
        }
        all.sort_by_key(|(_, token)| token.creation_date);
        all
    }

    /// The one token with this key that is in use.
    pub async fn current(&self, key: &str) -> Token {
        let all = self.marked(key).await;
        let mut current = all.into_iter().filter(|(state, _)| *state == State::Current).map(|(_, token)| token);
        let token = current.next().unwrap();
        assert_eq!(current.next(), None);
        token
    }

    pub fn secret(&self, name: &str) -> Option<Secret> {
        std::fs::read_to_string(self.path(name)).ok().map(Secret::new)
    }

    /// Whose secret it is, if it works.
    pub async fn owner_of(&self, secret: &Secret) -> Option<TokenId> {
        match client(&self.server, secret.clone()).whoami().await {
            Ok(caller) => caller.token_id,
            Err(ldtokens::Error::Unauthorized(_)) => None,
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

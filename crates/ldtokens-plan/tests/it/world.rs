//! An account, a folder for secrets, and a file of tokens.

use std::ops::Deref;
use std::path::PathBuf;

use ldtokens::{Secret, Token};
use ldtokens_plan::{Account, Applied, ApplyOptions, Marker, Plan, PlanError, State, TokensFile, apply};
use ldtokens_server::{Server, ServerBuilder};
use serde_json::{Value, json};

use crate::local::Local;

pub struct World(Local);

impl Deref for World {
    type Target = Local;

    fn deref(&self) -> &Local {
        &self.0
    }
}

impl World {
    pub async fn new() -> Self {
        Self::of(Server::builder()).await
    }

    pub async fn with_account(yaml: &str) -> Self {
        Self::of(Server::builder().account(yaml.parse().unwrap())).await
    }

    pub async fn of(builder: ServerBuilder) -> Self {
        Self(Local::start(builder).await)
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
            let (_, markers) = Marker::of(&token);
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
}

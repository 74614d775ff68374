use std::collections::BTreeMap;

use ldtokens::{CallerIdentity, Client, Secret, Token, UnixMillis};
use ldtokens_lifecycle::{Contents, Destination};

use crate::error::PlanError;
use crate::file::TokensFile;
use crate::roles::CustomRoles;

/// What a plan is made from: the account and the destinations, as they are now.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// All tokens that the credential can see.
    pub tokens: Vec<Token>,
    /// Whose the credential is.
    pub caller: CallerIdentity,
    /// The custom roles, as far as they could be read, if the file names any.
    pub(crate) roles: CustomRoles,
    /// What the destinations hold that can be read back, by the key in the token's marker.
    pub(crate) held: BTreeMap<String, Vec<Held>>,
    /// The time, by the API's clock.
    pub now: Option<UnixMillis>,
}

/// What one destination holds.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The destination, as in `the file /etc/export.secret`.
    pub(crate) label: String,
    /// Of a secret only its last four characters.
    pub(crate) contents: Contents,
}

impl Account {
    /// Reads the tokens, the custom roles that the file names, and the destinations. Changes nothing.
    ///
    /// # Errors
    /// [`PlanError`] if the tokens can't all be read. That a custom role does not exist, or that the credential may not read it, is
    /// a problem of the plan, unless the file has its ID.
    pub async fn read(client: &Client, file: &TokensFile) -> Result<Self, PlanError> {
        let file = file.with_marker_keys();
        let caller = client.whoami().await.map_err(PlanError::Unreadable)?;
        let tokens = client.list().all_members(true).collect_all().await;
        let tokens = tokens.map_err(|incomplete| PlanError::Unreadable(incomplete.error))?;
        let roles = match file.tokens.iter().any(|token| !token.custom_role_ids.is_empty()) {
            true => CustomRoles::read(client).await.map_err(PlanError::Unreadable)?,
            false => CustomRoles::default(),
        };
        let held = file.tokens.iter().map(|token| {
            let destinations = token.destinations.iter().filter_map(|spec| spec.destination().ok());
            (token.key.clone(), destinations.filter_map(|destination| Held::of(&*destination)).collect())
        });
        Ok(Self { tokens, caller, roles, held: held.collect(), now: Some(client.server_time().into()) })
    }
}

impl Held {
    /// None if it can't be read back.
    fn of(destination: &dyn Destination) -> Option<Self> {
        let contents = match destination.file()?.read() {
            Ok(Contents::Secret(secret)) => Contents::Secret(Secret::new(secret.last_four())),
            Ok(other) => other,
            Err(reason) => Contents::Other(reason.to_string()),
        };
        Some(Self { label: destination.label(), contents })
    }

    /// Whether it holds a secret that ends like the token's.
    pub(crate) fn is_of(&self, token: &Token) -> bool {
        let last_four = token.token.as_ref().map_or("", |secret| secret.last_four());
        matches!(&self.contents, Contents::Secret(found) if found.last_four() == last_four)
    }
}

use std::collections::BTreeMap;

use ldtokens::{CallerIdentity, Client, Token, UnixMillis};
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
    pub roles: CustomRoles,
    /// What the destinations hold that can be read back, by the key in the token's marker.
    pub held: BTreeMap<String, Vec<Held>>,
    /// The time, by the API's clock.
    pub now: Option<UnixMillis>,
}

/// What one destination holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The destination, as in `the file /etc/export.secret`.
    pub label: String,
    /// What it holds.
    pub holding: Holding,
}

/// What is in a destination, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Nothing.
    Nothing,
    /// A secret with these last four characters.
    Secret(String),
    /// Something else, or it can't be read now, in these words.
    Other(String),
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
        let tokens = tokens.map_err(|incomplete| PlanError::Incomplete(incomplete.error))?;
        let roles = match file.tokens.iter().any(|token| !token.custom_role_ids.is_empty()) {
            true => CustomRoles::read(client).await.map_err(PlanError::Unreadable)?,
            false => CustomRoles::default(),
        };
        let held = file.tokens.iter().map(|token| {
            let destinations = token.destinations.iter().filter_map(|spec| spec.destination().ok());
            (token.key.clone(), destinations.filter_map(|destination| look_at(&*destination)).collect())
        });
        Ok(Self { tokens, caller, roles, held: held.collect(), now: Some(client.server_time().into()) })
    }
}

/// What it holds. None if it can't be read back.
fn look_at(destination: &dyn Destination) -> Option<Held> {
    let holding = match destination.read().transpose()? {
        Ok(Contents::Nothing) => Holding::Nothing,
        Ok(Contents::Secret(secret)) => Holding::Secret(secret.last_four().to_owned()),
        Ok(Contents::Other(what)) => Holding::Other(what),
        Err(reason) => Holding::Other(reason.to_string()),
    };
    Some(Held { label: destination.label(), holding })
}

use ldtokens::{Client, UnixMillis};

use crate::account::Account;
use crate::compare::{change, differences};
use crate::error::PlanError;
use crate::file::TokensFile;
use crate::issue::Issue;
use crate::marker::{State, has_marker};
use crate::plan::{Action, Kind, Plan};

/// What [`apply`] may do. By default nothing of this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Delete managed tokens that are not in the file.
    pub prune: bool,
    /// Delete them even if they are more than 30 % of the managed tokens.
    pub many_deletions: bool,
    /// Also rotate, replace or delete the token of the client's own credential, or change its permissions or expiry.
    pub own_token: bool,
}

impl ApplyOptions {
    /// Whether they allow this action.
    pub fn allows(self, action: &Action) -> bool {
        (action.kind != Kind::Delete || self.prune) && (!action.is_own || self.own_token)
    }
}

/// What was done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Applied {
    /// What was carried out.
    pub done: Vec<Action>,
    /// What failed. Another run tries again.
    pub failed: Vec<(Action, PlanError)>,
    /// What the options do not allow.
    pub skipped: Vec<Action>,
}

/// Carries out `plan`, if a plan made now is the same. `on_done` is called after each action.
///
/// It can be stopped at any point, also by dropping the future: another run continues.
///
/// # Errors
/// [`PlanError`] if nothing was done. What fails on the way is in [`Applied::failed`].
pub async fn apply(
    client: &Client,
    file: &TokensFile,
    plan: &Plan,
    options: ApplyOptions,
    mut on_done: impl FnMut(&Action),
) -> Result<Applied, PlanError> {
    file.check()?;
    let account = Account::read(client, file).await?;
    if Plan::new(file, &account) != *plan {
        return Err(PlanError::Changed);
    }
    let file = &file.with_marker_keys();
    let deletions = plan.actions.iter().filter(|action| action.kind == Kind::Delete && options.prune).count();
    if !options.many_deletions && deletions * 10 > plan.managed * 3 {
        return Err(PlanError::ManyDeletions { deletions, managed: plan.managed });
    }
    let mut applied = Applied::default();
    for action in &plan.actions {
        if !options.allows(action) {
            applied.skipped.push(action.clone());
            continue;
        }
        // A token whose key was renamed may still be the only one whose secret its consumer has.
        if action.kind == Kind::Delete && !(applied.failed.is_empty() && plan.problems.is_empty()) {
            let reason = "it is not deleted before all else is done, since its secret may be in use".to_owned();
            applied.failed.push((action.clone(), PlanError::Refused(reason)));
            continue;
        }
        match carry_out(client, file, &account, action).await {
            Ok(()) => {
                on_done(action);
                applied.done.push(action.clone());
            }
            Err(error) => applied.failed.push((action.clone(), error)),
        }
    }
    Ok(applied)
}

/// The actions of `plan` whose new secrets [`apply`] could not deliver, if it were run here and now. Nothing is changed.
pub async fn undeliverable<'a>(
    client: &Client,
    file: &TokensFile,
    account: &Account,
    plan: &'a Plan,
) -> Vec<(&'a Action, PlanError)> {
    let file = &file.with_marker_keys();
    let mut found = Vec::new();
    for action in plan.actions.iter().filter(|action| action.kind.gives_secret()) {
        if let Some(wanted) = file.find(&action.key)
            && let Err(error) = Issue::new(client, account, wanted).prepare().await
        {
            found.push((action, error));
        }
    }
    found
}

async fn carry_out(client: &Client, file: &TokensFile, account: &Account, action: &Action) -> Result<(), PlanError> {
    match (action.kind, file.find(&action.key), &action.id) {
        (Kind::Update, Some(wanted), Some(id)) => {
            let permissions = wanted.permissions().map_err(PlanError::Refused)?;
            let edited = client.edit(id, |token| {
                if has_marker(token, &action.key, |state| state == State::Current) {
                    change(token, wanted, &permissions, account);
                }
            });
            let token = edited.await?;
            if !differences(wanted, &token, account).is_empty() {
                return Err(PlanError::Refused("the API did not apply all changes".to_owned()));
            }
        }
        (kind, Some(wanted), _) if kind.gives_secret() => Issue::new(client, account, wanted).run().await?,
        (Kind::Tidy, wanted, Some(id)) => {
            let token = client.get(id).await?;
            let now = UnixMillis::from(client.server_time());
            let is_over = has_marker(&token, &action.key, |state| matches!(state, State::Old(until) if until <= now));
            let has_ended = token.expires_in(now).is_some_and(|left| left.is_zero());
            let is_replaced = match wanted {
                Some(wanted) if !has_ended => Issue::new(client, account, wanted).is_replaced(id).await?,
                _ => false,
            };
            if !is_over || !(has_ended || is_replaced) {
                return Err(PlanError::Refused("its secret may still be in use".to_owned()));
            }
            client.delete(id).await?;
        }
        (Kind::Delete, None, Some(id)) => {
            if !has_marker(&client.get(id).await?, &action.key, |_| true) {
                return Err(PlanError::Changed);
            }
            client.delete(id).await?;
        }
        _ => return Err(PlanError::Changed),
    }
    Ok(())
}

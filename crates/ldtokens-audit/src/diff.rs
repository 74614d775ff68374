//! Compares two inventories.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use ldtokens::raw::types::{Statement, StatementEffect};
use ldtokens::{Token, TokenId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::date::day;
use crate::inventory::{Inventory, access, name};
use crate::policy::{Policy, Thresholds};
use crate::rules::ages::last_used;
use crate::rules::power::rank;
use crate::rules::{Context, ages, purpose};

/// How exactly the API's clock is known: its responses have whole seconds.
const CLOCK: Duration = Duration::from_secs(2);

/// What happened to a token between two inventories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// It changed, and can't be shown to be allowed no more than before.
    MorePowerful,
    /// It was created.
    New,
    /// It was used after a time in which the audit would have called it unused.
    WokenUp,
    /// It is about to expire, or has expired, and was not before.
    Expiring,
    /// It changed in some other way. `lastUsed` alone is no change.
    Changed,
    /// It was deleted.
    Gone,
}

/// As in JSON.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A difference between two inventories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// The token.
    pub token_id: TokenId,
    /// Its name now, or the last one it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// The properties that changed, by the API's names. `token` is its secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
    /// What happened, in a sentence.
    pub message: String,
}

/// The differences between two inventories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Diff {
    /// When the first inventory was taken.
    pub from: UnixMillis,
    /// When the second inventory was taken.
    pub to: UnixMillis,
    /// The differences, the most important kinds first.
    pub changes: Vec<Change>,
    /// What the comparison can't say, since an inventory is partial.
    pub notes: Vec<String>,
}

/// Compares two inventories of an account. The policy says when a token counts as unused or about to expire.
///
/// # Errors
/// A sentence, if they are of two accounts, have not the same scope, or are in the wrong order.
pub fn diff(before: &Inventory, after: &Inventory, policy: &Policy) -> Result<Diff, String> {
    if let (Some(one), Some(other)) = (&before.account_id, &after.account_id)
        && one != other
    {
        return Err(format!("the inventories are of two accounts, {one} and {other}"));
    }
    if before.scope != after.scope {
        return Err("one inventory has the tokens of all members, and the other those of one".to_owned());
    }
    if before.taken_at > after.taken_at.saturating_add(CLOCK) {
        return Err("the first inventory is newer than the second: give the older one first".to_owned());
    }
    let contexts = [before, after].map(|inventory| Context::new(inventory, Thresholds::of(policy)));
    let mut old: HashMap<&TokenId, &Token> = before.tokens.iter().map(|token| (&token.id, token)).collect();
    let mut changes = Vec::new();
    for token in &after.tokens {
        match old.remove(&token.id) {
            None => {
                let kind = purpose::kind(token);
                let message = format!("Created on {}: {kind}, {}.", day(token.creation_date), access(token));
                changes.push(change(Kind::New, token, Vec::new(), message));
            }
            Some(was) => compare(&contexts, was, token, &mut changes),
        }
    }
    for gone in before.tokens.iter().filter(|token| old.contains_key(&token.id)) {
        let message = format!("It was {} with {}.", purpose::kind(gone), access(gone));
        changes.push(change(Kind::Gone, gone, Vec::new(), message));
    }
    changes.sort_by_key(|change| change.kind);
    let notes = [
        (before, "The first inventory is partial: tokens that seem new may have been there."),
        (after, "The second inventory is partial: tokens that seem gone may still be there."),
    ];
    let notes = notes.into_iter().filter(|(inventory, _)| !inventory.is_complete()).map(|(_, note)| note.to_owned());
    Ok(Diff { from: before.taken_at, to: after.taken_at, changes, notes: notes.collect() })
}

fn change(kind: Kind, token: &Token, properties: Vec<String>, message: String) -> Change {
    let token_name = token.name.as_ref().map(|_| name(token).to_owned());
    Change { kind, token_id: token.id.clone(), token_name, properties, message }
}

fn compare([before, after]: &[Context<'_>; 2], was: &Token, is: &Token, changes: &mut Vec<Change>) {
    let properties = changed_properties(was, is);
    if is_more_powerful(was, is) {
        let message = match (access(was), access(is)) {
            (old, new) if old == new => format!("It may be allowed more than before, by its {new}."),
            (old, new) => format!("It had {old} and has {new}."),
        };
        changes.push(change(Kind::MorePowerful, is, properties, message));
    } else if !properties.is_empty() {
        let message = format!("Changed: {}.", properties.join(", "));
        changes.push(change(Kind::Changed, is, properties, message));
    }
    let was_asleep = ages::unused(before, was).or_else(|| ages::never_used(before, was));
    let used = last_used(is).filter(|used| last_used(was).is_none_or(|last| *used > last));
    if let (Some((_, asleep)), Some(used)) = (was_asleep, used) {
        let message = format!("Used on {}. Before: {asleep}", day(used));
        changes.push(change(Kind::WokenUp, is, Vec::new(), message));
    }
    let ending = |context: &Context<'_>, token: &Token| match ages::expired(context, token) {
        Some((_, message)) => Some((true, message)),
        None => ages::expiring(context, token).map(|(_, message)| (false, message)),
    };
    if let Some((has_ended, message)) = ending(after, is)
        && ending(before, was).is_none_or(|(had_ended, _)| has_ended && !had_ended)
    {
        changes.push(change(Kind::Expiring, is, Vec::new(), message));
    }
}

/// The properties that differ, by the API's names, except those that say only when something happened.
fn changed_properties(was: &Token, is: &Token) -> Vec<String> {
    let roles = |token: &Token| token.custom_role_ids.iter().cloned().collect::<BTreeSet<_>>();
    let member_role = |token: &Token| token.member.as_ref().and_then(|member| member.role.clone());
    let ends = |token: &Token| token.token.as_ref().map(|secret| secret.last_four().to_owned());
    let differs = [
        ("name", was.name != is.name),
        ("description", was.description != is.description),
        ("role", was.role != is.role),
        ("customRoleIds", roles(was) != roles(is)),
        ("inlineRole", was.inline_role != is.inline_role),
        ("serviceToken", purpose::kind(was) != purpose::kind(is)),
        ("expiry", was.expiry != is.expiry),
        ("defaultApiVersion", was.default_api_version != is.default_api_version),
        ("memberId", was.member_id != is.member_id),
        ("_member.role", member_role(was) != member_role(is)),
        ("token", ends(was) != ends(is)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

/// Whether the token can't be shown to be allowed no more than before.
fn is_more_powerful(was: &Token, is: &Token) -> bool {
    match (&was.role, &is.role) {
        // One base role to another.
        (Some(old), Some(new)) => old != new && rank(old).zip(rank(new)).is_none_or(|(old, new)| new > old),
        // To Admin or Owner: all there is. To another base role: nobody knows what the policy or the custom roles had.
        (None, Some(_)) => true,
        // From Admin or Owner to less.
        (Some(old), None) if rank(old).is_some_and(|rank| rank >= 3) => false,
        (Some(_), None) => !(is.inline_role.is_empty() && is.custom_role_ids.is_empty()),
        (None, None) => {
            let has_more_roles = is.custom_role_ids.iter().any(|role| !was.custom_role_ids.contains(role));
            has_more_roles || allows_more(&was.inline_role, &is.inline_role)
        }
    }
}

/// A policy allows no more than another if each statement of its that allows is one of the other, and each statement of the other
/// that denies is one of its.
fn allows_more(was: &[Statement], is: &[Statement]) -> bool {
    let allows = |statement: &&Statement| statement.effect == StatementEffect::Allow;
    is.iter().filter(allows).any(|statement| !was.contains(statement))
        || was.iter().filter(|statement| !allows(statement)).any(|statement| !is.contains(statement))
}

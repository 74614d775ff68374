use std::collections::BTreeMap;

use ldtokens::{Token, TokenId, UnixMillis};
use ldtokens_lifecycle::Contents;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::compare::{Change, FIXED, differences};
use crate::file::{ManagedToken, TokensFile};
use crate::marker::{Marked, Marker, State, in_state};
use crate::roles::is_id;

/// What has to be done so that the account is as the file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// The account that it was made for.
    pub account_id: Option<String>,
    /// What is to be done, in this order: all that gives consumers a secret comes before all that takes one away, and
    /// what is done to the credential's own token comes last.
    pub actions: Vec<Action>,
    /// What must be fixed by hand. Nothing is done for the tokens concerned.
    pub problems: Vec<String>,
    /// The number of managed tokens that are in use.
    pub managed: usize,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Action {
    /// What kind of thing.
    pub kind: Kind,
    /// The token's key in the file.
    pub key: String,
    /// The token that it is done to. None if there is none yet.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<TokenId>,
    /// The token's name.
    pub name: String,
    /// What changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Why.
    pub reason: String,
    /// Whether it ends the secret that the command itself uses, or changes what it may do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_own: bool,
}

/// What is done to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Kind {
    /// A token is created, and its secret delivered.
    Create,
    /// An interrupted run is continued: a token whose secret may not be delivered is put in use, or another is created.
    Finish,
    /// A token is changed. Its secret stays.
    Update,
    /// A new token takes its place, with a new secret.
    Rotate,
    /// A new token takes its place, since a property changes that can't be changed.
    Replace,
    /// A token that another has replaced, and whose overlap is over, is deleted.
    Tidy,
    /// A token that is not in the file any more is deleted.
    Delete,
}

impl Plan {
    /// Compares the file with the account.
    pub fn new(file: &TokensFile, account: &Account) -> Self {
        let file = &file.with_marker_keys();
        let mut plan = Self { account_id: account.caller.account_id.clone(), ..Self::default() };
        let now = account.now.unwrap_or_else(UnixMillis::now);
        let mut marked: BTreeMap<String, Marked<'_>> = BTreeMap::new();
        for token in &account.tokens {
            let (_, markers) = Marker::of(token);
            match markers.as_slice() {
                // The others are another file's.
                markers if !markers.iter().any(|marker| marker.file() == file.name.as_deref()) => {}
                [Marker { key, state }] => marked.entry(key.clone()).or_default().push((token, *state)),
                _ => plan.problems.push(format!("the token {} has several markers in its description", token.id)),
            }
        }
        plan.managed = marked.values().map(|marked| in_state(marked, State::Current).len()).sum();
        for wanted in &file.tokens {
            match action(wanted, marked.get(&wanted.key).unwrap_or(&Vec::new()), account, now) {
                Ok(action) => plan.actions.extend(action),
                Err(problem) => plan.problems.push(format!("{}: {problem}", wanted.key)),
            }
        }
        for (key, marked) in &marked {
            let is_wanted = file.find(key).is_some();
            for (token, state) in marked {
                let has_ended = token.expires_in(now).is_some_and(|left| left.is_zero());
                let is_over = matches!(state, State::Old(until) if *until <= now && (is_wanted || has_ended));
                let (kind, reason) = match (is_over, is_wanted) {
                    (true, _) => (Kind::Tidy, "another has replaced it, and the overlap is over"),
                    (false, false) => (Kind::Delete, "it is not in the file"),
                    (false, true) => continue,
                };
                let name = token.name.as_deref().unwrap_or_default();
                plan.actions.push(Action::new(kind, key, name, Some(token), reason.to_owned()));
            }
        }
        for action in &mut plan.actions {
            let is_caller = action.id.is_some() && action.id == account.caller.token_id;
            let is_text = |change: &Change| matches!(&*change.property, "name" | "description");
            action.is_own = is_caller && !(action.kind == Kind::Update && action.changes.iter().all(is_text));
        }
        plan.actions.sort_by_key(|action| (action.is_own, matches!(action.kind, Kind::Tidy | Kind::Delete)));
        plan
    }

    /// Whether nothing is to be done, now or by hand. Tokens that are not in the file count.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty() && self.problems.is_empty()
    }
}

impl Action {
    fn new(kind: Kind, key: &str, name: &str, token: Option<&Token>, reason: String) -> Self {
        let (key, name, id) = (key.to_owned(), name.to_owned(), token.map(|token| token.id.clone()));
        Self { kind, key, id, name, changes: Vec::new(), reason, is_own: false }
    }
}

/// What is to be done for a token of the file, if anything is. An error is a problem to solve by hand.
fn action(
    wanted: &ManagedToken,
    marked: &Marked<'_>,
    account: &Account,
    now: UnixMillis,
) -> Result<Option<Action>, String> {
    let token = in_use(wanted, marked, account)?;
    // A key that is compared with IDs always differs.
    let is_unknown = |role: &&String| {
        token.is_some_and(|token| !token.custom_role_ids.contains(role)) && !account.roles.has(role) && !is_id(role)
    };
    if let Some(role) = wanted.custom_role_ids.iter().find(is_unknown) {
        let reason = "is not known, or this credential may not read custom roles: then give its ID";
        return Err(format!("the custom role {role} {reason}"));
    }
    let changes = token.map(|token| differences(wanted, token, account)).unwrap_or_default();
    let has_ended = wanted.fixed_expiry().is_some_and(|expiry| expiry <= now);
    let renewal = || token.filter(|_| !has_ended).and_then(|token| needs_new_secret(wanted, token, account, now));
    let (kind, reason) = if !in_state(marked, State::New).is_empty() {
        (Kind::Finish, "an earlier run was interrupted".to_owned())
    } else if token.is_none() {
        (Kind::Create, "no token has its marker".to_owned())
    } else if let Some(change) = changes.iter().find(|change| FIXED.contains(&&*change.property)) {
        (Kind::Replace, format!("{} can't be changed", change.property))
    } else if let Some(reason) = renewal() {
        (Kind::Rotate, reason)
    } else if !changes.is_empty() {
        (Kind::Update, "it differs from the file".to_owned())
    } else {
        return Ok(None);
    };
    if kind != Kind::Update && wanted.destinations.is_empty() {
        return Err(format!("{reason}, and it has no destination for a new secret"));
    }
    if has_ended && (kind != Kind::Update || changes.iter().any(|change| change.property == "expiry")) {
        return Err("its expiry is in the past".to_owned());
    }
    Ok(Some(Action { changes, ..Action::new(kind, &wanted.key, &wanted.name, token, reason) }))
}

/// The token whose secret is in use. If several have the marker, it is the one that all destinations hold, as long as the others
/// expire.
fn in_use<'a>(wanted: &ManagedToken, marked: &Marked<'a>, account: &Account) -> Result<Option<&'a Token>, String> {
    let current = &in_state(marked, State::Current)[..];
    if let [] | [_] = current {
        return Ok(current.first().copied());
    }
    let held = account.held.get(&wanted.key).filter(|held| !held.is_empty());
    let is_held = |token: &&&Token| held.is_some_and(|held| held.iter().all(|held| held.is_of(token)));
    match current.iter().filter(is_held).collect::<Vec<_>>().as_slice() {
        [token] if current.iter().all(|other| other.id == token.id || other.expiry.is_some()) => Ok(Some(token)),
        _ => {
            let ids: Vec<_> = current.iter().map(|token| token.id.as_str()).collect();
            let advice = "remove the marker from the descriptions of all but one";
            Err(format!("the tokens {} have its marker; {advice}", ids.join(" and ")))
        }
    }
}

/// Why the token needs a new secret, if it does.
fn needs_new_secret(wanted: &ManagedToken, token: &Token, account: &Account, now: UnixMillis) -> Option<String> {
    let age = now.saturating_duration_since(token.creation_date);
    if let Some(after) = &wanted.rotate_after
        && age >= after.duration()
    {
        return Some(format!("it is older than {}", after.text));
    }
    match token.expires_in(now) {
        Some(left) if left.is_zero() => return Some("it has expired".to_owned()),
        Some(left) if wanted.lifetime.is_some() && left <= wanted.overlap() => {
            return Some("it expires soon".to_owned());
        }
        _ => {}
    }
    if wanted.lifetime.as_ref().is_some_and(|lifetime| age + wanted.overlap() >= lifetime.duration()) {
        return Some("it is older than its lifetime".to_owned());
    }
    let other = account.held.get(&wanted.key)?.iter().find(|held| !held.is_of(token))?;
    let what = match &other.contents {
        Contents::Nothing => "no secret",
        Contents::Secret(_) => "another secret",
        Contents::Other(what) => what,
    };
    Some(format!("{} holds {what}", other.label))
}

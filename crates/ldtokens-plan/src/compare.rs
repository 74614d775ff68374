//! Compares a token with what the file says of it.

use std::collections::BTreeSet;

use ldtokens::{Permissions, Token, UnixMillis};
use ldtokens_lifecycle::without_notes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::file::ManagedToken;
use crate::marker::{Marker, State, format_time};

/// The API's clock is known to about a second, and a create may be repeated for a while.
const LIFETIME_TOLERANCE: i64 = 120_000;

/// The properties that can't be changed. The token is replaced.
pub(crate) const FIXED: [&str; 2] = ["serviceToken", "defaultApiVersion"];

/// A property that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its name. `permissions` is `role`, `customRoleIds` or `inlineRole`.
    pub property: String,
    /// Its value now.
    pub from: Value,
    /// Its value in the file.
    pub to: Value,
}

/// What differs between the token and the file.
pub(crate) fn differences(wanted: &ManagedToken, token: &Token, account: &Account) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut compare = |property: &str, from: Value, to: Value| {
        if from != to {
            changes.push(Change { property: property.to_owned(), from, to });
        }
    };
    compare("name", json!(token.name.as_deref().unwrap_or_default()), json!(wanted.name));
    let (description, _) = Marker::of(token);
    // `ldtokens rotate` notes its time there.
    compare("description", json!(without_notes(&description).trim()), json!(wanted.text()));
    if let Ok(permissions) = wanted.permissions() {
        compare("permissions", shown(token, account), shown(&with_permissions(token, &permissions), account));
    }
    compare("serviceToken", json!(token.service_token.unwrap_or_default()), json!(wanted.service_token));
    if wanted.default_api_version.is_some() {
        compare("defaultApiVersion", json!(token.default_api_version), json!(wanted.default_api_version));
    }
    let (is, should) = (token.expiry, expiry(wanted, token));
    let is_close = wanted.lifetime.is_some()
        && is.zip(should).is_some_and(|(is, should)| (is.get() - should.get()).abs() <= LIFETIME_TOLERANCE);
    if !is_close {
        compare("expiry", json!(is.map(format_time)), json!(should.map(format_time)));
    }
    changes
}

/// When the token should expire.
fn expiry(wanted: &ManagedToken, token: &Token) -> Option<UnixMillis> {
    match &wanted.lifetime {
        Some(lifetime) => Some(token.creation_date.saturating_add(lifetime.duration())),
        None => wanted.fixed_expiry(),
    }
}

/// Makes the token what the file says, as far as a token can be changed.
pub(crate) fn change(token: &mut Token, wanted: &ManagedToken, permissions: &Permissions, account: &Account) {
    let changes = differences(wanted, token, account);
    let differs = |property: &str| changes.iter().any(|change| change.property == property);
    if differs("name") {
        token.name = Some(wanted.name.clone());
    }
    if differs("description") {
        let marker = Marker { key: wanted.key.clone(), state: State::Current };
        token.description = Some(marker.append_to(wanted.text()));
    }
    if differs("permissions") {
        *token = with_permissions(token, permissions);
        // A patch takes the IDs of custom roles.
        for role in &mut token.custom_role_ids {
            *role = account.roles.id(role).to_owned();
        }
    }
    if differs("expiry") {
        token.expiry = expiry(wanted, token);
    }
}

fn with_permissions(token: &Token, permissions: &Permissions) -> Token {
    let mut token = token.clone();
    permissions.apply_to(&mut token);
    token
}

/// The permissions, so that they can be compared: custom roles by ID, in any order.
fn shown(token: &Token, account: &Account) -> Value {
    if !token.inline_role.is_empty() {
        return json!({ "inlineRole": token.inline_role });
    }
    if !token.custom_role_ids.is_empty() {
        let ids: BTreeSet<_> = token.custom_role_ids.iter().map(|role| account.roles.id(role)).collect();
        return json!({ "customRoleIds": ids });
    }
    json!({ "role": token.role })
}

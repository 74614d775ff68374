//! A token's properties: those of a new token, which are stored, and what only a strict server refuses.

use ldtokens_client::types::TokenBody;
use ldtokens_client::{ApiVersion, Extra, Statement, UnixMillis};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::response::ApiError;
use crate::store::{Member, Records, StoredToken};

/// Reads the properties of a new token. Properties of a statement that the API does not have are dropped, as the API does.
pub(crate) fn token_body(body: &Value) -> Result<TokenBody, ApiError> {
    let mut body = TokenBody::deserialize(body).map_err(ApiError::invalid_body)?;
    body.inline_role.iter_mut().for_each(|statement| statement.extra = Extra::default());
    Ok(body)
}

/// The new token that `body` describes. It belongs to `member`; `owner` is the ID of the account's owner.
pub(crate) fn new_token(
    id: String,
    body: &Value,
    owner: &str,
    member: Member,
    now: i64,
) -> Result<StoredToken, ApiError> {
    let body = token_body(body)?;
    let service = body.service_token.unwrap_or(false);
    let version = body.default_api_version.map_or(Some(ApiVersion::default()), ApiVersion::from_number);
    let Some(version) = version.and_then(ApiVersion::number) else {
        let numbers: Vec<i64> = ApiVersion::ALL.into_iter().filter_map(ApiVersion::number).collect();
        return Err(ApiError::invalid_request(format!("defaultApiVersion must be one of {numbers:?}")));
    };
    check_new(&body)?;
    let mut properties = serde_json::to_value(&body).map_err(ApiError::invalid_body)?;
    let fixed = json!({
        "_id": id,
        "ownerId": owner,
        "memberId": member.id,
        "creationDate": now,
        "lastModified": now,
        "serviceToken": service,
        "defaultApiVersion": version,
    });
    if let (Value::Object(properties), Value::Object(fixed)) = (&mut properties, fixed) {
        properties.extend(fixed);
    }
    let properties = properties.into();
    Ok(StoredToken { number: 0, id, member, service, last_used: None, revision: 0, properties })
}

/// The `lastModified` of a change at `now`. It is later than the one before, even if the clock stands still or went back, so
/// that a `test` of it tells any two states of the token apart.
pub(crate) fn next_last_modified(properties: &Value, now: i64) -> i64 {
    properties["lastModified"].as_i64().map_or(now, |last| now.max(last.saturating_add(1)))
}

/// The end of the year 9999. A later expiry is not a time in milliseconds.
pub(crate) const MAX_EXPIRY: i64 = 253_402_300_799_999;

/// Refuses an expiry that is not a time.
pub(crate) fn check_new_expiry(expiry: UnixMillis) -> Result<(), ApiError> {
    if (1..=MAX_EXPIRY).contains(&expiry.get()) {
        return Ok(());
    }
    let message = "expiry must be a Unix time in milliseconds, from 1 to the end of the year 9999";
    Err(ApiError::invalid_request(message))
}

/// Refuses a token with no permissions, with several kinds of them, or with an expiry that is not a time. An expiry of 0 could
/// mean never or 1970, so it is refused.
pub(crate) fn check_new(body: &TokenBody) -> Result<(), ApiError> {
    body.expiry.map_or(Ok(()), check_new_expiry)?;
    let kinds = [body.role.is_some(), !body.custom_role_ids.is_empty(), !body.inline_role.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() != 1 {
        let message = "a token must have exactly one of role, customRoleIds and inlineRole";
        return Err(ApiError::invalid_request(message));
    }
    body.inline_role.iter().try_for_each(|statement| {
        Statement::check(statement).map_err(|error| ApiError::invalid_request(format!("inlineRole: {error}")))
    })
}

/// Refuses a token that expires before it is stored, if the server is strict. If not, the token can be stored, and does not work.
pub(crate) fn check_expiry(properties: &Value, now: i64, strictness: Strictness) -> Result<(), ApiError> {
    match properties["expiry"].as_i64() {
        Some(expiry) if expiry <= now => {
            strictness.refuse_if_strict(ApiError::invalid_request("expiry: this time has passed"))
        }
        _ => Ok(()),
    }
}

/// Properties that are not stored, because each response computes them.
const COMPUTED: [&str; 3] = ["_member", "_links", "lastUsed"];

/// The properties to store of a token in the form that the API returns.
pub(crate) fn stored_properties(mut token: Value) -> Value {
    if let Some(properties) = token.as_object_mut() {
        properties.retain(|name, _| !COMPUTED.contains(&name.as_str()));
    }
    token
}

/// Replaces the keys in `customRoleIds` with IDs. A role that the account does not have is refused by a strict server;
/// otherwise it stays as it is, and allows nothing.
pub(crate) fn replace_keys(
    records: &Records<'_>,
    strictness: Strictness,
    properties: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    let roles = properties.get_mut("customRoleIds").and_then(Value::as_array_mut);
    for (index, role) in roles.into_iter().flatten().enumerate() {
        match records.custom_role(role.as_str().unwrap_or_default())? {
            Some(found) => *role = found.id.into(),
            None => {
                let message = format!("customRoleIds/{index} is not a custom role of the account");
                strictness.refuse_if_strict(ApiError::invalid_request(message))?;
            }
        }
    }
    Ok(())
}

/// Whether the server refuses what the vendor refuses, or may refuse, and what it otherwise accepts with a warning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strictness {
    pub(crate) is_strict: bool,
}

impl Strictness {
    /// Returns `error` if the server is strict. If not, its message is logged as a warning, so it must not quote anything
    /// from the request.
    pub(crate) fn refuse_if_strict(self, error: ApiError) -> Result<(), ApiError> {
        if self.is_strict {
            return Err(error);
        }
        let ApiError { status, message, .. } = error;
        tracing::warn!("with --strict the response would be {}: {message}", status.as_u16());
        Ok(())
    }
}

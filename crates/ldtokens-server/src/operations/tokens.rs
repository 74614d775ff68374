//! The six operations on tokens.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ldtokens_client::{ApiVersion, Secret};
use serde_json::{Value, json};

use crate::access::Action;
use crate::operations::listing::Listing;
use crate::operations::patch::patched;
use crate::operations::token_response;
use crate::operations::token_rules::{
    MAX_EXPIRY, check_expiry, new_token, next_last_modified, replace_keys, stored_properties,
};
use crate::operations::{Change, Handler, Request};
use crate::response::{ApiError, json_text_response, link};
use crate::secrets;
use crate::store::StoredToken;

/// The first API version whose lists have pages.
const FIRST_PAGED_VERSION: ApiVersion = ApiVersion::V20240415;
const DEFAULT_LIMIT: i64 = 25;

/// The most tokens on a page. A larger `limit` means this one. Our choice: the vendor's docs have no maximum.
const MAX_LIMIT: i64 = 1000;

/// The function of the operation with this ID, if it is one of the six.
pub(crate) fn handler(operation_id: &str) -> Option<Handler> {
    Some(match operation_id {
        "getTokens" => Handler::List(get_tokens),
        "postToken" => Handler::Write(post_token),
        "getToken" => Handler::Read(get_token),
        "patchToken" => Handler::Change(patch_token),
        "deleteToken" => Handler::Write(delete_token),
        "resetToken" => Handler::Write(reset_token),
        _ => return None,
    })
}

impl Request<'_> {
    fn token_response(&self, status: StatusCode, token: &StoredToken) -> Response {
        json_text_response(status, token_response::text(token, self.last_used(token)))
    }

    /// Only the responses to a create and a reset have the whole secret.
    fn secret_response(&self, status: StatusCode, mut token: StoredToken, secret: &Secret) -> Response {
        token.properties["token"] = secret.expose().into();
        self.token_response(status, &token)
    }

    fn last_used(&self, token: &StoredToken) -> Option<i64> {
        self.last_use.of(token.number).or(token.last_used)
    }
}

fn get_tokens(request: &Request<'_>) -> Result<Listing, ApiError> {
    let records = request.records;
    let show_all = request.input.parameters.get("showAll").and_then(Value::as_bool).unwrap_or(false);
    let visible = request.caller.visible(show_all);
    if request.input.version < FIRST_PAGED_VERSION {
        let links = json!({ "self": link(&href(None, 0, show_all)) });
        let start = records.page_start(&visible, 0)?;
        return Ok(Listing::begin(records, visible, start, None, &links, None)?);
    }
    let limit = request.parameter("limit").unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let offset = request.parameter("offset").unwrap_or(0);
    let count = records.total(&visible)?;
    let to = |offset| link(&href(Some(limit), offset, show_all));
    let mut links = json!({ "self": to(offset) });
    if offset > 0 {
        links["first"] = to(0);
        links["prev"] = to(offset.saturating_sub(limit).max(0));
    }
    if offset.saturating_add(limit) < count {
        links["next"] = to(offset + limit);
        links["last"] = to((count - 1) / limit * limit);
    }
    let start = records.page_start(&visible, offset)?;
    Ok(Listing::begin(records, visible, start, Some(limit), &links, Some(count))?)
}

fn href(limit: Option<i64>, offset: i64, show_all: bool) -> String {
    let mut parts = Vec::new();
    parts.extend(limit.map(|limit| format!("limit={limit}")));
    parts.extend((offset > 0).then(|| format!("offset={offset}")));
    parts.extend(show_all.then(|| "showAll=true".to_owned()));
    let query = parts.join("&");
    if query.is_empty() { "/api/v2/tokens".to_owned() } else { format!("/api/v2/tokens?{query}") }
}

fn post_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let Request { records, caller, input, .. } = request;
    let owner = records.owner_id()?;
    let mut token = new_token(secrets::new_id(), &input.body, &owner, caller.token.member.clone(), input.now)?;
    caller.require(records, Action::Create, &token)?;
    if token.properties["defaultApiVersion"].as_i64() != ApiVersion::default().number() {
        request.strictness.refuse_if_strict(ApiError::invalid_request(
            "defaultApiVersion: LaunchDarkly no longer supports this version, and offers only the newest for a new token",
        ))?;
    }
    if let Some(properties) = token.properties.as_object_mut() {
        replace_keys(records, request.strictness, properties)?;
    }
    check_expiry(&token.properties, input.now, request.strictness)?;
    caller.decide(records, &token, &[Action::Create], Some(&token.properties))?;
    let secret = secrets::new_secret();
    token.properties["token"] = secret.last_four().into();
    records.add_token(&token)?;
    records.add_secret(&token.id, &secrets::hash(secret.expose()))?;
    Ok(request.secret_response(StatusCode::CREATED, token, &secret))
}

fn get_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = request.caller.find(request.records, &request.input.path_id, &[])?;
    Ok(request.token_response(StatusCode::OK, &token))
}

fn patch_token(request: &Request<'_>) -> Result<Change, ApiError> {
    let Request { records, caller, input, .. } = request;
    let mut token = records.token(&input.path_id)?.ok_or(ApiError::NOT_FOUND)?;
    let patched =
        patched(&token_response::value(&token, request.last_used(&token)), &input.body, input.now, |properties| {
            replace_keys(records, request.strictness, properties)
        });
    let actions = patched.as_ref().map_or(&[][..], |(_, actions)| actions);
    caller.decide(records, &token, actions, None)?;
    let (changed, actions) = patched?;
    let properties = stored_properties(changed);
    caller.decide(records, &token, &actions, Some(&properties))?;
    if actions.contains(&Action::UpdateExpiry) {
        check_expiry(&properties, input.now, request.strictness)?;
    }
    let is_change = properties != *token.properties;
    token.properties = properties.into();
    let response = request.token_response(StatusCode::OK, &token);
    Ok(Change { token, is_change, actions, response })
}

fn delete_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = request.caller.find(request.records, &request.input.path_id, &[Action::Delete])?;
    request.records.delete_token(&token.id)?;
    request.last_use.forget(token.number);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// When the old secrets of a reset token stop working. A time in the past, such as 0, means at once.
fn expiry(request: &Request<'_>) -> Result<i64, ApiError> {
    match request.parameter("expiry") {
        None => Ok(request.input.now),
        Some(expiry @ 0..=MAX_EXPIRY) => Ok(expiry),
        Some(expiry) => Err(ApiError::invalid_request(format!(
            "expiry: {expiry} is not a Unix time in milliseconds; leave it out to end the old secret at once"
        ))),
    }
}

/// The old secrets of the token work until `expiry`, or until their own expiry if that is earlier.
fn reset_token(request: &Request<'_>) -> Result<Response, ApiError> {
    let Request { records, caller, input, .. } = request;
    let mut token = caller.find(records, &input.path_id, &[Action::Reset])?;
    let is_own = !caller.token.service && caller.token.member.id == token.member.id;
    if !token.service && !is_own {
        request.strictness.refuse_if_strict(ApiError::RESET_BY_OTHER_MEMBER)?;
    }
    records.expire_secrets(&token.id, expiry(request)?, input.now)?;
    let secret = secrets::new_secret();
    records.add_secret(&token.id, &secrets::hash(secret.expose()))?;
    token.properties["lastModified"] = next_last_modified(&token.properties, input.now).into();
    token.properties["token"] = secret.last_four().into();
    records.replace(&token)?;
    Ok(request.secret_response(StatusCode::OK, token, &secret))
}

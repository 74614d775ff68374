//! The caller's identity, members, and the account with its custom roles, read-only.
//!
//! These operations are not in `openapi.yaml`, which has only the six operations on tokens. Programs that manage tokens need
//! them: `ldcli whoami` asks for the identity, the member and the account, and the vendor's Terraform provider translates keys of custom roles to IDs and
//! back. The responses follow the vendor's "Identify the caller", "Get custom role" and "List custom roles".

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::operations::{Handler, Operation, Request};
use crate::response::{ApiError, json_response, link};
use crate::secrets;
use crate::store::CustomRole;

type Handle = fn(&Request<'_>) -> Result<Response, ApiError>;

const fn operation(id: &'static str, path: &'static str, handle: Handle) -> Operation {
    Operation { id, method: "GET", path, parameters_of: id, handler: Handler::Read(handle) }
}

pub(crate) const OPERATIONS: [Operation; 5] = [
    operation("getCallerIdentity", "/caller-identity", get_caller_identity),
    // Its `limit` and `offset` are those of getTokens.
    Operation { parameters_of: "getTokens", ..operation("getCustomRoles", "/roles", get_custom_roles) },
    operation("getCustomRole", "/roles/{customRoleKey}", get_custom_role),
    operation("getMember", "/members/{memberId}", get_member),
    operation("getAccount", "/account", get_account),
];

/// The vendor's "List custom roles" has this default.
const DEFAULT_LIMIT: i64 = 20;

/// Every token may ask for this. The properties about projects, environments and OAuth clients are left out: a token has none.
fn get_caller_identity(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = &request.caller.token.properties;
    let mut identity = json!({
        "accountId": secrets::derived_id("account", &request.records.owner_id()?),
        "authKind": "token",
        "tokenKind": "auth",
        "tokenId": token["_id"],
        "memberId": token["memberId"],
        "serviceToken": token["serviceToken"],
    });
    for (name, of_token) in [("tokenName", "name"), ("expiresAt", "expiry")] {
        if let Some(value) = token.get(of_token) {
            identity[name] = value.clone();
        }
    }
    Ok(json_response(StatusCode::OK, &identity))
}

/// Every token may ask for any member.
fn get_member(request: &Request<'_>) -> Result<Response, ApiError> {
    let member = request.records.member(&request.input.path_id)?.ok_or(ApiError::NOT_FOUND)?;
    let member = json!({
        "_id": member.id,
        "_links": { "self": link(&format!("/api/v2/members/{}", member.id)) },
        "email": member.email,
        "role": member.role,
        "firstName": member.first_name,
        "lastName": member.last_name,
        "customRoles": member.custom_roles,
        "_verified": true,
        "_pendingInvite": false,
    });
    Ok(json_response(StatusCode::OK, &member))
}

fn get_account(request: &Request<'_>) -> Result<Response, ApiError> {
    let account = json!({
        "_id": secrets::derived_id("account", &request.records.owner_id()?),
        "_links": { "self": link("/api/v2/account") },
        "organization": "Local account",
    });
    Ok(json_response(StatusCode::OK, &account))
}

fn get_custom_role(request: &Request<'_>) -> Result<Response, ApiError> {
    let role = request.records.custom_role(&request.input.path_id)?.ok_or(ApiError::NOT_FOUND)?;
    Ok(json_response(StatusCode::OK, &role_response(&role)))
}

fn get_custom_roles(request: &Request<'_>) -> Result<Response, ApiError> {
    let limit = request.parameter("limit").unwrap_or(DEFAULT_LIMIT);
    let offset = request.parameter("offset").unwrap_or(0);
    let (count, roles) = request.records.custom_roles(limit, offset)?;
    let to = |offset: i64| link(&format!("/api/v2/roles?limit={limit}&offset={offset}"));
    let mut links = json!({ "self": to(offset) });
    if offset.saturating_add(limit) < count {
        links["next"] = to(offset + limit);
    }
    let items: Value = roles.iter().map(role_response).collect();
    Ok(json_response(StatusCode::OK, &json!({ "items": items, "totalCount": count, "_links": links })))
}

fn role_response(role: &CustomRole) -> Value {
    json!({
        "_id": role.id,
        "_links": { "self": link(&format!("/api/v2/roles/{}", role.key)) },
        "key": role.key,
        "name": role.name,
        "policy": role.policy,
    })
}

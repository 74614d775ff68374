//! The caller's identity and the account's custom roles, read-only.
//!
//! These routes are not in `openapi.yaml`, which has the six operations on tokens and nothing else. They are here because
//! programs that manage tokens need them: `ldcli whoami` asks who the caller is, and the vendor's Terraform provider turns
//! the keys of custom roles into IDs and back. Their form is that of the vendor's "Identify the caller", "Get custom role"
//! and "List custom roles".

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::response::{ApiError, json_response};
use crate::operations::token_rules::link;
use crate::operations::{Request, Work};
use crate::secrets;
use crate::store::CustomRole;
use axum::response::Response;

/// A route that is no operation of the document: its path below the API's, the vendor's name for it, and its work.
struct Route {
    path: &'static str,
    name: &'static str,
    /// The operation of the document that takes the same parameters.
    parameters: Option<&'static str>,
    work: fn(&Request<'_>) -> Result<Response, ApiError>,
}

const ROUTES: [Route; 3] = [
    Route { path: "/caller-identity", name: "getCallerIdentity", parameters: None, work: get_caller_identity },
    Route { path: "/roles", name: "getCustomRoles", parameters: Some("getTokens"), work: get_custom_roles },
    Route { path: "/roles/{customRoleKey}", name: "getCustomRole", parameters: None, work: get_custom_role },
];

/// As the vendor's "List custom roles" says.
const DEFAULT_LIMIT: i64 = 20;

/// Their paths, below the API's, and names. The method of all is GET.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.path, route.name))
}

/// The work of the route with this name.
pub(crate) fn work(name: &str) -> Option<Work> {
    ROUTES.iter().find(|route| route.name == name).map(|route| Work::Read(route.work))
}

/// The operation of the document whose parameters `operation` takes: itself if it is not one of these routes.
pub(crate) fn parameters_of(operation: &str) -> &str {
    ROUTES.iter().find(|route| route.name == operation).and_then(|route| route.parameters).unwrap_or(operation)
}

/// Any credential that works may ask for this. What is of projects, environments and OAuth clients is left out: a token has
/// none of them.
fn get_caller_identity(request: &Request<'_>) -> Result<Response, ApiError> {
    let token = &request.caller.token.document;
    let mut identity = json!({
        "accountId": secrets::derived_id("account", &request.records.owner_id()?),
        "authKind": "token",
        "tokenKind": "auth",
        "tokenId": token["_id"],
        "memberId": token["memberId"],
        "serviceToken": token["serviceToken"],
    });
    if let Some(name) = token.get("name") {
        identity["tokenName"] = name.clone();
    }
    Ok(json_response(StatusCode::OK, &identity))
}

fn get_custom_role(request: &Request<'_>) -> Result<Response, ApiError> {
    let role = request.records.custom_role(&request.input.path_id)?.ok_or_else(ApiError::not_found)?;
    Ok(json_response(StatusCode::OK, &shown(&role)))
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
    let items: Value = roles.iter().map(shown).collect();
    Ok(json_response(StatusCode::OK, &json!({ "items": items, "totalCount": count, "_links": links })))
}

fn shown(role: &CustomRole) -> Value {
    json!({
        "_id": role.id,
        "_links": { "self": link(&format!("/api/v2/roles/{}", role.key)) },
        "key": role.key,
        "name": role.name,
        "policy": role.policy,
    })
}

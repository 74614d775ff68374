//! What is decided before a write waits for its turn is decided again when its turn comes. These tests put another change between
//! the two, or after both, so that no race has to be won.

use axum::http::{Method, Request as HttpRequest, StatusCode};
use reqwest::Client;
use serde_json::{Value, json};

use super::{ApiError, ReceivedRequest, Response};
use crate::Server;
use crate::operations::operations;

const ACCOUNT: &str = r#"
members: [{email: owner@example.com, role: owner}, {email: other@example.com, role: admin}]
tokens:
  - {name: Owner, member: owner@example.com, role: admin}
  - {name: Caller, member: other@example.com, role: admin, id: 00000000000000000000000a}
  - {name: Target, member: owner@example.com, role: reader, serviceToken: true, id: 00000000000000000000000b}
"#;

const TARGET: &str = "/tokens/00000000000000000000000b";

/// A request by the token Caller.
fn request(server: &Server, method: &Method, path: &str, body: &Value) -> ReceivedRequest {
    let (id, route) = match path.strip_prefix("/tokens/") {
        None => ("", "/tokens"),
        Some(rest) => {
            rest.split_once('/').map_or((rest, "/tokens/{tokenId}"), |(id, _)| (id, "/tokens/{tokenId}/reset"))
        }
    };
    let operation = operations().find(|operation| operation.method == method.as_str() && operation.path == route);
    let secret = server.secret("Caller").unwrap().expose();
    let head = HttpRequest::builder().method(method).uri(path).header("Authorization", secret).body(()).unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (head, ()) = head.into_parts();
    ReceivedRequest { operation: operation.unwrap(), path_id: id.to_owned(), head, body: body.into() }
}

/// The status of a request.
fn status(result: Result<Response, ApiError>) -> StatusCode {
    result.map_or_else(|error| error.status, |response| response.status())
}

/// Making one takes longer than all requests of a test.
fn http() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn as_owner(http: &Client, server: &Server, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = http.request(method, format!("{}/api/v2{path}", server.url())).json(body);
    let response = request.header("Authorization", server.secret("Owner").unwrap().expose()).send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

/// What another caller does to Caller, and how its request is then refused.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    TokenLowered,
    MemberLowered,
    MemberRemoved,
    TokenExpired,
    TokenDeleted,
}

impl Meanwhile {
    async fn happen(self, http: &Client, server: &Server) {
        let token = "/tokens/00000000000000000000000a";
        let patch = async |operation: Value| {
            assert_eq!(as_owner(http, server, Method::PATCH, token, &json!([operation])).await.0, StatusCode::OK);
        };
        match self {
            Self::TokenLowered => patch(json!({ "op": "replace", "path": "/role", "value": "reader" })).await,
            Self::TokenExpired => patch(json!({ "op": "add", "path": "/expiry", "value": 1 })).await,
            Self::MemberLowered => {
                assert!(server.set_member_role("other@example.com", ldtokens_client::Role::Reader).await.unwrap());
            }
            Self::MemberRemoved => assert!(server.remove_member("other@example.com").await.unwrap()),
            Self::TokenDeleted => {
                assert_eq!(as_owner(http, server, Method::DELETE, token, &Value::Null).await.0, StatusCode::NO_CONTENT);
            }
        }
    }

    fn refusal(self) -> StatusCode {
        match self {
            Self::TokenLowered | Self::MemberLowered => StatusCode::FORBIDDEN,
            Self::MemberRemoved | Self::TokenExpired | Self::TokenDeleted => StatusCode::UNAUTHORIZED,
        }
    }
}

#[tokio::test]
async fn what_was_decided_is_decided_again_when_the_turn_of_a_write_comes() {
    let raise = json!([{ "op": "replace", "path": "/role", "value": "admin" }]);
    let rename = json!([{ "op": "replace", "path": "/name", "value": "renamed" }]);
    let extend = json!([{ "op": "add", "path": "/expiry", "value": 4_102_444_800_000_i64 }]);
    let create = json!({ "name": "made", "role": "admin", "serviceToken": true });
    let (reset, http) = (format!("{TARGET}/reset"), http());
    for (method, path, body, done) in [
        (Method::PATCH, TARGET, &raise, StatusCode::OK),
        (Method::PATCH, TARGET, &rename, StatusCode::OK),
        (Method::PATCH, TARGET, &extend, StatusCode::OK),
        (Method::POST, "/tokens", &create, StatusCode::CREATED),
        (Method::POST, &*reset, &Value::Null, StatusCode::OK),
        (Method::DELETE, TARGET, &Value::Null, StatusCode::NO_CONTENT),
    ] {
        for meanwhile in [
            Meanwhile::TokenLowered,
            Meanwhile::MemberLowered,
            Meanwhile::MemberRemoved,
            Meanwhile::TokenExpired,
            Meanwhile::TokenDeleted,
        ] {
            for is_between in [false, true] {
                let server = Server::builder().account(ACCOUNT.parse().unwrap()).start().await.unwrap();
                let (_, before) = as_owner(&http, &server, Method::GET, "/tokens?showAll=true", &Value::Null).await;
                let service = server_service(&server);
                let step = service.check(request(&server, &method, path, body), None);
                let step = step.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
                let expected = if is_between {
                    meanwhile.happen(&http, &server).await;
                    meanwhile.refusal()
                } else {
                    done
                };
                assert_eq!(
                    status(service.clone().finish(step).await),
                    expected,
                    "{method} {path} {body} {meanwhile:?}"
                );
                let (_, after) = as_owner(&http, &server, Method::GET, "/tokens?showAll=true", &Value::Null).await;
                let target = |list: &Value| {
                    list["items"].as_array().unwrap().iter().find(|token| token["name"] == "Target").cloned()
                };
                let is_changed = target(&before) != target(&after) || after["items"].to_string().contains("\"made\"");
                assert_eq!(is_changed, !is_between, "{method} {path} {body} {meanwhile:?}");
            }
        }
    }
}

fn server_service(server: &Server) -> std::sync::Arc<super::Service> {
    server.service.clone()
}

/// A patch that changes nothing shows the token, and so is decided by what is stored when it is read.
#[tokio::test]
async fn a_patch_that_changes_nothing_is_not_a_way_to_read() {
    let server = Server::builder().account(ACCOUNT.parse().unwrap()).start().await.unwrap();
    let service = server_service(&server);
    let nothing = json!([{ "op": "test", "path": "/name", "value": "Target" }]);
    Meanwhile::MemberRemoved.happen(&http(), &server).await;
    let checked = service.check(request(&server, &Method::PATCH, TARGET, &nothing), None);
    assert_eq!(checked.err().map(|error| error.status), Some(StatusCode::UNAUTHORIZED));
}

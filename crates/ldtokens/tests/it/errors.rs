//! Errors tell apart what a caller would treat differently.

use ldtokens::{ApiVersion, BaseRole, Client, Error, NewToken, Patch, PatchOperation, Permissions, TokenId};

use crate::proxy::{Fault, Moment};
use crate::support::{client, client_of, client_with_faults, create, hasty, reader, server};

const CONFLICT: &str = "HTTP/1.1 409 Conflict\r\ncontent-length: 76\r\n\r\n{\"code\":\"optimistic_locking_error\",\"message\":\"Try again later.\",\"id\":\"8b6f\"}";
const REDIRECT: &str = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/api/v2/tokens\r\ncontent-length: 0\r\n\r\n";
const CUT_OFF_404: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\n{\"code\":\"not_fo";
const WRONG_SHAPE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n{\"items\": [{\"_id\": \"api-5a1e7e1c-0000-4000-8000-1f2e3d4c5b6a\"}]}";

#[tokio::test]
async fn an_invalid_credential_is_unauthorized() {
    let server = server().await;
    for secret in ["api-00000000-0000-4000-8000-000000000000", "nonsense"] {
        let client = Client::builder(secret.to_owned()).host(server.url()).build().unwrap();
        let error = client.list().send().await.unwrap_err();
        let Error::Unauthorized(api) = error else { panic!("{error:?}") };
        assert_eq!((api.status, api.code.as_str()), (401, "unauthorized"));
        assert!(!api.message.is_empty());
    }
}

#[tokio::test]
async fn a_credential_without_permission_is_forbidden() {
    let server = server().await;
    let token = create(&client(&server), "only reads").await;
    let weak = Client::builder(token.secret).host(server.url()).build().unwrap();
    let error = weak.create(&NewToken::new(BaseRole::Admin)).await.unwrap_err();
    assert!(matches!(&error, Error::Forbidden(api) if api.code == "forbidden"), "{error:?}");
}

#[tokio::test]
async fn an_unknown_token_is_not_found() {
    let server = server().await;
    let never: TokenId = "0123456789abcdef01234567".parse().unwrap();
    let error = client(&server).get(&never).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound(api) if api.operation.id() == "getToken"), "{error:?}");
}

#[tokio::test]
async fn a_patch_that_does_not_apply_is_patch_failed_and_changes_nothing() {
    let server = server().await;
    let client = client(&server);
    let token = create(&client, "as it was").await;
    let patch = Patch::new().name("changed").expect("/name", "something else");
    assert!(matches!(client.update(&token.id, &patch).await, Err(Error::PatchFailed(_))));
    let both = r#"[{"op": "replace", "path": "/name", "value": "changed"}, {"op": "remove", "path": "/nothing"}]"#;
    let both: Vec<PatchOperation> = serde_json::from_str(both).unwrap();
    assert!(matches!(client.update(&token.id, &Patch::from_operations(both)).await, Err(Error::PatchFailed(_))));
    assert_eq!(client.get(&token.id).await.unwrap().name.as_deref(), Some("as it was"));
}

#[tokio::test]
async fn invalid_arguments_are_refused_and_not_sent() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let token: TokenId = "0123456789abcdef01234567".parse().unwrap();
    let none: [&str; 0] = [];
    let create = client.create(&NewToken::new(Permissions::custom_roles(none))).await;
    assert!(matches!(create, Err(Error::InvalidInput(_))), "{create:?}");
    let create = client.create(&reader("x").default_api_version(ApiVersion::Beta)).await;
    assert!(matches!(create, Err(Error::InvalidInput(_))), "{create:?}");
    let update = client.update(&token, &Patch::new()).await;
    assert!(matches!(update, Err(Error::InvalidInput(_))), "{update:?}");
    let list = client.list().page_size(0).send().await;
    assert!(matches!(list, Err(Error::InvalidInput(_))), "{list:?}");
    let list = client.list().offset(u64::MAX).send().await;
    assert!(matches!(list, Err(Error::InvalidInput(_))), "{list:?}");
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn the_apis_message_and_reference_are_kept() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, CONFLICT)]).await;
    let error = client.update(&token.id, &Patch::new().name("y")).await.unwrap_err();
    let Error::Conflict(api) = &error else { panic!("{error:?}") };
    assert_eq!((api.code.as_str(), api.message.as_str()), ("optimistic_locking_error", "Try again later."));
    assert_eq!(api.id.as_deref(), Some("8b6f"));
    assert_eq!(error.to_string(), "patchToken: Try again later. (409 optimistic_locking_error, reference 8b6f)");
}

#[tokio::test]
async fn an_error_response_with_a_cut_off_body_has_its_status() {
    let server = server().await;
    let faults = [Fault::Respond(Moment::Before, CUT_OFF_404)];
    let (_, proxy) = client_with_faults(&server, faults).await;
    let policy = ldtokens::RetryPolicy { attempt_timeout: std::time::Duration::from_millis(100), ..hasty() };
    let client = client_of(&server, proxy.url()).retry(policy).build().unwrap();
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(&error, Error::NotFound(api) if api.code.is_empty()), "{error:?}");
}

#[tokio::test]
async fn a_failed_connection_is_a_transport_error() {
    // Bound, so that nobody else listens there, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let client = Client::builder("secret".to_owned()).host(url).retry(hasty());
    let error = client.build().unwrap().create(&reader("x")).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "nothing was sent, so nothing is unknown: {error:?}");
    assert_eq!(error.to_string(), "postToken: could not connect");
}

#[tokio::test]
async fn a_response_of_another_shape_is_undecodable_and_not_shown() {
    let server = server().await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, WRONG_SHAPE)]).await;
    let page = client.list().send().await.unwrap();
    let [error] = &page.unreadable[..] else { panic!("{page:?}") };
    assert!(matches!(error, Error::Undecodable { token_id: None, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("5a1e7e1c"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, REDIRECT)]).await;
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(&error, Error::Unexpected(api) if api.status == 302), "{error:?}");
    assert_eq!(proxy.seen().len(), 1);
}

/// Our choice: a support request needs the ID, and it is not always in the body.
#[tokio::test]
async fn the_request_id_header_is_kept() {
    let server = server().await;
    let not_found = "HTTP/1.1 404 Not Found\r\nx-request-id: 8b6f-1\r\ncontent-length: 0\r\n\r\n";
    let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, not_found)]).await;
    let error = client.list().send().await.unwrap_err();
    assert_eq!(error.api().unwrap().request_id.as_deref(), Some("8b6f-1"), "{error:?}");
}

/// Our choice: only what reads like a type is repeated to the reader.
#[tokio::test]
async fn an_invalid_content_type_is_not_shown() {
    let server = server().await;
    let strange = "HTTP/1.1 201 Created\r\ncontent-type: <b>hunter2</b>\r\ncontent-length: 4\r\n\r\n<b/>";
    let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, strange)]).await;
    let error = client.create(&NewToken::new(BaseRole::Reader)).await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(shown.contains("the body is not JSON") && !shown.contains("hunter2"), "{shown}");
}

/// Fact 18: a 401 has several bodies, and one of them is none.
#[tokio::test]
async fn all_forms_of_401_are_unauthorized() {
    const BODIES: [&str; 5] = [
        r#"{"code":"unauthorized","message":"Invalid access token"}"#,
        r#"{"code":"unauthorized","message":"Invalid account ID header"}"#,
        r#"{"message":"Invalid key"}"#,
        r#"{"code":"invalid_token"}"#,
        "",
    ];
    let server = server().await;
    for body in BODIES {
        let response = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let (client, _proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, response.leak())]).await;
        let error = client.list().send().await.unwrap_err();
        assert!(matches!(&error, Error::Unauthorized(api) if api.status == 401), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_chain_of_causes_says_each_of_them_once() {
    let server = server().await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Reset(Moment::Before)]).await;
    let error = client.create(&reader("x")).await.unwrap_err();
    let mut cause = std::error::Error::source(&error);
    let mut said = Vec::new();
    while let Some(next) = cause {
        let text = next.to_string();
        assert!(!said.iter().any(|known: &String| known.ends_with(&text)), "{text} is in {said:?}");
        said.push(text);
        cause = next.source();
    }
    assert!(said.len() > 1 && said[0] == "postToken: the connection was lost", "{said:?}");
}

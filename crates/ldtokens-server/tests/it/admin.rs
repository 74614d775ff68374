//! The admin routes on the main port: for the owner, the clock, the times of tokens, and the account.

use ldtokens_client::Secret;
use ldtokens_server::{Account, Server};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Api, START};

async fn send(api: &Api, secret: &Secret, method: Method, path: &str, body: &str) -> Response {
    let request = api.request(method, path).header("Authorization", secret.expose());
    request.body(body.to_owned()).send().await.unwrap()
}

async fn admin(api: &Api, method: Method, path: &str, body: &str) -> (u16, String) {
    let response = send(api, &api.owner, method, &format!("/admin{path}"), body).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn only_the_owner_may_use_the_admin_routes_of_the_main_port() {
    let api = Api::start().await;
    let (_, service) = api.create(&json!({ "role": "admin", "serviceToken": true })).await;
    let (_, reader) = api.reader().await;
    let admin = api.server.secret("Admin").unwrap().clone();
    for (path, method) in [
        ("/admin/faults", Method::POST),
        ("/admin/clock", Method::PUT),
        ("/admin/account/restore", Method::POST),
        ("/admin/nowhere", Method::GET),
    ] {
        for secret in [&service, &reader, &admin] {
            let refused = send(&api, secret, method.clone(), path, "* status=500").await;
            assert_eq!(refused.status(), 403, "{path}");
        }
        let nobody = send(&api, &Secret::new("api-nobody"), method.clone(), path, "* status=500").await;
        assert_eq!(nobody.status(), 401, "{path}");
        let request = api.request(method.clone(), path).header("Authorization", api.owner.expose());
        let page = request.header("Origin", "http://localhost").body("* status=500").send().await.unwrap();
        assert_eq!(page.status(), 403, "{path}");
    }
    assert!(api.server.faults().left().is_empty());
    assert_eq!(api.clock.now().get(), START);
    assert!(api.works(&reader).await, "the account was not put back");
}

#[tokio::test]
async fn the_owner_changes_the_faults_on_the_main_port() {
    let api = Api::start().await;
    let line = "getTokens status=503 times=1\n";
    assert_eq!(admin(&api, Method::POST, "/faults", line).await, (200, line.to_owned()));
    assert_eq!(send(&api, &api.owner, Method::GET, "/api/v2/tokens", "").await.status(), 503);
    assert_eq!(admin(&api, Method::GET, "/faults", "").await, (200, String::new()));
    let (status, text) = admin(&api, Method::GET, "/nowhere", "").await;
    assert_eq!((status, text.contains("/account/restore")), (404, true), "{text}");
}

#[tokio::test]
async fn the_clock_is_set_and_moved() {
    let api = Api::start().await;
    for (body, now) in [
        ("+3600000", START + 3_600_000),
        ("-1000", START + 3_599_000),
        (" 1800000000000\n", 1_800_000_000_000),
        ("0", 0),
    ] {
        assert_eq!(admin(&api, Method::PUT, "/clock", body).await, (200, format!("{now}\n")), "{body}");
        assert_eq!(api.clock.now().get(), now);
    }
    for nonsense in ["", "soon", "-1", "1.5", "+", "99999999999999999999", "253402300800000", "+9223372036854775807"] {
        assert_eq!(admin(&api, Method::PUT, "/clock", nonsense).await.0, 400, "{nonsense}");
        assert_eq!(api.clock.now().get(), 0, "{nonsense}");
    }
    assert_eq!(admin(&api, Method::GET, "/clock", "").await, (200, "0\n".to_owned()));
}

#[tokio::test]
async fn the_times_of_a_token_are_set() {
    let api = Api::start().await;
    let (path, secret) = api.reader().await;
    let token = path.strip_prefix("/api/v2").unwrap();
    assert!(api.works(&secret).await);
    let times = json!({ "creationDate": START - 1, "lastUsed": START - 2, "expiry": START + 3 });
    let (status, answer) = admin(&api, Method::PATCH, token, &times.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let shown = async || api.owner(Method::GET, &path, None).await.1;
    let read = shown().await;
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), read);
    for (name, value) in times.as_object().unwrap() {
        assert_eq!(&read[name], value, "{name}");
    }
    let (_, list) = api.owner(Method::GET, "/api/v2/tokens", None).await;
    assert_eq!(list["items"][1]["lastUsed"], START - 2);
    admin(&api, Method::PATCH, token, r#"{"lastUsed": 0, "expiry": null}"#).await;
    let read = shown().await;
    assert_eq!(
        (&read["lastUsed"], read.get("expiry"), &read["creationDate"]),
        (&json!(0), None, &times["creationDate"])
    );
    for nonsense in ["", "{", "[]", r#"{"lastUsde": 1}"#, r#"{"expiry": 0}"#, r#"{"lastUsed": "soon"}"#] {
        assert_eq!(admin(&api, Method::PATCH, token, nonsense).await.0, 400, "{nonsense}");
    }
    assert_eq!(admin(&api, Method::PATCH, "/tokens/0123456789abcdef01234567", "{}").await.0, 404);
    assert_eq!(shown().await, read);
}

#[tokio::test]
async fn the_account_is_put_back_to_its_start_with_the_same_secrets() {
    const ACCOUNT: &str = "
members: [{email: owner@example.com, role: owner}, {email: dev@example.com, role: reader, customRoles: [known]}]
customRoles: [{key: known, policy: []}]
tokens:
  - {name: Owner, member: owner@example.com, role: admin}
  - {name: Deleted, member: owner@example.com, role: reader}
  - {name: Reset, member: dev@example.com, customRoleIds: [known], lastUsed: 1700000000000}
clock: 1760000000000
";
    let folder = tempfile::tempdir().unwrap();
    for store in [None, Some(folder.path().join("ld.db"))] {
        let mut api = Api::start().await;
        let account: Account = ACCOUNT.parse().unwrap();
        let mut builder = Server::builder().account(account).seed_tokens(30).clock(api.clock.clone());
        if let Some(store) = &store {
            builder = builder.store(store);
        }
        api.server = builder.start().await.unwrap();
        api.owner = api.server.owner_secret().unwrap().clone();
        assert_eq!(api.clock.now().get(), 1_760_000_000_000);
        let list = async || api.owner(Method::GET, "/api/v2/tokens?showAll=true&limit=100", None).await.1;
        let start = list().await;
        let path = |name: &str| {
            let token = start["items"].as_array().unwrap().iter().find(|token| token["name"] == name).unwrap();
            format!("/api/v2/tokens/{}", token["_id"].as_str().unwrap())
        };
        for _ in 0..2 {
            api.advance(1_000);
            assert_eq!(api.owner(Method::DELETE, &path("Deleted"), None).await.0, 204);
            assert_eq!(api.owner(Method::POST, &format!("{}/reset", path("Reset")), None).await.0, 200);
            let (_, made) = api.reader().await;
            assert!(api.server.remove_member("dev@example.com").await.unwrap());
            assert_eq!(admin(&api, Method::POST, "/account/restore", "").await, (204, String::new()));
            assert_eq!(list().await, start);
            assert!(!api.works(&made).await);
            for name in ["Deleted", "Reset"] {
                assert!(api.works(api.server.secret(name).unwrap()).await, "{name}");
            }
            // Now they have been used.
            assert_eq!(admin(&api, Method::POST, "/account/restore", "").await.0, 204);
        }
        let owner = api.owner.clone();
        if let Some(store) = &store {
            api.server.stop().await;
            let mut api = Api::start().await;
            api.server = Server::builder().store(store).start().await.unwrap();
            api.owner = owner;
            let (status, answer) = admin(&api, Method::POST, "/account/restore", "").await;
            assert_eq!((status, answer.contains("no start")), (409, true), "{answer}");
        }
    }
}

//! The six operations, as the facade has them.

use std::time::{Duration, SystemTime};

use ldtokens::{
    Actions, ApiVersion, BaseRole, Error, NewToken, Overlap, Patch, Permissions, Policy, Resources, Role, Statement,
    TokenId, UnixMillis,
};
use ldtokens_server::{Clock, Server};

use crate::proxy::{Fault, Proxy};
use crate::support::{client, client_of, client_with_faults, create, owner, reader, server, works};

#[tokio::test]
async fn create_returns_a_working_secret_and_get_only_its_last_four_characters() {
    let server = server().await;
    let client = client(&server);
    let new = reader("Export").description("Feeds the warehouse").service().default_api_version(ApiVersion::V20220603);
    let issued = client.create(&new).await.unwrap();
    assert!(works(&server, &issued.secret).await);
    assert_eq!(issued.secret.expose().len(), 40);

    let token = client.get(&issued.id).await.unwrap();
    assert_eq!(token.name.as_deref(), Some("Export"));
    assert_eq!(token.description.as_deref(), Some("Feeds the warehouse"));
    assert_eq!(token.role, Some(Role::Reader));
    assert_eq!(token.service_token, Some(true));
    assert_eq!(token.default_api_version, Some(20220603));
    for seen in [&token, &issued.details] {
        assert_eq!(seen.token.as_ref().unwrap().expose(), issued.secret.last_four());
    }
    let age = SystemTime::now().duration_since(token.creation_date.to_system_time()).unwrap();
    assert!(age < Duration::from_secs(60), "{age:?}");
}

#[tokio::test]
async fn a_token_can_be_created_with_each_kind_of_permissions() {
    let server = server().await;
    let client = client(&server);
    let policy =
        Policy::new([Statement::allow(Actions::only(["updateOn"]), Resources::only(["proj/*:env/test:flag/*"]))]);
    let policy = policy.unwrap();
    let inline = client.create(&NewToken::new(policy.clone())).await.unwrap();
    assert_eq!(client.get(&inline.id).await.unwrap().inline_role, policy.to_wire());
    let custom = client.create(&NewToken::new(Permissions::custom_roles(["release-managers"]))).await.unwrap();
    assert_eq!(client.get(&custom.id).await.unwrap().custom_role_ids, ["release-managers"]);
    let admin = client.create(&NewToken::new(BaseRole::Admin)).await.unwrap();
    assert_eq!(client.get(&admin.id).await.unwrap().role, Some(Role::Admin));
}

#[tokio::test]
async fn update_applies_the_patch() {
    let server = server().await;
    let client = client(&server);
    let token = create(&client, "before").await;
    let patch = Patch::new().expect("/name", "before").name("after").description("new").permissions(BaseRole::Writer);
    let updated = client.update(&token.id, &patch.comment("as asked")).await.unwrap();
    assert_eq!(updated.name.as_deref(), Some("after"));
    assert_eq!(updated.description.as_deref(), Some("new"));
    assert_eq!(updated.role, Some(Role::Writer));
    assert_eq!(client.get(&token.id).await.unwrap().name.as_deref(), Some("after"));
    let updated = client.update(&token.id, &Patch::new().remove_description()).await.unwrap();
    assert_eq!(updated.description, None);
}

// Fact 14. Fact 20: what the API doesn't know it ignores.
#[tokio::test]
async fn an_expiry_can_be_set_replaced_and_removed_and_one_that_is_not_set_is_a_warning() {
    let time = Clock::manual(UnixMillis::new(1_800_000_000_000));
    let server = Server::builder().clock(time.clone()).start().await.unwrap();
    let direct = client(&server);
    direct.list().send().await.unwrap();
    let (hour, in_an_hour) = (Duration::from_secs(3600), time.now().saturating_add(Duration::from_secs(3600)));
    let token = direct.create(&reader("x").expires_in(hour * 9).expires_at(in_an_hour)).await.unwrap();
    assert_eq!((token.details.expiry, token.warnings), (Some(in_an_hour), Vec::new()), "the last counts");
    let token = direct.create(&reader("x").expires_at(time.now()).expires_in(hour)).await.unwrap();
    let lifetime = token.details.expiry.unwrap().saturating_duration_since(time.now());
    assert!((hour..hour * 2).contains(&lifetime), "by the server's clock: {lifetime:?}");
    let replaced = direct.update(&token.id, &Patch::new().expiry(in_an_hour)).await.unwrap();
    let removed = direct.update(&token.id, &Patch::new().remove_expiry()).await.unwrap();
    assert_eq!((replaced.expiry, removed.expiry), (Some(in_an_hour), None));
    assert!(matches!(direct.create(&reader("x").expires_at(time.now())).await, Err(Error::InvalidInput(_))));
    let ignored: fn(&mut serde_json::Value) = |token| drop(token.as_object_mut().unwrap().remove("expiry"));
    let (client, _proxy) = client_with_faults(&server, [Fault::Odd(201, ignored)]).await;
    let token = client.create(&reader("x").expires_at(in_an_hour)).await.unwrap();
    assert!(token.warnings[0].contains("may never expire"), "{token:?}");
}

#[tokio::test]
async fn during_the_overlap_both_secrets_work() {
    let time = Clock::manual(ldtokens::UnixMillis::new(1_800_000_000_000));
    let server = Server::builder().clock(time.clone()).start().await.unwrap();
    // Our own clock is years away from the server's; the dates of its responses show its time.
    let client = client(&server);
    let token = create(&client, "rotated").await;
    let rotated = client.reset(&token.id, Overlap::For(Duration::from_secs(60))).await.unwrap();
    assert!(works(&server, &token.secret).await && works(&server, &rotated.secret).await);
    time.advance(Duration::from_secs(55));
    assert!(works(&server, &token.secret).await);
    time.advance(Duration::from_secs(10));
    assert!(!works(&server, &token.secret).await);
    assert!(works(&server, &rotated.secret).await);

    let again =
        client.reset(&token.id, Overlap::Until(time.now().to_system_time() + Duration::from_secs(5))).await.unwrap();
    assert!(works(&server, &rotated.secret).await);
    time.advance(Duration::from_secs(6));
    assert!(!works(&server, &rotated.secret).await);
    assert!(works(&server, &again.secret).await);
}

#[tokio::test]
async fn an_id_is_always_sent_as_one_path_segment() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    for id in ["", ".", "..", "a/b", "\r\n"] {
        assert!(TokenId::new(id).is_err(), "{id:?}");
    }
    // What is taken stays one segment, whatever is in it. Percent-encoded, an ID can be longer than the maximum.
    for id in ["a?b", "a#b", "%2e%2e", "é", "...", "a%2Fb", "{}", &"é".repeat(TokenId::MAX_LEN / 2)] {
        let error = client.get(&TokenId::new(id).unwrap()).await.unwrap_err();
        assert!(matches!(error, ldtokens::Error::NotFound(_)), "{id}: {error:?}");
        let line = proxy.lines().pop().unwrap();
        assert!(line.starts_with("GET /api/v2/tokens/") && line.matches('/').count() == 4, "{line}");
        assert!(!line.contains('?'), "{line}");
    }
}

#[tokio::test]
async fn calls_of_the_generated_client_are_retried_too() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [crate::proxy::Fault::CutOff]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let one = std::num::NonZeroU64::MIN;
    let tokens = client.call(async |raw| raw.get_tokens().limit(one).send().await).await.unwrap();
    assert_eq!(tokens.items.len(), 1);
    assert_eq!(proxy.seen().len(), 2, "it went again");
    let error = client.call(async |raw| raw.get_token().token_id("nothing").send().await).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 404);
}

#[tokio::test]
async fn every_request_has_the_version_and_user_agent_headers() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).user_agent_suffix("rotation-job/1.2").build().unwrap();
    let token = create(&client, "x").await;
    client.list().send().await.unwrap();
    client.get(&token.id).await.unwrap();
    client.update(&token.id, &Patch::new().name("y")).await.unwrap();
    let _ = client.reset(&token.id, Overlap::None).await.unwrap();
    client.delete(&token.id).await.unwrap();
    let authorization = format!("\r\nauthorization: {}\r\n", owner(&server).expose());
    assert_eq!(proxy.seen().len(), 6);
    for seen in proxy.seen() {
        assert!(seen.head.contains("\r\nld-api-version: 20240415\r\n"), "{}", seen.line);
        assert!(seen.head.contains(concat!("user-agent: ldtokens/", env!("CARGO_PKG_VERSION"), " rotation-job/1.2")));
        assert!(seen.head.contains(&authorization), "{}", seen.line);
        assert!(!seen.head.contains("\r\napi-version:"), "{}", seen.line);
    }
}

/// What this crate does not know may narrow a statement.
#[tokio::test]
async fn a_token_like_another_has_its_policy_with_unknown_properties() {
    let server = server().await;
    let statement = Statement::allow(Actions::all(), Resources::only(["proj/*"]));
    let policy = Policy::new([statement]).unwrap();
    let new =
        NewToken::new(policy).name("like").description("one").service().default_api_version(ApiVersion::V20220603);
    let token = client(&server).create(&new.clone().expires_in(std::time::Duration::from_secs(3600))).await.unwrap();
    let odd: fn(&mut serde_json::Value) = |token| token["inlineRole"][0]["condition"] = "office hours".into();
    let (client, proxy) = client_with_faults(&server, [Fault::Odd(200, odd)]).await;
    let read = client.get(&token.id).await.unwrap();
    let like = client.create(&NewToken::like(&read).unwrap()).await.unwrap().details;
    assert!(proxy.seen()[1].body.contains(r#""condition":"office hours""#), "{}", proxy.seen()[1].body);
    assert_eq!((like.name.as_deref(), like.description.as_deref(), like.expiry), (Some("like"), Some("one"), None));
    assert_eq!((like.service_token, like.default_api_version), (Some(true), token.details.default_api_version));
    for permissions in [BaseRole::Writer.into(), Permissions::custom_roles(["a", "b"])] {
        let token = client.create(&NewToken::new(permissions)).await.unwrap();
        let like = client.create(&NewToken::like(&token.details).unwrap()).await.unwrap().details;
        assert_eq!((like.role, like.custom_role_ids), (token.details.role, token.details.custom_role_ids));
    }
    let mut none = read;
    none.inline_role.clear();
    assert!(matches!(NewToken::like(&none), Err(Error::InvalidInput(_))));
}

//! A file that is written from an account.

use ldtokens::{BaseRole, NewToken, Permissions, Policy, Token, UnixMillis};
use ldtokens_plan::{Account, Plan, TokensFile, adopt, export};
use ldtokens_server::Server;
use serde_json::{Value, json};

use crate::local::DAY;
use crate::world::World;

#[tokio::test]
async fn export_then_plan_says_no_changes_and_what_is_not_adopted_is_not_managed() {
    let world = World::new().await;
    let policy = r#"[{"effect":"allow","actions":["*"],"resources":["proj/*"]}]"#;
    let all = [
        NewToken::new(BaseRole::Reader).name("Nightly export").service().description("Feeds the warehouse"),
        NewToken::new(BaseRole::Writer).name("Nightly export").expires_in(90 * DAY),
        NewToken::new(Policy::from_json(policy).unwrap()).name("日本"),
        NewToken::new(Permissions::custom_roles(["release-managers"])).name("Roles & more"),
        NewToken::new(BaseRole::Admin),
    ];
    let mut tokens = Vec::new();
    for new in &all {
        tokens.push(world.client.create(new).await.unwrap().details);
    }
    let exported = export(&tokens, &world.tokens().await);
    let file = exported.file.clone();
    let keys: Vec<_> = file.tokens.iter().map(|token| &*token.key).collect();
    assert_eq!(keys, ["nightly-export", "nightly-export-2", "token", "roles-more", "token-2"]);
    // Without adopting, they are strangers, and the file has no destination for new ones.
    let plan = world.plan(&file).await;
    assert_eq!((plan.actions.len(), plan.problems.len()), (0, 5), "{plan}");
    assert_eq!(adopt(&world.client, &exported).await.unwrap(), 5);
    // JSON is YAML.
    let read: TokensFile = serde_saphyr::from_str(&serde_json::to_string(&file).unwrap()).unwrap();
    assert_eq!(read, file);
    read.check().unwrap();
    let plan: Plan = world.plan(&read).await;
    assert!(plan.is_empty(), "{plan}");
    // Exported again, they keep their keys.
    let again: Vec<_> =
        world.tokens().await.into_iter().filter(|token| tokens.iter().any(|old| old.id == token.id)).collect();
    let exported = export(&again, &world.tokens().await);
    let mut keys: Vec<_> = exported.file.tokens.iter().map(|token| &*token.key).collect();
    keys.sort();
    assert_eq!(keys, ["nightly-export", "nightly-export-2", "roles-more", "token", "token-2"]);
    assert_eq!(adopt(&world.client, &exported).await.unwrap(), 0);
}

fn choose(random: &mut fastrand::Rng, of: &[Value]) -> Value {
    of[random.usize(..of.len())].clone()
}

/// A token as an API may answer it, also with what this client can't create.
fn random_token(random: &mut fastrand::Rng, number: usize) -> Token {
    let statement = json!({ "effect": "deny", "notActions": ["*"], "notResources": ["proj/*:env/*"] });
    let mut token = json!({
        "_id": format!("{number:024x}"), "ownerId": "o", "memberId": "m", "creationDate": 1, "lastModified": 1,
        "token": "1234",
        "name": choose(random, &[Value::Null, json!(""), json!("Export"), json!("日本"), json!(" é "), json!("x".repeat(90))]),
        "description": choose(random, &[
            Value::Null, json!(""), json!("  x  "), json!("a\nb "), json!("[ldtokens:"), json!("[ldtokens:bad key] x"),
            json!("[ldtokens rotated]"), json!("x [ldtokens:k] y"), json!("[ldtokens:export]"), json!("[ldtokens:k new]"),
            json!("[ldtokens:a] [ldtokens:b]"),
        ]),
        "serviceToken": choose(random, &[Value::Null, json!(true), json!(false)]),
        "defaultApiVersion": choose(random, &[Value::Null, json!(20_240_415), json!(20_160_426), json!(7)]),
        "expiry": choose(random, &[Value::Null, json!(0), json!(1_000_000), json!(4_102_444_800_123_i64), json!(i64::MAX)]),
    });
    match random.u8(..4) {
        0 => token["role"] = choose(random, &["reader", "writer", "admin", "owner", "no_access", ""].map(Value::from)),
        1 => token["customRoleIds"] = json!(["0123456789abcdef01234567", "by-key"]),
        2 => token["inlineRole"] = json!([statement, { "effect": "allow", "actions": ["x"], "resources": ["y"] }]),
        _ => {}
    }
    serde_json::from_value(token).unwrap()
}

#[test]
fn any_account_can_be_exported_and_what_cannot_be_described_is_named() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let mut tokens: Vec<_> = (0..12).map(|number| random_token(&mut random, number)).collect();
        let exported = export(&tokens, &tokens);
        exported.file.check().unwrap();
        let is_left_out = |token: &Token| exported.left_out.iter().any(|text| text.starts_with(token.id.as_str()));
        let described: Vec<_> = tokens.iter_mut().filter(|token| !is_left_out(token)).collect();
        assert_eq!(described.len(), exported.file.tokens.len());
        for (token, wanted) in described.into_iter().zip(&exported.file.tokens) {
            let marker = format!("[ldtokens:{}]", wanted.key);
            let description = token.description.take().unwrap_or_default();
            if !description.contains(&marker) {
                token.description = Some(format!("{description} {marker}"));
            } else {
                token.description = Some(description);
            }
        }
        let read: TokensFile = serde_saphyr::from_str(&serde_json::to_string(&exported.file).unwrap()).unwrap();
        let mut account = Account::default();
        account.tokens = tokens;
        account.now = Some(UnixMillis::new(1_800_000_000_000));
        let plan = Plan::new(&read, &account);
        // Markers that were there before and that no file says are not the export's.
        let is_foreign = |problem: &String| {
            ["several markers", "have its marker", "was interrupted"].iter().any(|text| problem.contains(text))
        };
        assert!(plan.problems.iter().all(is_foreign), "{plan}");
        let is_in_file = |key: &String| read.tokens.iter().any(|token| token.key == *key);
        let is_left_over = |key: &String| {
            account
                .tokens
                .iter()
                .any(|token| token.description.as_ref().is_some_and(|text| text.contains(&format!("{key} new]"))))
        };
        assert!(plan.actions.iter().all(|action| !is_in_file(&action.key) || is_left_over(&action.key)), "{plan}");
    }
}

#[tokio::test]
async fn an_account_of_many_kinds_of_tokens_is_adopted_whole() {
    let world = World::of(Server::builder().seed_tokens(150)).await;
    world.clock.advance(40 * DAY);
    let tokens = world.tokens().await;
    let exported = export(&tokens, &tokens);
    assert_eq!(exported.file.tokens.len() + exported.left_out.len(), tokens.len());
    assert_eq!(exported.unmarked.len(), exported.file.tokens.len());
    assert!(exported.file.tokens.iter().all(|token| token.default_api_version.is_some()), "{:?}", exported.file);
    assert_eq!(adopt(&world.client, &exported).await.unwrap(), exported.file.tokens.len());
    let plan = world.plan(&exported.file).await;
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn a_key_that_another_token_of_the_account_has_is_not_given_again() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let other = world.client.create(&NewToken::new(BaseRole::Reader).name("Export")).await.unwrap().details;
    let exported = export([&other], &world.tokens().await);
    assert_eq!(exported.file.tokens[0].key, "export-2");
    adopt(&world.client, &exported).await.unwrap();
    let plan = world.plan(&world.file("export", json!({}))).await;
    assert!(plan.problems.is_empty(), "{plan}");
}

#[tokio::test]
async fn a_token_of_a_file_that_has_a_name_is_left_to_that_file() {
    let world = World::new().await;
    let mut file = world.file("export", json!({}));
    file.name = Some("prod".to_owned());
    world.apply(&file).await;
    let exported = export(&world.tokens().await, &[]);
    assert!(exported.left_out.iter().any(|left| left.contains("a file that has a name")), "{exported:?}");
}

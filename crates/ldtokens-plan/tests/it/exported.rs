//! A file that is written from an account.

use ldtokens::{BaseRole, NewToken, Permissions, Policy};
use ldtokens_plan::{Plan, TokensFile, adopt, export};

use crate::world::{DAY, World};

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
    let file = export(&tokens);
    let keys: Vec<_> = file.tokens.iter().map(|token| &*token.key).collect();
    assert_eq!(keys, ["nightly-export", "nightly-export-2", "token", "roles-more", "token-2"]);
    // Without adopting, they are strangers, and the file has no destination for new ones.
    let plan = world.plan(&file).await;
    assert_eq!((plan.actions.len(), plan.problems.len()), (0, 5), "{plan}");
    assert_eq!(adopt(&world.client, &tokens, &file).await.unwrap(), 5);
    // JSON is YAML.
    let read: TokensFile = serde_saphyr::from_str(&serde_json::to_string(&file).unwrap()).unwrap();
    assert_eq!(read, file);
    read.check().unwrap();
    let plan: Plan = world.plan(&read).await;
    assert!(plan.is_empty(), "{plan}");
    // Exported again, they keep their keys.
    let again: Vec<_> =
        world.tokens().await.into_iter().filter(|token| tokens.iter().any(|old| old.id == token.id)).collect();
    let mut keys: Vec<_> = export(&again).tokens.into_iter().map(|token| token.key).collect();
    keys.sort();
    assert_eq!(keys, ["nightly-export", "nightly-export-2", "roles-more", "token", "token-2"]);
    assert_eq!(adopt(&world.client, &again, &file).await.unwrap(), 0);
}

//! What a plan does to the account and to the destinations.

use ldtokens::{BaseRole, NewToken, Patch, Role};
use ldtokens_plan::{Account, ApplyOptions, Kind, Plan, PlanError, State, TokensFile, apply};
use serde_json::json;

use crate::local::{DAY, HOUR};
use crate::world::World;

const PRUNE: ApplyOptions = ApplyOptions { prune: true, many_deletions: false, own_token: false };
const PRUNE_ALL: ApplyOptions = ApplyOptions { many_deletions: true, ..PRUNE };

fn kinds(plan: &Plan) -> Vec<Kind> {
    plan.actions.iter().map(|action| action.kind).collect()
}

#[tokio::test]
async fn a_token_is_created_and_its_working_secret_is_in_the_file_and_nowhere_else() {
    let world = World::new().await;
    let file = world.file("export", json!({ "description": "Feeds the warehouse", "lifetime": "90d" }));
    let plan = world.plan(&file).await;
    assert_eq!(kinds(&plan), [Kind::Create]);
    world.apply(&file).await;
    let token = world.current("export").await;
    let secret = world.secret("export").unwrap();
    assert_eq!(world.owner_of(&secret).await.as_ref(), Some(&token.id));
    assert_eq!(token.description.as_deref(), Some("Feeds the warehouse [ldtokens:export]"));
    let lifetime = token.expires_in(token.creation_date).unwrap();
    assert!(lifetime.abs_diff(90 * DAY) < HOUR / 60, "{lifetime:?}");
    for text in [format!("{plan:?} {plan}"), plan.markdown(), serde_json::to_string(&plan).unwrap()] {
        assert!(!text.contains(secret.expose()));
    }
}

#[tokio::test]
async fn a_change_keeps_the_token_and_its_secret() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let (before, secret) = (world.current("export").await, world.secret("export"));
    let changed = json!({ "name": "Nightly export", "description": "d", "role": "writer", "lifetime": "30d" });
    let file = world.file("export", changed);
    let plan = world.plan(&file).await;
    assert_eq!(kinds(&plan), [Kind::Update]);
    let properties: Vec<_> = plan.actions[0].changes.iter().map(|change| &*change.property).collect();
    assert_eq!(properties, ["name", "description", "permissions", "expiry"]);
    world.apply(&file).await;
    let after = world.current("export").await;
    assert_eq!((after.id, after.role), (before.id, Some(Role::Writer)));
    assert_eq!(after.name.as_deref(), Some("Nightly export"));
    assert_eq!(world.secret("export"), secret);
}

#[tokio::test]
async fn what_cannot_be_changed_replaces_the_token_and_the_old_secret_works_through_the_overlap() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let (before, old) = (world.current("export").await, world.secret("export").unwrap());
    let file = world.file("export", json!({ "serviceToken": false, "overlap": "2d" }));
    let plan = world.plan(&file).await;
    assert_eq!(kinds(&plan), [Kind::Replace]);
    assert_eq!(plan.actions[0].reason, "serviceToken can't be changed");
    world.apply(&file).await;
    let after = world.current("export").await;
    assert_ne!(after.id, before.id);
    assert_eq!(world.owner_of(&world.secret("export").unwrap()).await, Some(after.id.clone()));
    assert_eq!(world.owner_of(&old).await.as_ref(), Some(&before.id));
    world.clock.advance(2 * DAY + HOUR);
    assert_eq!(world.owner_of(&old).await, None);
    assert_eq!(kinds(&world.plan(&file).await), [Kind::Tidy]);
    world.apply(&file).await;
    assert_eq!(world.marked("export").await.len(), 1);
}

#[tokio::test]
async fn a_secret_that_is_old_or_lost_or_about_to_expire_is_rotated() {
    let world = World::new().await;
    let file = world.file("export", json!({ "rotateAfter": "30d", "lifetime": "60d" }));
    world.apply(&file).await;
    let first = world.current("export").await.id;
    world.clock.advance(29 * DAY);
    assert!(world.plan(&file).await.is_empty());
    world.clock.advance(DAY + HOUR);
    let plan = world.plan(&file).await;
    assert_eq!((kinds(&plan), &*plan.actions[0].reason), (vec![Kind::Rotate], "it is older than 30d"));
    world.apply(&file).await;
    let second = world.current("export").await.id;
    assert_ne!(first, second);
    std::fs::remove_file(world.path("export")).unwrap();
    assert_eq!(kinds(&world.plan(&file).await), [Kind::Rotate]);
    world.apply(&file).await;
    let file = world.file("export", json!({ "lifetime": "60d" }));
    world.clock.advance(59 * DAY + HOUR);
    let plan = world.plan(&file).await;
    let rotation = plan.actions.iter().find(|action| action.kind == Kind::Rotate).unwrap();
    assert_eq!(rotation.reason, "it expires soon");
}

#[tokio::test]
async fn a_file_with_the_secret_of_a_stranger_is_not_overwritten_and_nothing_is_created() {
    let world = World::new().await;
    let stranger = world.client.create(&NewToken::new(BaseRole::Reader)).await.unwrap();
    std::fs::write(world.path("export"), stranger.secret.expose()).unwrap();
    let file = world.file("export", json!({}));
    let count = world.tokens().await.len();
    let applied = world.try_apply(&file, ApplyOptions::default()).await.unwrap();
    assert!(matches!(applied.failed[0].1, PlanError::Refused(_)), "{:?}", applied.failed);
    assert_eq!(world.secret("export").unwrap(), stranger.secret);
    assert_eq!(world.tokens().await.len(), count);
}

#[tokio::test]
async fn what_is_not_in_the_file_is_deleted_only_with_prune_and_not_many_at_once() {
    let world = World::new().await;
    let mut all = TokensFile::default();
    for key in ["a", "b", "c", "d", "e", "f"] {
        all.tokens.extend(world.file(key, json!({})).tokens);
    }
    world.apply(&all).await;
    let mut fewer = all.clone();
    fewer.tokens.truncate(4);
    let skipped = world.try_apply(&fewer, ApplyOptions::default()).await.unwrap();
    assert_eq!((skipped.skipped.len(), skipped.done.len()), (2, 0));
    let error = world.try_apply(&fewer, PRUNE).await.unwrap_err();
    assert!(matches!(error, PlanError::ManyDeletions { deletions: 2, managed: 6 }), "{error}");
    assert_eq!(error.to_string(), "2 of 6 managed tokens would be deleted, which is more than 30 %");
    assert_eq!(world.marked("e").await.len(), 1);
    let applied = world.try_apply(&fewer, PRUNE_ALL).await.unwrap();
    assert_eq!(applied.done.len(), 2);
    assert!(world.marked("e").await.is_empty() && world.plan(&fewer).await.is_empty());
    assert_eq!(world.marked("a").await.len(), 1);
}

#[tokio::test]
async fn the_credentials_own_token_is_replaced_last_and_only_if_that_is_allowed() {
    let world = World::new().await;
    let own = world.client.whoami().await.unwrap().token_id.unwrap();
    let patch = Patch::new().description("[ldtokens:own]");
    world.client.update(&own, &patch).await.unwrap();
    let mut file = world.file("own", json!({ "role": "admin" }));
    file.tokens.extend(world.file("export", json!({})).tokens);
    let plan = world.plan(&file).await;
    assert!(plan.actions.last().unwrap().is_own, "{plan}");
    let applied = apply(&world.client, &file, &plan, ApplyOptions::default(), |_| ()).await.unwrap();
    assert_eq!((applied.done.len(), applied.skipped.len()), (1, 1));
    assert_eq!(world.current("own").await.id, own);
}

#[tokio::test]
async fn a_plan_is_carried_out_only_if_nothing_changed_since() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let file = world.file("export", json!({ "name": "New" }));
    let plan = world.plan(&file).await;
    let saved: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(saved, plan);
    let id = world.current("export").await.id;
    world.client.update(&id, &Patch::new().description("mine [ldtokens:export]")).await.unwrap();
    let result = apply(&world.client, &file, &saved, ApplyOptions::default(), |_| ()).await;
    assert!(matches!(result, Err(PlanError::Changed)));
    assert_eq!(world.current("export").await.name.as_deref(), Some("Export"));
}

#[tokio::test]
async fn a_secret_that_cannot_be_delivered_leaves_the_old_one_in_use() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let before = world.current("export").await.id;
    let destinations = json!([{ "file": world.path("export") }, { "command": ["false"] }]);
    let file = world.file("export", json!({ "serviceToken": false, "destinations": destinations }));
    let applied = world.try_apply(&file, ApplyOptions::default()).await.unwrap();
    let PlanError::NotDelivered(text) = &applied.failed[0].1 else { panic!("{:?}", applied.failed) };
    assert!(text.contains("the old secret keeps working"), "{text}");
    assert_eq!(world.current("export").await.id, before);
    let states: Vec<_> = world.marked("export").await.into_iter().map(|(state, _)| state).collect();
    assert!(!states.iter().any(|state| matches!(state, State::Old(_))), "{states:?}");
    assert!(world.owner_of(&world.secret("export").unwrap()).await.is_some());
    // The next run, with a command that works, uses or deletes what this one left.
    let destinations = json!([{ "file": world.path("export") }, { "command": ["sh", "-c", "cat >/dev/null"] }]);
    let file = world.file("export", json!({ "serviceToken": false, "destinations": destinations }));
    world.apply(&file).await;
    let states: Vec<_> = world.marked("export").await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states.iter().filter(|state| **state == State::New).count(), 0);
}

#[tokio::test]
async fn a_renamed_key_with_prune_does_not_delete_the_token_whose_secret_is_in_use() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let secret = world.secret("export").unwrap();
    let renamed = world.file("import", json!({ "destinations": [{ "file": world.path("export") }] }));
    let applied = world.try_apply(&renamed, PRUNE_ALL).await.unwrap();
    assert_eq!((applied.done.len(), applied.failed.len()), (0, 2), "{applied:?}");
    assert!(world.owner_of(&secret).await.is_some());
    // Neither if nothing can be created for it at all.
    let renamed = world.file("import", json!({ "destinations": [] }));
    let applied = world.try_apply(&renamed, PRUNE_ALL).await.unwrap();
    assert_eq!((applied.done.len(), applied.failed.len()), (0, 1), "{applied:?}");
    assert!(world.owner_of(&secret).await.is_some());
}

#[tokio::test]
async fn the_only_managed_token_is_not_deleted_by_an_empty_file() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let error = world.try_apply(&TokensFile::default(), PRUNE).await.unwrap_err();
    assert!(matches!(error, PlanError::ManyDeletions { deletions: 1, managed: 1 }), "{error}");
}

#[tokio::test]
async fn a_secret_that_an_interrupted_run_delivered_somewhere_is_delivered_to_the_others() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let file = |program: &str| {
        let destinations = json!([{ "file": world.path("export") }, { "command": ["sh", "-c", program] }]);
        world.file("export", json!({ "serviceToken": false, "destinations": destinations }))
    };
    // However often it fails, it is one token.
    for _ in 0..3 {
        let applied = world.try_apply(&file("false"), ApplyOptions::default()).await.unwrap();
        assert_eq!(applied.failed.len(), 1);
        assert_eq!(world.marked("export").await.len(), 2);
    }
    let read = world.secret("export").unwrap();
    let vault = world.path("vault");
    world.apply(&file(&format!("cat > {}", vault.display()))).await;
    assert_eq!((world.secret("export"), world.secret("vault")), (Some(read.clone()), Some(read.clone())));
    world.clock.advance(DAY + HOUR);
    assert!(world.owner_of(&read).await.is_some());
}

#[tokio::test]
async fn a_secret_that_an_interrupted_run_delivered_somewhere_works_through_the_overlap() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let file = |program: &str, role: &str| {
        let destinations = json!([{ "file": world.path("export") }, { "command": ["sh", "-c", program] }]);
        world.file("export", json!({ "serviceToken": false, "role": role, "destinations": destinations }))
    };
    let applied = world.try_apply(&file("false", "reader"), ApplyOptions::default()).await.unwrap();
    assert_eq!(applied.failed.len(), 1);
    // A consumer starts now, and keeps this secret in memory. Then the file changes.
    let read = world.secret("export").unwrap();
    let changed = file("cat >/dev/null", "writer");
    world.apply(&changed).await;
    assert_ne!(world.secret("export").unwrap(), read);
    assert!(world.owner_of(&read).await.is_some());
    world.clock.advance(DAY + HOUR);
    assert_eq!(world.owner_of(&read).await, None);
    world.apply(&changed).await;
    assert_eq!(world.marked("export").await.len(), 1);
}

#[tokio::test]
async fn a_token_whose_secret_was_delivered_nowhere_ends_by_itself() {
    let world = World::new().await;
    let file = world.file("export", json!({ "destinations": [{ "command": ["false"] }] }));
    for _ in 0..2 {
        let applied = world.try_apply(&file, ApplyOptions::default()).await.unwrap();
        // There is no old secret that keeps working.
        let PlanError::NotDelivered(text) = &applied.failed[0].1 else { panic!("{:?}", applied.failed) };
        assert!(!text.contains("old secret"), "{text}");
    }
    let left = world.marked("export").await;
    assert!(
        left.len() == 2
            && left.iter().all(|(state, token)| matches!(state, State::Old(until) if token.expiry == Some(*until)))
    );
    world.clock.advance(DAY + HOUR);
    let file = world.file("export", json!({}));
    world.apply(&file).await;
    assert_eq!(world.marked("export").await.len(), 1);
}

#[tokio::test]
async fn a_token_of_an_interrupted_run_is_not_put_in_use_if_the_file_changed_since() {
    let world = World::new().await;
    let new = NewToken::new(BaseRole::Admin).name("Export").service().description("[ldtokens:export new]");
    let issued = world.client.create(&new).await.unwrap();
    std::fs::write(world.path("export"), issued.secret.expose()).unwrap();
    world.apply(&world.file("export", json!({}))).await;
    assert_eq!(world.current("export").await.role, Some(Role::Reader));
}

#[tokio::test]
async fn the_credentials_own_permissions_are_changed_only_if_that_is_allowed_and_last() {
    let world = World::new().await;
    let new = NewToken::new(BaseRole::Admin).name("Export").service().description("[ldtokens:own]");
    let own = world.client.create(&new).await.unwrap();
    let client = crate::local::client(&world.server, own.secret);
    let mut file = world.file("own", json!({ "destinations": [] }));
    file.tokens.extend(world.file("export", json!({})).tokens);
    let plan = Plan::new(&file, &Account::read(&client, &file).await.unwrap());
    assert_eq!(kinds(&plan), [Kind::Create, Kind::Update]);
    let applied = apply(&client, &file, &plan, ApplyOptions::default(), |_| ()).await.unwrap();
    assert_eq!((applied.done.len(), applied.skipped.len()), (1, 1));
    assert_eq!(world.current("own").await.role, Some(Role::Admin));
}

#[tokio::test]
async fn a_token_whose_create_was_lost_ends_and_another_is_delivered() {
    let world = World::new().await;
    world.fault("postToken drop-after times=2");
    world.apply(&world.file("export", json!({}))).await;
    let states: Vec<_> = world.marked("export").await.into_iter().map(|(state, _)| state).collect();
    let ends = states.iter().filter(|state| matches!(state, State::Old(_))).count();
    assert_eq!((states.len(), ends), (3, 2), "{states:?}");
}

#[tokio::test]
async fn a_create_is_lost_three_times_at_most() {
    let world = World::new().await;
    world.fault("postToken drop-after times=9");
    let applied = world.try_apply(&world.file("export", json!({})), ApplyOptions::default()).await.unwrap();
    assert!(matches!(applied.failed[0].1, PlanError::Api(_)), "{:?}", applied.failed);
    assert_eq!(world.marked("export").await.len(), 3);
}

#[tokio::test]
async fn an_account_that_cannot_be_read_whole_makes_no_plan() {
    let world = World::new().await;
    let file = world.file("export", json!({}));
    for fault in ["getCallerIdentity status=400 times=1", "getTokens status=403 times=1"] {
        world.fault(fault);
        let error = Account::read(&world.client, &file).await.unwrap_err();
        assert_eq!(error.to_string(), "the account could not be read, so no plan was made");
        assert!(std::error::Error::source(&error).is_some(), "{fault}");
    }
}

#[tokio::test]
async fn an_old_token_whose_expiry_somebody_removed_is_deleted_once_another_is_in_use() {
    let world = World::new().await;
    world.apply(&world.file("export", json!({}))).await;
    let old = world.current("export").await.id;
    let file = world.file("export", json!({ "serviceToken": false }));
    world.apply(&file).await;
    world.client.edit(&old, |token| token.expiry = None).await.unwrap();
    world.clock.advance(DAY + HOUR);
    let secret = world.secret("export").unwrap();
    std::fs::write(world.path("export"), "api-a-secret-that-nobody-knows").unwrap();
    let applied = world.try_apply(&file, ApplyOptions::default()).await.unwrap();
    assert!(applied.failed.iter().any(|(action, _)| action.kind == Kind::Tidy), "{applied:?}");
    std::fs::write(world.path("export"), secret.expose()).unwrap();
    world.apply(&file).await;
    assert!(world.tokens().await.iter().all(|token| token.id != old));
}

//! Random edits of a file, applied with faults on, against a model of the account that is written apart.

use ldtokens::{BaseRole, NewToken, Role};
use ldtokens_plan::{ApplyOptions, State, TokensFile};
use serde_json::{Value, json};

use crate::local::{DAY, HOUR};
use crate::world::World;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

fn choose<'a, T>(random: &mut fastrand::Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(..of.len())]
}

fn random_file(world: &World, random: &mut fastrand::Rng) -> TokensFile {
    let mut file = TokensFile::default();
    for key in KEYS {
        if random.u8(..) < 60 {
            continue;
        }
        let more = json!({
            "name": choose(random, &["Export", "Import", ""]),
            "description": choose(random, &["", "Feeds the warehouse", "日本 [x]"]),
            "role": choose(random, &["reader", "writer", "admin"]),
            "serviceToken": random.u8(..) < 128,
            "lifetime": choose(random, &[Value::Null, json!("30d"), json!("90d")]),
        });
        file.tokens.extend(world.file(key, more).tokens);
    }
    file
}

/// What the account has to be, said without the crate's own comparison.
async fn check(world: &World, file: &TokensFile, strangers: usize) {
    for key in KEYS {
        let all = world.marked(key).await;
        let in_use: Vec<_> = all.iter().filter(|(state, _)| *state == State::Current).collect();
        assert!(!all.iter().any(|(state, _)| *state == State::New), "{key} has a left-over");
        let Some(wanted) = file.tokens.iter().find(|token| token.key == key) else {
            assert!(all.iter().all(|(state, _)| matches!(state, State::Old(_))) || all.is_empty(), "{key} is left");
            continue;
        };
        let [(_, token)] = in_use.as_slice() else { panic!("{key}: {in_use:?}") };
        assert_eq!(token.name.as_deref().unwrap_or_default(), wanted.name);
        assert_eq!(token.role.as_ref().map(Role::as_str), wanted.role.as_deref());
        assert_eq!(token.service_token.unwrap_or_default(), wanted.service_token);
        let days = token.expires_in(token.creation_date).map(|life| (life.as_secs() + 3600) / DAY.as_secs());
        let wanted_days = wanted.lifetime.as_ref().map(|life| life.duration().as_secs() / DAY.as_secs());
        assert_eq!(days, wanted_days, "{key}");
        assert_eq!(world.owner_of(&world.secret(key).unwrap()).await.as_ref(), Some(&token.id), "{key}");
    }
    let unmarked = world
        .tokens()
        .await
        .into_iter()
        .filter(|token| !token.description.as_deref().unwrap_or_default().contains("[ldtokens:"));
    assert_eq!(unmarked.count(), strangers);
}

#[tokio::test]
async fn after_random_edits_with_faults_the_account_is_what_the_file_says() {
    let rounds = std::env::var("LDTOKENS_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let seed = std::env::var("LDTOKENS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let mut random = fastrand::Rng::with_seed(seed);
    let world = World::new().await;
    let _stranger = world.client.create(&NewToken::new(BaseRole::Reader).name("Export")).await.unwrap();
    let strangers = world.tokens().await.len();
    let options = ApplyOptions { prune: true, many_deletions: true, ..ApplyOptions::default() };
    for round in 0..rounds {
        let file = random_file(&world, &mut random);
        for effect in ["status=500", "status-after=502", "cut-body"] {
            world.fault(&format!("* {effect} probability=0.08 times=1000"));
        }
        for _ in 0..3 {
            let _ = world.try_apply(&file, options).await.map(|applied| applied.done.len());
        }
        world.server.faults().clear();
        let mut last = String::new();
        for _ in 0..4 {
            // An overlap may end between a plan and its check.
            let Ok(applied) = world.try_apply(&file, options).await else { continue };
            last = format!("{:?}", applied.failed);
        }
        let plan = world.plan(&file).await;
        assert!(plan.is_empty(), "seed {seed}, round {round}: {plan}\n{last}");
        check(&world, &file, strangers).await;
        // A key that left the file and comes back finds its file with a dead secret, which is the user's to remove.
        for key in KEYS.iter().filter(|key| !file.tokens.iter().any(|token| token.key == **key)) {
            let _ = std::fs::remove_file(world.path(key));
        }
        // Not a part of the overlap of a day, so that none ends while a plan is looked at.
        world.clock.advance(15 * HOUR);
    }
}

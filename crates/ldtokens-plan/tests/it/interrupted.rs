//! An apply that is dropped at each point where it waits, one after the other, and started again.

use ldtokens_plan::{ApplyOptions, State, apply};
use serde_json::json;

use crate::local::poll_at_most;
use crate::world::World;

#[tokio::test]
async fn after_a_stop_at_any_point_the_next_apply_converges_and_the_consumer_always_has_a_working_secret() {
    let mut finished = 0;
    for polls in 0.. {
        let world = World::new().await;
        let paths =
            json!([{ "file": world.path("export") }, { "envFile": { "path": world.path(".env"), "variable": "T" } }]);
        world.apply(&world.file("export", json!({ "destinations": paths }))).await;
        let file = world.file("export", json!({ "destinations": paths, "serviceToken": false, "name": "New" }));
        let plan = world.plan(&file).await;
        let applying = apply(&world.client, &file, &plan, ApplyOptions::default(), |_| ());
        let applied = poll_at_most(polls, applying).await.map(Result::unwrap);
        finished += usize::from(applied.is_some());
        assert!(applied.is_none_or(|applied| applied.failed.is_empty()), "after {polls} polls");
        assert!(world.owner_of(&world.secret("export").unwrap()).await.is_some(), "after {polls} polls");
        world.apply(&file).await;
        let token = world.current("export").await;
        assert_eq!(
            world.owner_of(&world.secret("export").unwrap()).await.as_ref(),
            Some(&token.id),
            "after {polls} polls"
        );
        let env = std::fs::read_to_string(world.path(".env")).unwrap();
        assert_eq!(env.trim_end(), format!("T={}", world.secret("export").unwrap().expose()));
        let others: Vec<_> =
            world.marked("export").await.into_iter().filter(|(_, other)| other.id != token.id).collect();
        assert!(!others.is_empty(), "after {polls} polls");
        for (state, other) in &others {
            assert!(
                matches!(state, State::Old(until) if other.expiry == Some(*until)),
                "after {polls} polls: {others:?}"
            );
        }
        if finished == 2 {
            assert!(polls > 6, "{polls}");
            return;
        }
    }
}

//! A rotation is dropped at each point where it waits, one after the other, and started again.

use std::time::Duration;

use ldtokens_lifecycle::{Options, Rotation, Step, Strategy};

use crate::local::poll_at_most;
use crate::support::{World, options};

async fn dropped_at_each_wait(options: Options) {
    let mut ends = 0;
    for polls in 0.. {
        let world = World::new().await;
        let old = world.secret();
        let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options.clone());
        let journals = world.journals();
        let is_over = poll_at_most(polls, rotation.run(&journals)).await.map(Result::unwrap).is_some();
        ends += usize::from(is_over);
        // The consumer's secret works at this moment.
        assert!(world.owner_of(&world.secret()).await.is_some(), "after {polls} polls the consumer has no secret");
        let report = world.rotate(Options { forced: true, overwrites: true, ..options.clone() }).await;
        if !is_over {
            assert!(world.owner_of(&old).await.is_some(), "after {polls} polls the old secret ended early");
            assert!(report.unwrap().journal.step >= Step::Verified);
        }
        world.end_overlap();
        if let Some(journal) = world.journal()
            && journal.step != Step::Retired
        {
            world.rotate(options.clone()).await.unwrap();
        }
        let tokens = world.tokens().await;
        assert_eq!(tokens.len(), 1, "after {polls} polls: {tokens:?}");
        assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&tokens[0].id));
        assert_eq!(tokens[0].description.as_deref(), Some("Nightly"));
        if ends == 2 {
            assert!(polls > 4, "{polls}");
            return;
        }
    }
}

#[tokio::test]
async fn a_reset_that_is_dropped_at_any_point_can_be_finished() {
    dropped_at_each_wait(Options { write_lag: Duration::from_millis(50), ..options(Strategy::Reset) }).await;
}

#[tokio::test]
async fn a_replacement_that_is_dropped_at_any_point_can_be_finished() {
    dropped_at_each_wait(Options { write_lag: Duration::from_millis(50), ..options(Strategy::Replace) }).await;
}

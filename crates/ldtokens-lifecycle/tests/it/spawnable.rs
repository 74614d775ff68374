//! Rotations and revocations run in tasks of a multi-threaded runtime, as in a web service. This is our choice.

use ldtokens_lifecycle::{Remedy, Revocation, Strategy};

use crate::support::{World, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_and_a_revocation_can_be_spawned() {
    let world = World::new().await;
    let work = tokio::spawn(async move {
        let leaked = world.secret();
        world.rotate(options(Strategy::Reset)).await.unwrap();
        let plan = Revocation::new(&world.client, [leaked]).plan().await.unwrap();
        let mut revoked = Vec::new();
        plan.carry_out(Remedy::Delete, &|| false, |outcome| revoked.push(outcome.outcome.is_success())).await;
        revoked
    });
    assert_eq!(work.await.unwrap(), [true]);
}

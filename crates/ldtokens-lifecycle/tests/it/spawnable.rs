//! Rotations and revocations run in tasks of a multi-threaded runtime, as in a web service. This is our choice.

use ldtokens_lifecycle::{Revocation, Revoked, Strategy};

use crate::support::{World, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_and_a_revocation_can_be_spawned() {
    let world = World::new().await;
    let work = tokio::spawn(async move {
        let leaked = world.secret();
        world.rotate(options(Strategy::Reset)).await.unwrap();
        let revocation = Revocation::plan(&world.client, [leaked], &[]).await.unwrap();
        let (token, id) = (revocation.tokens()[0], &world.id);
        revocation.revoke(token, |client| async move { Ok(client.delete(id).await?) }).await.unwrap()
    });
    assert_eq!(work.await.unwrap(), Revoked::Done(()));
}

//! Several rotations at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use ldtokens::{BaseRole, NewToken, Overlap};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Error, Journal, Journals, Reason, Report, Rotation, Step, Strategy};

use crate::local::{DAY, client};
use crate::support::{World, options, reason};

#[tokio::test]
async fn a_token_can_be_in_one_rotation_at_a_time() {
    let world = World::new().await;
    let rotate = || world.rotate(options(Strategy::Reset));
    let (first, second) = tokio::join!(rotate(), rotate());
    first.unwrap();
    assert_eq!(reason(second), Reason::Busy);
    rotate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn who_rotates_at_the_same_time_and_loses_notices_before_the_delivery() {
    for strategy in [Strategy::Reset, Strategy::Replace] {
        let world = World::new().await;
        let before = world.secret();
        let other = client(&world.server, world.server.owner_secret().unwrap().clone());
        let id = world.id.clone();
        let is_done = Arc::new(AtomicBool::new(false));
        // The other one acts after our request and before we look at the token again.
        let meddle = move |journal: &Journal| {
            if journal.step == Step::Issued && !is_done.swap(true, Ordering::SeqCst) {
                let (other, id) = (other.clone(), id.clone());
                let meddling = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async { other.reset(&id, Overlap::For(DAY)).await.unwrap() })
                });
                drop(meddling.join().unwrap());
            }
        };
        let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(strategy));
        let lost = reason(rotation.on_step(meddle).run(&world.journals()).await);
        assert_eq!((lost, world.secret()), (Reason::Overtaken, before), "{strategy:?}");
        assert_eq!(world.tokens().await.len(), 1, "{strategy:?}: nothing is left that nobody holds");
        assert_eq!(world.journal(), None);
    }
}

/// Another machine, with its own file and journals, that replaces the token and calls `on_step`.
async fn elsewhere(
    world: &World,
    on_step: impl Fn(&Journal) + Send + Sync + 'static,
) -> impl Future<Output = (Result<Report, Error>, tempfile::TempDir)> + Send + 'static {
    let (client, id) = (client(&world.server, world.server.owner_secret().unwrap().clone()), world.id.clone());
    async move {
        let folder = tempfile::tempdir().unwrap();
        let file: Box<dyn Destination> = Box::new(FileDestination::new(folder.path().join("secret")));
        let rotation = Rotation::new(&client, id, vec![file], options(Strategy::Replace)).on_step(on_step);
        let result = rotation.run(&Journals::new(folder.path().join("rotations"))).await;
        (result, folder)
    }
}

/// Each has created a replacement before either looks for the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_two_replacements_at_the_same_moment_one_is_withdrawn_before_it_is_delivered() {
    let world = World::new().await;
    let created = Arc::new(Barrier::new(2));
    let meet = || {
        let created = created.clone();
        move |journal: &Journal| {
            if journal.step == Step::Issued {
                created.wait();
            }
        }
    };
    let (one, other) = (elsewhere(&world, meet()).await, elsewhere(&world, meet()).await);
    let (one, other) = tokio::join!(tokio::spawn(one), tokio::spawn(other));
    let (won, lost): (Vec<_>, Vec<_>) =
        [one.unwrap(), other.unwrap()].into_iter().partition(|(result, _)| result.is_ok());
    let ([(won, winner)], [(lost, loser)]) = (&won[..], &lost[..]) else { panic!("{won:?} {lost:?}") };
    assert_eq!(lost.as_ref().unwrap_err().reason, Reason::Overtaken);
    assert!(!loser.path().join("secret").exists());
    let held = ldtokens::Secret::new(std::fs::read_to_string(winner.path().join("secret")).unwrap());
    assert_eq!(world.owner_of(&held).await.as_ref(), won.as_ref().unwrap().journal.new_token_id());
    assert_eq!(world.tokens().await.len(), 2, "nothing is left that nobody holds");
}

/// The first one's marker is seen until the old token has changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_replacement_that_begins_while_another_is_delivered_is_withdrawn() {
    for step in [Step::Issued, Step::Delivered, Step::Verified] {
        let world = World::new().await;
        let (second, results) = (Mutex::new(Some(elsewhere(&world, |_| {}).await)), Mutex::new(None));
        let meddle = |journal: &Journal| {
            if let Some(second) = second.lock().unwrap().take_if(|_| journal.step == step) {
                world.clock.advance(Duration::from_secs(1));
                let runtime = tokio::runtime::Handle::current();
                *results.lock().unwrap() = Some(tokio::task::block_in_place(|| runtime.block_on(second)));
            }
        };
        let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Replace));
        let report = rotation.on_step(meddle).run(&world.journals()).await.unwrap();
        let (lost, _) = results.into_inner().unwrap().unwrap();
        assert_eq!(reason(lost), Reason::Overtaken, "{step:?}");
        assert_eq!(world.owner_of(&world.secret()).await.as_ref(), report.journal.new_token_id(), "{step:?}");
        assert!(report.notes.is_empty() && world.tokens().await.len() == 2, "{step:?}: {report:?}");
    }
}

/// Two rotations at the same time write to one file.
#[tokio::test]
async fn rotations_into_one_env_file_keep_each_others_lines() {
    let world = World::new().await;
    let env = world.folder.path().join("app.env");
    let mut text = String::from("# kept\n");
    let mut ids = Vec::new();
    for number in 0..6 {
        let token = world.client.create(&NewToken::new(BaseRole::Reader).name(format!("T{number}"))).await.unwrap();
        text += &format!("T{number}={}\n", token.secret.expose());
        ids.push(token.id);
    }
    std::fs::write(&env, &text).unwrap();
    let rotations = ids.iter().enumerate().map(|(number, id)| {
        let variable: Box<dyn Destination> = Box::new(FileDestination::variable(&env, format!("T{number}")).unwrap());
        Rotation::new(&world.client, id.clone(), vec![variable], options(Strategy::Reset))
    });
    let journals = world.journals();
    for result in futures_util::future::join_all(rotations.map(|rotation| rotation.run(&journals))).await {
        result.unwrap();
    }
    let after = std::fs::read_to_string(&env).unwrap();
    assert_eq!((after.len(), after.lines().count()), (text.len(), 7), "{after}");
    for (line, id) in after.lines().skip(1).zip(&ids) {
        let secret = ldtokens::Secret::new(line.split_once('=').unwrap().1);
        assert_eq!(world.owner_of(&secret).await.as_ref(), Some(id));
        assert!(!text.contains(secret.expose()));
    }
}

//! Several rotations at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ldtokens::{BaseRole, NewToken, Overlap};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Options, Reason, Rotation, Step, Strategy};

use crate::local::{DAY, HOUR, client};
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
        let meddle = move |journal: &ldtokens_lifecycle::Journal| {
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

/// Each has its own journals and its own file, and creates a token before it can see the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_two_replacements_at_the_same_moment_the_later_one_says_so_and_no_secret_in_use_is_lost() {
    let world = World::new().await;
    let (other, id) = (client(&world.server, world.server.owner_secret().unwrap().clone()), world.id.clone());
    let elsewhere = tempfile::tempdir().unwrap();
    let (file, journals) = (elsewhere.path().join("secret"), elsewhere.path().join("rotations"));
    let meddle = |journal: &ldtokens_lifecycle::Journal| {
        if journal.step == Step::Delivered {
            let (other, id) = (other.clone(), id.clone());
            let (file, journals) = (file.clone(), ldtokens_lifecycle::Journals::new(&journals));
            let meddling = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let options = Options { overlap: Some(HOUR), ..options(Strategy::Replace) };
                let destinations: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(file))];
                runtime.block_on(Rotation::new(&other, id, destinations, options).run(&journals)).unwrap()
            });
            assert!(meddling.join().unwrap().notes.is_empty());
        }
    };
    let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Replace));
    let report = rotation.on_step(meddle).run(&world.journals()).await.unwrap();
    assert!(report.notes.iter().any(|note| note.contains("somebody else")), "{report:?}");
    let theirs = ldtokens::Secret::new(std::fs::read_to_string(&file).unwrap());
    assert_eq!(world.owner_of(&world.secret()).await, Some(report.new_token_id));
    assert!(world.owner_of(&theirs).await.is_some());
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

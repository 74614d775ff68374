//! The same rotation again, and another within its overlap.

use std::time::Duration;

use ldtokens_lifecycle::destinations::{CommandDestination, FileDestination, GithubDestination, GithubFile};
use ldtokens_lifecycle::{Destination, Options, Reason, Rotation, Strategy};

use crate::support::{World, options, reason};

#[tokio::test]
async fn the_same_rotation_again_reports_what_is_done_and_another_within_the_overlap_must_be_asked_for() {
    let world = World::new().await;
    let first = world.rotate(options(Strategy::Reset)).await.unwrap();
    let delivered = world.secret();
    let again = world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!(
        (again.journal.last_four(), again.journal.old_ends_at),
        (first.journal.last_four(), first.journal.old_ends_at)
    );
    assert!(again.was_resumed && again.deliveries.is_empty() && world.secret() == delivered);
    for (hours, expected) in [(24, None), (48, Some(Reason::TooLate))] {
        let overlap = Some(Duration::from_secs(hours * 3600));
        let again = world.rotate(Options { overlap, ..options(Strategy::Reset) }).await;
        assert_eq!(again.err().map(|error| error.reason), expected, "{hours} h");
    }

    // To another place, or where the secret is not any more, it is another rotation.
    let elsewhere: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(world.folder.path().join("other")))];
    let other = Rotation::new(&world.client, world.id.clone(), elsewhere, options(Strategy::Reset));
    assert_eq!(reason(other.run(&world.journals()).await), Reason::EarlierOverlap);
    std::fs::write(world.file(), "").unwrap();
    assert_eq!(reason(world.rotate(options(Strategy::Reset)).await), Reason::EarlierOverlap);
    world.rotate(Options { forced: true, ..options(Strategy::Reset) }).await.unwrap();
    assert!(world.secret() != delivered && world.owner_of(&world.secret()).await.is_some());
    world.end_overlap();
    world.rotate(options(Strategy::Reset)).await.unwrap();
}

#[tokio::test]
async fn what_was_reset_or_put_back_since_a_rotation_is_not_reported_as_its_result() {
    let world = World::new().await;
    let refused = async |held: &ldtokens::Secret, words| {
        std::fs::write(world.file(), held.expose()).unwrap();
        let error = world.rotate(options(Strategy::Reset)).await.unwrap_err();
        assert!(error.reason == Reason::EarlierOverlap && error.text.contains(words), "{error}");
    };
    let old = world.secret();
    world.rotate(options(Strategy::Reset)).await.unwrap();
    let delivered = world.secret();
    refused(&old, "does not hold the new secret").await;
    let other = world.client.reset(&world.id, ldtokens::Overlap::None).await.unwrap();
    refused(&other.secret, "was reset since").await;
    refused(&delivered, "was reset since").await;
    world.rotate(Options { forced: true, ..options(Strategy::Reset) }).await.unwrap();
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&world.id));
}

#[tokio::test]
async fn a_replacement_is_reported_again_only_as_far_as_it_is_still_true() {
    let world = World::new().await;
    let first = world.rotate(options(Strategy::Replace)).await.unwrap();
    let delivered = world.secret();
    let elsewhere: Vec<Box<dyn Destination>> = vec![Box::new(FileDestination::new(world.folder.path().join("other")))];
    let other = Rotation::new(
        &world.client,
        world.id.clone(),
        elsewhere,
        Options { forced: true, ..options(Strategy::Replace) },
    );
    assert_eq!(reason(other.run(&world.journals()).await), Reason::TooLate);
    std::fs::remove_file(world.file()).unwrap();
    assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::NotHeld);
    std::fs::write(world.file(), delivered.expose()).unwrap();
    assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.old_ends_at, first.journal.old_ends_at);
    world.client.delete(&world.id).await.unwrap();
    let gone = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert!(gone.journal.old_ends_at.is_none() && gone.notes[0].contains("was deleted"), "{gone:?}");
}

#[tokio::test]
async fn a_lost_secret_of_a_replacement_is_replaced_by_another_if_that_is_asked_for() {
    let world = World::new().await;
    let old = world.secret();
    world.rotate(options(Strategy::Replace)).await.unwrap();
    std::fs::remove_file(world.file()).unwrap();
    let report = world.rotate(Options { forced: true, ..options(Strategy::Replace) }).await.unwrap();
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), report.journal.new_token_id());
    assert!(world.owner_of(&old).await.is_some() && report.journal.ends_by_itself(), "{report:?}");
    world.end_overlap();
    world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!(world.tokens().await.len(), 1);
}

#[tokio::test]
async fn a_job_that_runs_the_same_rotation_again_gets_the_secret_again_or_an_error() {
    for strategy in [Strategy::Reset, Strategy::Replace] {
        for has_file in [true, false] {
            let world = World::new().await;
            let output = world.folder.path().join("output");
            let run = async || {
                std::fs::write(&output, "").unwrap();
                let github = GithubDestination::new(GithubFile::Output, &output, "token").unwrap();
                let mut destinations: Vec<Box<dyn Destination>> = vec![Box::new(github)];
                destinations.extend(world.destinations().into_iter().filter(|_| has_file));
                let rotation = Rotation::new(&world.client, world.id.clone(), destinations, options(strategy));
                rotation.run(&world.journals()).await
            };
            let first = run().await.unwrap();
            let again = run().await;
            if !has_file {
                let expected = if strategy == Strategy::Reset { Reason::EarlierOverlap } else { Reason::NotHeld };
                assert_eq!(reason(again), expected);
                continue;
            }
            let again = again.unwrap();
            assert_eq!(
                (again.journal.last_four(), again.deliveries.len(), again.is_new),
                (first.journal.last_four(), 1, false)
            );
            let text = std::fs::read_to_string(&output).unwrap();
            assert_eq!(text, format!("token={}\n", world.secret().expose()), "{strategy:?}");
        }
    }
}

#[tokio::test]
async fn within_the_overlap_of_a_reset_a_replacement_or_an_end_at_once_is_another_rotation() {
    for another in [options(Strategy::Replace), Options { overlap: Some(Duration::ZERO), ..options(Strategy::Reset) }] {
        let world = World::new().await;
        world.rotate(options(Strategy::Reset)).await.unwrap();
        let first = world.secret();
        let report = world.rotate(another).await.unwrap();
        assert!(report.is_new && !report.was_resumed && world.secret() != first, "{report:?}");
    }
}

/// With a command as the destination nobody can see that the secret is lost.
#[cfg(unix)]
#[tokio::test]
async fn within_the_overlap_of_a_replacement_another_secret_can_be_asked_for() {
    for overlap in [Duration::from_secs(3600), Duration::ZERO] {
        let world = World::new().await;
        let kept = world.folder.path().join("kept");
        let rotate = async |options: Options| {
            let file = kept.clone();
            let command = CommandDestination::new("keep", move || {
                let mut shell = std::process::Command::new("sh");
                shell.args(["-c", "cat > \"$0\""]).arg(&file);
                shell
            });
            let destinations: Vec<Box<dyn Destination>> = vec![Box::new(command)];
            let rotation = Rotation::new(&world.client, world.id.clone(), destinations, options);
            rotation.run(&world.journals()).await.unwrap()
        };
        let secret = || ldtokens::Secret::new(std::fs::read_to_string(&kept).unwrap());
        rotate(options(Strategy::Replace)).await;
        let first = secret();
        let again = Options { forced: true, overlap: Some(overlap), ..options(Strategy::Replace) };
        let report = rotate(again).await;
        assert!(report.is_new && secret() != first, "{overlap:?}: {report:?}");
        assert_eq!(world.owner_of(&secret()).await, report.journal.new_token_id().cloned());
        assert_eq!(world.owner_of(&first).await.is_some(), !overlap.is_zero());
        if !overlap.is_zero() {
            world.end_overlap();
            assert_eq!(world.owner_of(&first).await, None);
            rotate(options(Strategy::Replace)).await;
        }
        assert_eq!(world.tokens().await[0].id, *report.journal.new_token_id().unwrap());
    }
}

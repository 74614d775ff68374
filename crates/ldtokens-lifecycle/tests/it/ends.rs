//! How old tokens end, what is never deleted, and what a second run does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ldtokens::{BaseRole, CallerIdentity, NewToken, Patch, Token, TokenId};
use ldtokens_lifecycle::destinations::{CommandDestination, FileDestination};
use ldtokens_lifecycle::{Destination, Journal, Options, Reason, Rotation, Step, Strategy, has_marker};

use crate::support::{DAY, HOUR, World, options, reason};

const REFUSED: &str = "patchToken status=403";

/// Its token, if the API still shows it.
async fn shown(world: &World, id: &TokenId) -> Option<Token> {
    match world.client.get(id).await {
        Ok(token) => Some(token),
        Err(ldtokens::Error::NotFound(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_api_ends_the_old_token_by_its_expiry_and_no_second_run_is_needed() {
    let world = World::new().await;
    let old = world.secret();
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert!(report.journal.ends_by_itself() && report.notes.is_empty(), "{report:?}");
    let expiry = shown(&world, &world.id).await.unwrap().expiry.unwrap();
    assert_eq!(Some(expiry), report.journal.old_ends_at);
    let new = shown(&world, report.journal.new_token_id().unwrap()).await.unwrap();
    assert!(new.expiry.is_none() && !has_marker(new.description.as_deref().unwrap()), "{new:?}");
    assert!(world.owner_of(&old).await.is_some());
    world.end_overlap();
    assert_eq!(world.owner_of(&old).await, None);
    assert!(world.owner_of(&world.secret()).await.is_some());
    // Another run only tidies.
    assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.step, Step::Retired);
    assert_eq!(shown(&world, &world.id).await, None);
}

#[tokio::test]
async fn where_the_expiry_cant_be_set_a_later_run_deletes_the_old_token_which_is_said() {
    for fault in [REFUSED, "patchToken status=400", "patchToken status=404"] {
        let world = World::new().await;
        let old = world.secret();
        world.fault(fault);
        let report = world.rotate(options(Strategy::Replace)).await.unwrap();
        assert!(
            !report.journal.ends_by_itself() && report.notes[0].contains("can't be made to expire"),
            "{fault}: {report:?}"
        );
        let new = shown(&world, report.journal.new_token_id().unwrap()).await.unwrap();
        assert!(has_marker(new.description.as_deref().unwrap()), "the marker stays until the end");
        world.end_overlap();
        assert!(world.owner_of(&old).await.is_some());
        world.server.faults().clear();
        assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.step, Step::Retired);
        assert_eq!(world.owner_of(&old).await, None);
        assert_eq!(world.tokens().await[0].description.as_deref(), Some("Nightly"));
    }
}

#[tokio::test]
async fn an_old_token_that_expires_earlier_is_not_extended() {
    let world = World::new().await;
    let soon = world.clock.now().saturating_add(HOUR);
    world.client.update(&world.id, &Patch::new().expiry(soon)).await.unwrap();
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!((report.journal.ends_by_itself(), report.journal.old_ends_at), (true, Some(soon)));
    assert_eq!(shown(&world, &world.id).await.unwrap().expiry, Some(soon));
}

#[tokio::test]
async fn the_reset_of_a_token_that_expires_says_so_and_of_one_that_has_expired_is_refused() {
    let world = World::new().await;
    let soon = world.clock.now().saturating_add(HOUR);
    world.client.update(&world.id, &Patch::new().expiry(soon)).await.unwrap();
    let report = world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!(report.journal.old_ends_at, Some(soon));
    assert!(report.notes.iter().any(|note| note.contains("its new secret with it")), "{report:?}");
    world.clock.advance(2 * HOUR);
    for forced in [false, true] {
        let held = world.secret();
        let refused = world.rotate(Options { forced, ..options(Strategy::Reset) }).await;
        assert_eq!((reason(refused), world.secret()), (Reason::Expired, held));
    }
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!(report.journal.old_ends_at, None, "{report:?}");
}

#[tokio::test]
async fn a_replacement_lives_as_long_as_its_predecessor_was_made_to_or_as_it_is_told() {
    for (lifetime, expected) in [(None, 90), (Some(30 * DAY), 30)] {
        let world = World::new().await;
        let made = world.clock.now().saturating_add(90 * DAY);
        world.client.update(&world.id, &Patch::new().expiry(made)).await.unwrap();
        world.clock.advance(60 * DAY);
        let report = world.rotate(Options { lifetime, ..options(Strategy::Replace) }).await.unwrap();
        let new = shown(&world, report.journal.new_token_id().unwrap()).await.unwrap();
        let lives = new.expiry.unwrap().get() - new.creation_date.get();
        let days = f64::from(u32::try_from(lives / 1000).unwrap()) / 86_400.0;
        assert!((days - f64::from(expected)).abs() < 0.1, "{days} days");
    }
}

#[tokio::test]
async fn if_the_reset_is_gone_from_the_api_the_token_is_replaced() {
    for status in [404, 405, 410] {
        let world = World::new().await;
        world.fault(&format!("resetToken status={status}"));
        let report = world.rotate(options(Strategy::Reset)).await.unwrap();
        assert_eq!((report.journal.strategy, report.notes.len()), (Strategy::Replace, 1), "{status}");
        assert_eq!(world.owner_of(&world.secret()).await, report.journal.new_token_id().cloned());
    }
    // A 404 of a token that is not there is one.
    let world = World::new().await;
    world.client.delete(&world.id).await.unwrap();
    let gone = world.rotate(options(Strategy::Reset)).await.unwrap_err();
    assert!(matches!(gone.source.as_deref(), Some(ldtokens::Error::NotFound(_))), "{gone:?}");
}

/// A replacement whose old token is left, since its expiry can't be set.
async fn replaced() -> World {
    let world = World::new().await;
    world.fault(&format!("{REFUSED} times=1"));
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert!(!report.journal.ends_by_itself());
    world.end_overlap();
    world
}

#[tokio::test]
async fn a_404_without_our_own_delete_is_not_a_deletion() {
    let world = replaced().await;
    world.fault("getToken status=404 times=1");
    assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::CantSee);
    let journal = world.journal().unwrap();
    assert!(journal.is_waiting(), "it is kept");
    // After our own delete it is one, also if its response was lost.
    world.fault("deleteToken drop-after");
    assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::Api);
    world.server.faults().clear();
    assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.step, Step::Retired);
    assert_eq!(shown(&world, &world.id).await, None);
}

#[tokio::test]
async fn nothing_is_deleted_unless_each_destination_holds_the_new_secret_and_it_works() {
    let world = replaced().await;
    let old = world.tokens().await.len();
    let held = world.secret();
    let stranger = world.client.create(&NewToken::new(BaseRole::Reader).name("Stranger")).await.unwrap();
    for contents in ["", "# notes\n", stranger.secret.expose(), "api-00000000-0000-4000-8000-00000000dead"] {
        std::fs::write(world.file(), contents).unwrap();
        assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::NotHeld, "{contents}");
        // Also if a run does not name the destinations.
        let finish = Rotation::new(&world.client, world.id.clone(), Vec::new(), options(Strategy::Replace));
        assert_eq!(reason(finish.run(&world.journals()).await), Reason::NotHeld, "{contents}");
        assert_eq!(world.tokens().await.len(), old);
    }
    std::fs::write(world.file(), held.expose()).unwrap();
    let finish = Rotation::new(&world.client, world.id.clone(), Vec::new(), options(Strategy::Replace));
    assert_eq!(finish.run(&world.journals()).await.unwrap().journal.step, Step::Retired);
    assert_eq!(world.tokens().await.len(), 1);
}

#[tokio::test]
async fn a_rotation_whose_old_token_has_expired_is_over_whatever_the_destinations_hold() {
    let lost = |world: &World| std::fs::remove_file(world.file()).unwrap();
    let kept = |_: &World| {};
    for (lifetime, more, change) in
        [(Some(10 * DAY), None, &kept as &dyn Fn(&World)), (None, None, &lost), (None, Some("added"), &kept)]
    {
        let world = World::new().await;
        let first = world.rotate(Options { lifetime, ..options(Strategy::Replace) }).await.unwrap();
        world.clock.advance(20 * DAY);
        change(&world);
        let destinations = || {
            let more =
                more.map(|name| Box::new(FileDestination::new(world.folder.path().join(name))) as Box<dyn Destination>);
            world.destinations().into_iter().chain(more).collect::<Vec<_>>()
        };
        let rotate = async |id: &TokenId| {
            let rotation = Rotation::new(&world.client, id.clone(), destinations(), options(Strategy::Replace));
            rotation.run(&world.journals()).await.unwrap()
        };
        let over = rotate(&world.id).await;
        assert_eq!((over.journal.step, over.is_held, over.notes.len()), (Step::Retired, false, 1), "{over:?}");
        let words = if lifetime.is_some() { "does not work any more" } else { "does not hold the new secret" };
        assert!(over.notes[0].contains(words), "{over:?}");
        assert_eq!(shown(&world, &world.id).await, None);
        // The replacement can be rotated.
        let next = rotate(first.journal.new_token_id().unwrap()).await;
        assert_eq!(world.owner_of(&world.secret()).await, next.journal.new_token_id().cloned());
    }
}

#[tokio::test]
async fn where_an_old_token_still_works_a_secret_that_is_not_held_is_replaced_by_another_if_that_is_asked_for() {
    let world = replaced().await;
    let moved = world.folder.path().join("moved");
    let rotate = async |forced, destinations| {
        let options = Options { forced, ..options(Strategy::Replace) };
        Rotation::new(&world.client, world.id.clone(), destinations, options).run(&world.journals()).await
    };
    let places = || vec![Box::new(FileDestination::new(&moved)) as Box<dyn Destination>];
    assert_eq!(reason(rotate(false, places()).await), Reason::NotHeld);
    assert_eq!(world.tokens().await.len(), 2);
    std::fs::remove_file(world.file()).unwrap();
    assert_eq!(reason(rotate(true, Vec::new()).await), Reason::NotHeld, "there is no place for another");
    let report = rotate(true, places()).await.unwrap();
    assert!(report.journal.old_ends_at.is_some() && report.journal.ends_by_itself(), "{report:?}");
    let held = ldtokens::Secret::new(std::fs::read_to_string(&moved).unwrap());
    assert_eq!(world.owner_of(&held).await, report.journal.new_token_id().cloned());
    world.end_overlap();
    assert_eq!(rotate(false, places()).await.unwrap().journal.step, Step::Retired);
    assert_eq!(world.tokens().await.len(), 1);
}

/// Someone uses it on, with another secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_old_token_that_somebody_else_has_reset_is_neither_ended_nor_deleted() {
    let world = World::new().await;
    let others = Mutex::new(None);
    let meddle = |journal: &Journal| {
        if journal.step == Step::Verified && others.lock().unwrap().is_none() {
            let resetting = world.client.reset(&world.id, 30 * DAY);
            let runtime = tokio::runtime::Handle::current();
            let issued = tokio::task::block_in_place(|| runtime.block_on(resetting)).unwrap();
            *others.lock().unwrap() = Some(issued.secret);
        }
    };
    let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Replace));
    let report = rotation.on_step(meddle).run(&world.journals()).await.unwrap();
    assert!(!report.journal.ends_by_itself() && report.notes[0].contains("somebody else has reset it"), "{report:?}");
    world.end_overlap();
    let others = others.into_inner().unwrap().unwrap();
    assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::Overtaken);
    assert_eq!(world.owner_of(&others).await.as_ref(), Some(&world.id));
    world.rotate(Options { forced: true, ..options(Strategy::Replace) }).await.unwrap();
    assert_eq!(world.owner_of(&others).await, None);
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), report.journal.new_token_id());
}

#[tokio::test]
async fn another_account_is_noticed() {
    let world = replaced().await;
    let mut caller: CallerIdentity = world.client.whoami().await.unwrap();
    caller.account_id = Some("another".to_owned());
    let other = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Replace));
    assert_eq!(reason(other.caller(caller).run(&world.journals()).await), Reason::OtherAccount);
    assert_eq!(world.tokens().await.len(), 2);
}

fn failing() -> Box<dyn Destination> {
    Box::new(CommandDestination::new("exit 1", || {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "cat > /dev/null; exit 1"]);
        shell
    }))
}

#[cfg(unix)]
#[tokio::test]
async fn one_401_on_the_resuming_run_is_not_believed() {
    let world = World::new().await;
    let mut both = world.destinations();
    both.push(failing());
    let first = Rotation::new(&world.client, world.id.clone(), both, options(Strategy::Replace));
    assert_eq!(reason(first.run(&world.journals()).await), Reason::NotDelivered);
    let in_use = world.secret();
    let caller = world.client.whoami().await.unwrap();
    world.fault("getCallerIdentity status=401 times=1");
    let options = Options { forced: true, read_lag: Duration::from_secs(10), ..options(Strategy::Replace) };
    let resumed = Rotation::new(&world.client, world.id.clone(), world.destinations(), options).caller(caller);
    let report = resumed.run(&world.journals()).await.unwrap();
    assert_eq!(world.owner_of(&in_use).await, report.journal.new_token_id().cloned());
    assert_eq!((world.secret(), world.tokens().await.len()), (in_use, 2));
}

#[tokio::test]
async fn a_404_does_not_leave_the_marker_on_a_replacement_that_works() {
    for (times, is_left) in [("times=1", false), ("", true)] {
        let world = World::new().await;
        let (faults, verified) = (world.server.faults(), AtomicUsize::new(0));
        // The old token was made to expire: what follows is the end of the marker.
        let hide = |journal: &Journal| {
            if journal.step == Step::Verified && verified.fetch_add(1, Ordering::SeqCst) == 1 {
                faults.add([format!("getToken status=404 {times}").parse().unwrap()]).unwrap();
            }
        };
        let options = Options { read_lag: Duration::from_millis(200), ..options(Strategy::Replace) };
        let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options);
        let report = rotation.on_step(hide).run(&world.journals()).await.unwrap();
        world.server.faults().clear();
        let new = world.client.get(report.journal.new_token_id().unwrap()).await.unwrap();
        assert_eq!(new.description.as_deref() != Some("Nightly"), is_left, "{times}: {new:?}");
        assert_eq!(
            report.notes.iter().any(|note| note.contains("keeps the marker")),
            is_left,
            "{times}: {:?}",
            report.notes
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_lost_secret_that_something_may_use_is_deleted_only_at_the_end() {
    let world = World::new().await;
    let mut both = world.destinations();
    both.push(failing());
    let first = Rotation::new(&world.client, world.id.clone(), both, options(Strategy::Replace));
    first.run(&world.journals()).await.unwrap_err();
    let delivered = world.secret();
    std::fs::write(world.file(), "").unwrap();
    let report = world.rotate(Options { forced: true, ..options(Strategy::Replace) }).await.unwrap();
    assert!(world.owner_of(&delivered).await.is_some(), "the command may have kept it");
    world.end_overlap();
    assert_eq!(world.owner_of(&delivered).await, None);
    world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!(world.tokens().await[0].id, *report.journal.new_token_id().unwrap());
}

#[tokio::test]
async fn a_resumed_run_obeys_the_options_it_is_given_now_or_refuses_them() {
    let world = World::new().await;
    let old = world.secret();
    let first = world.rotate(options(Strategy::Replace)).await.unwrap();
    let longer = world.rotate(Options { overlap: Some(7 * DAY), ..options(Strategy::Replace) }).await.unwrap();
    assert!(
        longer.journal.old_ends_at > first.journal.old_ends_at.map(|ends| ends.saturating_add(5 * DAY))
            && longer.journal.ends_by_itself()
    );
    assert_eq!(shown(&world, &world.id).await.unwrap().expiry, longer.journal.old_ends_at);
    assert_eq!(reason(world.rotate(options(Strategy::Reset)).await), Reason::TooLate);
    assert!(world.owner_of(&old).await.is_some());
    assert_eq!(
        world
            .rotate(Options { overlap: Some(Duration::ZERO), ..options(Strategy::Replace) })
            .await
            .unwrap()
            .journal
            .step,
        Step::Retired
    );
    assert_eq!(world.owner_of(&old).await, None);
}

#[tokio::test]
async fn an_unreadable_or_newer_journal_is_an_error() {
    let world = World::new().await;
    world.rotate(options(Strategy::Replace)).await.unwrap();
    let path = world.folder.path().join(format!("rotations/{}.json", world.id));
    let text = std::fs::read_to_string(&path).unwrap();
    for broken in [text.replace("\"version\": 2", "\"version\": 3"), text.replace('{', ""), String::new()] {
        std::fs::write(&path, broken).unwrap();
        let (journals, mut unusable) = world.journals().all().unwrap();
        assert!(journals.is_empty());
        for error in [world.rotate(options(Strategy::Replace)).await.unwrap_err(), unusable.remove(0)] {
            assert!(error.reason == Reason::Journal && error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
    let names = |journals: &str| journals.contains("accountId") && journals.contains(world.file().to_str().unwrap());
    assert!(names(&text) && text.contains("\"hash\""), "{text}");
}

#[tokio::test]
async fn a_journal_that_cant_be_written_after_the_create_deletes_nothing_in_use() {
    let world = World::new().await;
    let folder = world.folder.path().join("rotations");
    let file = folder.join(format!("{}.json", world.id));
    // From the second write on, the journal's place is taken by a folder.
    let block = |journal: &Journal| {
        if journal.step == Step::Planned {
            std::fs::rename(&file, folder.join("kept")).unwrap();
            std::fs::create_dir(&file).unwrap();
        }
    };
    let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Replace));
    let failed = rotation.on_step(block).run(&world.journals()).await;
    assert_eq!(reason(failed), Reason::Journal);
    let delivered = world.secret();
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(folder.join("kept"), &file).unwrap();
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!((world.secret(), world.owner_of(&delivered).await), (delivered, report.journal.new_token_id().cloned()));
    let destination = FileDestination::new(world.file());
    assert!(destination.read().is_ok());
}

//! What a rotation does when nothing kills it.

use std::time::Duration;

use ldtokens::{BaseRole, NewToken};
use ldtokens_lifecycle::destinations::{CommandDestination, FileDestination};
use ldtokens_lifecycle::{Destination, Journal, Options, Reason, Rotation, Step, Strategy};

use crate::support::{DAY, HOUR, World, client, options, reason};

#[tokio::test]
async fn a_reset_delivers_a_secret_that_works_and_the_old_one_works_until_the_overlap_ends() {
    let world = World::new().await;
    let old = world.secret();
    let report = world.rotate(options(Strategy::Reset)).await.unwrap();
    let new = world.secret();
    assert_eq!((report.journal.step, report.journal.last_four()), (Step::Retired, new.last_four()));
    assert_ne!(old, new);
    let id = Some(world.id.clone());
    assert_eq!((world.owner_of(&old).await, world.owner_of(&new).await), (id.clone(), id.clone()));
    world.end_overlap();
    assert_eq!((world.owner_of(&old).await, world.owner_of(&new).await), (None, id));
}

#[tokio::test]
async fn a_replacement_is_like_the_old_token_which_is_deleted_when_the_overlap_has_ended() {
    let world = World::new().await;
    let old = world.secret();
    let before = world.client.get(&world.id).await.unwrap();
    let report = world.rotate(options(Strategy::Replace)).await.unwrap();
    assert_eq!(report.journal.step, Step::Verified);
    let new = world.secret();
    assert_eq!(world.owner_of(&new).await.as_ref(), report.journal.new_token_id());
    let like = world.client.get(report.journal.new_token_id().unwrap()).await.unwrap();
    assert_eq!(
        (like.name, like.description, like.role, like.service_token, like.default_api_version),
        (before.name, before.description, before.role, before.service_token, before.default_api_version)
    );
    assert!(world.owner_of(&old).await.is_some());
    // The same command again has nothing to do before the overlap has ended.
    assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.step, Step::Verified);
    world.end_overlap();
    assert_eq!(world.rotate(options(Strategy::Replace)).await.unwrap().journal.step, Step::Retired);
    assert_eq!(world.owner_of(&old).await, None);
    assert_eq!(world.tokens().await.len(), 1);
    assert_eq!(reason(world.rotate(options(Strategy::Replace)).await), Reason::Replaced);
}

#[tokio::test]
async fn without_an_overlap_only_the_new_secret_works() {
    for strategy in [Strategy::Reset, Strategy::Replace] {
        let world = World::new().await;
        let old = world.secret();
        let report = world.rotate(Options { overlap: Some(Duration::ZERO), ..options(strategy) }).await.unwrap();
        assert_eq!((report.journal.step, report.journal.old_ends_at), (Step::Retired, None));
        assert_eq!(world.owner_of(&old).await, None);
        assert!(world.owner_of(&world.secret()).await.is_some());
        assert_eq!(world.tokens().await.len(), 1);
    }
}

#[tokio::test]
async fn after_a_lost_reset_the_token_is_replaced_and_the_old_secret_keeps_working() {
    let world = World::new().await;
    let old = world.secret();
    world.fault("resetToken drop-after times=1");
    let report = world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!((report.journal.strategy, report.journal.step), (Strategy::Replace, Step::Verified));
    assert!(world.owner_of(&old).await.is_some() && world.owner_of(&world.secret()).await.is_some());
    world.end_overlap();
    world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!(world.tokens().await.len(), 1);
}

#[tokio::test]
async fn a_reset_that_was_not_carried_out_is_repeated() {
    let world = World::new().await;
    world.fault("resetToken drop-before times=1");
    let report = world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!((report.journal.strategy, report.journal.step), (Strategy::Reset, Step::Retired));
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&world.id));
}

#[tokio::test]
async fn tokens_of_lost_creates_are_deleted() {
    // More than a page of the list has.
    let world = World::among(150).await;
    world.fault("postToken drop-after times=2");
    world.rotate(Options { overlap: Some(Duration::ZERO), ..options(Strategy::Replace) }).await.unwrap();
    let tokens = world.tokens().await;
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&tokens[0].id));
    assert_eq!(tokens[0].description.as_deref(), Some("Nightly"));
}

#[tokio::test]
async fn a_file_that_holds_another_secret_is_not_changed_and_no_secret_is_requested() {
    let world = World::new().await;
    let other = "api-00000000-0000-4000-8000-00000000zzzz";
    for contents in [other, "export A=1\nexport B=2\n"] {
        std::fs::write(world.file(), contents).unwrap();
        let before = world.client.get(&world.id).await.unwrap();
        assert_eq!(reason(world.rotate(options(Strategy::Reset)).await), Reason::Occupied);
        assert_eq!(std::fs::read_to_string(world.file()).unwrap(), contents);
        assert_eq!(world.client.get(&world.id).await.unwrap().token, before.token);
    }
}

#[tokio::test]
async fn what_may_be_the_password_of_something_else_is_not_sent_to_the_api() {
    let world = World::new().await;
    std::fs::write(world.file(), "correct-horse-battery").unwrap();
    let caller = world.client.whoami().await.unwrap();
    // If it were asked whose it is, the error would be the API's.
    world.fault("getCallerIdentity status=403");
    let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Reset));
    assert_eq!(reason(rotation.caller(caller).run(&world.journals()).await), Reason::Occupied);
}

#[tokio::test]
async fn a_new_secret_that_the_api_refuses_is_not_delivered() {
    for strategy in [Strategy::Reset, Strategy::Replace] {
        let world = World::new().await;
        let (before, caller) = (world.secret(), world.client.whoami().await.unwrap());
        world.fault("getCallerIdentity status=401");
        let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(strategy));
        assert_eq!(reason(rotation.caller(caller).run(&world.journals()).await), Reason::Refused, "{strategy:?}");
        assert_eq!(world.secret(), before, "{strategy:?}");
    }
}

/// The file was looked at before the secret was requested.
#[tokio::test]
async fn what_another_program_writes_into_the_file_meanwhile_is_kept_and_the_secret_is_beside_it() {
    let world = World::new().await;
    let meddle = |journal: &Journal| {
        if journal.step == Step::Issued {
            std::fs::write(world.file(), "notes").unwrap();
        }
    };
    let rotation = Rotation::new(&world.client, world.id.clone(), world.destinations(), options(Strategy::Reset));
    let failed = rotation.on_step(meddle).run(&world.journals()).await.unwrap_err();
    assert_eq!((failed.reason, world.secret().expose()), (Reason::NotDelivered, "notes"));
    let (_, path) = failed.text.split_once("what was to be written is in ").unwrap();
    let left = ldtokens::Secret::new(std::fs::read_to_string(path.split(';').next().unwrap()).unwrap());
    assert_eq!(world.owner_of(&left).await.as_ref(), Some(&world.id));
    // It exists nowhere else, so the next run takes it from there.
    std::fs::write(world.file(), "").unwrap();
    world.rotate(options(Strategy::Reset)).await.unwrap();
    assert_eq!((world.secret(), world.tokens().await.len()), (left, 1));
}

#[tokio::test]
async fn the_clients_own_token_can_be_replaced() {
    for overlap in [DAY, Duration::ZERO] {
        let world = World::new().await;
        let admin = world.client.create(&NewToken::new(BaseRole::Admin).name("Export")).await.unwrap();
        std::fs::write(world.file(), admin.secret.expose()).unwrap();
        let own = client(&world.server, admin.secret.clone());
        let options = Options { overlap: Some(overlap), ..options(Strategy::Replace) };
        let rotation = Rotation::new(&own, admin.id.clone(), world.destinations(), options);
        let report = rotation.run(&world.journals()).await.unwrap();
        assert_eq!(world.owner_of(&world.secret()).await.as_ref(), report.journal.new_token_id());
        assert_eq!(world.owner_of(&admin.secret).await.is_some(), !overlap.is_zero());
    }
}

#[tokio::test]
async fn the_clients_own_token_is_replaced_instead_of_reset_without_an_overlap() {
    let world = World::new().await;
    let admin = world.client.create(&NewToken::new(BaseRole::Admin)).await.unwrap();
    std::fs::write(world.file(), admin.secret.expose()).unwrap();
    let own = client(&world.server, admin.secret.clone());
    let options = Options { overlap: Some(Duration::ZERO), ..options(Strategy::Reset) };
    let report = Rotation::new(&own, admin.id.clone(), world.destinations(), options).run(&world.journals()).await;
    assert_eq!(report.unwrap().journal.strategy, Strategy::Replace);
    assert!(world.owner_of(&world.secret()).await.is_some());
}

#[tokio::test]
async fn another_members_personal_token_is_not_replaced() {
    let world = World::new().await;
    let reader = client(&world.server, world.server.secret("Reader").unwrap().clone());
    let id = reader.whoami().await.unwrap().token_id.unwrap();
    std::fs::write(world.file(), world.server.secret("Reader").unwrap().expose()).unwrap();
    let rotation = Rotation::new(&world.client, id, world.destinations(), options(Strategy::Replace));
    assert_eq!(reason(rotation.run(&world.journals()).await), Reason::OthersPersonal);
}

/// A command that fails while a file says so.
fn command(world: &World) -> Box<dyn Destination> {
    let folder = world.folder.path().to_owned();
    Box::new(CommandDestination::new("store", move || {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "test ! -e fails && cat > vault && env | grep ^LDTOKENS > variables"]).current_dir(&folder);
        shell
    }))
}

#[cfg(unix)]
#[tokio::test]
async fn each_destination_has_its_own_result_and_the_next_run_delivers_to_those_that_failed() {
    let world = World::new().await;
    let destinations =
        || -> Vec<Box<dyn Destination>> { vec![command(&world), Box::new(FileDestination::new(world.file()))] };
    let rotate = async || {
        let rotation = Rotation::new(&world.client, world.id.clone(), destinations(), options(Strategy::Reset));
        rotation.run(&world.journals()).await
    };
    std::fs::write(world.folder.path().join("fails"), "").unwrap();
    let failed = rotate().await.unwrap_err();
    assert_eq!(failed.reason, Reason::NotDelivered);
    let problems: Vec<bool> = failed.deliveries.iter().map(|delivery| delivery.problem.is_some()).collect();
    assert_eq!(problems, [false, true], "files come first: {failed}");
    // Another command is another destination, although neither is shown.
    let other = CommandDestination::new("other", || std::process::Command::new("true"));
    let destinations: Vec<Box<dyn Destination>> = vec![Box::new(other), Box::new(FileDestination::new(world.file()))];
    let rotation = Rotation::new(&world.client, world.id.clone(), destinations, options(Strategy::Reset));
    let refused = rotation.run(&world.journals()).await.unwrap_err();
    assert_eq!(refused.reason, Reason::OtherDestinations);
    assert!(refused.text.ends_with("export.secret, a command"), "{refused}");
    std::fs::remove_file(world.folder.path().join("fails")).unwrap();
    let report = rotate().await.unwrap();
    assert_eq!((report.journal.strategy, report.journal.step), (Strategy::Reset, Step::Retired));
    let vault = std::fs::read_to_string(world.folder.path().join("vault")).unwrap();
    assert_eq!(vault, world.secret().expose());
    let variables = std::fs::read_to_string(world.folder.path().join("variables")).unwrap();
    assert!(variables.contains(&format!("LDTOKENS_TOKEN_ID={}\n", world.id)), "{variables}");
    assert!(variables.contains("LDTOKENS_TOKEN_NAME=Export\n") && variables.contains("LDTOKENS_OLD_EXPIRES=20"));
    assert!(!variables.contains(vault.as_str()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_keeps_failing_leaves_the_old_secret_working_and_few_tokens() {
    let world = World::new().await;
    let old = world.secret();
    std::fs::write(world.folder.path().join("fails"), "").unwrap();
    let rotate = async |force: bool| {
        let options = if force {
            Options { forced: true, overwrites: true, ..options(Strategy::Replace) }
        } else {
            options(Strategy::Replace)
        };
        let rotation = Rotation::new(&world.client, world.id.clone(), vec![command(&world)], options);
        rotation.run(&world.journals()).await
    };
    for _ in 0..9 {
        rotate(false).await.unwrap_err();
    }
    let last = rotate(false).await.unwrap_err();
    assert!(last.reason == Reason::TooMany && last.to_string().starts_with("5 replacements"), "{last}");
    assert!(world.owner_of(&old).await.is_some());
    assert!(world.tokens().await.len() <= 7);
    std::fs::remove_file(world.folder.path().join("fails")).unwrap();
    rotate(true).await.unwrap();
    world.end_overlap();
    rotate(true).await.unwrap();
    assert_eq!(world.tokens().await.len(), 1);
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let world = World::new().await;
    let before = world.secret();
    world.fault("resetToken status=403 times=1");
    let refused = world.rotate(options(Strategy::Reset)).await.unwrap_err();
    assert_eq!((refused.reason, refused.step), (Reason::Api, None));
    assert_eq!(world.secret(), before);
    assert_eq!(world.journal(), None);
    let left = std::fs::read_dir(world.folder.path()).unwrap().count();
    assert_eq!(left, 2, "the file and the folder of journals");
}

#[tokio::test]
async fn a_lost_secret_that_can_t_be_replaced_is_reported_and_can_be_reset_again() {
    let world = World::new().await;
    let old = world.secret();
    world.fault("resetToken drop-after times=1");
    world.fault("postToken status=403");
    for _ in 0..2 {
        assert_eq!(reason(world.rotate(options(Strategy::Reset)).await), Reason::Lost);
    }
    assert!(world.owner_of(&old).await.is_some());
    let report = world.rotate(Options { forced: true, overwrites: true, ..options(Strategy::Reset) }).await.unwrap();
    assert_eq!((report.journal.strategy, report.journal.step), (Strategy::Reset, Step::Retired));
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&world.id));
}

#[tokio::test]
async fn no_journal_holds_a_secret() {
    let world = World::new().await;
    let old = world.secret();
    world.fault("resetToken drop-after times=1");
    world.rotate(options(Strategy::Reset)).await.unwrap();
    let journal = std::fs::read_to_string(world.folder.path().join(format!("rotations/{}.json", world.id))).unwrap();
    for secret in [old, world.secret()] {
        assert!(journal.contains(secret.last_four()) && !journal.contains(&secret.expose()[4..20]), "{journal}");
    }
}

#[tokio::test]
async fn the_time_of_a_rotation_can_be_written_into_the_description() {
    let world = World::new().await;
    for _ in 0..2 {
        world.rotate(Options { notes_time: true, ..options(Strategy::Reset) }).await.unwrap();
        let description = world.client.get(&world.id).await.unwrap().description.unwrap();
        assert!(description.starts_with("Nightly [ldtokens rotated 20"), "{description}");
        assert_eq!(description.matches("ldtokens").count(), 1, "{description}");
        let noted = ldtokens_lifecycle::noted_time(&description).unwrap();
        let seconds_ago = (world.clock.now().get() - noted.get()) / 1000;
        assert!(seconds_ago.unsigned_abs() < HOUR.as_secs(), "{description}");
        world.end_overlap();
    }
}

#[tokio::test]
async fn the_error_about_a_lost_secret_says_until_when_the_old_one_works() {
    let world = World::new().await;
    let reader = world.server.secret("Reader").unwrap().clone();
    let id = world.owner_of(&reader).await.unwrap();
    std::fs::write(world.file(), reader.expose()).unwrap();
    let rotate = async |options| {
        Rotation::new(&world.client, id.clone(), world.destinations(), options).run(&world.journals()).await
    };
    world.fault("resetToken drop-after times=1");
    let stuck = rotate(options(Strategy::Reset)).await.unwrap_err();
    assert_eq!(stuck.reason, Reason::Lost);
    assert!(stuck.to_string().contains("works until 20") && !stuck.to_string().contains("--"), "{stuck}");
    assert!(world.owner_of(&reader).await.is_some());
    assert_eq!(
        rotate(Options { forced: true, overwrites: true, ..options(Strategy::Reset) }).await.unwrap().journal.step,
        Step::Retired
    );
    assert_eq!(world.owner_of(&world.secret()).await.as_ref(), Some(&id));
}

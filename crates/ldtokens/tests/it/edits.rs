//! Edits don't overwrite changes that others made.

use std::sync::atomic::{AtomicUsize, Ordering};

use ldtokens::{Actions, BaseRole, Error, Patch, Permissions, Policy, Resources, Role, Statement};

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client, client_of, client_with_faults, create, hasty, server};

/// The change was made, but neither its response nor the read after it arrives.
#[tokio::test]
async fn an_edit_is_outcome_unknown_if_reading_the_token_gets_html() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let page = Fault::Respond(Moment::Before, proxy::HTML_200);
    let faults = [Fault::Pass, Fault::Reset(Moment::After), Fault::Pass, page.clone(), page.clone(), page];
    let (client, _proxy) = client_with_faults(&server, faults).await;
    let error = client.edit(&token.id, |token| token.name = Some("after".to_owned())).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(client.get(&token.id).await.unwrap().name.as_deref(), Some("after"));
}

/// Another round would get the same page.
#[tokio::test]
async fn an_edit_whose_patches_get_html_sends_no_more_of_them_than_an_update() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let plan = |head: &str| match head.starts_with("PATCH") {
        true => Fault::Respond(Moment::Before, proxy::HTML_200),
        false => Fault::Pass,
    };
    let proxy = Proxy::start(server.addr(), plan).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let patches = || proxy.lines().iter().filter(|line| line.starts_with("PATCH")).count();
    let updated = client.update(&token.id, &Patch::new().name("after")).await.unwrap_err();
    let of_update = patches();
    let edited = client.edit(&token.id, |token| token.name = Some("after".to_owned())).await.unwrap_err();
    assert!(matches!((&updated, &edited), (Error::OutcomeUnknown { .. }, Error::OutcomeUnknown { .. })), "{edited:?}");
    assert_eq!(patches(), 2 * of_update);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_sends_no_patch() {
    let server = server().await;
    let token = create(&client(&server), "same").await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let edited = client.edit(&token.id, |token| token.name = Some("same".into())).await.unwrap();
    assert_eq!(edited.name.as_deref(), Some("same"));
    assert_eq!(proxy.seen().len(), 1, "only the read: {:?}", proxy.lines());
}

#[tokio::test]
async fn a_comment_is_sent_with_the_patch() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let rename = |token: &mut ldtokens::Token| -> Result<(), Error> {
        token.name = Some("after".into());
        Ok(())
    };
    let edited = client.try_edit(&token.id, Some("Renamed"), rename).await.unwrap();
    assert_eq!(edited.name.as_deref(), Some("after"));
    let body: serde_json::Value = serde_json::from_str(&proxy.seen()[1].body).unwrap();
    assert_eq!(body["comment"], "Renamed");
    assert_eq!(body["patch"][1]["value"], "after");
}

#[tokio::test]
async fn one_kind_of_permissions_replaces_another() {
    let server = server().await;
    let client = client(&server);
    let token = create(&client, "x").await;
    let roles = Permissions::custom_roles(["release-managers"]);
    let edited = client.edit(&token.id, |token| roles.apply_to(token)).await.unwrap();
    assert_eq!((edited.role, edited.custom_role_ids), (None, vec!["release-managers".to_owned()]));
    let statement = Statement::allow(Actions::all(), Resources::only(["proj/*"]));
    let policy = Permissions::from(Policy::new([statement]).unwrap());
    let edited = client.edit(&token.id, |token| policy.apply_to(token)).await.unwrap();
    assert_eq!((edited.custom_role_ids, edited.inline_role.len()), (vec![], 1));
    let writer = Permissions::from(BaseRole::Writer);
    let edited = client.edit(&token.id, |token| writer.apply_to(token)).await.unwrap();
    assert_eq!((edited.role, edited.inline_role), (Some(Role::Writer), vec![]));
}

#[tokio::test]
async fn concurrent_edits_of_the_same_property_are_all_kept() {
    let server = server().await;
    let token = create(&client(&server), "").await;
    let mut edits = tokio::task::JoinSet::new();
    for number in 0..4 {
        let (client, id) = (client(&server), token.id.clone());
        edits.spawn(async move {
            client
                .edit(&id, |token| token.name = Some(format!("{} {number}", token.name.as_deref().unwrap_or(""))))
                .await
        });
    }
    for edited in edits.join_all().await {
        edited.unwrap();
    }
    let name = client(&server).get(&token.id).await.unwrap().name.unwrap();
    let mut numbers: Vec<&str> = name.split_whitespace().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn an_edit_starts_again_if_the_token_changed_after_it_was_read() {
    let server = server().await;
    let direct = client(&server);
    let token = create(&direct, "first").await;
    let rounds = AtomicUsize::new(0);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<tokio::sync::oneshot::Sender<()>>();
    let id = token.id.clone();
    let other = tokio::spawn(async move {
        let done = told.recv().await.unwrap();
        direct.update(&id, &Patch::new().name("changed by another")).await.unwrap();
        done.send(()).unwrap();
    });
    // The other's change is made after the read, while the closure runs.
    let client = client(&server);
    let runtime = tokio::runtime::Handle::current();
    let edited = tokio::task::spawn_blocking({
        let id = token.id.clone();
        move || {
            let edited = runtime.block_on(client.edit(&id, |token| {
                if rounds.fetch_add(1, Ordering::Relaxed) == 0 {
                    let (done, wait) = tokio::sync::oneshot::channel();
                    tell.send(done).unwrap();
                    // Only this thread waits; the other task runs on the runtime's own.
                    std::thread::scope(|scope| scope.spawn(|| wait.blocking_recv().unwrap()).join().unwrap());
                }
                token.name = token.name.as_ref().map(|name| format!("{name}, then by us"));
            }));
            (edited, rounds.load(Ordering::Relaxed))
        }
    });
    let (edited, rounds) = edited.await.unwrap();
    other.await.unwrap();
    assert_eq!(edited.unwrap().name.as_deref(), Some("changed by another, then by us"));
    assert_eq!(rounds, 2);
}

#[tokio::test]
async fn after_a_lost_response_an_edit_reads_the_token() {
    let server = server().await;
    for moment in [Moment::Before, Moment::After] {
        let token = create(&client(&server), "x").await;
        let (client, _proxy) = client_with_faults(&server, [Fault::Pass, Fault::Reset(moment)]).await;
        let edited = client.edit(&token.id, |token| token.name = token.name.as_ref().map(|name| format!("{name}!")));
        assert_eq!(edited.await.unwrap().name.as_deref(), Some("x!"), "once, not twice");
    }
}

#[tokio::test]
async fn a_patch_that_can_never_apply_is_not_retried() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let failed = "HTTP/1.1 422 Unprocessable Entity\r\ncontent-length: 0\r\n\r\n";
    let (client, proxy) = client_with_faults(&server, [Fault::Pass, Fault::Respond(Moment::Before, failed)]).await;
    let error = client.edit(&token.id, |token| token.name = Some("y".into())).await.unwrap_err();
    assert!(matches!(error, Error::PatchFailed(_)), "{error:?}");
    assert_eq!(proxy.seen().len(), 3, "read, patch, read");
}

#[tokio::test]
async fn a_lost_patch_is_outcome_unknown_if_the_token_cannot_be_read() {
    let server = server().await;
    let token = create(&client(&server), "first").await;
    let not_found = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let conflict = "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n";
    let faults = [
        Fault::Pass,
        Fault::Reset(Moment::After),
        Fault::Respond(Moment::Before, conflict),
        Fault::Respond(Moment::Before, not_found),
    ];
    let (client, _proxy) = client_with_faults(&server, faults).await;
    let error = client.edit(&token.id, |token| token.name = Some("y".into())).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
}

#[tokio::test]
async fn an_edit_whose_closure_fails_writes_nothing() {
    #[derive(Debug)]
    enum Failed {
        Own,
        Client(#[allow(dead_code)] Error),
    }
    impl From<Error> for Failed {
        fn from(error: Error) -> Self {
            Self::Client(error)
        }
    }
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let edited = client.try_edit(&token.id, None, |token| {
        token.name = None;
        Err(Failed::Own)
    });
    assert!(matches!(edited.await, Err(Failed::Own)));
    assert_eq!(proxy.lines().len(), 1, "only the read");
}

/// Counts how often it is asked to sleep.
#[derive(Debug, Default)]
struct Sleeps(AtomicUsize);

impl ldtokens::Clock for Sleeps {
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn sleep(&self, _: std::time::Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn an_edit_waits_between_rounds_and_gives_up_after_eight() {
    let server = server().await;
    let token = create(&client(&server), "contended").await;
    let proxy = Proxy::start(server.addr(), |line| match line.starts_with("PATCH") {
        true => Fault::Respond(Moment::Before, CONFLICT),
        false => Fault::Pass,
    })
    .await;
    let sleeps = std::sync::Arc::new(Sleeps::default());
    let client = client_of(&server, proxy.url()).clock(sleeps.clone()).build().unwrap();
    let error = client.edit(&token.id, |token| token.name = Some("y".into())).await.unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error:?}");
    assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("PATCH")).count(), 8);
    assert_eq!(sleeps.0.load(Ordering::Relaxed), 7, "one between each two of eight rounds");
}

const CONFLICT: &str = "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n";

/// Our choice: what certainly was not done is done now, where nobody else changed the token.
#[tokio::test]
async fn a_lost_patch_that_was_not_applied_is_sent_again() {
    let server = server().await;
    let token = create(&client(&server), "before").await;
    let faults = [Fault::Pass, Fault::Reset(Moment::Before), Fault::Respond(Moment::Before, CONFLICT)];
    let (client, proxy) = client_with_faults(&server, faults).await;
    let edited = client.edit(&token.id, |token| token.name = Some("after".into())).await.unwrap();
    assert_eq!(edited.name.as_deref(), Some("after"));
    assert_eq!(proxy.seen().len(), 5, "read, patch, patch, read, patch: {:?}", proxy.lines());
}

/// The lost patch may still be on its way, so an error that says that nothing was done would be wrong.
#[tokio::test]
async fn an_edit_stays_outcome_unknown_if_the_round_after_a_lost_patch_is_refused() {
    let refused = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    let not_found = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let (lost, conflict) = (Fault::Reset(Moment::Before), Fault::Respond(Moment::Before, CONFLICT));
    let server = server().await;
    for after in [
        // The next patch is refused.
        vec![Fault::Pass, Fault::Respond(Moment::Before, refused)],
        // The next patch meets a conflict, and the token can't be read after it.
        vec![Fault::Pass, conflict, Fault::Respond(Moment::Before, not_found)],
    ] {
        let token = create(&client(&server), "before").await;
        let faults = [Fault::Pass, lost.clone()].into_iter().chain(after);
        let proxy = Proxy::with_faults(server.addr(), faults).await;
        let once = client_of(&server, proxy.url())
            .retry(ldtokens::RetryPolicy { max_attempts: 1, ..hasty() })
            .build()
            .unwrap();
        let error = once.edit(&token.id, |token| token.name = Some("after".into())).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}: {:?}", proxy.lines());
    }
}

// Fact 12: a read can lag behind a write.
#[tokio::test]
async fn a_lost_patch_that_a_late_read_shows_is_not_made_again() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let late = Fault::Replace("\"name\":\"x!\"", "\"name\":\"x\"");
    let faults = [Fault::Pass, Fault::Reset(Moment::After), Fault::Pass, late];
    let (client, proxy) = client_with_faults(&server, faults).await;
    let edited = client.edit(&token.id, |token| token.name.as_mut().unwrap().push('!')).await.unwrap();
    assert_eq!(edited.name.as_deref(), Some("x!"), "{:?}", proxy.lines());
    assert_eq!(proxy.seen().len(), 6, "{:?}", proxy.lines());
}

/// Our choice: another's change is not overwritten by a repetition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_patch_is_outcome_unknown_if_others_changed_the_same_property() {
    let server = server().await;
    let direct = client(&server);
    let token = create(&direct, "before").await;
    let (client, _proxy) = client_with_faults(&server, [Fault::Pass, Fault::Reset(Moment::Before)]).await;
    let mut rounds = 0;
    let edited = client.edit(&token.id, |wanted| {
        rounds += 1;
        if rounds == 1 {
            let theirs = Patch::new().name("another's");
            let update = direct.update(&token.id, &theirs);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(update)).unwrap();
        }
        wanted.name = Some("after".into());
    });
    let error = edited.await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(direct.get(&token.id).await.unwrap().name.as_deref(), Some("another's"));
    assert_eq!(rounds, 1);
}

/// Our choice: a patch that failed while the token was changed elsewhere may apply to what it is now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_patch_is_retried_if_others_changed_another_property() {
    let server = server().await;
    let direct = client(&server);
    let token = create(&direct, "before").await;
    let failed = "HTTP/1.1 422 Unprocessable Entity\r\ncontent-length: 0\r\n\r\n";
    let (client, _proxy) = client_with_faults(&server, [Fault::Pass, Fault::Respond(Moment::Before, failed)]).await;
    let mut rounds = 0;
    let edited = client.edit(&token.id, |wanted| {
        rounds += 1;
        if rounds == 1 {
            let theirs = Patch::new().description("another's");
            let update = direct.update(&token.id, &theirs);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(update)).unwrap();
        }
        wanted.name = Some("after".into());
    });
    let edited = edited.await.unwrap();
    assert_eq!((edited.name.as_deref(), edited.description.as_deref()), (Some("after"), Some("another's")));
    assert_eq!(rounds, 2);
}

//! A create that deals with lost responses.

use std::sync::{Arc, Mutex};

use ldtokens::{Actions, Client, Clock as _, Error, NewToken, Permissions, Policy, Resources, Statement, Token};

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client, client_of, client_with_faults, create, create_or_recover, named, reader, server, works};

/// A client whose first `lost` POSTs lose their response.
async fn losing(server: &ldtokens_server::Server, lost: u32, fault: Fault) -> (Client, Proxy) {
    let mut left = lost;
    let proxy = Proxy::start(server.addr(), move |line| match line.starts_with("POST") && left > 0 {
        true => {
            left -= 1;
            fault.clone()
        }
        false => Fault::Pass,
    })
    .await;
    (client_of(server, proxy.url()).build().unwrap(), proxy)
}

/// The warning about these tokens, which lost attempts may have created.
fn duplicates(tokens: &[&Token]) -> String {
    let ids: Vec<&str> = tokens.iter().map(|token| token.id.as_str()).collect();
    format!(
        "a lost attempt may have created {}: unless someone else did just now, delete it, since nobody has its secret",
        ids.join(", ")
    )
}

#[tokio::test]
async fn without_failures_one_request_without_a_mark_is_sent() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let issued = create_or_recover(&client, &reader("plain").description("mine")).await.unwrap();
    assert_eq!(issued.details.description.as_deref(), Some("mine"));
    assert!(issued.warnings.is_empty());
    assert_eq!(proxy.lines(), ["POST /api/v2/tokens"]);
    assert!(!proxy.seen()[0].body.contains("ldtokens create"), "{}", proxy.seen()[0].body);
}

#[tokio::test]
async fn after_lost_responses_the_secret_is_stored_and_then_marked_tokens_are_deleted() {
    let server = server().await;
    for (number, fault) in [Fault::Reset(Moment::After), Fault::CutOff, Fault::Respond(Moment::After, proxy::TOLD_503)]
        .into_iter()
        .enumerate()
    {
        let name = format!("recovered {number}");
        let (client, proxy) = losing(&server, 3, fault.clone()).await;
        let store = async |issued: &ldtokens::IssuedToken| {
            assert!(proxy.lines().iter().all(|line| line.starts_with("POST")), "{:?}", proxy.lines());
            assert!(works(&server, &issued.secret).await);
            Ok::<_, Error>(())
        };
        let issued = client.create_or_recover(&reader(&name).description("mine"), store).await.unwrap();
        let found = named(&server, &name).await;
        let others: Vec<&Token> = found.iter().filter(|token| token.id != issued.id).collect();
        assert_eq!(others.len(), 1, "those of lost attempts are deleted, but for the first: {fault:?}");
        assert_eq!(issued.warnings, [duplicates(&others)], "{fault:?}");
        assert!(found.iter().all(|token| token.description.as_deref() == Some("mine")), "the mark is removed");
        assert_eq!(issued.details.description.as_deref(), Some("mine"));
    }
}

// Our choice: nobody has the secrets of lost attempts, whether this one could be stored or not.
#[tokio::test]
async fn if_the_secret_cannot_be_stored_the_others_are_cleaned_up_and_the_error_is_returned() {
    let server = server().await;
    let (client, _proxy) = losing(&server, 2, Fault::Reset(Moment::After)).await;
    let full = async |_: &ldtokens::IssuedToken| Err(Error::InvalidInput("the disk is full".to_owned()));
    let error = client.create_or_recover(&reader("not stored"), full).await.unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    let found = named(&server, "not stored").await;
    assert_eq!(found.len(), 2, "the first attempt's, and the one whose secret arrived");
    assert!(found.iter().all(|token| token.description.is_none()), "{found:?}");
}

#[tokio::test]
async fn nothing_is_left_if_the_lost_attempt_created_nothing() {
    let server = server().await;
    let (client, _proxy) = losing(&server, 1, Fault::Reset(Moment::Before)).await;
    let issued = create_or_recover(&client, &reader("once")).await.unwrap();
    assert!(issued.warnings.is_empty(), "{issued:?}");
    let found = named(&server, "once").await;
    assert_eq!((found.len(), found[0].description.as_deref()), (1, None));
}

#[tokio::test]
async fn a_different_older_or_used_token_is_not_a_possible_duplicate() {
    // Months ahead of our clock; its responses tell.
    let time = ldtokens_server::Clock::manual(ldtokens::UnixMillis::new(1_800_000_000_000));
    let server = ldtokens_server::Server::builder().clock(time.clone()).start().await.unwrap();
    let direct = client(&server);
    let older = create(&direct, "wanted").await;
    time.advance(std::time::Duration::from_secs(60));
    let (client, _proxy) = losing(&server, 1, Fault::Reset(Moment::After)).await;
    let others = Arc::new(Mutex::new(Vec::new()));
    let store = async |_: &ldtokens::IssuedToken| {
        let _ = create(&direct, "not like it").await;
        let _ = direct.create(&reader("wanted").service()).await?;
        let used = create(&direct, "wanted").await;
        assert!(works(&server, &used.secret).await);
        others.lock().unwrap().push(used);
        Ok::<_, Error>(())
    };
    let issued = client.create_or_recover(&reader("wanted"), store).await.unwrap();
    let used = others.lock().unwrap().pop().unwrap();
    let known = [&issued.id, &used.id, &older.id];
    let found = named(&server, "wanted").await;
    let first: Vec<&Token> =
        found.iter().filter(|token| !known.contains(&&token.id) && token.service_token != Some(true)).collect();
    assert_eq!((first.len(), &issued.warnings), (1, &vec![duplicates(&first)]), "only the first attempt's");
    assert!(works(&server, &used.secret).await && works(&server, &older.secret).await, "they are not touched");
}

#[tokio::test]
async fn a_possible_duplicate_has_as_many_custom_roles_or_statements_as_the_wanted_token() {
    let server = server().await;
    let statement = || Statement::allow(Actions::only(["updateOn"]), Resources::only(["proj/*:env/test:flag/*"]));
    let policy = |count| Permissions::from(Policy::new((0..count).map(|_| statement())).unwrap());
    let roles = |keys: &[&str]| Permissions::custom_roles(keys.iter().copied());
    for (wanted, other) in
        [(roles(&["release-managers"]), roles(&["release-managers", "auditors"])), (policy(1), policy(2))]
    {
        let (client, _proxy) = losing(&server, 1, Fault::Reset(Moment::After)).await;
        let direct = crate::support::client(&server);
        let store = async |_: &ldtokens::IssuedToken| direct.create(&NewToken::new(other)).await.map(drop);
        let issued = client.create_or_recover(&NewToken::new(wanted.clone()), store).await.unwrap();
        let tokens = direct.list().collect_all().await.unwrap();
        let first: Vec<&Token> = tokens
            .iter()
            .filter(|token| token.id != issued.id && token.custom_role_ids.len() + token.inline_role.len() == 1)
            .collect();
        assert_eq!((first.len(), &issued.warnings), (1, &vec![duplicates(&first)]), "{wanted:?}");
        direct.delete(&first[0].id).await.unwrap();
        direct.delete(&issued.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_list_and_a_remaining_mark_are_warnings() {
    let server = server().await;
    let mut posts = 0;
    let proxy = Proxy::start(server.addr(), move |line| match line.split(' ').next() {
        Some("POST") if posts < 2 => {
            posts += 1;
            Fault::Reset(Moment::After)
        }
        Some("POST") => Fault::Pass,
        _ => Fault::Respond(Moment::Before, proxy::OWN_403),
    })
    .await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let issued = create_or_recover(&client, &reader("marked").description("mine")).await.unwrap();
    assert!(works(&server, &issued.secret).await);
    let description = issued.details.description.as_deref().unwrap();
    let marker = description.strip_prefix("mine ").unwrap();
    assert!(marker.starts_with("[ldtokens create ") && marker.len() == 34, "{marker}");
    let [mark, list] = &issued.warnings[..] else { panic!("{issued:?}") };
    assert!(mark.starts_with(&format!("the description of {} still ends with `{marker}`", issued.id)), "{mark}");
    assert!(list.starts_with("not all tokens of lost attempts could be found") && list.contains(marker), "{list}");
}

#[tokio::test]
async fn a_marked_token_that_cannot_be_deleted_is_a_warning_and_one_that_is_gone_is_none() {
    const GONE: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    for (answer, warnings) in [(proxy::OWN_403, 2), (GONE, 1)] {
        let mut posts = 0;
        let proxy = Proxy::start(server.addr(), move |line| match line.split(' ').next() {
            Some("POST") if posts < 2 => {
                posts += 1;
                Fault::Reset(Moment::After)
            }
            Some("DELETE") => Fault::Respond(Moment::Before, answer),
            _ => Fault::Pass,
        })
        .await;
        let client = client_of(&server, proxy.url()).build().unwrap();
        let issued = create_or_recover(&client, &reader(&format!("{warnings}"))).await.unwrap();
        assert_eq!(issued.warnings.len(), warnings, "{issued:?}");
        assert_eq!(issued.warnings.last().unwrap().contains("deleted (deleteToken: "), warnings == 2, "{issued:?}");
    }
}

#[tokio::test]
async fn an_error_in_a_later_attempt_is_outcome_unknown_and_what_can_be_deleted_is() {
    let server = server().await;
    for (later, posts) in [(Fault::Respond(Moment::Before, proxy::OWN_403), 2), (Fault::Reset(Moment::After), 5)] {
        let mut first = true;
        let proxy = Proxy::start(server.addr(), move |line| match line.starts_with("POST") {
            true if std::mem::take(&mut first) => Fault::Reset(Moment::After),
            true => later.clone(),
            false => Fault::Pass,
        })
        .await;
        let client = client_of(&server, proxy.url()).build().unwrap();
        let error = create_or_recover(&client, &reader("orphan")).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
        assert!(std::error::Error::source(&error).is_some_and(|source| !source.to_string().is_empty()));
        assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), posts);
        let found = named(&server, "orphan").await;
        let [left] = &found[..] else { panic!("only the first attempt's is left: {found:?}") };
        assert!(error.to_string().ends_with(&format!("{}; then create again", duplicates(&[left]))), "{error}");
        crate::support::client(&server).delete(&left.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_read_up_to_three_times() {
    // More tokens than a page has: within one page nothing changes.
    let server = ldtokens_server::Server::builder().seed_tokens(1_600).start().await.unwrap();
    let mut lost = 2;
    // Each list says that there are more tokens than come.
    let proxy = Proxy::start(server.addr(), move |line| match line.split(' ').next() {
        Some("GET") => Fault::Replace("\"totalCount\":", "\"totalCount\":9"),
        Some("POST") if lost > 0 => {
            lost -= 1;
            Fault::Reset(Moment::After)
        }
        _ => Fault::Pass,
    })
    .await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let issued = create_or_recover(&client, &reader("x")).await.unwrap();
    assert!(issued.warnings.iter().any(|warning| warning.contains("the list changed")), "{issued:?}");
    assert_eq!(named(&server, "x").await.len(), 2, "what was found is removed all the same");
    let lists = proxy.lines().iter().filter(|line| line.starts_with("GET") && !line.contains("offset")).count();
    assert_eq!(lists, 3);
}

#[tokio::test]
async fn a_create_that_the_api_refuses_is_not_retried() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, proxy::OWN_403)]).await;
    assert!(matches!(create_or_recover(&client, &reader("x")).await, Err(Error::Forbidden(_))));
    assert_eq!(proxy.seen().len(), 1);
}

/// A page of a gateway would come again, and each time a token could be made whose secret nobody has.
#[tokio::test]
async fn a_response_that_would_come_again_is_not_taken_for_a_lost_one() {
    let server = server().await;
    let (client, proxy) = losing(&server, 5, Fault::Respond(Moment::After, proxy::HTML_200)).await;
    let error = create_or_recover(&client, &reader("once")).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
    let found = named(&server, "once").await;
    assert!(found.len() == 1 && error.to_string().contains(found[0].id.as_str()), "it is named: {error}");
}

#[tokio::test]
async fn all_attempts_share_one_deadline() {
    let server = server().await;
    let proxy = Proxy::start(server.addr(), |_| Fault::Hang(Moment::Before)).await;
    let hour = std::time::Duration::from_secs(3600);
    let policy = ldtokens::RetryPolicy {
        deadline: std::time::Duration::from_millis(300),
        attempt_timeout: hour,
        ..crate::support::hasty()
    };
    let client = client_of(&server, proxy.url()).retry(policy.clone()).build().unwrap();
    let error = create_or_recover(&client, &reader("x")).await.unwrap_err();
    let Error::OutcomeUnknown { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, Error::Transport { .. }), "the cause is kept: {error:?}");
    assert_eq!(proxy.seen().len(), 1, "the first attempt used up the time");

    // There is time left, but not enough for another create.
    let clock = Arc::new(crate::deadlines::SkippingClock::default());
    let slow = clock.clone();
    let latency = Box::new(move || slow.sleep(hour * 2 / 3));
    let proxy = Proxy::listen(server.addr(), Box::new(|_| Fault::Reset(Moment::Before)), Some(latency));
    let policy = ldtokens::RetryPolicy { deadline: hour, ..policy };
    let client = client_of(&server, proxy.url()).retry(policy).clock(clock).build().unwrap();
    let error = create_or_recover(&client, &reader("x")).await.unwrap_err();
    let Error::OutcomeUnknown { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, Error::Transport { .. }), "the cause is kept: {error:?}");
    assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

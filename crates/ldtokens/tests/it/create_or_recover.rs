//! A create that deals with lost responses.

use ldtokens::{
    Actions, Client, Error, IssuedToken, NewToken, Permissions, Policy, RecoverError, Resources, Statement,
};

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client, client_of, client_with_faults, create, named, reader, server, works};

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

fn ids(issued: &IssuedToken, found: &[ldtokens::Token]) -> Vec<String> {
    found.iter().filter(|token| token.id != issued.id).map(|token| token.id.to_string()).collect()
}

#[tokio::test]
async fn without_failures_one_request_without_a_mark_is_sent() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, []).await;
    let issued = client.create_or_recover(&reader("plain").description("mine")).await.unwrap();
    assert_eq!(issued.details.description.as_deref(), Some("mine"));
    assert!(issued.clean_up.is_none() && issued.warnings.is_empty());
    assert_eq!(proxy.lines(), ["POST /api/v2/tokens"]);
    assert!(!proxy.seen()[0].body.contains("ldtokens create"), "{}", proxy.seen()[0].body);
}

#[tokio::test]
async fn after_lost_responses_the_secret_is_returned_and_clean_up_deletes_marked_tokens() {
    let server = server().await;
    for (number, fault) in [Fault::Reset(Moment::After), Fault::CutOff, Fault::Respond(Moment::After, proxy::TOLD_503)]
        .into_iter()
        .enumerate()
    {
        let name = format!("recovered {number}");
        let (client, proxy) = losing(&server, 3, fault.clone()).await;
        let issued = client.create_or_recover(&reader(&name).description("mine")).await.unwrap();
        assert!(proxy.lines().iter().all(|line| line.starts_with("POST")), "{:?}", proxy.lines());
        assert!(works(&server, &issued.secret).await);

        let left = client.clean_up(issued.clean_up.as_ref().unwrap()).await;
        let found = named(&server, &name).await;
        assert_eq!(left.deleted.len(), 2, "the marked ones of lost attempts: {left:?}");
        let possible_duplicates: Vec<String> =
            left.possible_duplicates.iter().map(|token| token.id.to_string()).collect();
        assert_eq!(possible_duplicates, ids(&issued, &found), "the first attempt's is reported: {fault:?}");
        assert_eq!(possible_duplicates.len(), 1);
        let sentence = format!(
            "a lost attempt may have created {}: unless someone else did just now, delete it, since nobody has its secret",
            possible_duplicates[0]
        );
        assert_eq!((left.to_string(), left.is_empty()), (sentence, false));
        assert!(left.errors.is_empty() && left.marked.is_none(), "{left:?}");
        assert!(found.iter().all(|token| token.description.as_deref() == Some("mine")), "the mark is removed");
    }
}

#[tokio::test]
async fn nothing_is_left_if_the_lost_attempt_created_nothing() {
    let server = server().await;
    let (client, _proxy) = losing(&server, 1, Fault::Reset(Moment::Before)).await;
    let issued = client.create_or_recover(&reader("once")).await.unwrap();
    let left = client.clean_up(issued.clean_up.as_ref().unwrap()).await;
    assert!(left.is_empty() && left.deleted.is_empty(), "{left:?}");
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
    let issued = client.create_or_recover(&reader("wanted")).await.unwrap();
    create(&direct, "not like it").await;
    direct.create(&reader("wanted").service()).await.unwrap();
    let used = create(&direct, "wanted").await;
    assert!(works(&server, &used.secret).await);
    let left = client.clean_up(issued.clean_up.as_ref().unwrap()).await;
    assert_eq!(left.possible_duplicates.len(), 1, "only the first attempt's: {left:?}");
    assert!(left.possible_duplicates[0].id != used.id && left.possible_duplicates[0].id != older.id);
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
        let issued = client.create_or_recover(&NewToken::new(wanted.clone())).await.unwrap();
        crate::support::client(&server).create(&NewToken::new(other)).await.unwrap();
        let left = client.clean_up(issued.clean_up.as_ref().unwrap()).await;
        assert_eq!(left.possible_duplicates.len(), 1, "{wanted:?}: {left:?}");
        let found = &left.possible_duplicates[0];
        assert_eq!(found.custom_role_ids.len() + found.inline_role.len(), 1, "{wanted:?}: {found:?}");
        crate::support::client(&server).delete(&left.possible_duplicates[0].id).await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_list_and_a_remaining_mark_are_reported() {
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
    let issued = client.create_or_recover(&reader("marked").description("mine")).await.unwrap();
    assert!(works(&server, &issued.secret).await);
    let clean_up = issued.clean_up.as_ref().unwrap();
    assert!(issued.details.description.as_deref().unwrap().starts_with("mine [ldtokens create "));
    let left = client.clean_up(clean_up).await;
    assert_eq!(left.marked.as_ref(), Some(&issued.id));
    assert_eq!(left.errors.len(), 2, "the list's and the patch's: {left:?}");
    let marker = clean_up.marker();
    assert!(marker.starts_with("[ldtokens create ") && marker.len() == 34, "{marker}");
    let sentences = left.to_string();
    let (mark, errors) = sentences.split_once("; ").unwrap();
    assert!(mark.starts_with(&format!("the description of {} still ends with `{marker}`", issued.id)), "{left}");
    assert!(
        errors.starts_with("not all tokens of lost attempts") && errors.ends_with(&format!("`{marker}`")),
        "{left}"
    );
}

#[tokio::test]
async fn an_error_in_a_later_attempt_is_outcome_unknown() {
    let server = server().await;
    for (later, posts) in [(Fault::Respond(Moment::Before, proxy::OWN_403), 2), (Fault::Reset(Moment::After), 5)] {
        let (client, proxy) =
            client_with_faults(&server, [vec![Fault::Reset(Moment::After)], vec![later; 9]].concat()).await;
        let error = client.create_or_recover(&reader("orphan")).await.unwrap_err();
        let RecoverError { error: Error::OutcomeUnknown { .. }, clean_up: Some(clean_up), .. } = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains(clean_up.marker()), "{error}");
        assert!(std::error::Error::source(&error).is_some_and(|source| !source.to_string().is_empty()));
        assert_eq!(proxy.seen().len(), posts);
        let left = crate::support::client(&server).clean_up(clean_up).await;
        assert_eq!(
            (left.deleted.len(), left.possible_duplicates.len()),
            (posts - 1 - usize::from(posts == 2), 1),
            "{left:?}"
        );
        for duplicate in left.possible_duplicates {
            crate::support::client(&server).delete(&duplicate.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_list_that_keeps_changing_is_reported_as_an_error() {
    // More tokens than a page has: within one page nothing changes.
    let server = ldtokens_server::Server::builder().seed_tokens(150).start().await.unwrap();
    let (client, proxy) = losing(&server, 2, Fault::Reset(Moment::After)).await;
    let issued = client.create_or_recover(&reader("x")).await.unwrap();
    drop(proxy);
    // Each list says that there are more tokens than come.
    let changing = Proxy::start(server.addr(), |line| match line.starts_with("GET") {
        true => Fault::Replace("\"totalCount\":", "\"totalCount\":9"),
        false => Fault::Pass,
    })
    .await;
    let client = client_of(&server, changing.url()).build().unwrap();
    let left = client.clean_up(issued.clean_up.as_ref().unwrap()).await;
    assert!(matches!(left.errors[..], [Error::ListChanged { .. }]), "{left:?}");
    assert_eq!(left.deleted.len(), 1, "what was found is removed all the same");
    let lists = changing.lines().iter().filter(|line| line.starts_with("GET") && !line.contains("offset")).count();
    assert_eq!(lists, 3);
}

#[tokio::test]
async fn a_create_that_the_api_refuses_is_not_retried() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, proxy::OWN_403)]).await;
    assert!(matches!(
        client.create_or_recover(&reader("x")).await,
        Err(RecoverError { error: Error::Forbidden(_), .. })
    ));
    assert_eq!(proxy.seen().len(), 1);
}

#[tokio::test]
async fn all_attempts_share_one_deadline() {
    let server = server().await;
    let proxy = Proxy::start(server.addr(), |_| Fault::Hang(Moment::Before)).await;
    let hour = std::time::Duration::from_secs(3600);
    let policy = crate::support::hasty().deadline(std::time::Duration::from_millis(300)).attempt_timeout(hour);
    let client = client_of(&server, proxy.url()).retry(policy).build().unwrap();
    let error = client.create_or_recover(&reader("x")).await.unwrap_err();
    assert!(matches!(error, RecoverError { error: Error::OutcomeUnknown { .. }, clean_up: Some(_), .. }), "{error:?}");
    assert_eq!(proxy.seen().len(), 1, "the first attempt used up the time");
}

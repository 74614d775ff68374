//! Time-outs and the deadline of a call, in real time.

use std::time::{Duration, Instant};

use ldtokens::{Error, Overlap};

use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client, client_of, create, hasty, reader, server};

/// A scheduler's tick, on a machine that compiles something else meanwhile. What is not bounded takes a minute.
const TICK: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_holds_it_up() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
    let deadline = Duration::from_millis(300);
    for fault in [
        Fault::Hang(Moment::Before),
        Fault::Hang(Moment::After),
        Fault::Reset(Moment::Before),
        Fault::WindowSpent(60_000),
    ] {
        let proxy = Proxy::start(server.addr(), {
            let fault = fault.clone();
            move |_| fault.clone()
        })
        .await;
        let policy = hasty().deadline(deadline).attempt_timeout(Duration::from_secs(60)).max_attempts(u32::MAX);
        let client = client_of(&server, proxy.url()).retry(policy).build().unwrap();
        for operation in ["get", "list", "create", "reset", "delete"] {
            let begun = Instant::now();
            let error = match operation {
                "get" => client.get(&token.id).await.err(),
                "list" => client.list().send().await.err(),
                "create" => client.create(&reader("y")).await.err(),
                "reset" => client.reset(&token.id, Overlap::None).await.err(),
                // It may have gone through, and then be found done.
                _ => client.delete(&token.id).await.err().or(Some(Error::InvalidInput(String::new()))),
            };
            let took = begun.elapsed();
            assert!(error.is_some(), "{operation} {fault:?}");
            assert!(took < deadline + TICK, "{operation} {fault:?} took {took:?}");
        }
    }
}

#[tokio::test]
async fn an_attempt_that_hangs_is_given_up_for_the_next() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::Hang(Moment::Before)]).await;
    let client = client_of(&server, proxy.url()).retry(hasty().attempt_timeout(Duration::from_millis(50)));
    client.build().unwrap().list().send().await.unwrap();
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn a_window_that_opens_after_the_deadline_is_not_waited_for() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::WindowSpent(60_000)]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let begun = Instant::now();
    let error = client.list().send().await.unwrap_err();
    let Error::RateLimited(api) = &error else { panic!("{error:?}") };
    assert!(api.retry_after.unwrap() > Duration::from_secs(50), "{error}");
    assert!(error.to_string().contains("; try again in "), "{error}");
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
    assert_eq!(proxy.seen().len(), 1, "the second call knew, and was not sent");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_call_without_any_time_is_not_sent_and_nothing_is_unknown_of_it() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).retry(hasty().deadline(Duration::ZERO)).build().unwrap();
    let error = client.create(&reader("never")).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
    assert!(proxy.seen().is_empty());
}

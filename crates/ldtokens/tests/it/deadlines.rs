//! Timeouts and the deadline of a call, in real time.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ldtokens::{Clock, Error, Overlap};

use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client, client_of, create, create_or_recover, hasty, reader, server};

/// Only against hanging: what is not bounded takes an hour.
const GUARD: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let server = server().await;
    let token = create(&client(&server), "x").await;
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
        let policy = hasty().deadline(Duration::from_millis(300)).attempt_timeout(HOUR).max_attempts(u32::MAX);
        let client = client_of(&server, proxy.url()).retry(policy).build().unwrap();
        let new = reader("y");
        let calls = async {
            assert!(client.get(&token.id).await.is_err(), "{fault:?}");
            assert!(client.list().send().await.is_err(), "{fault:?}");
            assert!(client.create(&new).await.is_err(), "{fault:?}");
            assert!(create_or_recover(&client, &new).await.is_err(), "{fault:?}: one deadline for all attempts");
            assert!(client.edit(&token.id, |token| token.name = None).await.is_err(), "{fault:?}");
            assert!(client.reset(&token.id, Overlap::None).await.is_err(), "{fault:?}");
            // It may have gone through, and then be found done.
            let _ = client.delete(&token.id).await;
        };
        tokio::time::timeout(GUARD, calls).await.unwrap_or_else(|_| panic!("{fault:?} holds a call up"));
    }
}

#[tokio::test]
async fn an_attempt_that_times_out_is_retried() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::Hang(Moment::Before)]).await;
    let client = client_of(&server, proxy.url()).retry(hasty().attempt_timeout(Duration::from_millis(50)));
    client.build().unwrap().list().send().await.unwrap();
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn a_rate_limit_that_lasts_past_the_deadline_is_an_error_at_once() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::WindowSpent(60_000)]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let error = client.list().send().await.unwrap_err();
    let Error::RateLimited(api) = &error else { panic!("{error:?}") };
    assert!(api.retry_after.unwrap() > Duration::from_secs(50), "{error}");
    assert!(error.to_string().contains("; try again in "), "{error}");
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
    assert_eq!(proxy.seen().len(), 1, "the second call knew, and was not sent");
}

#[tokio::test]
async fn a_call_with_a_deadline_of_zero_is_not_sent() {
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), []).await;
    let client = client_of(&server, proxy.url()).retry(hasty().deadline(Duration::ZERO)).build().unwrap();
    let error = client.create(&reader("never")).await.unwrap_err();
    assert!(matches!(error, Error::DeadlineExceeded { .. }), "nobody limited it: {error:?}");
    assert!(proxy.seen().is_empty());
}

/// A clock whose sleeps end at once, and advance it.
#[derive(Debug, Default)]
struct SkippingClock(Mutex<Duration>);

impl Clock for SkippingClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        *self.0.lock().unwrap() += duration;
        Box::pin(std::future::ready(()))
    }
}

/// The second call reaches its deadline while the first one still waits for its response.
#[tokio::test]
async fn waiting_only_for_other_requests_is_not_a_rate_limit_error() {
    let server = server().await;
    let proxy = Proxy::start(server.addr(), |_| Fault::Hang(Moment::Before)).await;
    let policy = hasty().deadline(Duration::from_millis(200)).attempt_timeout(HOUR);
    let clock = Arc::new(SkippingClock::default());
    let client = client_of(&server, proxy.url()).retry(policy).clock(clock).build().unwrap();
    let calls = tokio::time::timeout(GUARD, async { tokio::join!(client.list().send(), client.list().send()) });
    let (first, second) = calls.await.unwrap();
    assert!(matches!(first, Err(Error::Transport { .. })), "{first:?}");
    assert!(matches!(second, Err(Error::DeadlineExceeded { .. })), "{second:?}");
    assert_eq!(proxy.seen().len(), 1);
}

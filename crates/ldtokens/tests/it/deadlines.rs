//! Timeouts and the deadline of a call, in real time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ldtokens::{Clock, Error, Overlap, RetryPolicy};

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
        let policy = RetryPolicy {
            deadline: Duration::from_millis(300),
            attempt_timeout: HOUR,
            max_attempts: u32::MAX,
            ..hasty()
        };
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
    let client =
        client_of(&server, proxy.url()).retry(RetryPolicy { attempt_timeout: Duration::from_millis(500), ..hasty() });
    client.build().unwrap().list().send().await.unwrap();
    // On a busy machine, another one can time out too.
    assert!(proxy.seen().len() >= 2);
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
    let client =
        client_of(&server, proxy.url()).retry(RetryPolicy { deadline: Duration::ZERO, ..hasty() }).build().unwrap();
    let error = client.create(&reader("never")).await.unwrap_err();
    assert!(matches!(error, Error::DeadlineExceeded { .. }), "nobody limited it: {error:?}");
    assert!(proxy.seen().is_empty());
}

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A clock whose sleeps end at once, and advance it.
#[derive(Default)]
pub struct SkippingClock(Mutex<(Duration, Option<Meanwhile>)>);

impl SkippingClock {
    /// Does this while the client sleeps next.
    pub fn at_next_sleep(&self, meanwhile: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap().1 = Some(Box::pin(meanwhile));
    }
}

impl std::fmt::Debug for SkippingClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SkippingClock")
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().0
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.0.lock().unwrap();
        state.0 += duration;
        state.1.take().unwrap_or_else(|| Box::pin(std::future::ready(())))
    }
}

/// A reset that goes out just before the deadline may be carried out, and its response comes too late.
#[tokio::test]
async fn what_cannot_be_repeated_is_not_sent_without_time_for_its_response() {
    const WAIT: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let token = create(&client(&server), "x").await;
    for (millis, is_sent) in [(1150, false), (1990, false), (3000, true)] {
        let proxy = Proxy::with_faults(server.addr(), [Fault::Respond(Moment::Before, WAIT)]).await;
        let policy = RetryPolicy { deadline: Duration::from_millis(millis), attempt_timeout: HOUR, ..hasty() };
        let clock = Arc::new(SkippingClock::default());
        let client = client_of(&server, proxy.url()).retry(policy).clock(clock).build().unwrap();
        let reset = client.reset(&token.id, Overlap::None).await;
        assert_eq!(proxy.seen().len(), 1 + usize::from(is_sent), "{millis}");
        match reset {
            Ok(_) => assert!(is_sent),
            Err(error) => assert!(!is_sent && matches!(error, Error::RateLimited(_)), "nothing was done: {error:?}"),
        }
        // What can be repeated may use the time up.
        let proxy = Proxy::with_faults(server.addr(), [Fault::Respond(Moment::Before, WAIT)]).await;
        let policy = RetryPolicy { deadline: Duration::from_millis(millis), ..hasty() };
        let clock = Arc::new(SkippingClock::default());
        let client = client_of(&server, proxy.url()).retry(policy).clock(clock).build().unwrap();
        client.get(&token.id).await.unwrap();
    }
}

/// A listener whose queue is full does not take part in connecting, as behind a firewall that drops packets.
#[tokio::test]
async fn a_connection_that_is_never_made_is_no_unknown_outcome() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..8 {
        queue.push(tokio::spawn(tokio::net::TcpStream::connect(addr)));
    }
    let client = |deadline, attempt_timeout| {
        let policy = RetryPolicy { deadline, attempt_timeout, max_attempts: 2, ..hasty() };
        ldtokens::Client::builder("secret").host(format!("http://{addr}")).retry(policy).build().unwrap()
    };
    let hasty_attempts = client(HOUR, Duration::from_millis(500));
    for client in [&hasty_attempts, &client(Duration::from_millis(1500), HOUR)] {
        let error = client.create(&reader("x")).await.unwrap_err();
        assert!(matches!(&error, Error::Transport { source, .. } if source.is_connect()), "{error:?}");
    }
    // A call of its own policy has less time than connecting takes.
    let hasty = hasty_attempts.with_retry(RetryPolicy { deadline: Duration::from_millis(200), ..hasty() });
    let id = "61095542756dba551110ae21".parse().unwrap();
    for error in [hasty.create(&reader("x")).await.unwrap_err(), hasty.reset(&id, Overlap::None).await.unwrap_err()] {
        assert!(matches!(&error, Error::Transport { .. }), "{error:?}");
    }
    queue.iter().for_each(tokio::task::JoinHandle::abort);
}

/// The third call reaches its deadline while the first two, which may be sent when nothing is known, still wait for their responses.
#[tokio::test]
async fn waiting_only_for_other_requests_is_not_a_rate_limit_error() {
    let server = server().await;
    let proxy = Proxy::start(server.addr(), |_| Fault::Hang(Moment::Before)).await;
    let policy = RetryPolicy { deadline: Duration::from_millis(200), attempt_timeout: HOUR, ..hasty() };
    let clock = Arc::new(SkippingClock::default());
    let client = client_of(&server, proxy.url()).retry(policy).clock(clock).build().unwrap();
    let calls = tokio::time::timeout(GUARD, async {
        tokio::join!(client.list().send(), client.list().send(), client.list().send())
    });
    let (first, second, third) = calls.await.unwrap();
    for sent in [first, second] {
        assert!(sent.as_ref().is_err_and(|error| error.to_string() == "getTokens: timed out"), "{sent:?}");
    }
    assert!(matches!(third, Err(Error::DeadlineExceeded { .. })), "{third:?}");
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn a_policy_without_bounds_is_no_overflow() {
    const WAIT: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let server = server().await;
    let proxy = Proxy::with_faults(server.addr(), [Fault::Respond(Moment::Before, WAIT)]).await;
    let policy = RetryPolicy {
        deadline: Duration::MAX,
        attempt_timeout: Duration::MAX,
        max_attempts: u32::MAX,
        backoff_cap: Duration::MAX,
        ..hasty()
    };
    let builder = client_of(&server, proxy.url()).retry(policy).connect_timeout(Duration::MAX);
    let client = builder.clock(Arc::new(SkippingClock::default())).build().unwrap();
    client.list().send().await.unwrap();
    let token = create(&client, "x").await;
    let _ = client.reset(&token.id, Duration::MAX).await;
    assert!(client.get(&token.id).await.is_ok());
    let new = reader("y").expires_in(Duration::MAX);
    let _ = client.create(&new).await;
}

//! Rate limits as the headers tell them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ldtokens::{AttemptEvent, Client, Clock, Error, Observer, Patch, RetryPolicy, UnixMillis};
use ldtokens_server::{Limits, Server};

use crate::clock::{JumpingClock, Skew};
use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client_of, client_with_faults, create, owner, server};

const START: i64 = 1_800_000_000_000;
const MINUTES: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Responses {
    all: AtomicU32,
    refused: AtomicU32,
}

impl Observer for Responses {
    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(u32::from(attempt.status == Some(429)), Ordering::Relaxed);
    }
}

/// A bulk job, and what may go wrong on the way.
struct Bulk {
    limits: Limits,
    workers: usize,
    calls: usize,
    skew: Skew,
    latency: Duration,
    /// Whether to read and list too, and not only to update.
    mixed: bool,
}

impl Bulk {
    fn new(limits: Limits, workers: usize, calls: usize) -> Self {
        Self { limits, workers, calls, skew: Skew::Ahead(MINUTES), latency: Duration::ZERO, mixed: false }
    }

    /// Makes the calls. Gives how many windows of ten seconds it took, and what the responses were.
    async fn run(self) -> (i64, Arc<Responses>) {
        let time = ldtokens_server::Clock::manual(UnixMillis::new(START));
        let server = Server::builder().clock(time.clone()).limits(self.limits).start().await.unwrap();
        let clock = JumpingClock::new(time.clone(), self.skew);
        let responses = Arc::new(Responses::default());
        let (latency, on_the_way) = (self.latency, clock.clone());
        let proxy = Proxy::with_latency(server.addr(), Box::new(move || on_the_way.sleep(latency)));
        let url = if latency.is_zero() { server.url().to_owned() } else { proxy.url() };
        let client = Client::builder(owner(&server))
            .host(url)
            .clock(clock.clone())
            .observer(responses.clone())
            .retry(RetryPolicy {
                deadline: Duration::from_secs(3600),
                attempt_timeout: Duration::from_secs(600),
                ..RetryPolicy::default()
            })
            .build()
            .unwrap();
        // Without detours, so that time stands still.
        let direct = Client::builder(owner(&server)).host(server.url()).clock(clock.clone()).build().unwrap();
        let token = create(&direct, "bulk").await;

        let mut work = tokio::task::JoinSet::new();
        for worker in 0..self.workers {
            let (client, counted, id) = (client.clone(), clock.worker(), token.id.clone());
            let calls = (worker..self.calls).step_by(self.workers);
            work.spawn(async move {
                let _counted = counted;
                for call in calls {
                    match if self.mixed { call % 3 } else { 0 } {
                        0 => drop(client.update(&id, &Patch::new().name(format!("{call}"))).await.unwrap()),
                        1 => drop(client.get(&id).await.unwrap()),
                        _ => drop(client.list().send().await.unwrap()),
                    }
                }
            });
        }
        clock.drive().await;
        work.join_all().await;
        ((time.now().get() - START) / 10_000 + 1, responses)
    }
}

fn few_are_refused(responses: &Responses) -> bool {
    let (all, refused) = (responses.all.load(Ordering::Relaxed), responses.refused.load(Ordering::Relaxed));
    println!("{refused} of {all} refused");
    refused * 100 <= all
}

#[tokio::test]
async fn a_bulk_job_uses_each_window_to_its_end_and_gets_few_429s() {
    for (allowed, workers, skew) in [
        (50, 1, Skew::Ahead(MINUTES)),
        (50, 16, Skew::Behind(MINUTES)),
        (50, 64, Skew::Ahead(MINUTES)),
        (200, 32, Skew::Behind(MINUTES)),
    ] {
        let bulk = Bulk { skew, ..Bulk::new(Limits::none().route(allowed), workers, allowed as usize * 10) };
        let (windows, responses) = bulk.run().await;
        println!("{allowed} a window, {workers} at once, {skew:?}: {windows} windows");
        assert!(windows <= 10, "{allowed} a window, {workers} at once: {windows} windows");
        assert!(few_are_refused(&responses), "{allowed} a window, {workers} at once");
    }
}

#[tokio::test]
async fn latency_does_not_cost_a_bulk_job_more_windows() {
    for (allowed, workers) in [(50, 16), (50, 64)] {
        let latency = Duration::from_millis(100);
        let bulk = Bulk { latency, ..Bulk::new(Limits::none().route(allowed), workers, allowed as usize * 10) };
        let (windows, responses) = bulk.run().await;
        println!("{allowed} a window, {workers} at once: {windows} windows");
        assert!(windows <= 10, "{windows}");
        assert!(few_are_refused(&responses));
    }
}

#[tokio::test]
async fn mixed_routes_share_the_accounts_window() {
    let bulk = Bulk { mixed: true, ..Bulk::new(Limits::none().account(61).route(1000), 16, 60 * 5) };
    let (windows, responses) = bulk.run().await;
    assert!(windows <= 5, "{windows}");
    assert!(few_are_refused(&responses));
}

#[tokio::test]
async fn the_accounts_limit_applies_like_a_routes_limit() {
    let (windows, responses) = Bulk::new(Limits::none().account(51).route(1000), 16, 50 * 5).run().await;
    assert!(windows <= 5, "{windows}");
    assert!(few_are_refused(&responses));
}

#[tokio::test]
async fn each_familys_windows_are_kept_to_if_they_do_not_align() {
    for limits in [Limits::none().account(90).route(50).token(61), Limits::none().account(61).route(50).token(90)] {
        let bulk = Bulk { mixed: true, ..Bulk::new(limits.independent_windows(), 16, 60 * 8) };
        let (windows, responses) = bulk.run().await;
        assert!(windows <= 8, "{windows}");
        assert!(few_are_refused(&responses));
    }
}

// An IP limit is told by nothing but `Retry-After`, so each window meets it once, with as many as are under way.
#[tokio::test]
async fn after_an_ip_limit_requests_resume_step_by_step() {
    let (workers, calls) = (32, 500);
    let latency = Duration::from_millis(50);
    let bulk = Bulk { latency, ..Bulk::new(Limits::none().address(100), workers, calls) };
    let (windows, responses) = bulk.run().await;
    let refused = responses.refused.load(Ordering::Relaxed) as i64;
    println!("{windows} windows, {refused} refused");
    assert!(windows <= 7, "{windows}");
    assert!(refused <= windows * workers as i64, "{refused} in {windows} windows");
}

#[tokio::test]
async fn requests_to_a_server_without_limits_do_not_wait() {
    let bulk = Bulk { skew: Skew::Behind(MINUTES), ..Bulk::new(Limits::none(), 16, 500) };
    let (windows, responses) = bulk.run().await;
    assert_eq!((windows, responses.all.load(Ordering::Relaxed)), (1, 500));
}

#[tokio::test]
async fn a_429_of_an_operation_holds_for_it_however_it_is_called_and_for_no_other() {
    let server = server().await;
    let id = create(&client_of(&server, server.url()).build().unwrap(), "x").await.id;
    let spent = "HTTP/1.1 429 Too Many Requests\r\nx-ratelimit-route-remaining: 0\r\nretry-after: 100\r\n\
                 content-length: 0\r\n\r\n";
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, spent)]).await;
    let request = client.request("getTokens", ldtokens::raw::reqwest::Method::GET, "/tokens");
    assert!(matches!(request.send().await.unwrap_err(), Error::RateLimited(_)));
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
    assert_eq!(proxy.seen().len(), 1);
    client.get(&id).await.unwrap();
}

// Fact 12: resets can be wrong. Nobody is refused for one.
#[tokio::test]
async fn a_window_that_never_ends_refuses_nobody() {
    let server = server().await;
    let spent = "HTTP/1.1 200 OK\r\nx-ratelimit-route-remaining: 0\r\nx-ratelimit-reset: 99999999999999\r\n\
                 content-type: application/json\r\ncontent-length: 12\r\n\r\n{\"items\":[]}";
    let (client, proxy) = client_with_faults(&server, vec![Fault::Respond(Moment::Before, spent); 2]).await;
    for _ in 0..3 {
        client.list().send().await.unwrap();
    }
    assert_eq!(proxy.seen().len(), 3);
}

#[tokio::test]
async fn a_503_that_asks_for_a_long_wait_fails_its_own_call_with_what_it_is_and_no_other() {
    let server = server().await;
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
    let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, busy)]).await;
    let error = client.list().send().await.unwrap_err();
    assert!(matches!(&error, Error::Server(api) if api.status == 503), "{error:?}");
    client.list().send().await.unwrap();
    assert_eq!(proxy.seen().len(), 2);
}

#[tokio::test]
async fn after_a_429_no_request_is_sent_before_the_time_it_names() {
    let server = server().await;
    let (client, proxy) = client_with_faults(&server, [Fault::Pass, Fault::WindowSpent(300)]).await;
    client.list().send().await.unwrap();
    let clone = client.clone();
    let begun = Instant::now();
    let (first, second) = tokio::join!(client.list().send(), async {
        while proxy.seen().len() < 2 {
            tokio::task::yield_now().await;
        }
        // It is refused by now or about to be; a clone knows as soon as it is.
        clone.list().send().await
    });
    first.unwrap();
    second.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    let later = &proxy.seen()[2..];
    assert!(later.len() <= 3, "{:?}", proxy.lines());
}

#[tokio::test]
async fn retry_after_can_be_seconds_or_a_date() {
    let server = server().await;
    let seconds = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let date = "HTTP/1.1 429 Too Many Requests\r\ndate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\
                retry-after: Tue, 24 Nov 2026 12:00:01 GMT\r\ncontent-length: 0\r\n\r\n";
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    for response in [seconds, date, unavailable] {
        let (client, proxy) = client_with_faults(&server, [Fault::Respond(Moment::Before, response)]).await;
        let begun = Instant::now();
        client.list().send().await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(1), "{:?} after {response}", begun.elapsed());
        assert_eq!(proxy.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_retry_after_past_the_deadline_is_an_error_at_once() {
    let server = server().await;
    let hour = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    let proxy = Proxy::with_faults(server.addr(), [Fault::Respond(Moment::Before, hour)]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let error = client.list().send().await.unwrap_err();
    assert!(
        matches!(&error, Error::RateLimited(api) if api.retry_after == Some(Duration::from_secs(3600))),
        "{error:?}"
    );
}

//! Rate limits as the headers tell them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ldtokens::{AttemptEvent, Client, Error, Observer, Patch, RetryPolicy, UnixMillis};
use ldtokens_server::{Limits, Server};

use crate::clock::{JumpingClock, Skew};
use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client_of, client_with_faults, create, owner, server};

const START: i64 = 1_800_000_000_000;
const MINUTES: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
struct Answers {
    all: AtomicU32,
    refused: AtomicU32,
}

impl Observer for Answers {
    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(u32::from(attempt.status == Some(429)), Ordering::Relaxed);
    }
}

/// Makes `calls` updates with `workers` at once against a server with these limits. Gives how many windows of ten seconds
/// it took, and what was answered.
async fn bulk(limits: Limits, workers: usize, calls: usize, skew: Skew) -> (i64, Arc<Answers>) {
    let time = ldtokens_server::Clock::manual(UnixMillis::new(START));
    let server = Server::builder().clock(time.clone()).limits(limits).start().await.unwrap();
    let clock = JumpingClock::new(time.clone(), skew);
    let answers = Arc::new(Answers::default());
    let client = Client::builder(owner(&server))
        .host(server.url())
        .clock(clock.clone())
        .observer(answers.clone())
        .retry(RetryPolicy::default().deadline(Duration::from_secs(3600)))
        .build()
        .unwrap();
    let token = create(&client, "bulk").await;

    let mut work = tokio::task::JoinSet::new();
    for worker in 0..workers {
        let (client, counted, id) = (client.clone(), clock.worker(), token.id.clone());
        work.spawn(async move {
            let _counted = counted;
            for call in (worker..calls).step_by(workers) {
                client.update(&id, &Patch::new().name(format!("{call}"))).await.unwrap();
            }
        });
    }
    clock.drive().await;
    work.join_all().await;
    ((time.now().get() - START) / 10_000 + 1, answers)
}

#[tokio::test]
async fn a_bulk_job_takes_as_many_windows_as_it_must_and_draws_next_to_no_refusals() {
    for (allowed, workers) in [(50, 1), (50, 16), (50, 64), (200, 32)] {
        for skew in [Skew::Ahead(MINUTES), Skew::Behind(MINUTES)] {
            let (windows, answers) = bulk(Limits::none().route(allowed), workers, allowed as usize * 20, skew).await;
            let (all, refused) = (answers.all.load(Ordering::Relaxed), answers.refused.load(Ordering::Relaxed));
            println!("{allowed} a window, {workers} at once, {skew:?}: {windows} windows, {refused} of {all} refused");
            assert!(windows <= 20, "{allowed} a window, {workers} at once: {windows} windows");
            assert!(refused * 100 <= all, "{allowed} a window, {workers} at once: {refused} of {all} refused");
        }
    }
}

#[tokio::test]
async fn the_accounts_limit_binds_as_the_routes_does() {
    let (windows, answers) = bulk(Limits::none().account(51).route(1000), 16, 50 * 5, Skew::Ahead(MINUTES)).await;
    let (all, refused) = (answers.all.load(Ordering::Relaxed), answers.refused.load(Ordering::Relaxed));
    assert!(windows <= 5, "{windows}");
    assert!(refused * 100 <= all, "{refused} of {all} refused");
}

#[tokio::test]
async fn a_server_without_limits_is_not_paced() {
    let (windows, answers) = bulk(Limits::none(), 16, 500, Skew::Behind(MINUTES)).await;
    assert_eq!((windows, answers.all.load(Ordering::Relaxed)), (1, 501));
}

#[tokio::test]
async fn after_a_refusal_no_request_goes_before_the_time_named() {
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
async fn retry_after_is_waited_for_as_seconds_or_as_a_date() {
    let server = server().await;
    let seconds = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let date = "HTTP/1.1 429 Too Many Requests\r\ndate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\
                retry-after: Tue, 24 Nov 2026 12:00:01 GMT\r\ncontent-length: 0\r\n\r\n";
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    for answer in [seconds, date, unavailable] {
        let (client, proxy) = client_with_faults(&server, [Fault::Answer(Moment::Before, answer)]).await;
        let begun = Instant::now();
        client.list().send().await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(1), "{:?} after {answer}", begun.elapsed());
        assert_eq!(proxy.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_wait_that_is_not_worth_it_is_told_at_once() {
    let server = server().await;
    let hour = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    let proxy = Proxy::with_faults(server.addr(), [Fault::Answer(Moment::Before, hour)]).await;
    let client = client_of(&server, proxy.url()).build().unwrap();
    let error = client.list().send().await.unwrap_err();
    assert!(
        matches!(&error, Error::RateLimited(api) if api.retry_after == Some(Duration::from_secs(3600))),
        "{error:?}"
    );
}

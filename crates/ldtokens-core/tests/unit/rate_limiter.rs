use super::{Gate, PermitEnd, RateLimiter, State};
use crate::Clock;
use crate::rate_limit_headers::RateLimitHeaders;
use ldtokens_client::Operation;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LIST: Operation = Operation::GetTokens;
const READ: Operation = Operation::GetToken;

/// A clock that stands until it is set.
#[derive(Debug, Default)]
struct Hand(Mutex<Duration>);

impl Hand {
    fn set(&self, seconds: u64) {
        *self.0.lock().unwrap() = Duration::from_secs(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        unreachable!("gates are asked, not waited for")
    }
}

fn headers(status: u16, headers: &[(&'static str, &str)]) -> RateLimitHeaders {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    RateLimitHeaders::read(status, &headers, UNIX_EPOCH)
}

struct Paced {
    state: State,
    clock: Hand,
}

impl Paced {
    fn new() -> Self {
        Self { state: State::default(), clock: Hand::default() }
    }

    fn enter(&mut self, route: Operation) -> Gate {
        self.state.enter(route, self.clock.elapsed())
    }

    fn respond(&mut self, route: Operation, seen: &RateLimitHeaders) {
        let now = self.clock.elapsed();
        self.state.learn(route, seen, now, &self.clock);
        self.state.leave(route, PermitEnd::Response);
    }

    /// How many requests to `route` can be sent now, at once.
    fn room(&mut self, route: Operation) -> u32 {
        let sent = (0..100).take_while(|_| self.enter(route) == Gate::Open).count() as u32;
        for _ in 0..sent {
            self.state.leave(route, PermitEnd::NotSent);
        }
        sent
    }
}

#[test]
fn a_route_without_its_own_header_has_no_limit() {
    let mut paced = Paced::new();
    assert_eq!(paced.enter(LIST), Gate::Open);
    assert!(matches!(paced.enter(LIST), Gate::WaitForResponse(_)), "nothing is known yet");
    paced.respond(LIST, &headers(200, &[("x-ratelimit-global-remaining", "30"), ("x-ratelimit-reset", "10000")]));
    assert_eq!(paced.room(LIST), 30);
}

#[test]
fn the_limits_of_route_and_account_both_apply() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    let seen =
        [("x-ratelimit-global-remaining", "30"), ("x-ratelimit-route-remaining", "5"), ("x-ratelimit-reset", "10000")];
    paced.respond(LIST, &headers(200, &seen));
    assert_eq!(paced.room(LIST), 5);
    paced.enter(READ);
    paced.respond(READ, &headers(200, &[("x-ratelimit-global-remaining", "20"), ("x-ratelimit-reset", "10000")]));
    assert_eq!((paced.room(READ), paced.room(LIST)), (20, 5));
}

#[test]
fn a_request_counts_if_it_was_sent_even_without_a_response() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(200, &[("x-ratelimit-global-remaining", "3"), ("x-ratelimit-reset", "10000")]));
    paced.enter(LIST);
    paced.state.leave(LIST, PermitEnd::NotSent);
    assert_eq!(paced.room(LIST), 3);
    paced.enter(LIST);
    paced.state.leave(LIST, PermitEnd::NoResponse);
    assert_eq!(paced.room(LIST), 2);
}

#[test]
fn a_huge_retry_after_waits_at_most_five_minutes() {
    for value in ["18446744073709551615", "99999999999999999999999", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        for status in [429, 503] {
            let mut paced = Paced::new();
            paced.clock.set(1000);
            paced.enter(LIST);
            paced.respond(LIST, &headers(status, &[("retry-after", value)]));
            assert_eq!(paced.enter(READ), Gate::OpensAt(Duration::from_secs(1300)), "{value}");
            paced.clock.set(1300);
            assert_eq!(paced.enter(READ), Gate::Open, "one finds out");
            assert!(matches!(paced.enter(READ), Gate::WaitForResponse(_)), "and the others wait for it");
        }
    }
}

#[test]
fn after_an_ip_limit_each_response_allows_one_more_request_at_once() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(200, &[]));
    paced.enter(LIST);
    paced.respond(LIST, &headers(429, &[("retry-after", "5")]));
    paced.clock.set(5);
    for at_once in 1..10 {
        assert_eq!(paced.room(LIST), at_once);
        paced.enter(LIST);
        paced.respond(LIST, &headers(200, &[]));
    }
}

// Fact 12: the end of a window sometimes lies in the past.
#[test]
fn a_window_that_ends_in_the_past_allows_its_remaining_requests() {
    let mut paced = Paced::new();
    paced.clock.set(100);
    let seen = |left| {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(100));
        headers(200, &[("date", &date), ("x-ratelimit-global-remaining", left), ("x-ratelimit-reset", "90000")])
    };
    paced.enter(LIST);
    paced.respond(LIST, &seen("7"));
    assert_eq!(paced.room(LIST), 7);
    paced.enter(LIST);
    paced.respond(LIST, &seen("0"));
    assert_eq!(paced.enter(LIST), Gate::OpensAt(Duration::from_secs(101)), "the next second shows more");
}

#[tokio::test]
async fn a_response_wakes_all_waiting_calls() {
    let (limiter, clock) = (RateLimiter::default(), Hand::default());
    let deadline = Duration::from_secs(60);
    #[derive(Debug)]
    struct Frozen;
    impl Clock for Frozen {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH
        }
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }
    let first = limiter.admit(LIST, &Frozen, deadline).await.unwrap();
    // Time stands still: only the response can wake them, those of the same route and of another.
    let others = async { tokio::join!(limiter.admit(READ, &Frozen, deadline), limiter.admit(LIST, &Frozen, deadline)) };
    let respond = async {
        tokio::task::yield_now().await;
        first.responded(&headers(200, &[]), &clock);
    };
    let guard = tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(others, respond) });
    let ((read, list), ()) = guard.await.expect("all are woken");
    assert!(read.is_ok() && list.is_ok());
}

fn limited(remaining: &str, reset: &str) -> RateLimitHeaders {
    headers(200, &[("x-ratelimit-global-remaining", remaining), ("x-ratelimit-reset", reset)])
}

#[test]
fn requests_wait_at_most_a_second_for_the_first_response() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(429, &[("retry-after", "5")]));
    paced.clock.set(5);
    assert_eq!(paced.enter(LIST), Gate::Open);
    assert_eq!(paced.enter(LIST), Gate::WaitForResponse(Duration::from_secs(6)));
    paced.clock.set(6);
    assert_eq!(paced.enter(LIST), Gate::Open, "the first one takes too long");

    // The same where nothing is known yet.
    let mut paced = Paced::new();
    assert_eq!(paced.enter(LIST), Gate::Open);
    assert_eq!(paced.enter(LIST), Gate::WaitForResponse(Duration::from_secs(1)));
    paced.clock.set(1);
    assert_eq!(paced.enter(LIST), Gate::Open);

    // And nobody waits for one that has gone.
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.state.leave(LIST, PermitEnd::NoResponse);
    assert_eq!(paced.enter(LIST), Gate::Open);
}

#[test]
fn after_an_ip_limit_the_bound_ends_after_64_responses() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(200, &[]));
    paced.enter(LIST);
    paced.respond(LIST, &headers(429, &[("retry-after", "5")]));
    paced.clock.set(5);
    for at_once in 1..=64 {
        assert_eq!(paced.room(LIST), at_once);
        paced.enter(LIST);
        paced.respond(LIST, &headers(200, &[]));
    }
    assert_eq!(paced.room(LIST), 100);
}

#[test]
fn after_another_429_only_one_request_is_allowed() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(200, &[]));
    paced.enter(LIST);
    paced.respond(LIST, &headers(429, &[("retry-after", "5")]));
    paced.clock.set(5);
    paced.enter(LIST);
    paced.respond(LIST, &headers(429, &[]));
    assert_eq!(paced.room(LIST), 1);
}

// A gateway's response says nothing about the API's limits, and one of the API's without headers does not end a known one.
#[test]
fn a_gateways_response_does_not_mean_that_there_is_no_limit() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &headers(502, &[]));
    assert_eq!(paced.room(LIST), 1, "nothing is known");
    paced.enter(LIST);
    paced.respond(LIST, &limited("5", "10000"));
    paced.enter(LIST);
    paced.respond(LIST, &headers(200, &[]));
    assert_eq!(paced.room(LIST), 5);
}

#[test]
fn a_429_without_an_empty_window_blocks_all_requests() {
    let refused = |route: &str, reset: &str| {
        let left = [
            ("x-ratelimit-global-remaining", "20"),
            ("x-ratelimit-route-remaining", route),
            ("x-ratelimit-reset", reset),
        ];
        headers(429, &left)
    };
    let mut paced = Paced::new();
    paced.clock.set(1000);
    paced.enter(LIST);
    paced.respond(LIST, &refused("5", "1010000"));
    assert_eq!(paced.enter(READ), Gate::OpensAt(Duration::from_secs(1010)));

    // An empty window says why: only its own route waits.
    let mut paced = Paced::new();
    paced.clock.set(1000);
    paced.enter(LIST);
    paced.respond(LIST, &refused("0", "1010000"));
    assert_eq!(paced.enter(LIST), Gate::OpensAt(Duration::from_secs(1010)));
    assert_eq!(paced.enter(READ), Gate::Open);
}

#[test]
fn requests_under_way_count_towards_the_limit() {
    let mut paced = Paced::new();
    paced.enter(LIST);
    paced.respond(LIST, &limited("2", "10000"));
    assert_eq!([paced.enter(LIST), paced.enter(LIST)], [Gate::Open, Gate::Open]);
    assert_eq!(paced.enter(LIST), Gate::WaitForResponse(Duration::from_secs(10)));
    paced.respond(LIST, &limited("0", "10000"));
    assert_eq!(paced.enter(LIST), Gate::OpensAt(Duration::from_secs(10)));
}

#[test]
fn responses_out_of_order_keep_the_lowest_count_and_the_latest_window() {
    let mut paced = Paced::new();
    for (left, reset, room) in [("5", "10000", 5), ("7", "10000", 5), ("9", "20000", 9), ("1", "10000", 9)] {
        paced.enter(LIST);
        paced.respond(LIST, &limited(left, reset));
        assert_eq!(paced.room(LIST), room, "{left} left until {reset}");
    }
}

#[tokio::test]
async fn a_permit_records_whether_its_request_was_sent() {
    let (limiter, clock) = (RateLimiter::default(), Hand::default());
    let admit = || limiter.admit(LIST, &clock, Duration::from_secs(60));
    let room = || {
        let mut state = limiter.lock();
        let sent = (0..100).take_while(|_| state.enter(LIST, Duration::ZERO) == Gate::Open).count();
        (0..sent).for_each(|_| state.leave(LIST, PermitEnd::NotSent));
        sent
    };
    admit().await.unwrap().responded(&limited("5", "10000"), &clock);
    assert_eq!(room(), 5);
    let mut permit = admit().await.unwrap();
    assert_eq!(room(), 4);
    permit.sending();
    permit.not_sent();
    assert_eq!(room(), 5);
    admit().await.unwrap().sending();
    assert_eq!(room(), 4, "the server may have counted it");
}

/// Moves on by each sleep, and remembers it.
#[derive(Debug, Default)]
struct Sleeper(Mutex<(Duration, Vec<Duration>)>);

impl Clock for Sleeper {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().0
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.0.lock().unwrap();
        state.0 += duration;
        state.1.push(duration);
        assert!(state.1.len() < 100, "it sleeps again and again");
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_wait_has_jitter_and_never_passes_the_deadline() {
    let wait = Duration::from_millis(100);
    for deadline in [Duration::from_millis(1110), Duration::from_secs(60)] {
        for _ in 0..100 {
            let (limiter, clock) = (RateLimiter::default(), Sleeper::default());
            clock.0.lock().unwrap().0 = Duration::from_secs(1);
            let first = limiter.admit(LIST, &clock, deadline).await.unwrap();
            first.responded(&headers(429, &[("x-ratelimit-reset", "1100")]), &clock);
            limiter.admit(LIST, &clock, deadline).await.unwrap();
            let slept = clock.0.lock().unwrap().1.clone();
            let longest = (wait + wait / 4).min(deadline - Duration::from_secs(1));
            assert!(slept.len() == 1 && (wait..=longest).contains(&slept[0]), "{slept:?} until {deadline:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_waits_for_another_response_ends_at_its_deadline() {
    let (limiter, clock) = (RateLimiter::default(), Sleeper::default());
    let _under_way = limiter.admit(LIST, &clock, Duration::from_secs(60)).await.unwrap();
    let deadline = Duration::from_millis(400);
    let late = limiter.admit(LIST, &clock, deadline).await.unwrap_err();
    assert!(late.0.is_none(), "no limit is the reason");
    assert_eq!(clock.elapsed(), deadline);
}

use super::{Gate, Pacing, PermitEnd, State};
use crate::send::clock::Clock;
use crate::send::operation::Operation;
use crate::send::rate_limit::RateLimit;
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

fn headers(status: u16, headers: &[(&'static str, &str)]) -> RateLimit {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    RateLimit::read(status, &headers)
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

    fn respond(&mut self, route: Operation, seen: &RateLimit) {
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
fn a_route_without_a_header_of_its_own_is_not_limited() {
    let mut paced = Paced::new();
    assert_eq!(paced.enter(LIST), Gate::Open);
    assert!(matches!(paced.enter(LIST), Gate::WaitForResponse(_)), "nothing is known yet");
    paced.respond(LIST, &headers(200, &[("x-ratelimit-global-remaining", "30"), ("x-ratelimit-reset", "10000")]));
    assert_eq!(paced.room(LIST), 30);
}

#[test]
fn windows_of_routes_and_of_the_account_bind_together() {
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
fn a_request_that_was_not_sent_uses_up_nothing_and_one_without_a_response_does() {
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
fn a_huge_retry_after_neither_panics_nor_waits_for_longer_than_five_minutes() {
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
fn after_an_ip_limit_those_who_waited_leave_step_by_step() {
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
fn a_window_whose_end_is_past_does_not_make_requests_go_one_at_a_time() {
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
async fn no_wake_up_is_lost() {
    let (pacing, clock) = (Pacing::default(), Hand::default());
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
    let first = pacing.admit(LIST, &Frozen, deadline).await.unwrap();
    // Time stands still: only the response can wake them, those of the same route and of another.
    let others = async { tokio::join!(pacing.admit(READ, &Frozen, deadline), pacing.admit(LIST, &Frozen, deadline)) };
    let respond = async {
        tokio::task::yield_now().await;
        first.responded(&headers(200, &[]), &clock);
    };
    let guard = tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(others, respond) });
    let ((read, list), ()) = guard.await.expect("all are woken");
    assert!(read.is_ok() && list.is_ok());
}

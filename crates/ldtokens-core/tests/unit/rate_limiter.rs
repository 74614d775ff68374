use super::{Family, RateLimiter, Request, State, Wait};
use crate::Clock;
use crate::response_headers::RateLimitHeaders;
use ldtokens_client::{Operation, Secret};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LIST: Operation = Operation::GetTokens;
const READ: Operation = Operation::GetToken;
const MINUTE: Duration = Duration::from_secs(60);

/// Moves on by each sleep, and remembers it. A frozen one sleeps for ever.
#[derive(Debug, Default)]
struct Sleeper {
    state: Mutex<(Duration, Vec<Duration>)>,
    is_frozen: bool,
}

impl Clock for Sleeper {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap().0
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if self.is_frozen {
            return Box::pin(std::future::pending());
        }
        let mut state = self.state.lock().unwrap();
        state.0 += duration;
        state.1.push(duration);
        assert!(state.1.len() < 100, "it sleeps again and again");
        Box::pin(std::future::ready(()))
    }
}

/// A response at the server's time of ten seconds.
fn headers(status: u16, headers: &[(&'static str, &str)]) -> RateLimitHeaders {
    let date = ("date", "Thu, 01 Jan 1970 00:00:10 GMT");
    let headers: HeaderMap = [&[date], headers]
        .concat()
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    RateLimitHeaders::read(status, &headers)
}

fn limited(status: u16, remaining: &str, reset: &str) -> RateLimitHeaders {
    headers(status, &[("x-ratelimit-route-remaining", remaining), ("x-ratelimit-reset", reset)])
}

fn request(route: Family, sent: Duration) -> Request {
    Request { families: [Family::Untold, Family::Account, route, Family::Token(0)], sent }
}

/// How many requests to `route` could be sent now, at once.
fn room(limiter: &RateLimiter, route: Operation) -> usize {
    let mut state = limiter.lock();
    let request = request(Family::Route(route), Duration::ZERO);
    let sent = (0..100).take_while(|_| state.acquire(request, MINUTE).is_none()).count();
    request.families.into_iter().for_each(|family| state.limit(family).in_flight -= sent as u32);
    sent
}

/// A limiter that has seen these responses to lists, one after the other.
async fn after(responses: &[RateLimitHeaders]) -> (RateLimiter, Sleeper) {
    let (limiter, clock) = (RateLimiter::default(), Sleeper::default());
    for response in responses {
        let permit = limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
        permit.complete(response, &clock);
    }
    (limiter, clock)
}

#[tokio::test]
async fn what_is_not_known_is_found_out_step_by_step() {
    for (responses, at_once) in [
        (vec![], 2),
        (vec![headers(200, &[])], 9),
        (vec![headers(200, &[]), headers(404, &[])], 16),
        // These may be a gateway's, or are not counted (fact 12).
        (vec![headers(401, &[]), headers(502, &[]), headers(408, &[])], 2),
    ] {
        let (limiter, _) = after(&responses).await;
        assert_eq!(room(&limiter, LIST), at_once, "{responses:?}");
    }
}

#[tokio::test]
async fn a_share_of_what_is_left_is_kept_for_others() {
    let (limiter, clock) = after(&[limited(200, "7", "20000")]).await;
    assert_eq!((room(&limiter, LIST), room(&limiter, READ)), (3, 2), "another route is not known");
    // A response without headers was counted all the same, and one that is lost may have been.
    limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap().complete(&headers(200, &[]), &clock);
    assert_eq!(room(&limiter, LIST), 2);
    drop(limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap());
    drop(limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap());
    drop(limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap());
    assert_eq!(room(&limiter, LIST), 1);
    // One that had no connection was not, nor one that was refused for its credential.
    limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap().not_sent();
    limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap().complete(&headers(401, &[]), &clock);
    assert_eq!(limiter.lock().limit(Family::Route(LIST)).window.unwrap().left.remaining, 3);
}

#[tokio::test]
async fn a_late_response_about_an_earlier_window_does_not_hide_the_new_one() {
    for (second, remaining) in [(limited(200, "0", "10500"), 89), (limited(200, "99", "20000"), 90)] {
        let (limiter, _) = after(&[limited(200, "90", "20000"), second]).await;
        assert_eq!(limiter.lock().limit(Family::Route(LIST)).window.unwrap().left.remaining, remaining);
    }
}

// Only a 429 makes a call fail without being sent.
#[tokio::test]
async fn a_call_is_refused_by_a_429_and_by_nothing_else() {
    let hour = ("retry-after", "3600");
    let (limiter, clock) = after(&[headers(429, &[hour])]).await;
    let late = limiter.acquire(READ, 0, &clock, MINUTE).await.unwrap_err();
    assert_eq!(late, Some(Duration::from_secs(300)), "five minutes at most");
    assert_eq!(clock.elapsed(), Duration::ZERO, "it says so at once");

    for response in [headers(503, &[hour]), limited(200, "0", "200000"), limited(200, "0", "99999999999999")] {
        let (limiter, clock) = after(std::slice::from_ref(&response)).await;
        limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
        assert!(clock.elapsed() <= Duration::from_secs(2), "{:?}", clock.elapsed());
    }
}

#[test]
fn requests_that_were_under_way_at_a_429_count_as_one() {
    let mut state = State::default();
    let second = Duration::from_secs(1);
    for _ in 0..10 {
        state.update(request(Family::Route(LIST), Duration::ZERO), Some(&headers(429, &[])), second / 2);
    }
    let wait = |state: &mut State, now| {
        state.acquire(request(Family::Route(READ), now), MINUTE).map(|Wait { until, .. }| until)
    };
    assert_eq!(wait(&mut state, second), Some(second * 3 / 2));
    assert_eq!(wait(&mut state, second * 3 / 2), None);
    assert_eq!(wait(&mut state, second * 2), Some(second * 5 / 2), "one a second");
    // The longer it is refused, the rarer.
    for (sent, until) in [(2, 4), (4, 8), (8, 16), (600, 616), (700, 732), (800, 832)] {
        state.update(request(Family::Route(LIST), second * sent), Some(&headers(429, &[])), second * sent);
        assert_eq!(wait(&mut state, second * sent), Some(second * until));
    }
}

/// Whatever the headers say.
#[tokio::test]
async fn after_a_429_there_is_one_request_a_second_until_one_succeeds() {
    let with_room = [("x-ratelimit-route-remaining", "5"), ("x-ratelimit-reset", "99000")];
    for (first, second, earliest) in [
        (headers(429, &[]), headers(500, &[]), 2000),
        (headers(429, &[]), headers(500, &with_room), 2000),
        // A window that ends at once, twice.
        (limited(429, "0", "10200"), limited(429, "0", "10400"), 1200),
    ] {
        let (_, clock) = after(&[first, second, headers(200, &[])]).await;
        assert!(clock.elapsed() >= Duration::from_millis(earliest), "{:?}", clock.elapsed());
    }
}

#[test]
fn of_requests_that_were_under_way_at_a_429_the_longest_wait_counts() {
    let (mut state, list) = (State::default(), Family::Route(LIST));
    for wait in ["1", "10", "5"] {
        state.update(request(list, Duration::ZERO), Some(&headers(429, &[("retry-after", wait)])), Duration::ZERO);
    }
    let wait = state.acquire(request(list, Duration::from_secs(2)), MINUTE).map(|Wait { until, .. }| until);
    assert_eq!(wait, Some(Duration::from_secs(10)));
}

// Fact 17.
#[tokio::test]
async fn a_tokens_limit_holds_for_its_credential_alone() {
    let (limiter, clock) = (RateLimiter::default(), Sleeper::default());
    let [one, other, again] = ["a", "b", "a"].map(|secret| limiter.token(&Secret::new(secret)));
    let spent = [("x-ratelimit-auth-token-remaining", "0"), ("retry-after", "100")];
    limiter.acquire(LIST, one, &clock, MINUTE).await.unwrap().complete(&headers(429, &spent), &clock);
    assert!(limiter.acquire(READ, again, &clock, MINUTE).await.is_err());
    assert!(limiter.acquire(READ, other, &clock, MINUTE).await.is_ok());
}

#[tokio::test]
async fn a_response_wakes_all_waiting_calls() {
    let (limiter, clock) = (RateLimiter::default(), Sleeper { is_frozen: true, ..Sleeper::default() });
    let first = limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
    let _second = limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
    // Time stands still: only the response can wake them, those of the same route and of another.
    let others =
        async { tokio::join!(limiter.acquire(READ, 0, &clock, MINUTE), limiter.acquire(LIST, 0, &clock, MINUTE)) };
    let respond = async {
        tokio::task::yield_now().await;
        first.complete(&headers(200, &[]), &clock);
    };
    let guard = tokio::time::timeout(MINUTE, async { tokio::join!(others, respond) });
    let ((read, list), ()) = guard.await.expect("all are woken");
    assert!(read.is_ok() && list.is_ok());
}

#[tokio::test]
async fn a_wait_has_jitter_and_never_passes_the_deadline() {
    let millis = Duration::from_millis;
    for (response, wait, jitter, deadline) in [
        (headers(429, &[("retry-after", "2")]), millis(2000), millis(250), millis(2010)),
        (headers(429, &[("retry-after", "2")]), millis(2000), millis(250), MINUTE),
        (limited(429, "0", "10200"), millis(200), millis(50), MINUTE),
    ] {
        for _ in 0..100 {
            let (limiter, clock) = after(std::slice::from_ref(&response)).await;
            limiter.acquire(LIST, 0, &clock, deadline).await.unwrap();
            let slept = clock.state.lock().unwrap().1.clone();
            let longest = (wait + jitter).min(deadline);
            assert!(slept.len() == 1 && (wait..=longest).contains(&slept[0]), "{slept:?} until {deadline:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_waits_for_another_response_ends_at_its_deadline() {
    let (limiter, clock) = (RateLimiter::default(), Sleeper::default());
    let _first = limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
    let _second = limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
    let deadline = Duration::from_millis(400);
    let late = limiter.acquire(LIST, 0, &clock, deadline).await.unwrap_err();
    assert!(late.is_none(), "no limit is the reason");
    assert_eq!(clock.elapsed(), deadline);
    limiter.acquire(LIST, 0, &clock, MINUTE).await.unwrap();
    assert_eq!(clock.elapsed().as_secs(), 1, "it waits a second at most");
}

use crate::response_headers::{Left, RateLimitHeaders};
use ldtokens_client::UnixMillis;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

fn read(status: u16, headers: &[(&'static str, &'static str)]) -> RateLimitHeaders {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    RateLimitHeaders::read(status, &headers)
}

const DATE: (&str, &str) = ("date", "Thu, 01 Jan 1970 00:00:02 GMT");

// RFC 9110 (10.2.3): seconds or a date.
#[test]
fn retry_after_is_seconds_or_a_date_and_nothing_else() {
    let wait = |value| read(429, &[DATE, ("retry-after", value)]).retry_after;
    assert_eq!(wait("3"), Some(Duration::from_secs(3)));
    assert_eq!(wait("Thu, 01 Jan 1970 00:00:05 GMT"), Some(Duration::from_secs(3)));
    assert_eq!(wait("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
    for value in ["", "soon", "-3", "3.5", "0", "Thu, 01 Jan 1970 00:00:01 GMT"] {
        assert_eq!(wait(value), None, "{value}");
    }
    assert_eq!(read(200, &[("retry-after", "3")]).retry_after, None);
    let date_alone = read(429, &[("retry-after", "Thu, 01 Jan 1970 00:00:05 GMT")]);
    assert_eq!(date_alone.retry_after, None, "our own clock may be wrong");
}

// Fact 17.
#[test]
fn each_family_has_its_own_headers_and_the_tokens_has_its_own_reset() {
    let seen = read(
        200,
        &[
            ("x-ratelimit-route-remaining", "5"),
            ("x-ratelimit-reset", "4000"),
            ("x-ratelimit-auth-token-remaining", "-9223372036854775808"),
            ("x-ratelimit-auth-token-reset", "7000"),
        ],
    );
    let left = |remaining, reset| Some(Left { remaining, reset: UnixMillis::new(reset) });
    assert_eq!(seen.left, [None, left(5, 4000), left(0, 7000)]);
}

#[test]
fn the_wait_after_a_429_is_from_retry_after_or_the_end_of_the_window_that_is_used_up() {
    let route = |left| [DATE, ("x-ratelimit-reset", "5000"), ("x-ratelimit-route-remaining", left)];
    assert_eq!(read(429, &route("0")).named_wait(), Some(Duration::from_secs(3)));
    assert_eq!(read(429, &route("1")).named_wait(), None);
    let over = [DATE, ("x-ratelimit-reset", "2000"), ("x-ratelimit-route-remaining", "0")];
    assert_eq!(read(429, &over).named_wait(), None, "a wait that is none says nothing");
    assert_eq!(read(429, &route("0")[1..]).named_wait(), None, "our own clock may be wrong");
    let both = [&route("0")[..], &[("retry-after", "9")]].concat();
    assert_eq!(read(429, &both).named_wait(), Some(Duration::from_secs(9)));
    assert_eq!(read(200, &route("0")).named_wait(), None);
}

use super::RateLimitHeaders;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn read(status: u16, headers: &[(&'static str, &'static str)], now: SystemTime) -> RateLimitHeaders {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    RateLimitHeaders::read(status, &headers, now)
}

fn seconds(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

// RFC 9110 (10.2.3): seconds or a date.
#[test]
fn retry_after_is_seconds_or_a_date_and_nothing_else() {
    let wait = |value| read(429, &[("retry-after", value)], seconds(1)).retry_after;
    assert_eq!(wait("3"), Some(Duration::from_secs(3)));
    assert_eq!(wait("Thu, 01 Jan 1970 00:00:03 GMT"), Some(Duration::from_secs(2)));
    for value in ["", "soon", "-3", "3.5"] {
        assert_eq!(wait(value), None, "{value}");
    }
    assert_eq!(read(200, &[("retry-after", "3")], seconds(1)).retry_after, None);
}

// Our choice: a gateway can respond with 429 and 5xx, and hardly with anything else.
#[test]
fn a_429_or_5xx_may_come_from_a_gateway() {
    assert!([200, 201, 404, 428].iter().all(|status| read(*status, &[], UNIX_EPOCH).from_api));
    assert!(![429, 500, 502, 503].iter().any(|status| read(*status, &[], UNIX_EPOCH).from_api));
}

#[test]
fn the_wait_after_a_429_is_from_retry_after_or_the_end_of_the_window() {
    let reset = ("x-ratelimit-reset", "5000");
    let wait = |status, headers: &[_]| read(status, headers, seconds(2)).named_wait;
    assert_eq!(wait(429, &[reset]), Some(Duration::from_secs(3)));
    assert_eq!(wait(429, &[reset, ("date", "Thu, 01 Jan 1970 00:00:04 GMT")]), Some(Duration::from_secs(1)));
    assert_eq!(wait(429, &[reset, ("retry-after", "9")]), Some(Duration::from_secs(9)));
    assert_eq!(wait(200, &[reset]), None);
    assert_eq!(wait(429, &[]), None);
}

//! What a response's headers say about rate limits.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::send::server_time::unix_millis;

// Looking for a name that is known beforehand is cheaper than for a text.
static ACCOUNT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-global-remaining");
static ROUTE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-route-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What a response's headers say about rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Whether the response is a 429.
    pub(crate) refused: bool,
    /// Whether the response surely comes from the API, and not from a gateway.
    pub(crate) from_api: bool,
    pub(crate) date: Option<SystemTime>,
    pub(crate) account_remaining: Option<i64>,
    pub(crate) route_remaining: Option<i64>,
    /// When the window ends, by the server's clock, in Unix milliseconds.
    pub(crate) reset: Option<i64>,
    retry_after: Option<RetryAfter>,
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Wait(Duration),
    At(SystemTime),
}

impl RateLimit {
    pub(crate) fn read(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &HeaderName| text(name).and_then(|value| value.parse::<i64>().ok());
        let retry_after = text(&RETRY_AFTER).and_then(|value| {
            if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
                return Some(RetryAfter::Wait(Duration::from_secs(value.parse().unwrap_or(u64::MAX))));
            }
            httpdate::parse_http_date(value).ok().map(RetryAfter::At)
        });
        Self {
            refused: status == 429,
            from_api: status < 429,
            date: text(&DATE).and_then(|date| httpdate::parse_http_date(date).ok()),
            account_remaining: number(&ACCOUNT_REMAINING),
            route_remaining: number(&ROUTE_REMAINING),
            reset: number(&RESET),
            retry_after: if matches!(status, 429 | 503) { retry_after } else { None },
        }
    }

    /// How long the response asks to wait. A date is counted from the response's own, or else from `now`.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        match self.retry_after? {
            RetryAfter::Wait(wait) => Some(wait),
            RetryAfter::At(at) => Some(at.duration_since(self.date.unwrap_or(now)).unwrap_or_default()),
        }
    }

    /// How long to wait, by `Retry-After` or, for a 429, by the end of the window.
    pub(crate) fn named_wait(&self, now: SystemTime) -> Option<Duration> {
        self.retry_after(now).or_else(|| {
            let until = self.reset?.saturating_sub(unix_millis(self.date.unwrap_or(now)));
            self.refused.then(|| Duration::from_millis(u64::try_from(until).unwrap_or(0)))
        })
    }
}

#[cfg(test)]
#[path = "../../tests/unit/rate_limit.rs"]
mod tests;

//! What a response's headers say about rate limits.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::server_time::unix_millis;

// Looking up a constant header name is cheaper than looking up a string.
static ACCOUNT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-global-remaining");
static ROUTE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-route-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What a response's headers say about rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimitHeaders {
    /// Whether the response is a 429.
    pub(crate) refused: bool,
    /// Whether the status is below 429. Above it, the response may be a gateway's, and says nothing about limits.
    pub(crate) from_api: bool,
    pub(crate) date: Option<SystemTime>,
    pub(crate) account_remaining: Option<i64>,
    pub(crate) route_remaining: Option<i64>,
    /// When the window ends, by the server's clock, in Unix milliseconds.
    pub(crate) reset: Option<i64>,
    /// How long to wait, by the `Retry-After` of a 429 or 503.
    pub(crate) retry_after: Option<Duration>,
    /// How long to wait, by `Retry-After` or, for a 429, by the end of the window.
    pub(crate) named_wait: Option<Duration>,
}

impl RateLimitHeaders {
    /// Reads the headers of a response that came at `now`. That time is used only if the response has no `Date`.
    pub(crate) fn read(status: u16, headers: &HeaderMap, now: SystemTime) -> Self {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &HeaderName| text(name).and_then(|value| value.parse::<i64>().ok());
        let date = text(&DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        let server_now = date.unwrap_or(now);
        let (refused, reset) = (status == 429, number(&RESET));
        let retry_after = text(&RETRY_AFTER).filter(|_| matches!(status, 429 | 503)).and_then(|value| {
            if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
                return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
            }
            let at = httpdate::parse_http_date(value).ok()?;
            Some(at.duration_since(server_now).unwrap_or_default())
        });
        let until_reset = reset.filter(|_| refused).map(|reset| {
            let wait = reset.saturating_sub(unix_millis(server_now));
            Duration::from_millis(u64::try_from(wait).unwrap_or(0))
        });
        Self {
            refused,
            from_api: status < 429,
            date,
            account_remaining: number(&ACCOUNT_REMAINING),
            route_remaining: number(&ROUTE_REMAINING),
            reset,
            retry_after,
            named_wait: retry_after.or(until_reset),
        }
    }

    /// Whether the response says when to try again. A `Retry-After: 0` does not: a gateway can repeat it without end.
    pub(crate) fn names_wait(&self) -> bool {
        self.retry_after.is_some_and(|wait| !wait.is_zero()) || self.refused && self.reset.is_some()
    }
}

#[cfg(test)]
#[path = "../tests/unit/rate_limit_headers.rs"]
mod tests;

//! What a response says about rate limits (fact 17).

use std::time::Duration;

use ldtokens_client::UnixMillis;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

// Looking up a constant header name is cheaper than looking up a string.
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
static TOKEN_RESET: HeaderName = HeaderName::from_static("x-ratelimit-auth-token-reset");
static RESETS: [&HeaderName; 3] = [&RESET, &RESET, &TOKEN_RESET];
static REMAINING: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-global-remaining"),
    HeaderName::from_static("x-ratelimit-route-remaining"),
    HeaderName::from_static("x-ratelimit-auth-token-remaining"),
];

/// How many requests are left until the server's clock shows `reset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Left {
    pub(crate) remaining: i64,
    pub(crate) reset: UnixMillis,
}

/// What a response says about rate limits.
#[derive(Debug)]
pub(crate) struct RateLimitHeaders {
    pub(crate) status: u16,
    pub(crate) date: Option<UnixMillis>,
    /// What is left for the account, the route and the token. `None` says nothing about that limit.
    pub(crate) left: [Option<Left>; 3],
    /// How long to wait, by the `Retry-After` of a 429 or 503. `None` for 0, which a gateway can repeat without end.
    pub(crate) retry_after: Option<Duration>,
}

impl RateLimitHeaders {
    pub(crate) fn read(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &HeaderName| text(name).and_then(|value| value.parse::<i64>().ok());
        let moment = |value: &str| httpdate::parse_http_date(value).ok().map(UnixMillis::from);
        let date = text(&DATE).and_then(moment);
        let left = std::array::from_fn(|index| {
            let remaining = number(&REMAINING[index])?.clamp(0, i64::from(u32::MAX));
            Some(Left { remaining, reset: UnixMillis::new(number(RESETS[index]).unwrap_or_default()) })
        });
        let wait = |value: &str| match value.bytes().all(|digit| digit.is_ascii_digit()) {
            true if !value.is_empty() => Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX))),
            _ => Some(moment(value)?.saturating_duration_since(date?)),
        };
        let retry_after = text(&RETRY_AFTER).filter(|_| matches!(status, 429 | 503)).and_then(wait);
        Self { status, date, left, retry_after: retry_after.filter(|wait| !wait.is_zero()) }
    }

    /// How long to wait, by `Retry-After` or, for a 429, by the end of the window that is used up.
    pub(crate) fn named_wait(&self) -> Option<Duration> {
        let used_up = self.left.iter().flatten().filter(|left| self.status == 429 && left.remaining <= 0);
        let longest = used_up.map(|left| left.reset).max();
        self.retry_after.or_else(|| Some(longest?.saturating_duration_since(self.date?)).filter(|wait| !wait.is_zero()))
    }
}

#[cfg(test)]
#[path = "../tests/unit/rate_limit_headers.rs"]
mod tests;

//! What the headers of responses say: about rate limits (fact 17), and about the server's clock, by `Date`.

use std::time::{Duration, SystemTime};

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

/// The server's clock, and ours.
///
/// When a response arrives, the server's clock shows its `Date` or later. When its request is sent, the server's clock shows
/// less than that `Date` plus a second, since a `Date` names a whole second. For our monotonic clock, the highest lower bound of
/// all responses is kept, so that a time that the server names is never reached too early. For our wall clock, which runs during
/// suspend and may jump, the last response counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerTime {
    /// What the server's clock showed, at least, when our monotonic clock began, in Unix milliseconds.
    at_start: Option<i64>,
    ahead_of_wall: i64,
}

impl ServerTime {
    /// Learns from a response: its `Date`, and our clocks.
    pub(crate) fn update(&mut self, date: UnixMillis, sent: Duration, received: Duration, wall: SystemTime) {
        let before = |elapsed: Duration| date.get().saturating_sub(elapsed.as_millis() as i64);
        // A known bound that is higher is no longer possible: the server's clock was set back.
        let known = self.at_start.filter(|known| *known <= before(sent) + 1000);
        self.at_start = known.max(Some(before(received)));
        self.ahead_of_wall = date.get().saturating_sub(UnixMillis::from(wall).get());
    }

    /// The time on our monotonic clock when the server's clock has certainly reached `moment`.
    ///
    /// `None` if no response had a date.
    pub(crate) fn when(&self, moment: UnixMillis) -> Option<Duration> {
        self.at_start.map(|start| moment.saturating_duration_since(UnixMillis::new(start)))
    }

    /// What the server's clock shows now: this, or up to a second more. If our wall clock was set back since the last response,
    /// the monotonic clock tells.
    pub(crate) fn now(&self, wall: SystemTime, elapsed: Duration) -> UnixMillis {
        let by_wall = self.at(wall);
        self.at_start.map_or(by_wall, |start| UnixMillis::new(start).saturating_add(elapsed).max(by_wall))
    }

    /// What the server's clock shows when our wall clock shows `wall`. Without any response with a date, it is `wall`.
    pub(crate) fn at(&self, wall: SystemTime) -> UnixMillis {
        UnixMillis::new(UnixMillis::from(wall).get().saturating_add(self.ahead_of_wall))
    }
}

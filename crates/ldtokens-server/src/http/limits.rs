//! Rate limits, in the three families that the vendor's "Rate limiting" has, and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;

use crate::clock::Clock;
use crate::operations::operation_ids;
use crate::response::ApiError;

/// The length of a window in milliseconds, after the vendor's "Rate limiting".
const WINDOW: i64 = 10_000;

/// The maximum number of requests in each window of ten seconds. A request beyond it gets a 429.
///
/// There are three families of limits: the account's, each route's, and each token's. A response has the headers of those that are
/// set: the limit and how many requests are left, and when the window ends. `X-Ratelimit-Reset` is the end for the account and the
/// route, and `X-Ratelimit-Auth-Token-Reset` for the token. Requests whose credential does not work are not counted, and have no
/// such headers. The limit for an address counts every request, and only a response that exceeds it says so, in `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    account: Option<u32>,
    route: Option<u32>,
    token: Option<u32>,
    address: Option<u32>,
    are_windows_independent: bool,
}

impl Limits {
    /// No limits.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets the maximum for the whole account.
    pub fn account(mut self, requests: u32) -> Self {
        self.account = Some(requests);
        self
    }

    /// Sets the maximum for each operation.
    pub fn route(mut self, requests: u32) -> Self {
        self.route = Some(requests);
        self
    }

    /// Sets the maximum for each token.
    pub fn token(mut self, requests: u32) -> Self {
        self.token = Some(requests);
        self
    }

    /// Sets the maximum for each IP address.
    pub fn address(mut self, requests: u32) -> Self {
        self.address = Some(requests);
        self
    }

    /// Lets the windows of the account, of each operation and of each token start and end at different times. By default, all start
    /// together. `X-Ratelimit-Reset` is then the later of the ends of the account's and the operation's window.
    pub fn independent_windows(mut self) -> Self {
        self.are_windows_independent = true;
        self
    }
}

/// Counts the requests of the present windows.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    account: Window,
    routes: HashMap<&'static str, Window>,
    tokens: HashMap<i64, Window>,
    addresses: HashMap<IpAddr, Window>,
    /// When windows that have ended were last forgotten.
    swept: i64,
}

#[derive(Debug, Default)]
struct Window {
    ends: i64,
    used: u32,
}

/// The names of the headers of a family: the limit, what is left, and when the window ends.
type Family = [&'static str; 3];
const ACCOUNT: Family = ["x-ratelimit-global-limit", "x-ratelimit-global-remaining", "x-ratelimit-reset"];
const ROUTE: Family = ["x-ratelimit-route-limit", "x-ratelimit-route-remaining", "x-ratelimit-reset"];
const TOKEN: Family =
    ["x-ratelimit-auth-token-limit", "x-ratelimit-auth-token-remaining", "x-ratelimit-auth-token-reset"];

/// Whose request is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    /// The operation's ID.
    pub(crate) route: &'static str,
    /// The number of the caller's token.
    pub(crate) token: i64,
}

/// The result of counting a request.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// The response if a limit is exceeded.
    pub(crate) error: Option<ApiError>,
    headers: Vec<(&'static str, i64)>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, windows: Mutex::default() }
    }

    /// Whether there are limits other than those of addresses.
    pub(crate) fn has_families(&self) -> bool {
        self.limits.account.or(self.limits.route).or(self.limits.token).is_some()
    }

    /// Counts a request from `address`. Without `counted`, it counts only toward the limit of its address.
    pub(crate) fn count(&self, address: Option<IpAddr>, counted: Option<Counted>, clock: &Clock) -> Count {
        let now = clock.now().get();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.sweep(now);
        let Windows { account, routes, tokens, addresses, .. } = &mut *windows;
        if let (Some(limit), Some(address)) = (self.limits.address, address) {
            let window = addresses.entry(address).or_default().at(now, 0);
            if window.used >= limit {
                let seconds = u64::try_from(window.ends - now).unwrap_or(0).div_ceil(1000);
                return Count { error: Some(ApiError::RATE_LIMITED.retry_after(Some(seconds))), headers: Vec::new() };
            }
            window.used += 1;
        }
        let Some(Counted { route, token }) = counted else { return Count::default() };
        let shift = |shift: i64| if self.limits.are_windows_independent { shift % WINDOW } else { 0 };
        let mut families: Vec<(Family, u32, &mut Window)> = Vec::new();
        if let Some(limit) = self.limits.account {
            families.push((ACCOUNT, limit, account.at(now, 0)));
        }
        if let Some(limit) = self.limits.route {
            let number = operation_ids().zip(1..).find_map(|(id, number)| (id == route).then_some(number)).unwrap_or(0);
            families.push((ROUTE, limit, routes.entry(route).or_default().at(now, shift(number * 2_300 + 700))));
        }
        if let Some(limit) = self.limits.token {
            let shift = shift(token % WINDOW * 3_700 + 5_100);
            families.push((TOKEN, limit, tokens.entry(token).or_default().at(now, shift)));
        }
        let is_exceeded = families.iter().any(|(_, limit, window)| window.used >= *limit);
        let mut headers: Vec<(&'static str, i64)> = Vec::new();
        for ([limit_name, remaining, reset], limit, window) in families {
            window.used += u32::from(!is_exceeded);
            headers.push((limit_name, limit.into()));
            headers.push((remaining, i64::from(limit) - i64::from(window.used)));
            match headers.iter_mut().find(|(name, _)| *name == reset) {
                Some((_, ends)) => *ends = window.ends.max(*ends),
                None => headers.push((reset, window.ends)),
            }
        }
        Count { error: is_exceeded.then_some(ApiError::RATE_LIMITED), headers }
    }
}

impl Windows {
    /// Forgets the windows that have ended, once in the length of a window.
    fn sweep(&mut self, now: i64) {
        if !(self.swept..self.swept + WINDOW).contains(&now) {
            self.swept = now;
            self.tokens.retain(|_, window| window.ends > now);
            self.addresses.retain(|_, window| window.ends > now);
        }
    }
}

impl Window {
    /// The window at the time `now`. Windows start `shift` milliseconds after each multiple of their length.
    fn at(&mut self, now: i64, shift: i64) -> &mut Self {
        if !(self.ends - WINDOW..self.ends).contains(&now) {
            *self = Self { ends: (now - shift).div_euclid(WINDOW) * WINDOW + WINDOW + shift, used: 0 };
        }
        self
    }
}

impl Count {
    /// Adds the headers that say what is left.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(*name, (*value).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ldtokens_client::UnixMillis;

    use super::{ACCOUNT, Counted, Limiter, Limits, WINDOW};
    use crate::clock::Clock;

    #[test]
    fn one_reset_is_the_later_end_of_two_windows() {
        let clock = Clock::manual(UnixMillis::new(0));
        let limiter = Limiter::new(Limits::none().account(100).route(100).independent_windows());
        for _ in 0..20 {
            let counted = Counted { route: "getTokens", token: 1 };
            let headers = limiter.count(None, Some(counted), &clock).headers;
            let resets: Vec<i64> =
                headers.iter().filter(|(name, _)| *name == ACCOUNT[2]).map(|(_, end)| *end).collect();
            let now = clock.now().get();
            assert!(resets.len() == 1 && resets[0] >= (now / WINDOW + 1) * WINDOW, "{resets:?} at {now}");
            assert!(resets[0] < now + WINDOW * 2, "{resets:?} at {now}");
            clock.advance(Duration::from_secs(1));
        }
    }

    /// Otherwise each address and each token that ever sent a request would stay in memory.
    #[test]
    fn windows_that_have_ended_are_forgotten() {
        let clock = Clock::manual(UnixMillis::new(1_754_006_400_000));
        let limiter = Limiter::new(Limits::none().address(1).token(1).independent_windows());
        let held = || {
            let windows = limiter.windows.lock().unwrap();
            (windows.addresses.len(), windows.tokens.len())
        };
        for number in 0..1_000_u32 {
            let counted = Counted { route: "getTokens", token: number.into() };
            limiter.count(Some(std::net::Ipv4Addr::from(number).into()), Some(counted), &clock);
        }
        assert_eq!(held(), (1_000, 1_000));
        clock.advance(Duration::from_secs(20));
        limiter.count(None, None, &clock);
        assert_eq!(held(), (0, 0));
    }
}

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;

use crate::clock::Clock;
use crate::http::response::ApiError;
use crate::http::routes::operation_ids;

/// How long a window is, in milliseconds, as the vendor's "Rate limiting" says.
const WINDOW: i64 = 10_000;

/// How many requests are answered in each window of ten seconds. Beyond that the response is 429.
///
/// With a limit of the account or of routes, every response says when the window ends and how much of both is left: if only
/// one is given, a route has no less than the account, and the account as much as all routes together. Without one, no
/// response has these headers. A request whose credential does not work is not counted, and its 401 has none of them. The limit
/// of an address counts every request, and is told by `Retry-After` only, once it is exceeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    account: Option<u32>,
    route: Option<u32>,
    address: Option<u32>,
}

impl Limits {
    /// No limits.
    pub fn none() -> Self {
        Self::default()
    }

    /// So many requests of the whole account.
    pub fn account(mut self, requests: u32) -> Self {
        self.account = Some(requests);
        self
    }

    /// So many requests to each operation.
    pub fn route(mut self, requests: u32) -> Self {
        self.route = Some(requests);
        self
    }

    /// So many requests from each IP address.
    pub fn address(mut self, requests: u32) -> Self {
        self.address = Some(requests);
        self
    }

    /// The limits of the account and of each route, if there are any.
    fn of_window(self) -> Option<(u32, u32)> {
        let routes = u32::try_from(operation_ids().count()).unwrap_or(u32::MAX);
        match (self.account, self.route) {
            (None, None) => None,
            (account, route) => {
                let account = account.or_else(|| route?.checked_mul(routes)).unwrap_or(u32::MAX);
                Some((account, route.unwrap_or(account)))
            }
        }
    }
}

/// Counts requests by window.
#[derive(Debug)]
pub(crate) struct Limiter {
    address_limit: Option<u32>,
    /// Of the account, and of each route.
    window_limits: Option<(u32, u32)>,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    number: i64,
    account: u32,
    routes: HashMap<&'static str, u32>,
    addresses: HashMap<IpAddr, u32>,
}

/// What a response says of the limits.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Why the request is not answered.
    pub(crate) error: Option<ApiError>,
    headers: Vec<(&'static str, i64)>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { address_limit: limits.address, window_limits: limits.of_window(), window: Mutex::default() }
    }

    /// Whether requests of the account or to its routes are counted.
    pub(crate) fn has_windows(&self) -> bool {
        self.window_limits.is_some()
    }

    /// Counts a request from `address`, and to `route` if the account's limits apply to it.
    pub(crate) fn count(&self, address: Option<IpAddr>, route: Option<&'static str>, clock: &Clock) -> Count {
        if self.address_limit.is_none() && self.window_limits.is_none() {
            return Count::default();
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now().get();
        let number = now.div_euclid(WINDOW);
        if number != window.number {
            *window = Window { number, ..Window::default() };
        }
        let ends = (number + 1) * WINDOW;
        if let (Some(limit), Some(address)) = (self.address_limit, address) {
            let used = window.addresses.entry(address).or_default();
            if *used >= limit {
                let seconds = u64::try_from(ends - now).unwrap_or(0).div_ceil(1000);
                return Count { error: Some(ApiError::rate_limited().retry_after(Some(seconds))), headers: Vec::new() };
            }
            *used += 1;
        }
        let (Some((account_limit, route_limit)), Some(route)) = (self.window_limits, route) else {
            return Count::default();
        };
        let of_account = window.account;
        let of_route = window.routes.entry(route).or_default();
        let exceeded = of_account >= account_limit || *of_route >= route_limit;
        *of_route += u32::from(!exceeded);
        let route_left = i64::from(route_limit - *of_route);
        window.account += u32::from(!exceeded);
        let account_left = i64::from(account_limit - window.account);
        Count {
            error: exceeded.then(ApiError::rate_limited),
            headers: vec![
                ("x-ratelimit-reset", ends),
                ("x-ratelimit-global-remaining", account_left),
                ("x-ratelimit-route-remaining", route_left),
            ],
        }
    }
}

impl Count {
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(*name, (*value).into());
        }
    }
}

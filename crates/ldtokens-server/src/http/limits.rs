//! Rate limits.

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
/// With a limit for the account or for routes, each response says when the window ends and how many requests are left of both.
/// If only the account has a limit, each route has the same one. If only routes have a limit, that of the account is their sum.
/// Requests whose credential does not work are not counted, and have no such headers. The limit for an address counts every
/// request, and only a response that exceeds it says so, in `Retry-After`.
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

    /// Sets the maximum for each IP address.
    pub fn address(mut self, requests: u32) -> Self {
        self.address = Some(requests);
        self
    }

    /// The limits of the account and of each route, if there are any.
    fn per_window(self) -> Option<(u32, u32)> {
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

/// Counts the requests of the present window.
#[derive(Debug)]
pub(crate) struct Limiter {
    address_limit: Option<u32>,
    /// Those of the account, and of each route.
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

/// The result of counting a request.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// The response if a limit is exceeded.
    pub(crate) error: Option<ApiError>,
    headers: Vec<(&'static str, i64)>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { address_limit: limits.address, window_limits: limits.per_window(), window: Mutex::default() }
    }

    /// Whether the account or its routes have limits.
    pub(crate) fn has_windows(&self) -> bool {
        self.window_limits.is_some()
    }

    /// Counts a request from `address`. Without `route`, it does not count toward the limits of the account and its routes.
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
        let account_used = window.account;
        let route_used = window.routes.entry(route).or_default();
        let exceeded = account_used >= account_limit || *route_used >= route_limit;
        *route_used += u32::from(!exceeded);
        let route_left = i64::from(route_limit - *route_used);
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
    /// Adds the headers that say what is left.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(*name, (*value).into());
        }
    }
}

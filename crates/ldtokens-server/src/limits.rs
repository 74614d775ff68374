use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;

use crate::clock::Clock;

/// How long a window is, in milliseconds, as the vendor's "Rate limiting" says.
const WINDOW: i64 = 10_000;

/// How many requests are answered in each window of ten seconds. Beyond that the answer is 429.
///
/// With a limit, every answer has `X-Ratelimit-Reset` and the count that remains; without one, none has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    account: Option<u32>,
    route: Option<u32>,
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
}

/// Counts requests by window.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    number: i64,
    account: u32,
    routes: HashMap<&'static str, u32>,
}

/// What an answer says of the limits.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) exceeded: bool,
    headers: Vec<(&'static str, i64)>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, window: Mutex::default() }
    }

    /// Counts a request to `operation`.
    pub(crate) fn count(&self, operation: &'static str, clock: &Clock) -> Count {
        let Limits { account, route } = self.limits;
        if account.is_none() && route.is_none() {
            return Count { exceeded: false, headers: Vec::new() };
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let number = clock.now().get().div_euclid(WINDOW);
        if number != window.number {
            *window = Window { number, ..Window::default() };
        }
        let used = window.routes.entry(operation).or_default();
        let left = |limit: Option<u32>, used: u32| limit.map(|limit| i64::from(limit) - i64::from(used));
        let exceeded = left(route, *used).is_some_and(|left| left <= 0);
        *used += u32::from(!exceeded);
        let route_left = left(route, *used);
        let exceeded = exceeded || left(account, window.account).is_some_and(|left| left <= 0);
        window.account += u32::from(!exceeded);
        let account_left = left(account, window.account);

        let mut headers = vec![("x-ratelimit-reset", (number + 1) * WINDOW)];
        headers.extend(account_left.map(|left| ("x-ratelimit-global-remaining", left)));
        headers.extend(route_left.map(|left| ("x-ratelimit-route-remaining", left)));
        Count { exceeded, headers }
    }
}

impl Count {
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(*name, (*value).into());
        }
    }
}

//! Rate limits: when a request may be sent.
//!
//! Each response says how many requests are left in the current window, for the whole account and for the route. A
//! request is sent if the window has room for it and for all requests under way, which the server may not have counted
//! yet. When nothing is known, at first and after each window's end, one request goes ahead and the others wait for its
//! response. A response that names no limit means that there is none.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ldtokens_client::Operation;
use tokio::sync::Notify;

use crate::rate_limit_headers::RateLimitHeaders;
use crate::server_time::{ServerTime, unix_millis};
use crate::{Clock, ServerNow};

/// The maximum random time that is added to a wait, so that clients that wait for the same moment don't all send at once.
/// It is never more than a quarter of the wait.
const LONGEST_JITTER: Duration = Duration::from_millis(250);

/// How long requests wait for the response to the one that was sent ahead of them. Then the next one is sent.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The longest time that requests wait because a response said so. Then one request finds out whether that still holds.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The longest wait for a window's end if the server's clock is not known.
const LONGEST_GUESS: Duration = Duration::from_secs(60);

/// How long a window is assumed to last if its end was already past when the request was sent (fact 12).
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);

/// The limit on concurrent requests after a wait ends at this number.
const RAMP_END: u32 = 64;

/// What a client and its clones have learned about rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    server_time: ServerTime,
    block: Option<Block>,
    account: Window,
    routes: HashMap<Operation, Window>,
}

/// A wait that a response asked for. It holds for all requests.
#[derive(Debug)]
struct Block {
    until: Duration,
    /// How many requests may be under way at once after the wait. It starts at one and grows by one with each response, so
    /// that the requests that waited are not all sent at the same moment.
    allowed: u32,
}

/// The current window of the account or of a route.
#[derive(Debug, Default)]
struct Window {
    quota: Quota,
    in_flight: u32,
    next_probe: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Quota {
    #[default]
    Unknown,
    /// The last response named no limit.
    Unlimited,
    Until(Limit),
}

/// How many requests are left until the server's clock shows `reset`, in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    remaining: i64,
    reset: i64,
    /// An estimate of that moment by our clock, for a server whose responses have no `Date`.
    guess: Duration,
    /// The earliest possible end of the window, by our clock.
    at_least: Duration,
}

impl Limit {
    fn ends(&self, server_time: &ServerTime) -> Duration {
        server_time.when(self.reset).unwrap_or(self.guess).max(self.at_least)
    }
}

#[derive(Debug, PartialEq)]
enum Gate {
    Open,
    OpensAt(Duration),
    /// Opens when a response comes, or at this time.
    WaitForResponse(Duration),
}

/// The deadline comes first. It holds the remaining wait, if the rate limit is the reason.
#[derive(Debug)]
pub(crate) struct TooLate(pub(crate) Option<Duration>);

impl RateLimiter {
    /// Waits until a request to `route` may be sent, at most until `deadline` by the clock's `elapsed`.
    pub(crate) async fn admit(
        &self,
        route: Operation,
        clock: &dyn Clock,
        deadline: Duration,
    ) -> Result<Permit<'_>, TooLate> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = clock.elapsed();
            let gate = self.lock().enter(route, now);
            match gate {
                Gate::Open => return Ok(Permit { rate_limiter: self, route, sent: now, end: PermitEnd::NotSent }),
                Gate::OpensAt(at) if at >= deadline => {
                    return Err(TooLate(Some(at.saturating_sub(now))));
                }
                Gate::OpensAt(at) => {
                    let wait = at.saturating_sub(now);
                    let jitter = (wait / 4).min(LONGEST_JITTER).mul_f64(fastrand::f64());
                    clock.sleep((wait + jitter).min(deadline - now)).await;
                }
                Gate::WaitForResponse(_) if now >= deadline => {
                    return Err(TooLate(None));
                }
                Gate::WaitForResponse(at) => {
                    tokio::select! {
                        () = changed => {}
                        () = clock.sleep(at.min(deadline).saturating_sub(now)) => {}
                    }
                }
            }
        }
    }

    /// The server's time now. See [`ServerTime::now`].
    pub(crate) fn server_now(&self, clock: &dyn Clock) -> ServerNow {
        self.lock().server_time.now(clock.now(), clock.elapsed())
    }

    /// The server's time when our wall clock shows `wall`, according to its responses. Without any, it is `wall`.
    pub(crate) fn server_time(&self, wall: SystemTime) -> ServerNow {
        self.lock().server_time.at(wall)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a request to `route` as under way, if it may be sent.
    fn enter(&mut self, route: Operation, now: Duration) -> Gate {
        let account = self.account.gate(&self.server_time, now);
        let window = self.routes.entry(route).or_default();
        let route = window.gate(&self.server_time, now);
        let block = match &self.block {
            Some(block) if now < block.until => Gate::OpensAt(block.until),
            Some(block) if self.account.in_flight >= block.allowed && now < self.account.next_probe => {
                Gate::WaitForResponse(self.account.next_probe)
            }
            _ => Gate::Open,
        };
        let gate = block.and(account).and(route);
        if gate == Gate::Open {
            for window in [window, &mut self.account] {
                window.in_flight += 1;
                window.next_probe = now + PROBE_EVERY;
            }
        }
        gate
    }

    fn learn(&mut self, route: Operation, seen: &RateLimitHeaders, sent: Duration, clock: &dyn Clock) {
        let (now, wall) = (clock.elapsed(), clock.now());
        if let Some(date) = seen.date {
            self.server_time.learn(date, sent, now, wall);
        }
        match seen.retry_after {
            Some(wait) => self.block_until(now + wait.min(LONGEST_WAIT)),
            None if !seen.refused => self.ramp_up(sent),
            None => {}
        }
        let limit = seen.reset.map(|reset| self.limit(reset, sent, now, wall));
        let route = self.routes.entry(route).or_default();
        let windows = [(&mut self.account, seen.account_remaining), (route, seen.route_remaining)];
        for (window, remaining) in windows {
            match (remaining, limit) {
                (Some(remaining), Some(limit)) => window.learn(Limit { remaining, ..limit }),
                _ if seen.from_api && window.quota == Quota::Unknown => window.quota = Quota::Unlimited,
                _ => {}
            }
        }
        let some_window_is_empty = seen.account_remaining.into_iter().chain(seen.route_remaining).any(|left| left <= 0);
        if let (true, Some(limit)) = (seen.refused && !some_window_is_empty, limit) {
            self.block_until(limit.ends(&self.server_time).min(now + LONGEST_WAIT));
        }
    }

    /// The window that ends at `reset`, according to a response that came at `now` to a request that was sent at `sent`.
    fn limit(&self, reset: i64, sent: Duration, now: Duration, wall: SystemTime) -> Limit {
        let wait = Duration::from_millis(u64::try_from(reset.saturating_sub(unix_millis(wall))).unwrap_or(0));
        let guess = now + wait.min(LONGEST_GUESS);
        let was_past = self.server_time.when(reset).unwrap_or(guess) <= sent;
        Limit { remaining: 0, reset, guess, at_least: if was_past { now + SHORTEST_WINDOW } else { Duration::ZERO } }
    }

    fn block_until(&mut self, until: Duration) {
        let known = self.block.as_ref().map_or(Duration::ZERO, |block| block.until);
        self.block = Some(Block { until: until.max(known), allowed: 1 });
    }

    fn ramp_up(&mut self, sent: Duration) {
        if let Some(block) = self.block.as_mut().filter(|block| sent >= block.until) {
            block.allowed += 1;
            if block.allowed > RAMP_END {
                self.block = None;
            }
        }
    }

    fn leave(&mut self, route: Operation, end: PermitEnd) {
        for window in [&mut self.account, self.routes.entry(route).or_default()] {
            window.in_flight = window.in_flight.saturating_sub(1);
            // The server may have counted the request, but no response says so.
            if let (PermitEnd::NoResponse, Quota::Until(limit)) = (end, &mut window.quota) {
                limit.remaining -= 1;
            }
        }
    }
}

impl Gate {
    /// Open if both are open.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, gate) | (gate, Self::Open) => gate,
            (Self::OpensAt(a), Self::OpensAt(b)) => Self::OpensAt(a.max(b)),
            (Self::OpensAt(at), _) | (_, Self::OpensAt(at)) => Self::OpensAt(at),
            (Self::WaitForResponse(a), Self::WaitForResponse(b)) => Self::WaitForResponse(a.min(b)),
        }
    }
}

impl Window {
    fn gate(&mut self, server_time: &ServerTime, now: Duration) -> Gate {
        if let Quota::Until(limit) = self.quota
            && limit.ends(server_time) <= now
        {
            self.quota = Quota::Unknown;
        }
        match self.quota {
            Quota::Unlimited => Gate::Open,
            Quota::Unknown if self.in_flight == 0 || now >= self.next_probe => Gate::Open,
            Quota::Unknown => Gate::WaitForResponse(self.next_probe),
            Quota::Until(limit) if limit.remaining > i64::from(self.in_flight) => Gate::Open,
            Quota::Until(limit) if limit.remaining > 0 => Gate::WaitForResponse(limit.ends(server_time)),
            Quota::Until(limit) => Gate::OpensAt(limit.ends(server_time)),
        }
    }

    fn learn(&mut self, seen: Limit) {
        match &mut self.quota {
            // Responses can come out of order: the lowest number is right, and an earlier window is over.
            Quota::Until(known) if seen.reset == known.reset => known.remaining = known.remaining.min(seen.remaining),
            Quota::Until(known) if seen.reset < known.reset => {}
            quota => *quota = Quota::Until(seen),
        }
    }
}

/// Permission to send one request. Dropping it wakes the calls that wait.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    rate_limiter: &'a RateLimiter,
    route: Operation,
    sent: Duration,
    end: PermitEnd,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PermitEnd {
    NoResponse,
    Response,
    NotSent,
}

impl Permit<'_> {
    /// From now on the server may count the request.
    pub(crate) fn sending(&mut self) {
        self.end = PermitEnd::NoResponse;
    }

    /// Learns from the response.
    pub(crate) fn responded(mut self, seen: &RateLimitHeaders, clock: &dyn Clock) {
        self.end = PermitEnd::Response;
        self.rate_limiter.lock().learn(self.route, seen, self.sent, clock);
    }

    /// No connection could be made, so the server has not counted the request.
    pub(crate) fn not_sent(mut self) {
        self.end = PermitEnd::NotSent;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.rate_limiter.lock().leave(self.route, self.end);
        self.rate_limiter.changed.notify_waiters();
    }
}

#[cfg(test)]
#[path = "../tests/unit/rate_limiter.rs"]
mod tests;

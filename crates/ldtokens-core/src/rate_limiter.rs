//! Rate limits: when a request may be sent.
//!
//! Responses tell how many requests are left for the account, the route and the token. Other limits, such as that of an IP
//! address, show only when they refuse. The last response about a limit counts. One that no response tells of is found by
//! trying: two requests at first, and more at once for each that is accepted. After a 429, one request a second tries.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ldtokens_client::{Operation, Secret};
use tokio::sync::Notify;

use crate::Clock;
use crate::response_headers::{Left, RateLimitHeaders, ServerTime};

/// The least time between requests that try again, and the longest wait for the response to one that tries.
const SECOND: Duration = Duration::from_secs(1);

/// The longest wait that a response can cause.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How many more requests may be under way at once for each that is accepted, while no window is known.
const MORE: u32 = 7;

/// For each of our requests under way, this many of what is left are kept for other clients of the account.
const OTHERS: i64 = 3;

/// The maximum random time that is added to a wait, so that clients that wait for the same moment don't all send at once.
/// It is never more than a quarter of the wait.
const LONGEST_JITTER: Duration = Duration::from_millis(250);

/// What a client and its clones have learned about rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    state: Mutex<State>,
    changed: Notify,
    hasher: RandomState,
}

/// What is known. Times are those of [`Clock::elapsed`].
#[derive(Debug, Default)]
struct State {
    server_time: ServerTime,
    /// There are few of them, unless a program uses many credentials.
    limits: BTreeMap<Family, Limit>,
}

/// The requests that a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    /// All of them, by a limit that no header tells of.
    Untold,
    Account,
    Route(Operation),
    /// Those with one credential, by its [`RateLimiter::token`].
    Token(u64),
}

#[derive(Debug, Default)]
struct Limit {
    in_flight: u32,
    last_sent: Duration,
    /// What a response told, until the window ends.
    window: Option<Window>,
    /// How many requests may be under way beside one while no window is known.
    beside_one: u32,
    /// How many 429s came in a row. After them nothing is sent before `closed_until`.
    refusals: u32,
    closed_until: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    left: Left,
    ends: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    families: [Family; 4],
    sent: Duration,
}

/// Until a response comes, or until this time. A wait after a 429 is more than any other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    is_refused: bool,
    until: Duration,
}

impl State {
    /// Counts the request as under way, if it may be sent.
    fn acquire(&mut self, request: Request, deadline: Duration) -> Option<Wait> {
        let waits = request.families.map(|family| self.limit(family).wait(request.sent, deadline));
        let wait = waits.into_iter().max().flatten();
        if wait.is_none() {
            for family in request.families {
                let limit = self.limit(family);
                (limit.in_flight, limit.last_sent) = (limit.in_flight + 1, request.sent);
            }
        }
        wait
    }

    /// Learns from a response, or from its absence: the server may have counted the request.
    fn update(&mut self, request: Request, response: Option<&RateLimitHeaders>, now: Duration) {
        // A reset that is past or too far away says nothing (fact 12).
        let server_time = self.server_time;
        let when =
            |left: Left| server_time.when(left.reset).filter(|when| (request.sent..=now + LONGEST_WAIT).contains(when));
        let (status, told) = response.map_or((0, [None; 3]), |response| (response.status, response.left));
        let some_is_used_up = told.iter().flatten().any(|left| left.remaining <= 0);
        let retry_at = response.and_then(|response| response.retry_after).map(|wait| now + wait.min(LONGEST_WAIT));
        for (family, left) in request.families.into_iter().zip([None].into_iter().chain(told)) {
            let (limit, ends) = (self.limit(family), left.and_then(when));
            // Requests whose credential does not work are not counted (fact 12).
            if left.is_some() || status != 401 {
                limit.update(left.map(|left| Window { left, ends: ends.unwrap_or(now + SECOND) }), now);
            }
            let is_used_up = left.map_or(family == Family::Untold && !some_is_used_up, |left| left.remaining <= 0);
            match status {
                429 if is_used_up => limit.refuse(request.sent, now, retry_at.or(ends)),
                0 | 401 | 408 | 429 | 500.. => {}
                _ => limit.accept(request.sent),
            }
        }
    }

    fn limit(&mut self, family: Family) -> &mut Limit {
        self.limits.entry(family).or_insert_with(|| Limit { beside_one: 1, ..Limit::default() })
    }
}

impl Limit {
    /// How long to wait, if a request can't be sent now.
    fn wait(&mut self, now: Duration, deadline: Duration) -> Option<Wait> {
        let next_try = self.last_sent + SECOND;
        let is_refused = self.refusals > 0;
        if let Some(over) = self.window.take_if(|window| window.ends <= now) {
            // The next one has as much, at least.
            self.beside_one = u32::try_from(over.left.remaining - 1).unwrap_or(0);
        }
        let (is_free, until) = match self.window {
            _ if is_refused && self.last_sent < self.closed_until => (false, self.closed_until),
            _ if is_refused => (false, next_try),
            Some(Window { left, ends }) if left.remaining > 0 => {
                (left.remaining > OTHERS * i64::from(self.in_flight), ends)
            }
            Some(Window { ends, .. }) if ends < deadline => (false, ends),
            // Only a 429 makes a call fail: it tries.
            Some(_) => (self.in_flight == 0, next_try),
            None => (self.in_flight <= self.beside_one, next_try),
        };
        (!is_free && until > now).then_some(Wait { is_refused, until })
    }

    fn update(&mut self, told: Option<Window>, now: Duration) {
        match (&mut self.window, told) {
            (Some(known), Some(told)) if told.left.reset == known.left.reset => {
                // Responses can come out of order.
                let remaining = known.left.remaining.min(told.left.remaining);
                *known = Window { left: Left { remaining, ..told.left }, ..told };
            }
            // It tells nothing, or what is left of an earlier window.
            (Some(known), told) if known.ends > now && told.is_none_or(|told| told.left.reset < known.left.reset) => {
                known.left.remaining -= 1;
            }
            (known, Some(told)) => *known = Some(told),
            (_, None) => {}
        }
    }

    fn accept(&mut self, sent: Duration) {
        self.beside_one = self.beside_one.saturating_add(MORE);
        if sent >= self.closed_until {
            self.refusals = 0;
        }
    }

    /// Closes after a 429, `until` the time that it names if there is one.
    fn refuse(&mut self, sent: Duration, now: Duration, until: Option<Duration>) {
        self.beside_one = 0;
        if sent >= self.closed_until {
            // At most half a minute, so that a call with the default deadline tries.
            let pause = SECOND * (1 << self.refusals.min(5));
            let earliest = if self.refusals == 0 { now } else { sent + SECOND };
            self.closed_until = until.unwrap_or(now + pause).max(earliest);
            self.refusals += 1;
        } else if self.last_sent < self.closed_until {
            // It was under way before the last 429 came.
            self.closed_until = self.closed_until.max(until.unwrap_or_default());
        }
    }
}

impl RateLimiter {
    /// The credential as [`acquire`](Self::acquire) takes it.
    pub(crate) fn token(&self, credential: &Secret) -> u64 {
        self.hasher.hash_one(credential.expose())
    }

    /// Waits until a request to `route` may be sent, at most until `deadline` by the clock's `elapsed`. If that comes first and a
    /// 429 is the reason, the error is the remaining wait.
    pub(crate) async fn acquire(
        &self,
        route: Operation,
        token: u64,
        clock: &dyn Clock,
        deadline: Duration,
    ) -> Result<Permit<'_>, Option<Duration>> {
        let families = [Family::Untold, Family::Account, Family::Route(route), Family::Token(token)];
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = clock.elapsed();
            if now >= deadline {
                return Err(None);
            }
            let request = Request { families, sent: now };
            let Some(Wait { is_refused, until }) = self.lock().acquire(request, deadline) else {
                return Ok(Permit { rate_limiter: self, request, is_lost: true });
            };
            let wait = until.saturating_sub(now);
            if is_refused && until >= deadline {
                return Err(Some(wait));
            }
            let left = (deadline - now).saturating_sub(wait);
            // A part of the time that is left, so that some is left to send the request.
            let jitter = (wait / 4).min(left / 2).min(LONGEST_JITTER).mul_f64(fastrand::f64());
            tokio::select! {
                () = changed => {}
                () = clock.sleep((wait + jitter).min(deadline - now)) => {}
            }
        }
    }

    /// What is known of the server's clock.
    pub(crate) fn server_clock(&self) -> ServerTime {
        self.lock().server_time
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permission to send one request. Dropping it wakes the calls that wait.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    rate_limiter: &'a RateLimiter,
    request: Request,
    /// Whether the server may have counted the request, and no response has come.
    is_lost: bool,
}

impl Permit<'_> {
    /// It was not sent, so the server has not counted it.
    pub(crate) fn not_sent(mut self) {
        self.is_lost = false;
    }

    /// Learns from the response.
    pub(crate) fn complete(mut self, response: &RateLimitHeaders, clock: &dyn Clock) {
        let (mut state, now) = (self.rate_limiter.lock(), clock.elapsed());
        if let Some(date) = response.date {
            state.server_time.update(date, self.request.sent, now, clock.now());
        }
        state.update(self.request, Some(response), now);
        drop(state);
        self.is_lost = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.rate_limiter.lock();
        if self.is_lost {
            state.update(self.request, None, self.request.sent);
        }
        for family in self.request.families {
            let limit = state.limit(family);
            limit.in_flight = limit.in_flight.saturating_sub(1);
        }
        drop(state);
        self.rate_limiter.changed.notify_waiters();
    }
}

#[cfg(test)]
#[path = "../tests/unit/rate_limiter.rs"]
mod tests;

#[cfg(test)]
#[path = "../tests/unit/rate_limiter_model.rs"]
mod model;

//! When a request may leave, by what the rate-limit headers said.
//!
//! Each answer tells how many requests its window has left, for the account and for the route. A request leaves only if
//! the window has room for it and for all that are under way, which may not have been counted yet. Of a new window
//! nothing is known, so one request goes ahead to find out. So a window is used to its end, and few requests ever meet 429.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use tokio::sync::Notify;

use crate::send::clock::Clock;
use crate::send::operation::Operation;
use crate::send::server_time::{ServerTime, unix_millis};

/// After a wait for a time that the server named, at most so much more passes, at random: others wait for it too. After a
/// short wait it is at most a quarter of that.
const LONGEST_JITTER: Duration = Duration::from_millis(250);

/// Of a window that nothing is known of, one request is sent to find out, and another after each such time without answer.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// A wait named by a server whose clock can't be known is at most this long.
const LONGEST_GUESS: Duration = Duration::from_secs(60);

/// What clones of a client learn together.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    server_time: ServerTime,
    blocked_until: Duration,
    account: Window,
    routes: HashMap<Operation, Window>,
}

/// The room left in a window of the account's or a route's.
#[derive(Debug, Default)]
struct Window {
    room: Room,
    in_flight: u32,
    next_probe: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Room {
    /// No answer has told.
    #[default]
    Untold,
    /// The last answer named no limit.
    Unlimited,
    /// So many requests until the server's clock shows `reset`, Unix milliseconds; `guess` is that time by our clock,
    /// for a server that doesn't tell what its clock shows.
    Until { remaining: i64, reset: i64, guess: Duration },
}

#[derive(Debug, PartialEq)]
enum Gate {
    Open,
    OpensAt(Duration),
    /// Once an answer comes, or at this time.
    OpensOnAnswer(Duration),
}

/// The time named lies beyond the call's deadline.
#[derive(Debug)]
pub(crate) struct TooLate {
    pub(crate) wait: Duration,
}

impl Pacing {
    /// Waits until a request to `route` may leave, at most until `deadline` by the clock's `elapsed`.
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
                Gate::Open => {
                    // There may be room for the next one too; it looks for itself.
                    self.changed.notify_one();
                    return Ok(Permit { pacing: self, route, sent: clock.elapsed(), answered: false });
                }
                Gate::OpensAt(at) if at >= deadline => return Err(TooLate { wait: at.saturating_sub(now) }),
                Gate::OpensAt(at) => {
                    let wait = at - now;
                    let jitter = (wait / 4).min(LONGEST_JITTER).mul_f64(fastrand::f64());
                    clock.sleep((wait + jitter).min(deadline - now)).await;
                }
                Gate::OpensOnAnswer(_) if now >= deadline => return Err(TooLate { wait: Duration::ZERO }),
                Gate::OpensOnAnswer(at) => {
                    tokio::select! {
                        () = changed => {}
                        () = clock.sleep(at.min(deadline).saturating_sub(now)) => {}
                    }
                }
            }
        }
    }

    /// What the server's clock shows, as far as it has told, else ours.
    pub(crate) fn server_now(&self, clock: &dyn Clock) -> SystemTime {
        self.lock().server_time.at(clock.elapsed()).unwrap_or_else(|| clock.now())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// Counts a request to `route` as under way, if it may leave.
    fn enter(&mut self, route: Operation, now: Duration) -> Gate {
        if now < self.blocked_until {
            return Gate::OpensAt(self.blocked_until);
        }
        let account = self.account.gate(&self.server_time, now);
        let window = self.routes.entry(route).or_default();
        let gate = match (account, window.gate(&self.server_time, now)) {
            (Gate::Open, gate) | (gate, Gate::Open) => gate,
            (Gate::OpensAt(a), Gate::OpensAt(b)) => Gate::OpensAt(a.max(b)),
            (Gate::OpensAt(at), _) | (_, Gate::OpensAt(at)) => Gate::OpensAt(at),
            (Gate::OpensOnAnswer(a), Gate::OpensOnAnswer(b)) => Gate::OpensOnAnswer(a.min(b)),
        };
        if gate == Gate::Open {
            for window in [window, &mut self.account] {
                window.in_flight += 1;
                window.next_probe = now + PROBE_EVERY;
            }
        }
        gate
    }

    fn learn(&mut self, route: Operation, seen: &RateLimit, sent: Duration, clock: &dyn Clock) {
        let now = clock.elapsed();
        if let Some(date) = seen.date {
            self.server_time.learn(date, sent, now);
        }
        if let Some(wait) = seen.retry_after(clock.now()) {
            self.blocked_until = self.blocked_until.max(now + wait);
        }
        let Some(reset) = seen.reset else {
            if seen.from_api {
                self.account.learn_unlimited();
                self.routes.entry(route).or_default().learn_unlimited();
            }
            return;
        };
        let wait = Duration::from_millis(u64::try_from(reset - unix_millis(clock.now())).unwrap_or(0));
        let guess = now + wait.min(LONGEST_GUESS);
        let until = |remaining| Room::Until { remaining, reset, guess };
        if let Some(remaining) = seen.account_remaining {
            self.account.learn(until(remaining));
        }
        if let Some(remaining) = seen.route_remaining {
            self.routes.entry(route).or_default().learn(until(remaining));
        }
        let some_window_is_empty = seen.account_remaining.into_iter().chain(seen.route_remaining).any(|left| left <= 0);
        if seen.refused && !some_window_is_empty {
            self.blocked_until = self.blocked_until.max(self.server_time.when(reset).unwrap_or(guess));
        }
    }

    fn leave(&mut self, route: Operation, answered: bool) {
        for window in [&mut self.account, self.routes.entry(route).or_default()] {
            window.in_flight = window.in_flight.saturating_sub(1);
            // It may have been counted, and no answer says so.
            if let (false, Room::Until { remaining, .. }) = (answered, &mut window.room) {
                *remaining -= 1;
            }
        }
    }
}

impl Window {
    fn gate(&mut self, server_time: &ServerTime, now: Duration) -> Gate {
        if let Room::Until { reset, guess, .. } = self.room
            && server_time.when(reset).unwrap_or(guess) <= now
        {
            self.room = Room::Untold;
        }
        match self.room {
            Room::Unlimited => Gate::Open,
            Room::Untold if self.in_flight == 0 || now >= self.next_probe => Gate::Open,
            Room::Untold => Gate::OpensOnAnswer(self.next_probe),
            Room::Until { remaining, .. } if remaining > i64::from(self.in_flight) => Gate::Open,
            Room::Until { remaining, reset, guess } => {
                let at = server_time.when(reset).unwrap_or(guess);
                if remaining > 0 { Gate::OpensOnAnswer(at) } else { Gate::OpensAt(at) }
            }
        }
    }

    fn learn(&mut self, told: Room) {
        let (Room::Until { remaining, reset, .. }, Room::Until { remaining: left, reset: known, .. }) =
            (told, &mut self.room)
        else {
            self.room = told;
            return;
        };
        if reset > *known {
            self.room = told;
        } else if reset == *known {
            // Answers overtake each other: the fewest left is the truth.
            *left = remaining.min(*left);
        }
    }

    fn learn_unlimited(&mut self) {
        if self.room == Room::Untold {
            self.room = Room::Unlimited;
        }
    }
}

/// Leave for one request. However it ends, dropping this tells those who wait.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pacing: &'a Pacing,
    route: Operation,
    sent: Duration,
    answered: bool,
}

impl Permit<'_> {
    /// Learns from the answer that the request got.
    pub(crate) fn answered(mut self, seen: &RateLimit, clock: &dyn Clock) {
        self.answered = true;
        self.pacing.lock().learn(self.route, seen, self.sent, clock);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pacing.lock().leave(self.route, self.answered);
        self.pacing.changed.notify_one();
    }
}

/// What an answer's headers say of rate limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Whether the answer refuses the request because of them.
    refused: bool,
    /// Whether it surely comes from the API, which names its limits, and not from something before it.
    from_api: bool,
    date: Option<SystemTime>,
    account_remaining: Option<i64>,
    route_remaining: Option<i64>,
    reset: Option<i64>,
    retry_after: Option<RetryAfter>,
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Wait(Duration),
    At(SystemTime),
}

impl RateLimit {
    pub(crate) fn read(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &str| text(name).and_then(|value| value.parse::<i64>().ok());
        let retry_after = text("retry-after").and_then(|value| match value.parse::<u64>() {
            Ok(seconds) => Some(RetryAfter::Wait(Duration::from_secs(seconds))),
            Err(_) => httpdate::parse_http_date(value).ok().map(RetryAfter::At),
        });
        Self {
            refused: status == 429,
            from_api: status < 429,
            date: text("date").and_then(|date| httpdate::parse_http_date(date).ok()),
            account_remaining: number("x-ratelimit-global-remaining"),
            route_remaining: number("x-ratelimit-route-remaining"),
            reset: number("x-ratelimit-reset"),
            retry_after: if matches!(status, 429 | 503) { retry_after } else { None },
        }
    }

    /// How long the answer asks to wait; a date is counted from the answer's own, else from `now`.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        match self.retry_after? {
            RetryAfter::Wait(wait) => Some(wait),
            RetryAfter::At(at) => Some(at.duration_since(self.date.unwrap_or(now)).unwrap_or_default()),
        }
    }

    /// How long a refusal asks to wait, by `Retry-After` or else by the window's end.
    pub(crate) fn named_wait(&self, now: SystemTime) -> Option<Duration> {
        self.retry_after(now).or_else(|| {
            let until = self.reset? - unix_millis(self.date.unwrap_or(now));
            self.refused.then(|| Duration::from_millis(u64::try_from(until).unwrap_or(0)))
        })
    }
}

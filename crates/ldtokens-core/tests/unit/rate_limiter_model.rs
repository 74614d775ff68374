//! Clients against servers with different ideas of a limit, in virtual time.
//!
//! `LDTOKENS_RATE_LIMIT_RUNS=1000` makes it a long run: so many for each server. `LDTOKENS_SEED` repeats one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, UNIX_EPOCH};

use ldtokens_client::Operation;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Family, Request, State};
use crate::response_headers::RateLimitHeaders;

const ROUTES: [Operation; 2] = [Operation::GetTokens, Operation::GetToken];
const NAMES: [&str; 3] = ["global", "route", "auth-token"];
/// The server's clock at the start, in Unix milliseconds.
const START: u64 = 1_796_000_000_370;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How a server counts.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// In windows of `length` that begin `phase` after the full ones.
    Fixed { length: u64, phase: u64 },
    /// In the time of this length before each request.
    Sliding(u64),
    /// One more is allowed after each of these times, up to the limit.
    Bucket(u64),
}

/// One limit. The account's is for all, a route's for each route, a token's for each client.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Which of `NAMES`.
    family: usize,
    kind: Kind,
    limit: u64,
}

/// A server, and who uses it. The functions say how its headers deviate from the truth.
#[derive(Clone, Debug)]
struct World {
    name: &'static str,
    rules: Vec<Rule>,
    told: fn(&mut fastrand::Rng, usize) -> bool,
    reset: fn(i64) -> i64,
    date: fn(u64) -> Option<u64>,
    /// Whether a 429 has a `Retry-After` in seconds, and no other headers.
    retry_after: bool,
    clients: usize,
    workers: usize,
    /// How much of the windows must be used, and how many responses may be 429, in percent.
    used: u64,
    refused: u64,
}

impl World {
    fn new(name: &'static str, rules: &[(usize, Kind, u64)]) -> Self {
        let rules = rules.iter().map(|&(family, kind, limit)| Rule { family, kind, limit }).collect();
        let (told, date) = (|_: &mut fastrand::Rng, _| true, Some);
        let (used, refused) = (95, 1);
        Self { name, rules, told, reset: |at| at, date, retry_after: false, clients: 1, workers: 16, used, refused }
    }

    /// One whose headers don't tell enough.
    fn blind(self) -> Self {
        Self { refused: 12, ..self }
    }

    /// One whose headers tell no moment that can be right.
    fn lying(self) -> Self {
        Self { refused: 3, used: 90, ..self }
    }
}

fn worlds() -> Vec<World> {
    let fixed = |length, phase| Kind::Fixed { length, phase };
    let aligned = fixed(10_000, 0);
    let one = |name| World::new(name, &[(1, aligned, 60)]);
    let all = |name| World::new(name, &[(0, aligned, 150), (1, aligned, 100), (2, aligned, 120)]);
    vec![
        all("aligned windows"),
        World { workers: 64, ..one("a small window and many workers") },
        World { workers: 1, ..one("one worker") },
        World::new("independent windows", &[(0, aligned, 150), (1, aligned, 100), (2, fixed(7_000, 3_100), 90)]),
        World::new("windows of other lengths", &[(1, fixed(60_000, 0), 600), (2, fixed(5_000, 370), 70)]),
        World::new("a sliding window", &[(1, Kind::Sliding(10_000), 100)]),
        World::new("a bucket", &[(1, Kind::Bucket(100), 100)]),
        World { told: |_, family| family == 2, ..World::new("only the token's", &[(2, aligned, 100)]) },
        World { told: |random, _| random.u8(..4) > 0, ..all("headers on some responses") },
        World { clients: 2, ..all("two clients") },
        World { clients: 3, refused: 4, ..all("three clients") },
        World { told: |_, _| false, ..all("no headers") }.blind(),
        World { told: |_, _| false, retry_after: true, ..all("only retry-after") }.blind(),
        World { told: |_, family| family == 0, ..all("only the account's, and others refuse") }.blind(),
        World { reset: |at| at - 60_000, ..all("resets in the past") }.lying(),
        World { reset: |at| at + 3_600_000, ..all("resets far away") }.lying(),
        World { reset: |at| at + 200_000, used: 4, ..all("resets minutes away") },
        World { reset: |at| at / 1000, ..all("resets in seconds") }.lying(),
        World { reset: |at| at * 1000, ..all("resets in microseconds") }.lying(),
        World { reset: |_| i64::MAX, ..all("a reset that never comes") }.lying(),
        World { reset: |at| if at % 20_000 == 0 { at } else { 0 }, ..all("resets now and then") }.lying(),
        World { date: |_| None, ..all("no dates") }.lying(),
        World { date: |at| Some(at + 3_600_000), ..all("dates an hour ahead") }.lying(),
        World { date: |at| Some(at - 3_600_000), ..all("dates an hour behind") }.lying(),
        World { date: |at| Some(at + at / 1000 % 2 * 3_600_000), ..all("dates that jump") }.lying(),
    ]
}

/// One counter of a rule: that of one route, or one client, or all.
#[derive(Default)]
struct Counter {
    /// When requests were counted. For a bucket, when each token comes back.
    at: VecDeque<u64>,
    /// How many there were in all.
    all: u64,
}

impl Counter {
    /// How many are left, and when that changes.
    fn left(&mut self, rule: &Rule, now: u64) -> (u64, u64) {
        let window = |length, phase| (now - phase) / length;
        self.at.retain(|&at| match rule.kind {
            Kind::Fixed { length, phase } => (at - phase) / length == window(length, phase),
            Kind::Sliding(length) => at + length > now,
            Kind::Bucket(_) => at > now,
        });
        let reset = match rule.kind {
            Kind::Fixed { length, phase } => (window(length, phase) + 1) * length + phase,
            Kind::Sliding(length) => self.at.front().map_or(now, |at| at + length),
            Kind::Bucket(_) => *self.at.front().unwrap_or(&now),
        };
        (rule.limit - self.at.len() as u64, reset)
    }

    fn count(&mut self, rule: &Rule, now: u64) {
        self.all += 1;
        self.at.push_back(match rule.kind {
            Kind::Bucket(every) => self.at.back().unwrap_or(&now).max(&now) + every,
            _ => now,
        });
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake { worker: usize, turn: u64 },
    Arrive { worker: usize },
    Respond { worker: usize },
}

#[derive(Default)]
struct Worker {
    /// A wait that was ended by a response has another turn.
    turn: u64,
    waits: bool,
    route: usize,
    request: Option<Request>,
    response: Option<(u16, RateLimitHeaders)>,
    begun: Duration,
}

/// What a client has seen: after which 429 it may send only once a second.
#[derive(Default)]
struct Seen {
    refused: BTreeMap<Family, (Duration, Option<Duration>)>,
    last_success: Duration,
}

struct Run {
    world: World,
    random: fastrand::Rng,
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    number: u64,
    counters: BTreeMap<(usize, usize), Counter>,
    states: Vec<State>,
    seen: Vec<Seen>,
    workers: Vec<Worker>,
    done: usize,
    sent: usize,
    refused: usize,
    longest: Duration,
}

impl Run {
    fn new(world: World, seed: u64) -> Self {
        let workers = world.clients * world.workers;
        Self {
            random: fastrand::Rng::with_seed(seed),
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            number: 0,
            counters: BTreeMap::new(),
            states: (0..world.clients).map(|_| State::default()).collect(),
            seen: (0..world.clients).map(|_| Seen::default()).collect(),
            workers: (0..workers).map(|worker| Worker { route: worker % ROUTES.len(), ..Worker::default() }).collect(),
            done: 0,
            sent: 0,
            refused: 0,
            longest: Duration::ZERO,
            world,
        }
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.now + after, self.number, event)));
    }

    /// Makes `calls` calls. Each has an hour.
    fn run(&mut self, calls: usize) {
        for worker in 0..self.workers.len() {
            self.at(Duration::ZERO, Event::Wake { worker, turn: 0 });
        }
        while self.done < calls {
            let Reverse((now, _, event)) = self.events.pop().expect("nobody hangs");
            self.now = now;
            match event {
                Event::Wake { worker, turn } if self.workers[worker].turn == turn => self.try_to_send(worker),
                Event::Wake { .. } => {}
                Event::Arrive { worker } => self.arrive(worker),
                Event::Respond { worker } => self.respond(worker),
            }
        }
    }

    fn try_to_send(&mut self, worker: usize) {
        let (client, route) = (worker / self.world.workers, self.workers[worker].route);
        let families = [Family::Untold, Family::Account, Family::Route(ROUTES[route]), Family::Token(0)];
        let request = Request { families, sent: self.now };
        let wait = self.states[client].acquire(request, self.now + Duration::from_secs(3600));
        self.workers[worker].turn += 1;
        self.workers[worker].waits = wait.is_some();
        if let Some(wait) = wait {
            let wait = wait.until - self.now;
            assert!(wait <= super::LONGEST_WAIT, "{wait:?}");
            let jitter = (wait / 4).min(super::LONGEST_JITTER).mul_f64(self.random.f64());
            let turn = self.workers[worker].turn;
            return self.at(wait + jitter, Event::Wake { worker, turn });
        }
        for family in families {
            if let Some((refused, last)) = self.seen[client].refused.get_mut(&family) {
                let soon = last.is_some_and(|last| last + super::SECOND > self.now);
                assert!(!soon, "{family:?}: again {:?} after the last, 429 at {refused:?}", self.now - last.unwrap());
                *last = Some(self.now);
            }
        }
        self.workers[worker].request = Some(request);
        let latency = ms(self.random.u64(10..60));
        self.at(latency, Event::Arrive { worker });
    }

    /// The request reaches the server.
    fn arrive(&mut self, worker: usize) {
        let now = START + self.now.as_millis() as u64;
        let (client, route) = (worker / self.world.workers, self.workers[worker].route);
        let rules = self.world.rules.clone();
        let key = |rule: &Rule| (rule.family, [0, route, client][rule.family]);
        let is_refused = rules.iter().any(|rule| self.counters.entry(key(rule)).or_default().left(rule, now).0 == 0);
        let mut headers = HeaderMap::new();
        let mut set = |name: String, value: String| {
            headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(&value).unwrap());
        };
        for rule in &rules {
            let counter = self.counters.entry(key(rule)).or_default();
            if !is_refused {
                counter.count(rule, now);
            }
            let (left, reset) = counter.left(rule, now);
            let name = NAMES[rule.family];
            let told = (self.world.told)(&mut self.random, rule.family);
            if told && !(is_refused && self.world.retry_after) {
                set(format!("x-ratelimit-{name}-remaining"), left.to_string());
                let name = if rule.family == 2 { "x-ratelimit-auth-token-reset" } else { "x-ratelimit-reset" };
                set(name.to_owned(), (self.world.reset)(reset as i64).to_string());
            } else if is_refused && self.world.retry_after {
                set("retry-after".to_owned(), (reset - now).div_ceil(1000).to_string());
            }
        }
        if let Some(date) = (self.world.date)(now) {
            set("date".to_owned(), httpdate::fmt_http_date(UNIX_EPOCH + ms(date)));
        }
        let status = if is_refused { 429 } else { 200 };
        self.workers[worker].response = Some((status, RateLimitHeaders::read(status, &headers)));
        let latency = ms(self.random.u64(10..60));
        self.at(latency, Event::Respond { worker });
    }

    fn respond(&mut self, worker: usize) {
        let client = worker / self.world.workers;
        let request = self.workers[worker].request.take().unwrap();
        let (status, headers) = self.workers[worker].response.take().unwrap();
        let state = &mut self.states[client];
        if let Some(date) = headers.date {
            state.server_time.update(date, request.sent, self.now, UNIX_EPOCH);
        }
        state.update(request, Some(&headers), self.now);
        for family in request.families {
            state.limit(family).in_flight -= 1;
        }
        self.sent += 1;
        let seen = &mut self.seen[client];
        let mut pause = Duration::ZERO;
        if status == 429 {
            self.refused += 1;
            pause = ms(200).mul_f64(self.random.f64());
            let told = [None].into_iter().chain(headers.left);
            let used_up: Vec<_> = told.map(|left| left.is_some_and(|left| left.remaining == 0)).collect();
            let families = request.families.into_iter().enumerate();
            let is_hit = |index: usize| used_up[index] || index == 0 && !used_up.contains(&true);
            // One that was sent before a request that has succeeded is old news.
            for (_, family) in families.filter(|(index, _)| is_hit(*index) && request.sent > seen.last_success) {
                seen.refused.entry(family).or_insert((self.now, None));
            }
        } else {
            seen.last_success = seen.last_success.max(request.sent);
            seen.refused.retain(|family, (at, _)| !request.families.contains(family) || request.sent < *at);
            self.done += 1;
            let next = &mut self.workers[worker];
            self.longest = self.longest.max(self.now - next.begun);
            next.begun = self.now;
        }
        let turn = self.workers[worker].turn;
        self.at(pause, Event::Wake { worker, turn });
        let clients_own = client * self.world.workers..(client + 1) * self.world.workers;
        let mut waiting: Vec<_> = clients_own.filter(|worker| self.workers[*worker].waits).collect();
        waiting.sort_by_key(|worker| self.workers[*worker].begun);
        for worker in waiting {
            self.workers[worker].waits = false;
            let turn = self.workers[worker].turn;
            self.at(Duration::ZERO, Event::Wake { worker, turn });
        }
    }
}

#[test]
fn the_limiter_keeps_its_promises_with_every_kind_of_server() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("LDTOKENS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LDTOKENS_RATE_LIMIT_RUNS").unwrap_or(1),
    };
    for (world, seed) in worlds().into_iter().flat_map(|world| seeds.clone().map(move |seed| (world.clone(), seed))) {
        println!("LDTOKENS_SEED={seed}: {}", world.name);
        let mut run = Run::new(world, seed);
        run.run(1_500);
        let elapsed = run.now.as_millis() as u64;
        let used = run.counters.iter().map(|((family, _), counter)| {
            let rule = run.world.rules.iter().find(|rule| rule.family == *family).unwrap();
            let capacity = match rule.kind {
                Kind::Fixed { length, .. } | Kind::Sliding(length) => rule.limit * elapsed / length,
                Kind::Bucket(every) => elapsed / every,
            };
            100 * counter.all / capacity
        });
        let (used, sent, refused) = (used.max().unwrap(), run.sent, run.refused);
        println!("  {used} % used, {refused} of {sent} refused, {:?}, the longest call {:?}", run.now, run.longest);
        assert!(used >= run.world.used && 100 * refused <= sent * run.world.refused as usize);
    }
}

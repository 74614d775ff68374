//! Thousands of mixed operations through a proxy that causes faults. Then the server's tokens are compared with the results.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ldtokens::{Client, Error, IssuedToken, Overlap, Patch, RetryPolicy, Secret};
use ldtokens_server::Server;

use crate::proxy::{self, Fault, Moment, Proxy};
use crate::support::{client, client_of, create_or_recover, reader, server, works};

const WORKERS: usize = 16;
/// The start of what marks the tokens of later attempts.
const MARK: &str = "[ldtokens create ";
const DEADLINE: Duration = Duration::from_secs(4);
/// Only against hanging.
const GUARD: Duration = Duration::from_secs(3600);

/// How many operations are made for each seed. `LDTOKENS_RANDOM_FAULTS=3334` makes it a long run, of ten thousand in all.
fn operations() -> usize {
    std::env::var("LDTOKENS_RANDOM_FAULTS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

fn fault(random: &mut fastrand::Rng) -> Fault {
    let moment = if random.bool() { Moment::Before } else { Moment::After };
    match random.u32(0..100) {
        0..70 => Fault::Pass,
        70..75 => Fault::Reset(moment),
        75..76 => Fault::Hang(moment),
        76..79 => Fault::Respond(Moment::Before, proxy::BARE_429),
        79..80 => Fault::WindowSpent(random.u64(1..10)),
        80..83 => Fault::Respond(moment, proxy::TOLD_503),
        83..85 => Fault::Respond(moment, proxy::BARE_408),
        85..87 => Fault::Respond(moment, proxy::JSON_500),
        87..89 => Fault::Respond(moment, proxy::HTML_502),
        // A status of success means that it was done.
        89..91 => Fault::Respond(Moment::After, proxy::HTML_200),
        91..93 => Fault::Respond(Moment::After, proxy::EMPTY_200),
        93..96 => Fault::CutOff,
        96..98 => Fault::Trickle,
        _ => Fault::RefuseConnections(random.u64(1..5)),
    }
}

/// What the results say about one token.
#[derive(Debug)]
struct Promised {
    secret: Secret,
    /// The names that it may have now: one, unless a response was lost.
    names: BTreeSet<String>,
    /// Whether the secret certainly works.
    secret_is_sure: bool,
    /// Whether it may be deleted, because the response to a deletion was lost.
    may_be_gone: bool,
}

/// The results that one worker got.
#[derive(Debug, Default)]
struct Books {
    held: BTreeMap<String, Promised>,
    deleted: BTreeSet<String>,
    /// Names under which there may be one token that nobody holds.
    orphans: BTreeSet<String>,
    /// Names under which nothing may be.
    refused: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_random_faults_the_server_has_what_the_results_say() {
    // Each run spends its time waiting, so that together they take as long as one.
    let runs = async { tokio::join!(run(1), run(20_240_415), run(0xC0FFEE)) };
    tokio::time::timeout(GUARD, runs).await.expect("every call ends");
}

async fn run(seed: u64) {
    let server = server().await;
    let mut random = fastrand::Rng::with_seed(seed);
    let proxy = Proxy::start(server.addr(), move |_| fault(&mut random)).await;
    let policy = RetryPolicy {
        deadline: DEADLINE,
        attempt_timeout: Duration::from_secs(1),
        max_attempts: 12,
        backoff_base: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(20),
    };
    let shared = client_of(&server, proxy.url()).retry(policy).connect_timeout(Duration::from_secs(1)).build().unwrap();

    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (client, random) = (shared.clone(), fastrand::Rng::with_seed(seed ^ (worker as u64) << 32));
        workers.spawn(work(client, random, seed, worker));
    }
    let books = workers.join_all().await;
    compare(&server, seed, &books).await;
}

async fn work(client: Client, mut random: fastrand::Rng, seed: u64, worker: usize) -> Books {
    println!("seed {seed}, worker {worker}");
    let mut books = Books::default();
    for step in 0..operations() / WORKERS {
        let name = format!("{worker}.{step}");
        let held = random.choice(books.held.keys().cloned().collect::<Vec<_>>());
        match (random.u32(0..12), held) {
            (0..2, _) | (_, None) => books.created(name.clone(), client.create(&reader(&name)).await),
            (2, _) => {
                // The first attempt may have left one, and later ones have a mark.
                let created = create_or_recover(&client, &reader(&name)).await;
                if created.is_ok() {
                    books.orphans.insert(name.clone());
                }
                books.created(name, created);
            }
            (3..5, Some(id)) => books.read(&id, client.get(&id.parse().unwrap()).await),
            (5, _) => match client.list().page_size(50).send().await {
                Ok(page) => assert!(page.tokens.len() <= 50),
                Err(error) => assert_temporary(&error),
            },
            (6..8, Some(id)) => {
                let updated = client.update(&id.parse().unwrap(), &Patch::new().name(name.clone())).await;
                books.renamed(&id, name, updated);
            }
            (8, Some(id)) => {
                let edited = client.edit(&id.parse().unwrap(), |token| token.name = Some(name.clone())).await;
                books.renamed(&id, name, edited);
            }
            (9..11, Some(id)) => books.reset(&id, client.reset(&id.parse().unwrap(), Overlap::None).await),
            (_, Some(id)) => books.deleted(&id, client.delete(&id.parse().unwrap()).await),
        }
    }
    books
}

impl Books {
    fn created(&mut self, name: String, created: Result<IssuedToken, Error>) {
        match created {
            Ok(IssuedToken { id, secret, .. }) => {
                let names = BTreeSet::from([name]);
                let promised = Promised { secret, names, secret_is_sure: true, may_be_gone: false };
                assert!(self.held.insert(id.to_string(), promised).is_none(), "{id} was made twice");
            }
            Err(Error::OutcomeUnknown { .. }) => drop(self.orphans.insert(name)),
            Err(error) => {
                assert_temporary(&error);
                self.refused.insert(name);
            }
        }
    }

    fn read(&mut self, id: &str, read: Result<ldtokens::Token, Error>) {
        let promised = self.held.get_mut(id).unwrap();
        match read {
            Ok(token) => {
                let name = token.name.unwrap();
                assert!(promised.names.contains(&name), "{id} is named {name}, not one of {:?}", promised.names);
                // A request that was given up may still be on its way, so other names stay possible.
            }
            Err(Error::NotFound(_)) if promised.may_be_gone => self.gone(id),
            Err(error) => assert_temporary(&error),
        }
    }

    fn renamed(&mut self, id: &str, name: String, renamed: Result<ldtokens::Token, Error>) {
        let promised = self.held.get_mut(id).unwrap();
        match renamed {
            Ok(token) => {
                assert_eq!(token.name.as_deref(), Some(name.as_str()));
                promised.names = BTreeSet::from([name]);
            }
            Err(Error::NotFound(_)) if promised.may_be_gone => self.gone(id),
            Err(Error::OutcomeUnknown { .. }) => drop(promised.names.insert(name)),
            Err(error) => assert_temporary(&error),
        }
    }

    fn reset(&mut self, id: &str, reset: Result<IssuedToken, Error>) {
        let promised = self.held.get_mut(id).unwrap();
        match reset {
            Ok(issued) => {
                promised.secret = issued.secret;
                promised.secret_is_sure = true;
            }
            Err(Error::OutcomeUnknown { .. }) => promised.secret_is_sure = false,
            Err(Error::NotFound(_)) if promised.may_be_gone => self.gone(id),
            Err(error) => assert_temporary(&error),
        }
    }

    fn deleted(&mut self, id: &str, deleted: Result<(), Error>) {
        let promised = self.held.get_mut(id).unwrap();
        match deleted {
            Ok(()) => self.gone(id),
            Err(Error::NotFound(_)) if promised.may_be_gone => self.gone(id),
            Err(Error::OutcomeUnknown { .. }) => promised.may_be_gone = true,
            // Any other error means that it was not carried out.
            Err(error) => assert_temporary(&error),
        }
    }

    fn gone(&mut self, id: &str) {
        self.held.remove(id);
        self.deleted.insert(id.to_owned());
    }
}

fn assert_temporary(error: &Error) {
    assert!(error.is_retryable() || matches!(error, Error::Undecodable { .. }), "{error:?}");
}

async fn compare(server: &Server, seed: u64, books: &[Books]) {
    let all = client(server).list().all_members(true).page_size(1000).collect_all().await.unwrap();
    let owner = ldtokens::Secret::new(server.owner_secret().unwrap().last_four());
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut there: BTreeMap<&str, &ldtokens::Token> = BTreeMap::new();
    for token in all.iter().filter(|token| token.token.as_ref() != Some(&owner) || token.name.is_some()) {
        there.insert(token.id.as_str(), token);
        *by_name.entry(token.name.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let (mut sure, mut unsure) = (0, 0);
    for books in books {
        for (id, promised) in &books.held {
            let Some(token) = there.remove(id.as_str()) else {
                assert!(promised.may_be_gone, "seed {seed}: {id} is lost: {promised:?}");
                continue;
            };
            let name = token.name.as_deref().unwrap_or_default();
            assert!(promised.names.contains(name), "seed {seed}: {id} is named {name}: {promised:?}");
            if promised.secret_is_sure {
                assert!(works(server, &promised.secret).await, "seed {seed}: the secret of {id} is lost");
                sure += 1;
            }
        }
        for id in &books.deleted {
            assert!(!there.contains_key(id.as_str()), "seed {seed}: {id} was deleted and is there");
        }
        for name in &books.refused {
            assert!(!by_name.contains_key(name.as_str()), "seed {seed}: {name} was refused and is there");
        }
        for name in &books.orphans {
            let is_marked =
                |token: &ldtokens::Token| token.description.as_ref().is_some_and(|text| text.contains(MARK));
            let orphans: Vec<_> = there.values().filter(|token| token.name.as_deref() == Some(name)).collect();
            let count = orphans.iter().filter(|token| !is_marked(token)).count();
            assert!(count <= 1, "seed {seed}: {name} was made {count} times without a mark");
            unsure += 1;
            there.retain(|_, token| token.name.as_deref() != Some(name));
        }
    }
    let unexplained: Vec<_> = there.values().filter(|token| token.name.is_some()).map(|token| &token.name).collect();
    // The account's own are an owner's, an admin's, a writer's and a reader's.
    assert!(unexplained.len() <= 4, "seed {seed}: no result explains {unexplained:?}");
    assert!(sure > 20 && unsure > 10, "seed {seed}: too few faults: {sure} held, {unsure} unknown");
}

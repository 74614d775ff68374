//! Lists whose pages are requested at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ldtokens::{Client, Error, TokenId};
use ldtokens_server::Server;
use tokio::sync::Notify;

use crate::proxy::{Fault, Moment, Proxy};
use crate::support::{client, client_of, create, owner};

async fn seeded(tokens: u32) -> Server {
    Server::builder().seed_tokens(tokens).start().await.unwrap()
}

async fn ids(client: &Client) -> Vec<TokenId> {
    let tokens = client.list().all_members(true).collect_all().await.unwrap();
    tokens.into_iter().map(|token| token.id).collect()
}

/// Holds each request up until so many have been there at once.
#[derive(Default)]
struct Together {
    now: AtomicUsize,
    most: AtomicUsize,
    changed: Notify,
}

impl Together {
    async fn wait_for(&self, number: usize) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.changed.notify_waiters();
        loop {
            let changed = self.changed.notified();
            if self.most.load(Ordering::SeqCst) >= number {
                break;
            }
            changed.await;
        }
        // The others go on first.
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn pages_are_requested_at_once_as_many_as_the_concurrency_says_and_come_in_order() {
    let server = seeded(60).await;
    let all = ids(&client(&server)).await;
    for concurrency in [1, 3] {
        let (together, first) = (Arc::new(Together::default()), Arc::new(AtomicUsize::new(0)));
        let counted = together.clone();
        let proxy = Proxy::with_latency(
            server.addr(),
            Box::new(move || {
                let (together, is_first) = (counted.clone(), first.fetch_add(1, Ordering::SeqCst) == 0);
                Box::pin(async move { together.wait_for(if is_first { 1 } else { concurrency }).await })
            }),
        );
        let client = client_of(&server, proxy.url()).concurrency(concurrency).build().unwrap();
        let tokens = client.list().all_members(true).page_size(4).collect_all().await.unwrap();
        assert_eq!(tokens.into_iter().map(|token| token.id).collect::<Vec<_>>(), all);
        assert_eq!(together.most.load(Ordering::SeqCst), concurrency);
        assert_eq!(proxy.seen().len(), all.len().div_ceil(4));
    }
}

#[tokio::test]
async fn the_concurrency_is_at_least_1_and_at_most_16() {
    for (set, is) in [(0, 1), (1, 1), (16, 16), (17, 16)] {
        let client = Client::builder("secret".to_owned()).concurrency(set).build().unwrap();
        assert_eq!(client.concurrency(), is);
    }
    assert_eq!(Client::builder("secret".to_owned()).build().unwrap().concurrency(), 8);
}

/// No witness names the largest page, so an API that gives less, or refuses, is our choice to expect.
#[tokio::test]
async fn the_size_of_pages_is_what_the_api_gives() {
    let server = seeded(60).await;
    let all = ids(&client(&server)).await;
    let (client_at_once, proxy) = through(&server, |_| Fault::Pass).await;
    assert_eq!(ids(&client_at_once).await, all);
    assert_eq!(proxy.lines(), ["GET /api/v2/tokens?limit=1000&showAll=true"]);

    const TOO_LARGE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 51\r\n\r\n\
                             {\"code\":\"invalid_request\",\"message\":\"limit too large\"}";
    let (client, proxy) = through(&server, |line| match line.contains("limit=1000") {
        true => Fault::Respond(Moment::Before, TOO_LARGE),
        false => Fault::Pass,
    })
    .await;
    assert_eq!(ids(&client).await, all);
    let pages = all.len().div_ceil(25);
    assert_eq!(proxy.seen().len(), 1 + pages, "the API's own size: {:?}", proxy.lines());
}

/// A client whose requests meet the faults that `plan` says.
async fn through(server: &Server, plan: impl FnMut(&str) -> Fault + Send + 'static) -> (Client, Proxy) {
    let proxy = Proxy::start(server.addr(), plan).await;
    (client_of(server, proxy.url()).build().unwrap(), proxy)
}

#[tokio::test]
async fn pages_that_are_smaller_than_expected_are_followed_by_their_links() {
    let server = seeded(40).await;
    let all = ids(&client(&server)).await;
    // The second page has one token less, and its link leads to the one that is missing.
    let (client, proxy) = through(&server, |line| match line.contains("offset=10") {
        true => Fault::Odd(200, |page| {
            page["items"].as_array_mut().unwrap().pop();
            page["_links"]["next"]["href"] = "/api/v2/tokens?showAll=true&limit=10&offset=19".into();
        }),
        false => Fault::Pass,
    })
    .await;
    let tokens = client.list().all_members(true).page_size(10).collect_all().await.unwrap();
    assert_eq!(tokens.into_iter().map(|token| token.id).collect::<Vec<_>>(), all, "{:?}", proxy.lines());
}

#[tokio::test]
async fn a_page_whose_next_link_is_bad_keeps_its_tokens() {
    let server = seeded(9).await;
    let edits: [fn(&mut serde_json::Value); 3] = [
        |page| page["_links"]["next"]["href"] = "https://elsewhere.example/api/v2/tokens?limit=4&offset=4".into(),
        |page| page["_links"]["next"] = 7.into(),
        |page| page["_links"] = "none".into(),
    ];
    for edit in edits {
        let (client, _proxy) = through(&server, move |_| Fault::Odd(200, edit)).await;
        let page = client.list().page_size(4).send().await.unwrap();
        assert_eq!(page.tokens.len(), 4);
        assert!(matches!(page.next, Err(Error::BadLink { .. })), "{:?}", page.next);
        let incomplete = client.list().page_size(4).collect_all().await.unwrap_err();
        assert!(matches!(incomplete.error, Error::BadLink { .. }), "{incomplete:?}");
        assert_eq!((incomplete.tokens.len(), incomplete.all_pages), (4, false));
    }
}

#[tokio::test]
async fn a_list_that_changes_is_read_again_up_to_three_times() {
    let server = seeded(5).await;
    for (changes, reads) in [(2, 3), (3, 3)] {
        let mut left = changes;
        // The second page seems to be from another moment.
        let (client, proxy) = through(&server, move |line| match line.contains("offset=2") && left > 0 {
            true => {
                left -= 1;
                Fault::Odd(200, |page| page["totalCount"] = 7.into())
            }
            false => Fault::Pass,
        })
        .await;
        let result = client.list().all_members(true).page_size(2).collect_all().await;
        assert_eq!(result.is_ok(), changes < reads, "{result:?}");
        let firsts = proxy.lines().iter().filter(|line| !line.contains("offset")).count();
        assert_eq!(firsts, reads, "{:?}", proxy.lines());
    }
}

#[tokio::test]
async fn an_incomplete_list_says_whether_only_unreadable_tokens_are_missing() {
    let server = seeded(5).await;
    let all = ids(&client(&server)).await.len();
    let (client, _proxy) =
        through(&server, |_| Fault::Odd(200, |page| page["items"][0]["creationDate"] = "x".into())).await;
    let incomplete = client.list().all_members(true).page_size(2).collect_all().await.unwrap_err();
    assert!(matches!(incomplete.error, Error::Undecodable { .. }), "{incomplete:?}");
    assert_eq!((incomplete.tokens.len(), incomplete.all_pages), (all / 2, true));
}

/// How many lists are read. `LDTOKENS_RANDOM_LISTS=2000` makes it a long run.
fn runs() -> u64 {
    std::env::var("LDTOKENS_RANDOM_LISTS").ok().and_then(|count| count.parse().ok()).unwrap_or(30)
}

// Creates and deletes in one run are left out: a list that loses a token and gains one between two pages looks unchanged.
#[tokio::test]
async fn whatever_changes_while_pages_are_read_no_token_is_missing_without_an_error() {
    let mut changed = 0;
    for seed in 0..runs() {
        let mut random = fastrand::Rng::with_seed(seed);
        let server = seeded(random.u32(0..60)).await;
        // With time enough, also on a busy machine.
        let patient =
            |url: String| Client::builder(owner(&server)).host(url).concurrency(1 + seed as usize % 8).build().unwrap();
        let direct = patient(server.url().to_owned());
        let before: BTreeSet<TokenId> = ids(&direct).await.into_iter().collect();
        let own = direct.whoami().await.unwrap().token_id;
        let mut victims: Vec<TokenId> = before.iter().filter(|id| Some(*id) != own.as_ref()).cloned().collect();
        random.shuffle(&mut victims);
        let (kind, odd) = (random.u8(..3), random.u8(..4) == 0);
        let page_size = random.u64(1..12);
        let world = Arc::new(Mutex::new((random, victims)));
        let (during, changer) = (world.clone(), direct.clone());
        let latency = move || {
            let (world, direct) = (during.clone(), changer.clone());
            Box::pin(async move {
                let victim = {
                    let (random, victims) = &mut *world.lock().unwrap();
                    if random.u8(..4) > 0 {
                        return;
                    }
                    if kind == 2 { victims.pop() } else { None }
                };
                match (kind, victim) {
                    (1, _) => drop(create(&direct, "came between").await),
                    (2, Some(victim)) => direct.delete(&victim).await.unwrap(),
                    _ => {}
                }
            }) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
        };
        let plan = move |_: &str| match odd {
            true => Fault::Odd(200, |page| {
                let items = page["items"].as_array_mut().unwrap();
                if let Some(item) = items.last_mut() {
                    item["creationDate"] = "x".into();
                }
            }),
            false => Fault::Pass,
        };
        let proxy = Proxy::listen(server.addr(), Box::new(plan), Some(Box::new(latency)));
        let mut stream = patient(proxy.url()).list().all_members(true).page_size(page_size).stream();
        let (mut seen, mut end) = (BTreeSet::new(), None);
        while let Some(item) = stream.next().await {
            let id = match item {
                Ok(token) => token.id,
                Err(Error::Undecodable { token_id: Some(id), .. }) => id.parse().unwrap(),
                Err(error) => {
                    end = Some(error);
                    continue;
                }
            };
            // The same odd token can come twice.
            assert!(seen.insert(id) || odd, "LDTOKENS_SEED={seed}: a token came twice");
        }
        let after: BTreeSet<TokenId> = ids(&direct).await.into_iter().collect();
        let stayed: Vec<_> = before.intersection(&after).filter(|id| !seen.contains(*id)).collect();
        match end {
            None => assert!(stayed.is_empty(), "seed {seed}: {stayed:?} are missing, and it says nothing"),
            Some(Error::ListChanged { .. } | Error::WrongTotal { .. }) if kind > 0 => changed += 1,
            Some(error) => panic!("seed {seed}: {error:?}"),
        }
    }
    assert!(changed > 0, "some lists changed");
}

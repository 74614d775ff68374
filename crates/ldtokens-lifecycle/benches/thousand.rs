//! A thousand tokens are rotated under a rate limit: how long that takes beside the least that the limit allows, and how much
//! memory it needs. `cargo bench -p ldtokens-lifecycle -- [TOKENS] [LIMIT]`
#![allow(missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, stream};
use ldtokens::{AttemptEvent, BaseRole, Client, NewToken, Observer, RetryPolicy, Token};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{Destination, Journals, Options, Rotation};
use ldtokens_server::{Limits, Server};

const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Requests {
    sent: AtomicU64,
    refused: AtomicU64,
}

impl Observer for Requests {
    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(u64::from(attempt.status == Some(429)), Ordering::Relaxed);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<u32>().ok());
    let tokens = numbers.next().unwrap_or(1000);
    let limit = numbers.next().unwrap_or(200);
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("ld.db");
    let owner = {
        let server = Server::builder().store(&store).start().await?;
        let owner = server.owner_secret().expect("the store is new").clone();
        let client = Client::builder(owner.clone()).host(server.url()).build()?;
        for number in 0..tokens {
            let token = client.create(&NewToken::new(BaseRole::Reader).name(format!("job {number}")).service()).await?;
            std::fs::write(folder.path().join(token.id.as_str()), token.secret.expose())?;
        }
        server.stop().await;
        owner
    };

    let server = Server::builder().store(&store).limits(Limits::none().account(limit)).start().await?;
    let requests = Arc::new(Requests::default());
    let patient = RetryPolicy { deadline: Duration::from_secs(3600), ..RetryPolicy::default() };
    let client = Client::builder(owner).host(server.url()).retry(patient).observer(requests.clone()).build()?;
    let journals = Journals::new(folder.path().join("rotations"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let into_window = Duration::from_millis(u64::try_from(now.as_millis() % WINDOW.as_millis())?);
    tokio::time::sleep(WINDOW - into_window).await;

    let began = Instant::now();
    let memory = resident();
    let caller = client.whoami().await?;
    let all: Vec<Token> = client.list().all_members(true).page_size(100).collect_all().await?;
    let due = all.into_iter().filter(|token| token.name.as_deref().is_some_and(|name| name.starts_with("job ")));
    let rotations = due.map(|token| {
        let file = FileDestination::new(folder.path().join(token.id.as_str()));
        let destinations: Vec<Box<dyn Destination>> = vec![Box::new(file)];
        let rotation = Rotation::new(&client, token.id.clone(), destinations, Options::default());
        rotation.known(token).caller(caller.clone()).run(&journals)
    });
    let (mut done, mut failed) = (0_u32, 0_u32);
    let mut half = 0;
    let mut results = stream::iter(rotations).buffer_unordered(16);
    while let Some(result) = results.next().await {
        match result {
            Ok(_) => done += 1,
            Err(error) => {
                failed += 1;
                eprintln!("{error}");
            }
        }
        if done == tokens / 2 {
            half = resident();
        }
    }
    let took = began.elapsed();

    let sent = requests.sent.load(Ordering::Relaxed);
    let useful = sent - requests.refused.load(Ordering::Relaxed);
    // The last request can be sent when the windows before its own are full.
    let floor = WINDOW * u32::try_from((useful - 1) / u64::from(limit))?;
    println!("{done} rotated, {failed} failed, {sent} requests of which {} were refused", sent - useful);
    println!(
        "{:.1} s; the limit of {limit} requests in {} s allows {:.1} s: {:.3} times",
        took.as_secs_f64(),
        WINDOW.as_secs(),
        floor.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64()
    );
    println!("resident memory, server included: {memory} kB before, {half} kB half-way, {} kB after", resident());
    Ok(())
}

/// What the process has in memory, in kilobytes, where that can be seen.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

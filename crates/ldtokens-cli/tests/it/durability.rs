//! What was acknowledged is there after the power goes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use ldtokens::{BaseRole, Client, Error, NewToken, RetryPolicy};

use crate::support::{OWNER, Served};

const KILLS: usize = 50;
const WRITERS: usize = 8;

/// What the writers asked for, and what they were told is done.
#[derive(Default)]
struct Told {
    asked: BTreeSet<String>,
    done: BTreeSet<String>,
}

#[tokio::test]
async fn every_acknowledged_write_outlives_kill_9_and_no_other_is_there_by_half() {
    let told = Arc::new(Mutex::new(Told::default()));
    let mut served = Served::start();
    for round in 0..KILLS {
        let client = client(&served);
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(client.clone(), format!("{round}.{writer}"), told.clone()));
        }
        // In the middle: after some answers of this round, and while others are under way.
        let enough = told.lock().unwrap().done.len() + 10 + round;
        while told.lock().unwrap().done.len() < enough {
            tokio::task::yield_now().await;
        }
        let folder = served.kill();
        writers.join_all().await;
        served = Served::again(folder);
    }
    let tokens = client(&served).list().limit(1000).collect_all().await.unwrap();
    let told = told.lock().unwrap();
    let there: BTreeSet<String> =
        tokens.iter().filter_map(|token| token.name.clone()).filter(|name| name != "Owner").collect();
    assert_eq!(there.len(), tokens.len() - 1, "each is there once, and whole");
    let lost: Vec<_> = told.done.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged, and lost: {lost:?}");
    let never_asked: Vec<_> = there.difference(&told.asked).collect();
    assert!(never_asked.is_empty(), "{never_asked:?}");
    for token in tokens.iter().filter(|token| token.name.as_deref() != Some("Owner")) {
        assert_eq!(token.description, token.name, "both halves of a write are there");
    }
    println!("{} asked for, {} acknowledged, {} there", told.asked.len(), told.done.len(), there.len());
    assert!(told.done.len() >= 1_500, "{}", told.done.len());
}

fn client(served: &Served) -> Client {
    let once = RetryPolicy::default().max_attempts(1);
    Client::builder(OWNER.to_owned()).host(&served.url).retry(once).build().unwrap()
}

/// Creates tokens until the server is gone.
async fn write(client: Client, name: String, told: Arc<Mutex<Told>>) {
    for number in 0.. {
        let name = format!("{name}.{number}");
        told.lock().unwrap().asked.insert(name.clone());
        match client.create(&NewToken::new(BaseRole::Reader).name(&name).description(&name)).await {
            Ok(_) => drop(told.lock().unwrap().done.insert(name)),
            Err(Error::OutcomeUnknown { .. } | Error::Transport { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

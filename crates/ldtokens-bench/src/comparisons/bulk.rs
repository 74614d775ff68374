//! Many edits under a rate limit, compared with the shortest time that the limit's windows allow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use ldtokens::{Client, TokenId};
use ldtokens_server::Limits;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::local::Local;
use crate::measure::{Row, Unit, beside};
use crate::stub::{WINDOW, until_next_window};

/// How many edits are under way at a time.
const AT_ONCE: usize = 16;

/// Measures a thousand edits, each of which reads a token and changes it.
pub(crate) fn compare_bulk(quick: bool) -> Result<Row> {
    let (edits, limit) = if quick { (5, 100) } else { (1_000, 600) };
    let local = Local::start(edits, Limits::none().account(limit))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let taken = runtime.block_on(edit_all(&local, edits as usize))?;
    let windows = (2 * edits).div_ceil(limit);
    let floor = WINDOW * (windows - 1);
    let what = format!("{edits} edits under a limit of {limit} requests in 10 s");
    // In a quick run all are done in one window, and there is nothing to wait for.
    let floor = if quick { taken } else { floor };
    Ok(beside(&what, Unit::Seconds, &[taken.as_secs_f64()], ("the windows to wait for", floor.as_secs_f64()), 1.05))
}

async fn edit_all(local: &Local, edits: usize) -> Result<Duration> {
    let client = Client::builder(local.place.credential.clone()).host(&local.place.host).build()?;
    let mut ids: Vec<TokenId> = Vec::new();
    let mut tokens = client.list().all_members(true).page_size(1_000).stream();
    while let Some(token) = tokens.next().await {
        ids.push(token?.id.to_string().parse()?);
    }
    ids.truncate(edits);
    let waiting = Arc::new(Mutex::new(ids));
    tokio::time::sleep(until_next_window()?).await;
    let begun = Instant::now();
    let mut under_way = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, waiting) = (client.clone(), waiting.clone());
        under_way.spawn(async move {
            while let Some(id) = { waiting.lock().await.pop() } {
                client.edit(&id, |token| token.description = Some("edited".into())).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = under_way.join_next().await {
        ended??;
    }
    Ok(begun.elapsed())
}

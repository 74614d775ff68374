//! A whole list over a network: each response comes after 100 ms, from a stub that gives pages of at most 1,000 or 100 tokens.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::Result;

use crate::comparisons::command::{bare, ours, whole};
use crate::local::{Local, Place};
use crate::measure::{Contender, Row, Unit, beside, compare};
use crate::peers::{PYTHON, Peers};
use crate::stub::{Conditions, WINDOW, until_next_window};
use crate::worker::Worker;

const CURL: &str = "a loop of curl";
const LIST: [&str; 2] = ["list", "--show-all"];

/// How long a list should take at most where pages have 100 tokens, in seconds.
const SMALL_PAGES: f64 = 2.5;

/// Lists all tokens by the command, by a loop of curl and by the vendor's Python client; and by the command under a rate limit.
pub(crate) fn compare_lists(program: &Path, local: &Local, peers: &Peers, quick: bool) -> Result<Vec<Row>> {
    let rounds = if quick { 1 } else { 5 };
    let latency = Duration::from_millis(if quick { 1 } else { 100 });
    let tokens = local.place.tokens;
    let mut rows = Vec::new();
    let mut most_at_once = 0;
    for largest in [1_000, 100] {
        let (place, seen) = local.recorded(largest, Conditions { latency, limit: None })?;
        let what = format!("a list of {tokens} tokens, {latency:?} a response, pages of {largest}");
        let mut contenders = vec![ours(program, &place, None, &LIST), curl(&place, largest)];
        for (name, start) in peers.workers.iter().filter(|(name, _)| *name == PYTHON) {
            let mut worker = Worker::start(start(), &place)?;
            contenders.push(Contender::new(*name, move || worker.ask("list", 1)));
        }
        let compared = compare(&what, Unit::Seconds, rounds, contenders, |name| {
            (name == CURL && largest == 1_000).then_some(0.5)
        })?;
        if largest == 100 {
            rows.push(beside(&what, Unit::Seconds, &[compared[0].ours.median], ("a time", SMALL_PAGES), 1.0));
        }
        rows.extend(compared);
        most_at_once = most_at_once.max(seen.most_at_once.load(Relaxed));
    }
    rows.push(beside("its requests at once", Unit::Requests, &[f64::from(most_at_once)], ("a number", 16.0), 1.0));

    let limit = if quick { 200 } else { 40 };
    let (place, seen) = local.recorded(100, Conditions { latency, limit: Some(limit) })?;
    std::thread::sleep(if quick { Duration::ZERO } else { until_next_window()? });
    let taken = ours(program, &place, None, &LIST).run()?;
    let windows = f64::from(tokens.div_ceil(100).div_ceil(limit) - 1) * WINDOW.as_secs_f64();
    // In a quick run all are in one window, and there is nothing to wait for.
    let windows = if quick { taken } else { windows };
    let what = format!("pages of 100 under a limit of {limit} requests in {WINDOW:?}");
    rows.push(beside(&what, Unit::Seconds, &[taken], ("the windows to wait for", windows), 1.05));
    let (refused, requests) = (seen.refused.load(Relaxed), seen.requests.load(Relaxed));
    let allowed = f64::from(requests) / 100.0;
    rows.push(beside("its 429s", Unit::Requests, &[f64::from(refused)], ("1 percent", allowed), 1.0));
    Ok(rows)
}

/// As someone writes it who knows how many tokens there are.
fn curl<'a>(place: &'a Place, page: u32) -> Contender<'a> {
    Contender::new(CURL, move || {
        let script = "for offset in $(seq 0 $2 $3); do \
                      curl --disable --silent --show-error --fail --header \"Authorization: $LD_ACCESS_TOKEN\" \
                      --header 'LD-API-Version: 20240415' \"$1/api/v2/tokens?showAll=true&limit=$2&offset=$offset\" \
                      || exit 1; done";
        let mut command = bare(Path::new("bash"), place, None);
        let (page, last) = (page.to_string(), (place.tokens - 1).to_string());
        whole(command.args(["-c", script, "-", &place.host, &page, &last]))
    })
}

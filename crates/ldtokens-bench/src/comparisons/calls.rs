//! A call on a warm connection, and a page decoded into types, each in a process that does nothing else.

use std::cell::RefCell;

use anyhow::Result;

use crate::contenders::PAGE;
use crate::local::Place;
use crate::measure::{Contender, Row, Unit, compare};
use crate::peers::{OPENAPI_RUST, Peers};
use crate::worker::Worker;

const HAND: &str = "reqwest + serde_json by hand";
const BYTES: &str = "its bytes alone";

/// Measures rounds of many calls, or one round of one call if `quick`. `place` is a stub, so no server's time is measured.
pub(crate) fn compare_calls(place: &Place, peers: &Peers, quick: bool) -> Result<Vec<Row>> {
    let (rounds, calls, pages) = if quick { (1, 1, 1) } else { (40, 200, 10) };
    let ours = RefCell::new(Worker::own("facade", place)?);
    let hand = RefCell::new(Worker::own("hand", place)?);
    let mut others = Vec::new();
    for (name, start) in &peers.workers {
        others.push((*name, RefCell::new(Worker::start(start(), place)?)));
    }
    let rows = |what: &str, asked: &'static str, times: usize, mark: fn(&str) -> Option<f64>| {
        let mut contenders = vec![
            Contender::new("ldtokens", || ours.borrow_mut().ask(asked, times)),
            Contender::new(HAND, || hand.borrow_mut().ask(asked, times)),
        ];
        if asked == "page" {
            contenders.push(Contender::new(BYTES, || hand.borrow_mut().ask("page-bytes", times)));
        }
        for (name, worker) in &others {
            // Only the Rust client is fast enough to make as many calls as ours.
            let times = if *name == OPENAPI_RUST { times } else { times.div_ceil(10) };
            contenders.push(Contender::new(*name, move || worker.borrow_mut().ask(asked, times)));
        }
        for contender in &mut contenders {
            contender.warm_up()?;
        }
        compare(what, Unit::Seconds, rounds, contenders, mark)
    };
    let mut all = rows("a call (`getToken`), connection warm", "call", calls, |name| (name == HAND).then_some(1.05))?;
    all.extend(rows(&format!("a page of {PAGE} tokens"), "page", pages, |name| match name {
        OPENAPI_RUST => Some(0.5),
        BYTES => Some(2.0),
        _ => None,
    })?);
    Ok(all)
}

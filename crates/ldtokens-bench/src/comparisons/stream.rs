//! All tokens of a long list: the time of a stream, compared with the time to get the bytes of its pages, and its memory.

use anyhow::Result;

use crate::contenders::STREAM_PAGE;
use crate::local::{Local, Place};
use crate::measure::{Contender, Row, Unit, beside, compare};
use crate::stub::Conditions;
use crate::worker::Worker;

/// The maximum memory that a stream should take, in bytes.
const FLAT: f64 = 32.0 * (1 << 20) as f64;

/// Streams the list from the local server, which needs time for each page, and from a stub, which needs none.
pub(crate) fn compare_streams(local: &Local, quick: bool) -> Result<Vec<Row>> {
    let rounds = if quick { 1 } else { 5 };
    let mut rows = Vec::new();
    let mut peaks = Vec::new();
    let tokens = local.place.tokens;
    let (recorded, _) = local.recorded(STREAM_PAGE, Conditions::default())?;
    for (from, place, mark) in [("", &local.place, Some(1.2)), (", each at once", &recorded, None)] {
        let what = format!("a stream of {tokens} tokens{from}");
        rows.extend(one(&what, place, rounds, mark, &mut peaks)?);
    }
    let what = format!("peak memory of a stream of {tokens} tokens");
    rows.push(beside(&what, Unit::Bytes, &peaks, ("a flat size", FLAT), 1.0));
    Ok(rows)
}

fn one(what: &str, place: &Place, rounds: usize, mark: Option<f64>, peaks: &mut Vec<f64>) -> Result<Vec<Row>> {
    let pages = format!("pages-{}", place.tokens.div_ceil(STREAM_PAGE));
    let mut hand = Worker::own("hand-many", place)?;
    let contenders = vec![
        Contender::new("ldtokens", || {
            // A process for each, so that its peak is its own.
            let mut ours = Worker::own("facade-many", place)?;
            let taken = ours.ask("stream", 1)?;
            peaks.push(ours.ask("peak", 1)?);
            Ok(taken)
        }),
        Contender::new("its pages' bytes, one after the other", move || hand.ask(&pages, 1)),
    ];
    compare(what, Unit::Seconds, rounds, contenders, |_| mark)
}

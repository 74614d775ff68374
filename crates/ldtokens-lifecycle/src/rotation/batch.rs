//! Several rotations at once.

use std::ops::ControlFlow;

use futures_util::StreamExt;
use futures_util::stream;
use ldtokens::TokenId;

use crate::rotation::error::Error;
use crate::rotation::journals::Journals;
use crate::rotation::report::Report;
use crate::rotation::run::Rotation;

/// Runs rotations, at most `at_once` at a time. The rotation of the client's own token runs last and alone.
///
/// Calls `report` with each result as soon as it is known, in no particular order. If `report` returns `Break`, no further
/// rotation starts; running ones finish.
pub async fn rotate_all<'a>(
    rotations: impl IntoIterator<Item = Rotation<'a>>,
    journals: &Journals,
    at_once: usize,
    mut report: impl FnMut(TokenId, Result<Report, Error>) -> ControlFlow<()>,
) {
    let mut own = None;
    let mut goes_on = true;
    let mut rotations = rotations.into_iter();
    let mut running = stream::FuturesUnordered::new();
    loop {
        while goes_on && running.len() < at_once.max(1) {
            match rotations.next() {
                Some(rotation) if rotation.is_own() => own = Some(rotation),
                Some(rotation) => running.push(run_with_id(rotation, journals)),
                None => break,
            }
        }
        let Some((id, result)) = running.next().await else { break };
        goes_on &= report(id, result).is_continue();
    }
    if let Some(own) = own.filter(|_| goes_on) {
        let (id, result) = run_with_id(own, journals).await;
        let _ = report(id, result);
    }
}

async fn run_with_id(rotation: Rotation<'_>, journals: &Journals) -> (TokenId, Result<Report, Error>) {
    let id = rotation.id().clone();
    (id, rotation.run(journals).await)
}

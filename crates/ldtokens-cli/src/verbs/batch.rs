//! Does the same to several tokens, several at a time: shows progress, and reports at the end what was done and what was not.

use std::cell::Cell;

use futures_util::{StreamExt, stream};
use ldtokens::TokenId;
use serde_json::{Value, json};

use crate::account::Session;
use crate::terminal::{Failure, Job, Kind, Stopped, grouped, progress, say};
use crate::verbs::plan::Words;
use crate::verbs::record::Record;
use crate::verbs::targets::{Item, NAMED, Target};

/// A batch, and how it runs.
pub(crate) struct Batch<'a> {
    pub(crate) session: &'a Session,
    pub(crate) words: &'a Words,
    /// Whether to work on one token after the other.
    pub(crate) in_turn: bool,
    /// Where it is written what was done.
    pub(crate) record: Option<Record>,
}

/// What was done to one token: the result to show, and whether it was changed.
pub(crate) type Done<T> = (T, bool);

impl Batch<'_> {
    /// Does `work` for each token, and then `show`, in order. A failure does not stop the others, unless it would be the same for
    /// them. The token in use comes last and alone, since a change of it can end the command's own access.
    pub(crate) async fn run<T>(
        &self,
        items: &[Item],
        work: impl AsyncFn(&Item) -> Result<Done<T>, Failure>,
        mut show: impl FnMut(&Item, Done<T>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let session = self.session;
        let do_one = async |item: &Item| {
            let result = session.interrupt.until_done(work(item)).await;
            if let (Ok(Ok(_)), Some(record)) = (&result, &self.record) {
                record.done(&item.target.id);
            }
            result
        };
        match items {
            [] => return Ok(()),
            [item] => {
                let result = do_one(item).await.map_err(Failure::from).flatten();
                return result.and_then(|done| show(item, done)).map_err(|failure| naming(failure, &item.target));
            }
            _ => {}
        }
        let own = if self.words.verb.is_empty() { None } else { session.own_token().await? };
        let (own, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| Some(&item.target.id) == own);
        let job = Job::begin(self.words.doing, items.len());
        let mut report = Report::default();
        let is_over = Cell::new(false);
        for part in [others, own] {
            let works = part.into_iter().map(|item| {
                let (do_one, is_over) = (&do_one, &is_over);
                async move {
                    if is_over.get() || session.interrupt.is_wanted() {
                        return (item, Err(Stopped::Unchanged));
                    }
                    let result = do_one(item).await;
                    is_over.set(is_over.get() || matches!(&result, Ok(Err(failure)) if ends_batch(failure)));
                    (item, result)
                }
            });
            let at_once = if self.in_turn { 1 } else { session.client.concurrency() };
            let mut results = stream::iter(works).buffered(at_once);
            while let Some((item, result)) = results.next().await {
                let result = match result {
                    Err(Stopped::Unchanged) => {
                        report.not_tried.push(item.target.id.clone());
                        continue;
                    }
                    Err(stopped) => Err(stopped.into()),
                    Ok(Ok(done)) => {
                        report.unchanged += usize::from(!done.1);
                        show(item, done)
                    }
                    Ok(Err(failure)) => Err(failure),
                };
                report.add(&item.target, result);
                job.show(report.done.len() + report.failed.len());
            }
        }
        progress::clear();
        self.summarize(report, items.len())
    }

    /// Says what was done. A failure names all tokens that are left, unless the record has them.
    fn summarize(&self, report: Report, total: usize) -> Result<(), Failure> {
        let Words { verb, done: was_done, unchanged: was_unchanged, .. } = *self.words;
        let Report { done, failed, not_tried, unchanged, unprinted } = report;
        let be = if self.session.is_dry_run { "would be " } else { "" };
        let mut summary = format!("{} of {} {be}{was_done}", grouped(done.len() - unchanged), grouped(total));
        if unchanged > 0 {
            summary = format!("{summary}; {} {was_unchanged}", grouped(unchanged));
        }
        if failed.is_empty() && not_tried.is_empty() {
            if !verb.is_empty() {
                say::result(&format!("{summary} ({})", self.session.account));
            }
            return unprinted.map_or(Ok(()), Err);
        }
        let (ids, failures): (Vec<TokenId>, Vec<Failure>) = failed.into_iter().unzip();
        for (title, ids) in [("failed", &ids), ("not tried", &not_tried)] {
            if ids.len() > NAMED && self.record.is_some() {
                summary = format!("{summary}; {title}: {}", grouped(ids.len()));
            } else if !ids.is_empty() {
                let ids: Vec<&str> = ids.iter().map(TokenId::as_str).collect();
                summary = format!("{summary}; {title}: {}", ids.join(", "));
            }
        }
        let kind = match self.session.interrupt.is_wanted() {
            true => Kind::Interrupted,
            false => common_kind(&failures, !done.is_empty()),
        };
        let failed = ids.iter().zip(&failures);
        let failed: Value = failed.map(|(id, failure)| json!({ "_id": id, "error": failure.to_json() })).collect();
        let mut details = json!({ "done": done, "failed": failed, "notTried": not_tried });
        if let Some((how, path)) = self.record.as_ref().map(Record::how_to_go_on) {
            summary = format!("{summary}. To go on, {how}");
            details["resume"] = path.display().to_string().into();
        }
        Err(Failure::new(kind, summary).with_details(details).within(&self.session.account))
    }
}

/// What has happened so far.
#[derive(Default)]
struct Report {
    done: Vec<TokenId>,
    failed: Vec<(TokenId, Failure)>,
    not_tried: Vec<TokenId>,
    /// How many of those done needed no change.
    unchanged: usize,
    /// The first failure to print what was done.
    unprinted: Option<Failure>,
}

impl Report {
    /// The maximum number of failures that are printed as they come. The others are counted.
    const PRINTED: usize = 10;

    fn add(&mut self, target: &Target, result: Result<(), Failure>) {
        let id = target.id.clone();
        match result {
            Ok(()) => self.done.push(id),
            Err(failure) if failure.kind() == Kind::DryRun => self.done.push(id),
            Err(failure) if failure.is_done() => {
                self.done.push(id);
                self.unprinted.get_or_insert(failure);
            }
            Err(failure) => {
                let failure = naming(failure, target);
                match self.failed.len() {
                    ..Self::PRINTED => say::error(&failure.to_string()),
                    Self::PRINTED => say::error("there are more; the others are only counted"),
                    _ => {}
                }
                self.failed.push((id, failure));
            }
        }
    }
}

/// The failure, with the token's name if that is not in it.
fn naming(failure: Failure, target: &Target) -> Failure {
    let is_named = failure.is_done() || failure.to_string().contains(target.id.as_str());
    if is_named { failure } else { failure.within(target) }
}

/// Whether a failure with one token would be the same with all others.
pub(crate) fn ends_batch(failure: &Failure) -> bool {
    matches!(failure.kind(), Kind::NotAuthenticated | Kind::Transport | Kind::RateLimited)
}

/// The kind of the failure of several. If nothing was done it is that of each, if they are all the same.
pub(crate) fn common_kind(failures: &[Failure], is_some_done: bool) -> Kind {
    let kinds = || failures.iter().map(Failure::kind);
    match kinds().next() {
        _ if kinds().any(|kind| kind == Kind::Interrupted) => Kind::Interrupted,
        _ if is_some_done || kinds().any(|kind| kind == Kind::PartialFailure) => Kind::PartialFailure,
        Some(first) if kinds().all(|kind| kind == first) => first,
        _ => Kind::Other,
    }
}

/// The error of all these failures, if there are some.
pub(crate) fn together(failures: &[Failure], is_some_done: bool) -> Result<(), Failure> {
    let kind = common_kind(failures, is_some_done);
    match failures {
        [] => Ok(()),
        [only] if only.kind() == kind => Err(only.clone()),
        _ => {
            let mut texts: Vec<String> = failures.iter().take(NAMED).map(Failure::to_string).collect();
            if failures.len() > NAMED {
                texts.push(format!("{} more", grouped(failures.len() - NAMED)));
            }
            let failed: Value = failures.iter().map(|failure| json!({ "error": failure.to_json() })).collect();
            Err(Failure::new(kind, texts.join("; ")).with_details(json!({ "failed": failed })))
        }
    }
}

//! Does the same to several tokens, one after the other: shows progress, and reports at the end what was done and what was not.

use ldtokens::TokenId;
use serde_json::{Value, json};

use crate::account::connect::Session;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::interrupt::Stopped;
use crate::terminal::progress;
use crate::verbs::targets::Target;

/// How messages describe what a batch does.
pub(crate) struct Labels {
    /// "deleting"
    pub(crate) doing: &'static str,
    /// "deleted"
    pub(crate) done: &'static str,
    /// Whether to print a message when everything succeeded.
    pub(crate) changes: bool,
}

/// Does `work` for each token. A failure does not stop the others, unless it would be the same for them.
pub(crate) async fn each(
    session: &Session,
    targets: &[Target],
    labels: &Labels,
    mut work: impl AsyncFnMut(&Target) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    if let [only] = targets {
        let done = session.interrupt.until_done(work(only)).await.map_err(Failure::from);
        return done.flatten().map_err(|failure| about(only, failure));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let mut not_tried: Vec<&Target> = Vec::new();
    let mut unprinted = None;
    let mut rest = targets.iter();
    for target in rest.by_ref() {
        progress::show(&format!("{} {} of {}: {target}", labels.doing, done.len() + failed.len() + 1, targets.len()));
        let result = match session.interrupt.until_done(work(target)).await {
            Err(Stopped::Unchanged) => {
                not_tried.push(target);
                break;
            }
            Err(stopped) => Err(stopped.into()),
            Ok(result) => result,
        };
        match result {
            Ok(()) => done.push(target),
            Err(failure) if failure.kind() == Kind::DryRun => done.push(target),
            Err(failure) if failure.is_done() => {
                done.push(target);
                unprinted.get_or_insert(failure);
            }
            Err(failure) => {
                session.say_error(&about(target, failure.clone()).to_string());
                let ends_batch = ends_batch(&failure);
                failed.push((target, failure));
                if ends_batch {
                    break;
                }
            }
        }
        if session.interrupt.is_wanted() {
            break;
        }
    }
    progress::clear();
    not_tried.extend(rest);
    let mut summary = format!("{} of {} {}", done.len(), targets.len(), labels.done);
    if session.is_dry_run {
        summary = format!("{} of {} would be {}", done.len(), targets.len(), labels.done);
    }
    if not_tried.is_empty() && failed.is_empty() {
        if labels.changes {
            session.say(&summary);
        }
        return unprinted.map_or(Ok(()), Err);
    }
    let ids = |targets: Vec<&Target>| targets.into_iter().map(|target| target.id.clone()).collect();
    let failed = failed.into_iter().map(|(target, failure)| (target.id.clone(), failure)).collect();
    let outcome = Incomplete { done: ids(done), failed, not_tried: ids(not_tried) };
    Err(outcome.into_failure(summary, session.interrupt.is_wanted()))
}

/// Adds the token to the failure's message, unless it is there.
fn about(target: &Target, failure: Failure) -> Failure {
    if failure.kind() == Kind::DryRun || failure.to_string().contains(target.id.as_str()) {
        return failure;
    }
    failure.within(target)
}

/// Whether a failure with one token would be the same with all others.
pub(crate) fn ends_batch(failure: &Failure) -> bool {
    matches!(failure.kind(), Kind::NotAuthenticated | Kind::Transport | Kind::RateLimited)
}

/// What was done of a batch that was not done completely.
pub(crate) struct Incomplete {
    pub(crate) done: Vec<TokenId>,
    pub(crate) failed: Vec<(TokenId, Failure)>,
    pub(crate) not_tried: Vec<TokenId>,
}

impl Incomplete {
    /// The failure of the whole batch. `summary` says how many tokens were done.
    pub(crate) fn into_failure(self, mut summary: String, is_interrupted: bool) -> Failure {
        let texts = |ids: &[TokenId]| ids.iter().map(ToString::to_string).collect::<Vec<String>>();
        let (ids, failures): (Vec<TokenId>, Vec<Failure>) = self.failed.into_iter().unzip();
        for (title, ids) in [("failed", texts(&ids)), ("not tried", texts(&self.not_tried))] {
            if !ids.is_empty() {
                summary = format!("{summary}; {title}: {}", ids.join(", "));
            }
        }
        let kind = common_kind(&failures, !self.done.is_empty(), is_interrupted);
        let failed = ids.iter().zip(&failures);
        let failed = failed.map(|(id, failure)| json!({ "_id": id, "error": failure.to_json() })).collect::<Value>();
        Failure::new(kind, summary)
            .with_details(json!({ "done": self.done, "failed": failed, "notTried": self.not_tried }))
    }
}

/// The kind of the failure of several: that of each, if they are all the same and nothing was done.
pub(crate) fn common_kind(failures: &[Failure], is_some_done: bool, is_interrupted: bool) -> Kind {
    match failures {
        _ if is_interrupted => Kind::Interrupted,
        [first, rest @ ..] if !is_some_done && rest.iter().all(|other| other.kind() == first.kind()) => first.kind(),
        _ => Kind::PartialFailure,
    }
}

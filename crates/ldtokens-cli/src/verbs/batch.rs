//! The same for several tokens, one after the other: how far it has come, and at the end what was done and what was not.

use serde_json::{Value, json};

use crate::account::connect::Session;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::interrupt::Stopped;
use crate::terminal::progress;
use crate::verbs::targets::Target;

/// The words for what a batch does.
pub(crate) struct Labels {
    /// "deleting"
    pub(crate) doing: &'static str,
    /// "deleted"
    pub(crate) done: &'static str,
    /// Whether it is worth a word that all went well.
    pub(crate) changes: bool,
}

/// Does `work` to each of the tokens. After a failure the others are done all the same, unless it would be theirs too.
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
                let is_everyones =
                    matches!(failure.kind(), Kind::NotAuthenticated | Kind::Transport | Kind::RateLimited);
                failed.push((target, failure));
                if is_everyones {
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
    Err(outcome(summary, session.interrupt.is_wanted(), &done, &failed, &not_tried))
}

/// The failure, which names the token that it is about.
fn about(target: &Target, failure: Failure) -> Failure {
    if failure.kind() == Kind::DryRun || failure.to_string().contains(target.id.as_str()) {
        return failure;
    }
    failure.within(target)
}

fn outcome(
    mut summary: String,
    is_interrupted: bool,
    done: &[&Target],
    failed: &[(&Target, Failure)],
    not_tried: &[&Target],
) -> Failure {
    for (title, targets) in
        [("failed", failed.iter().map(|(target, _)| *target).collect::<Vec<_>>()), ("not tried", not_tried.to_vec())]
    {
        if !targets.is_empty() {
            let ids: Vec<_> = targets.iter().map(|target| target.id.as_str()).collect();
            summary = format!("{summary}; {title}: {}", ids.join(", "));
        }
    }
    let kind = match failed {
        _ if is_interrupted => Kind::Interrupted,
        // What befell all of them befell the command.
        [(_, first), rest @ ..] if done.is_empty() && rest.iter().all(|(_, other)| other.kind() == first.kind()) => {
            first.kind()
        }
        _ => Kind::PartialFailure,
    };
    let ids = |targets: &[&Target]| targets.iter().map(|target| Value::from(target.id.as_str())).collect::<Vec<_>>();
    let errors: Vec<Value> = failed
        .iter()
        .map(|(target, failure)| json!({ "_id": target.id.as_str(), "error": failure.to_json() }))
        .collect();
    Failure::new(kind, summary).with_details(json!({ "done": ids(done), "failed": errors, "notTried": ids(not_tried) }))
}

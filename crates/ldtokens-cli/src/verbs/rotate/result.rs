//! The results of rotations, token by token.

use std::collections::BTreeMap;

use ldtokens::{TokenId, UnixMillis};
use ldtokens_lifecycle::{Error, Report, Step, Strategy, Stuck};
use serde_json::{Value, json};

use crate::account::connect::Session;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::age::date;
use crate::terminal::output::columns::aligned;
use crate::terminal::output::format::Format;
use crate::terminal::output::visible::visible;
use crate::terminal::output::{self, print};
use crate::verbs::batch::{Incomplete, ends_batch};
use crate::verbs::rotate::selection::Selected;
use crate::verbs::rotate::{Task, strategy_name};

/// The format of the report.
pub(crate) fn format(global: &GlobalArgs) -> Result<Format, Failure> {
    match global.format()? {
        Format::Csv | Format::Value => {
            Err(Failure::usage("`ldtokens rotate` supports --output table, json, ndjson and yaml"))
        }
        format => Ok(format),
    }
}

/// Converts an error of a rotation, with advice.
pub(crate) fn failure(error: Error, id: Option<&TokenId>) -> Failure {
    const AGAIN: &str = "run the same command again to continue";
    let text = error.to_string();
    let (kind, advice) = match error {
        Error::Api { step, source } => {
            let failure = Failure::from(source);
            return match (step, id) {
                (Some(_), Some(id)) => failure.within(format!("the rotation of {id} is not finished; {AGAIN} it")),
                _ => failure,
            };
        }
        Error::NotReady(not_ready) => return crate::verbs::deliver::not_ready(not_ready),
        Error::Busy { .. } => (Kind::Conflict, "wait for it to end"),
        Error::EarlierOverlap { .. } => (Kind::Conflict, "wait until then, or give --again"),
        Error::NoDestination => (Kind::Usage, "say where the new secret goes"),
        Error::OtherDestinations { .. } => {
            (Kind::Usage, "give the same ones to continue, or --again to continue with these")
        }
        Error::OtherAccount { .. } => (Kind::Usage, "use a credential of that account, or another --state-folder"),
        Error::TooLateFor(_) => (Kind::Usage, "leave that option out to continue"),
        Error::Replaced { .. } => (Kind::NotFound, "rotate that one"),
        Error::Journal { .. } => (Kind::Other, AGAIN),
        Error::NotDelivered(_) => (Kind::SecretNotDelivered, AGAIN),
        Error::Stuck { why, .. } => match why {
            Stuck::Gone => (Kind::NotFound, "`ldtokens list --show-all` lists those it can see"),
            Stuck::OthersPersonal => (Kind::Usage, "use --strategy reset"),
            Stuck::Lost { .. } => {
                (Kind::SecretNotDelivered, "with --again it is reset again, which may end the old secret early")
            }
            Stuck::Refused => (Kind::SecretNotDelivered, "run the same command again to get another"),
            Stuck::NoSecret => (Kind::SecretNotDelivered, "run the same command again later"),
            Stuck::TooMany(_) => {
                (Kind::SecretNotDelivered, "make the destinations work, then run the same command with --again")
            }
            Stuck::Overtaken => (Kind::Conflict, "look at the token, and who else rotates it"),
            Stuck::CantSee(_) => {
                (Kind::NotFound, "if it is certainly deleted, remove the rotation's file from the state folder")
            }
            Stuck::NotHeld(_) => (
                Kind::Conflict,
                "put the secret back there, or see whether the old token is in use and delete it yourself",
            ),
            _ => (Kind::Other, AGAIN),
        },
        _ => (Kind::Other, AGAIN),
    };
    Failure::new(kind, format!("{text}; {advice}"))
}

/// The results so far.
pub(crate) struct Results {
    format: Format,
    /// Whether standard output is only for secrets.
    is_silent: bool,
    names: BTreeMap<TokenId, Option<String>>,
    done: Vec<(TokenId, Report)>,
    failed: Vec<(TokenId, Failure)>,
}

impl Results {
    pub(crate) fn new(format: Format, is_silent: bool, names: Vec<(TokenId, Option<String>)>) -> Self {
        Self { format, is_silent, names: names.into_iter().collect(), done: Vec::new(), failed: Vec::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.done.len() + self.failed.len()
    }

    /// Adds a result. Returns whether to continue with other tokens.
    pub(crate) fn add(&mut self, session: &Session, id: TokenId, result: Result<Report, Error>) -> bool {
        match result {
            Ok(report) => {
                for note in &report.notes {
                    session.warn(&format!("{id}: {note}"));
                }
                self.done.push((id, report));
                true
            }
            Err(error) => {
                let failure = failure(error, Some(&id));
                if self.names.len() > 1 {
                    session.say(&format!("{id}: {failure}"));
                }
                let goes_on = !ends_batch(&failure);
                self.failed.push((id, failure));
                goes_on
            }
        }
    }

    /// Prints the report. Returns an error if anything failed.
    pub(crate) fn end(mut self, session: &Session) -> Result<(), Failure> {
        self.print(session)?;
        let is_tried = |id: &TokenId| {
            self.done.iter().any(|(done, _)| done == id) || self.failed.iter().any(|(failed, _)| failed == id)
        };
        let not_tried: Vec<TokenId> = self.names.keys().filter(|id| !is_tried(id)).cloned().collect();
        if self.failed.is_empty() && not_tried.is_empty() {
            return Ok(());
        }
        if let (1, [(_, _)]) = (self.names.len(), &self.failed[..]) {
            return Err(self.failed.remove(0).1);
        }
        let summary = format!("{} of {} rotated", self.done.len(), self.names.len());
        let done = self.done.into_iter().map(|(id, _)| id).collect();
        let outcome = Incomplete { done, failed: self.failed, not_tried };
        Err(outcome.into_failure(summary, session.interrupt.is_wanted(), None))
    }

    fn print(&self, session: &Session) -> Result<(), Failure> {
        let rows: Vec<Value> = self.done.iter().map(|(_, report)| done(report)).collect();
        let rows = rows.into_iter().chain(self.failed.iter().map(|(id, failure)| {
            let name = self.names.get(id).cloned().flatten();
            json!({ "_id": id.as_str(), "name": name, "error": failure.to_json() })
        }));
        if self.format == Format::Table || self.is_silent {
            for (_, report) in &self.done {
                session.say(&sentence(report));
            }
            return Ok(());
        }
        output::value(self.format, &rows.collect())
    }
}

fn done(report: &Report) -> Value {
    let deliveries: Vec<&str> = report.deliveries.iter().map(|delivery| delivery.label.as_str()).collect();
    json!({
        "_id": report.token_id,
        "name": report.name,
        "strategy": strategy_name(report.strategy),
        "isOver": report.step == Step::Retired,
        "newId": report.new_token_id,
        "lastFour": report.last_four,
        "oldExpires": report.old_ends_at.map(|ends| UnixMillis::from(ends).get()),
        "endsByItself": report.ends_by_itself,
        "deliveredTo": deliveries,
        "wasResumed": report.was_resumed,
    })
}

fn sentence(report: &Report) -> String {
    let name = report.name.as_deref().map(|name| format!(" ({})", visible(name))).unwrap_or_default();
    let id = &report.token_id;
    let notes = report.deliveries.iter().filter_map(|delivered| Some((&delivered.label, delivered.note.as_ref()?)));
    let notes: String = notes.map(|(label, note)| format!("; {label} was {note}")).collect();
    let was = if report.was_resumed && report.deliveries.is_empty() { "was rotated" } else { "rotated" };
    let what = match (report.strategy, report.step) {
        (Strategy::Reset, _) => format!("{was} {id}{name}: its new secret ends in {}{notes}", report.last_four),
        (Strategy::Replace, Step::Retired) => {
            format!("{was} {id}{name}: replaced by {}, and ended{notes}", report.new_token_id)
        }
        (Strategy::Replace, _) => format!(
            "{was} {id}{name}: replaced by {}, whose secret ends in {}{notes}",
            report.new_token_id, report.last_four
        ),
    };
    match report.old_ends_at {
        Some(ends) if !report.ends_by_itself => format!(
            "{what}; the old token works until {}, and `ldtokens rotate --finish` deletes it then",
            date(UnixMillis::from(ends))
        ),
        Some(ends) => format!("{what}; the old one works until {}", date(UnixMillis::from(ends))),
        None => what,
    }
}

/// Prints what would be done.
pub(crate) fn print_plan(format: Format, tasks: &[Task]) -> Result<(), Failure> {
    let labels = |task: &Task| -> Vec<String> {
        let destinations = task.destinations.iter().filter(|_| !task.selected.is_waiting);
        destinations.map(|destination| destination.label()).collect()
    };
    if format != Format::Table {
        let rows = tasks.iter().map(|task| {
            let Selected { id, name, .. } = &task.selected;
            json!({ "_id": id, "name": name, "strategy": strategy_name(task.strategy), "wouldDeliverTo": labels(task) })
        });
        return output::value(format, &rows.collect());
    }
    if tasks.is_empty() {
        return Ok(());
    }
    let heading = ["_id", "name", "strategy", "would deliver to"].map(str::to_owned).to_vec();
    let rows = tasks.iter().map(|task| {
        let Selected { id, name, .. } = &task.selected;
        let name = name.as_deref().map(visible).unwrap_or_default().to_string();
        vec![id.to_string(), name, strategy_name(task.strategy).to_owned(), labels(task).join(", ")]
    });
    print(&aligned(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()))
}

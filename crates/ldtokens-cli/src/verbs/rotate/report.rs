//! What is said of rotations, token by token: what was done, what would be, and, with `--status`, how they stand.

use ldtokens::{Error, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, Report, Step, Strategy};
use serde_json::{Value, json};

use crate::moment::date;
use crate::terminal::{Failure, Format, output, plain, say, visible};
use crate::verbs::batch::together;
use crate::verbs::rotate::selection::{due_at, has_come, of_journal};
use crate::verbs::rotate::{Rotations, Task};
use crate::verbs::targets::Target;

impl Rotations<'_> {
    /// Shows how the rotations of these tokens stand, and of all others if `is_of_all`, and which tokens are due. Changes nothing.
    pub(crate) async fn status(
        &self,
        tasks: Vec<Task>,
        failures: &[Failure],
        is_of_all: bool,
        format: Format,
    ) -> Result<(), Failure> {
        let mut found: Vec<_> = tasks.into_iter().map(|task| (task.item, task.age)).collect();
        for journal in self.known.iter().filter(|journal| is_of_all && state(Some(journal), None, self.now()).0 != OVER)
        {
            if !found.iter().any(|(item, _)| item.target.id == journal.token_id) {
                found.push((of_journal(journal), None));
            }
        }
        let mut rows = Vec::new();
        for (item, age) in found {
            let Target { id, name } = &item.target;
            let journal = self.of(id);
            let due = age.zip(item.before.as_ref()).map(|(age, token)| due_at(journal, token, age));
            let (mut state, mut todo) = state(journal, due, self.now());
            let mut change = None;
            if let Some(journal) = journal.filter(|_| ![OVER, "due"].contains(&state)) {
                change = self.change(journal).await?;
            }
            if let Some(change) = change {
                (state, todo) = ("changed", change);
            }
            let old_ends_at = journal.and_then(|journal| journal.old_ends_at);
            let [ends, due_date] = [old_ends_at.filter(|_| state != OVER), due].map(|moment| moment.map(date));
            let shown = name.as_deref().map(visible);
            let cells = [Some(id.to_string()), shown, Some(state.to_owned()), ends, due_date, Some(todo.to_owned())];
            let object = json!({
                "_id": id,
                "name": name,
                "state": state,
                "strategy": journal.map(|journal| journal.strategy),
                "newId": journal.and_then(Journal::new_token_id),
                "rotatedAt": journal.and_then(|journal| journal.rotated_at),
                "oldExpires": old_ends_at,
                "due": due,
                "change": change,
            });
            rows.push((cells.map(Option::unwrap_or_default).to_vec(), object));
        }
        let is_some = !rows.is_empty();
        if is_some || format != Format::Table {
            output::rows(format, &["_id", "name", "state", "old secret ends", "due", ""], rows)?;
        } else if is_of_all && failures.is_empty() {
            say::note("no rotation is unfinished or in its overlap");
        }
        together(failures, is_some)
    }

    /// What someone else did to the token since the journal was written, if that is seen.
    async fn change(&self, journal: &Journal) -> Result<Option<&'static str>, Failure> {
        let Some(new) = journal.new_token_id() else { return Ok(None) };
        let read = async |id| self.session.interrupt.unless(self.session.client.get(id)).await;
        match read(new).await? {
            Ok(token) if !journal.issued_secret_of(&token) => {
                return Ok(Some("it was reset since: `ldtokens verify` says whether a secret works"));
            }
            Err(Error::NotFound(_)) => return Ok(Some("the token with the new secret is gone, or can't be seen")),
            token => drop(token?),
        }
        if journal.overlap_end(self.now()).is_none() {
            return Ok(None);
        }
        match read(&journal.token_id).await? {
            Err(Error::NotFound(_)) => Ok(Some("the old token is gone, or can't be seen")),
            token => token.map(|_| None).map_err(Failure::from),
        }
    }

    /// Prints what would be done.
    pub(crate) fn print_plan(&self, tasks: &[Task], format: Format) -> Result<(), Failure> {
        if tasks.is_empty() && format == Format::Table {
            return Ok(());
        }
        let mut rows = Vec::new();
        for task in tasks {
            let Target { id, name } = &task.item.target;
            let waiting = self.waiting(id);
            let over = waiting.filter(|journal| journal.overlap_end(self.now()).is_none());
            let deleted: Vec<&str> = over.into_iter().flat_map(Journal::ending).map(TokenId::as_str).collect();
            let is_rotated = waiting.is_none() || self.next(task).is_some_and(|(_, is_due)| is_due);
            let started = self.of(id).filter(|journal| journal.is_under_way() && (waiting.is_none() || !is_rotated));
            let strategy = started.map(|journal| journal.strategy).or(task.options.strategy);
            let strategy = json!(strategy.unwrap_or(Strategy::Reset));
            let destinations = if is_rotated { task.places.of(&task.item.target)? } else { Vec::new() };
            let labels: Vec<_> = destinations.iter().map(|destination| destination.label()).collect();
            let shown = name.as_deref().map(visible).unwrap_or_default();
            let cells = vec![id.to_string(), shown, plain(&strategy), labels.join(", "), deleted.join(", ")];
            let object = json!({
                "_id": id, "name": name, "strategy": strategy, "wouldDeliverTo": labels, "wouldDelete": deleted
            });
            rows.push((cells, object));
        }
        output::rows(format, &["_id", "name", "strategy", "would deliver to", "would delete"], rows)
    }
}

/// The state of a rotation that is over.
const OVER: &str = "rotated";

/// The state in a word, and what to do.
fn state(journal: Option<&Journal>, due: Option<UnixMillis>, now: UnixMillis) -> (&'static str, &'static str) {
    let is_in_overlap =
        journal.is_some_and(|journal| journal.step >= Step::Verified && journal.overlap_end(now).is_some());
    match journal {
        Some(journal) if journal.step < Step::Verified => ("unfinished", "run the same command again to continue"),
        _ if is_in_overlap => ("overlap", ""),
        Some(journal) if journal.is_under_way() => ("ended", "`ldtokens rotate --finish` removes the old token"),
        _ if due.is_some_and(|due| has_come(due, now)) => ("due", "rotate it"),
        Some(_) => (OVER, ""),
        None => ("not due", ""),
    }
}

/// The result for one token, for programs.
pub(crate) fn row(target: &Target, result: Result<&Report, &Failure>) -> Value {
    let Report { journal, deliveries, was_resumed, .. } = match result {
        Ok(report) => report,
        Err(failure) => return json!({ "_id": target.id, "name": target.name, "error": failure.to_json() }),
    };
    let deliveries: Vec<&str> = deliveries.iter().map(|delivery| delivery.label.as_str()).collect();
    json!({
        "_id": journal.token_id,
        "name": journal.name,
        "strategy": journal.strategy,
        "isOver": journal.step == Step::Retired,
        "newId": journal.new_token_id(),
        "lastFour": journal.last_four(),
        "oldExpires": journal.old_ends_at,
        "endsByItself": journal.ends_by_itself(),
        "deliveredTo": deliveries,
        "wasResumed": was_resumed,
    })
}

/// The result for one token, for people.
pub(crate) fn sentence(report: &Report) -> String {
    let journal = &report.journal;
    let target = of_journal(journal).target;
    let notes = report.deliveries.iter().filter_map(|delivered| Some((&delivered.label, delivered.note.as_ref()?)));
    let notes: String = notes.map(|(label, note)| format!("; {label} was {note}")).collect();
    let (was, again) = match report.is_new {
        true => ("Rotated", ""),
        false if report.deliveries.is_empty() => ("Was rotated", ""),
        false => ("Was rotated", "; it was delivered again"),
    };
    let notes = format!("{again}{notes}");
    let (new, last_four) = (journal.new_token_id().map_or("", TokenId::as_str), journal.last_four());
    let what = match (journal.strategy, journal.step) {
        (Strategy::Reset, _) => format!("{was} {target}: its new secret ends in {last_four}{notes}"),
        (Strategy::Replace, Step::Retired) => format!("{was} {target}: replaced by {new}, and ended{notes}"),
        (Strategy::Replace, _) => {
            format!("{was} {target}: replaced by {new}, whose secret ends in {last_four}{notes}")
        }
    };
    match journal.old_ends_at.map(date) {
        Some(end) if !journal.ends_by_itself() => {
            format!(
                "{what}; the old token works until {end}, and `ldtokens rotate --finish` deletes it then, unless somebody else has reset it"
            )
        }
        Some(end) => format!("{what}; the old one works until {end}"),
        None => what,
    }
}

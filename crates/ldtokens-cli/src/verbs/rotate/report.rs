//! What is said of rotations, token by token.

use ldtokens_lifecycle::{Journal, Report, Step, Strategy};
use serde_json::{Value, json};

use crate::account::connect::Session;
use crate::moment::date;
use crate::terminal::columns::aligned;
use crate::terminal::failure::Failure;

use crate::terminal::output::format::Format;
use crate::terminal::output::{self, print};
use crate::terminal::visible::visible;
use crate::verbs::rotate::Task;
use crate::verbs::rotate::selection::waiting_journal;
use crate::verbs::targets::Target;

/// A strategy, as `--strategy` and reports name it.
pub(crate) fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Reset => "reset",
        Strategy::Replace => "replace",
    }
}

/// The result for one token, for programs.
pub(crate) fn row(target: &Target, result: Result<&Report, &Failure>) -> Value {
    let report = match result {
        Ok(report) => report,
        Err(failure) => return json!({ "_id": target.id, "name": target.name, "error": failure.to_json() }),
    };
    let deliveries: Vec<&str> = report.deliveries.iter().map(|delivery| delivery.label.as_str()).collect();
    json!({
        "_id": report.token_id,
        "name": report.name,
        "strategy": strategy_name(report.strategy),
        "isOver": report.step == Step::Retired,
        "newId": report.new_token_id,
        "lastFour": report.last_four,
        "oldExpires": report.old_ends_at,
        "endsByItself": report.ends_by_itself,
        "deliveredTo": deliveries,
        "wasResumed": report.was_resumed,
    })
}

/// The result for one token, for people.
pub(crate) fn sentence(report: &Report) -> String {
    let target = Target { id: report.token_id.clone(), name: report.name.clone() };
    let notes = report.deliveries.iter().filter_map(|delivered| Some((&delivered.label, delivered.note.as_ref()?)));
    let notes: String = notes.map(|(label, note)| format!("; {label} was {note}")).collect();
    let (was, again) = match report.is_new {
        true => ("Rotated", ""),
        false if report.deliveries.is_empty() => ("Was rotated", ""),
        false => ("Was rotated", "; it was delivered again"),
    };
    let notes = format!("{again}{notes}");
    let (new, last_four) = (&report.new_token_id, &report.last_four);
    let what = match (report.strategy, report.step) {
        (Strategy::Reset, _) => format!("{was} {target}: its new secret ends in {last_four}{notes}"),
        (Strategy::Replace, Step::Retired) => format!("{was} {target}: replaced by {new}, and ended{notes}"),
        (Strategy::Replace, _) => {
            format!("{was} {target}: replaced by {new}, whose secret ends in {last_four}{notes}")
        }
    };
    match report.old_ends_at.map(date) {
        Some(end) if !report.ends_by_itself => {
            format!("{what}; the old token works until {end}, and `ldtokens rotate --finish` deletes it then")
        }
        Some(end) => format!("{what}; the old one works until {end}"),
        None => what,
    }
}

/// Prints what would be done.
pub(crate) fn print_plan(session: &Session, format: Format, tasks: &[Task], known: &[Journal]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut lines = vec![["_id", "name", "strategy", "would deliver to"].map(str::to_owned).to_vec()];
    for task in tasks {
        let Target { id, name } = &task.item.target;
        let is_waiting = waiting_journal(known, id).is_some();
        let is_rotated = !is_waiting || task.next(session, known).is_some_and(|(_, is_due)| is_due);
        let started = known.iter().find(|journal| journal.is_under_way() && journal.token_id == *id);
        let started = started.map(|journal| journal.strategy).filter(|_| !is_waiting || !is_rotated);
        let how = strategy_name(started.or(task.options.strategy).unwrap_or(Strategy::Reset));
        let destinations = if is_rotated { task.places.of((&task.item.target).into())? } else { Vec::new() };
        let labels: Vec<_> = destinations.iter().map(|destination| destination.label()).collect();
        rows.push(json!({ "_id": id, "name": name, "strategy": how, "wouldDeliverTo": labels }));
        let name = name.as_deref().map(visible).unwrap_or_default().to_string();
        lines.push(vec![id.to_string(), name, how.to_owned(), labels.join(", ")]);
    }
    match format {
        Format::Table if tasks.is_empty() => Ok(()),
        Format::Table => print(&aligned(&lines)),
        format => output::value(format, &rows.into()),
    }
}

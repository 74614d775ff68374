//! What is said of rotations, token by token: what was done, what would be, and, with `--status`, how they stand.

use std::time::Duration;

use ldtokens::{DryRun, Error, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, Journals, Report, Step, Strategy};
use serde_json::{Value, json};

use crate::account::connect::{Session, with_client};
use crate::arguments::GlobalArgs;
use crate::moment::date;
use crate::terminal::failure::Failure;

use crate::terminal::output;
use crate::terminal::output::format::Format;
use crate::terminal::say;
use crate::terminal::visible::visible;
use crate::verbs::batch::together;
use crate::verbs::deliver::failure;
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::rotate::selection::{due_at, find, has_come, of_journal, waiting_journal};
use crate::verbs::rotate::{RotateArgs, Task};
use crate::verbs::targets::{Item, Target};

/// What is to be said of a token.
struct Row<'a> {
    item: Item,
    journal: Option<&'a Journal>,
    /// When it is to be rotated, if that is known.
    due: Option<UnixMillis>,
    /// The state in a word.
    state: &'static str,
    /// What to do, or what happened.
    todo: &'static str,
}

/// Shows which rotations are in their overlap or unfinished, and which tokens are due. Changes nothing.
pub(crate) async fn status(
    global: &GlobalArgs,
    arguments: &RotateArgs,
    journals: &Journals,
    file: Option<&RotationsFile>,
    format: Format,
) -> Result<(), Failure> {
    with_client(global, DryRun::Everything, async |session| {
        let caller = session.interrupt.unless(session.client.whoami()).await??;
        let (mut known, unusable) = journals.all().map_err(|error| failure(error, None))?;
        let is_others = |account: &String| caller.account_id.as_ref().is_some_and(|own| own != account);
        known.retain(|journal| !journal.account_id.as_ref().is_some_and(is_others));
        let now = UnixMillis::from(session.client.server_time());
        let mut missing: Vec<Failure> = unusable.into_iter().map(|error| failure(error, None)).collect();
        let is_of_all = file.is_some() || arguments.tokens.is_empty() && arguments.matching.is_empty();
        let mut found: Vec<(Item, Option<Duration>)> = Vec::new();
        if let Some(file) = file {
            let (entries, not_found) = file.find(session, &known).await?;
            missing.extend(not_found);
            found.extend(entries.into_iter().map(|(entry, item)| (item, Some(entry.older_than.duration()))));
        } else if !is_of_all {
            let items = find(arguments, session, &known, true).await?.unwrap_or_default();
            found.extend(items.into_iter().map(|item| (item, arguments.older_than)));
        }
        for journal in known.iter().filter(|journal| is_of_all && state(Some(journal), None, now).0 != "rotated") {
            if !found.iter().any(|(item, _)| item.target.id == journal.token_id) {
                found.push((of_journal(journal), None));
            }
        }
        if found.is_empty() && is_of_all && file.is_none() && missing.is_empty() {
            say::note("no rotation is unfinished or in its overlap");
        }
        let mut rows = Vec::new();
        for (item, age) in found {
            let journal = known.iter().find(|journal| item.target.id == journal.token_id);
            let due = age.zip(item.before.as_ref()).map(|(age, token)| due_at(journal, token, age));
            let (mut state, mut todo) = state(journal, due, now);
            if let Some(journal) = journal.filter(|_| !["rotated", "due"].contains(&state))
                && let Some(change) = change(session, journal, now).await?
            {
                (state, todo) = ("changed", change);
            }
            rows.push(Row { item, journal, due, state, todo });
        }
        show(&rows, format)?;
        together(&missing, !rows.is_empty())
    })
    .await
}

/// The state in a word, and what to do.
fn state(journal: Option<&Journal>, due: Option<UnixMillis>, now: UnixMillis) -> (&'static str, &'static str) {
    let is_in_overlap =
        journal.is_some_and(|journal| journal.step >= Step::Verified && journal.overlap_end(now).is_some());
    match journal {
        Some(journal) if journal.step < Step::Verified => ("unfinished", "run the same command again to continue"),
        _ if is_in_overlap => ("overlap", ""),
        Some(journal) if journal.is_under_way() => ("ended", "`ldtokens rotate --finish` removes the old token"),
        _ if due.is_some_and(|due| has_come(due, now)) => ("due", "rotate it"),
        Some(_) => ("rotated", ""),
        None => ("not due", ""),
    }
}

/// What someone else did to the token since the journal was written, if that is seen.
async fn change(session: &Session, journal: &Journal, now: UnixMillis) -> Result<Option<&'static str>, Failure> {
    let Some(new) = journal.new_token_id() else { return Ok(None) };
    match session.interrupt.unless(session.client.get(new)).await? {
        Ok(token) if !journal.issued_secret_of(&token) => {
            return Ok(Some("it was reset since: `ldtokens verify` says whether a secret works"));
        }
        Err(Error::NotFound(_)) => return Ok(Some("the token with the new secret is gone, or can't be seen")),
        token => drop(token?),
    }
    if journal.overlap_end(now).is_none() {
        return Ok(None);
    }
    match session.interrupt.unless(session.client.get(&journal.token_id)).await? {
        Err(Error::NotFound(_)) => Ok(Some("the old token is gone, or can't be seen")),
        token => token.map(|_| None).map_err(Failure::from),
    }
}

fn show(rows: &[Row<'_>], format: Format) -> Result<(), Failure> {
    if rows.is_empty() && format == Format::Table {
        return Ok(());
    }
    let rows = rows.iter().map(|Row { item, journal, due, state, todo }| {
        let old_ends_at = journal.and_then(|journal| journal.old_ends_at);
        let object = json!({
            "_id": item.target.id,
            "name": item.target.name,
            "state": state,
            "strategy": journal.map(|journal| strategy_name(journal.strategy)),
            "newId": journal.and_then(Journal::new_token_id),
            "rotatedAt": journal.and_then(|journal| journal.rotated_at),
            "oldExpires": old_ends_at,
            "due": due,
            "change": Some(todo).filter(|_| *state == "changed"),
        });
        let name = item.target.name.as_deref().map(visible).unwrap_or_default();
        let ends = old_ends_at.filter(|_| *state != "rotated");
        let [ends, due] = [ends, *due].map(|moment| moment.map_or_else(String::new, date));
        (vec![item.target.id.to_string(), name, state.to_string(), ends, due, todo.to_string()], object)
    });
    output::rows(format, &["_id", "name", "state", "old secret ends", "due", ""], rows.collect())
}

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
    if tasks.is_empty() && format == Format::Table {
        return Ok(());
    }
    let mut rows = Vec::new();
    for task in tasks {
        let Target { id, name } = &task.item.target;
        let waiting = waiting_journal(known, id);
        let over = waiting.filter(|journal| journal.overlap_end(session.client.server_time().into()).is_none());
        let deleted: Vec<&str> = over.into_iter().flat_map(Journal::ending).map(TokenId::as_str).collect();
        let is_rotated = waiting.is_none() || task.next(session, known).is_some_and(|(_, is_due)| is_due);
        let started = known.iter().find(|journal| journal.is_under_way() && journal.token_id == *id);
        let started = started.map(|journal| journal.strategy).filter(|_| waiting.is_none() || !is_rotated);
        let how = strategy_name(started.or(task.options.strategy).unwrap_or(Strategy::Reset));
        let destinations = if is_rotated { task.places.of((&task.item.target).into())? } else { Vec::new() };
        let labels: Vec<_> = destinations.iter().map(|destination| destination.label()).collect();
        let shown = name.as_deref().map(visible).unwrap_or_default();
        let cells = vec![id.to_string(), shown, how.to_owned(), labels.join(", "), deleted.join(", ")];
        let object = json!({
            "_id": id, "name": name, "strategy": how, "wouldDeliverTo": labels, "wouldDelete": deleted
        });
        rows.push((cells, object));
    }
    output::rows(format, &["_id", "name", "strategy", "would deliver to", "would delete"], rows)
}

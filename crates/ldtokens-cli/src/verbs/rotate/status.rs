//! `ldtokens rotate --status`: which rotations are in their overlap or unfinished, and which tokens are due. It changes nothing.

use std::time::Duration;

use ldtokens::{DryRun, UnixMillis};
use ldtokens_lifecycle::{Journal, Journals, Step};
use serde_json::json;

use crate::account::connect::with_client;
use crate::arguments::GlobalArgs;
use crate::moment::date;
use crate::terminal::failure::Failure;
use crate::terminal::output;
use crate::terminal::output::format::Format;
use crate::terminal::say;
use crate::terminal::visible::visible;
use crate::verbs::batch::together;
use crate::verbs::deliver::failure;
use crate::verbs::rotate::RotateArgs;
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::rotate::report::strategy_name;
use crate::verbs::rotate::selection::{due_at, find, has_come, of_journal};
use crate::verbs::targets::Item;

/// What is to be said of a token.
struct Row<'a> {
    item: Item,
    journal: Option<&'a Journal>,
    /// When it is to be rotated, if that is known.
    due: Option<UnixMillis>,
}

pub(crate) async fn run(
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
        let found: Vec<(Item, Option<Duration>)> = if let Some(file) = file {
            let (found, not_found) = file.find(session, &known).await?;
            missing.extend(not_found);
            found.into_iter().map(|(entry, item)| (item, Some(entry.older_than.duration()))).collect()
        } else if arguments.tokens.is_empty() && arguments.matching.is_empty() {
            let is_over = |journal: &&Journal| state(Some(journal), None, now).0 == "rotated";
            let left = known.iter().filter(|journal| !is_over(journal));
            let left: Vec<_> = left.map(|journal| (of_journal(journal), None)).collect();
            if left.is_empty() && missing.is_empty() {
                say::note("no rotation is unfinished or in its overlap");
            }
            left
        } else {
            let found = find(arguments, session, &known, true).await?;
            found.unwrap_or_default().into_iter().map(|item| (item, arguments.older_than)).collect()
        };
        let rows = found.into_iter().map(|(item, age)| {
            let journal = known.iter().find(|journal| item.target.id == journal.token_id);
            let due = age.zip(item.before.as_ref()).map(|(age, token)| due_at(journal, token, age));
            Row { item, journal, due }
        });
        let rows: Vec<Row<'_>> = rows.collect();
        show(&rows, now, format)?;
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

fn show(rows: &[Row<'_>], now: UnixMillis, format: Format) -> Result<(), Failure> {
    if rows.is_empty() && format == Format::Table {
        return Ok(());
    }
    let rows = rows.iter().map(|Row { item, journal, due }| {
        let (state, todo) = state(*journal, *due, now);
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
        });
        let name = item.target.name.as_deref().map(visible).unwrap_or_default();
        let ends = old_ends_at.filter(|_| state != "rotated");
        let [ends, due] = [ends, *due].map(|moment| moment.map_or_else(String::new, date));
        (vec![item.target.id.to_string(), name, state.to_owned(), ends, due, todo.to_owned()], object)
    });
    output::rows(format, &["_id", "name", "state", "old secret ends", "due", ""], rows.collect())
}

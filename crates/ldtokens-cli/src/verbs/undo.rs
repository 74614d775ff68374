//! `ldtokens undo`: restores what tokens were before a change.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use ldtokens::{DryRun, Token, TokenId};
use serde_json::Value;

use crate::account::{Settings, with_client};
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::terminal::{Failure, Kind, Printer, say};
use crate::verbs::batch::Batch;
use crate::verbs::bulk::{FOLDER, read_each};
use crate::verbs::json;
use crate::verbs::plan::{Plan, Words, fitting};
use crate::verbs::record::{Header, PastToken, Record};
use crate::verbs::targets::{Item, Target};
use crate::verbs::update::edit_each;

const WORDS: Words = Words {
    verb: "Restore",
    doing: "restoring",
    done: "restored",
    unchanged: "need no change",
    warning: None,
    lasting: Some("secrets and deleted tokens can't be restored"),
};

/// Restore what tokens were before the last `update`
///
/// Before a command changes tokens, it writes down what they are, without their secrets, in your state folder. This restores
/// them. A token that was changed by someone else since is left as it is. Deleted tokens and old secrets can't be restored.
/// What this does is written down too, so `ldtokens undo FILE` can take it back.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens update --all-matching name~export --role writer
  ldtokens undo --dry-run
  ldtokens undo")]
pub(crate) struct UndoArgs {
    /// The record of the change to undo [default: the last one that was not undone, of this account's host]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &UndoArgs) -> Result<(), Failure> {
    let settings = Settings::read(global)?;
    let (folder, host) = (settings.state_folder(None, FOLDER)?, settings.host_as_name());
    let mut past = match &arguments.file {
        Some(file) => Record::read(file)?,
        None => Record::latest(&folder).ok_or_else(|| {
            let text = format!("there is nothing to undo: {} has no record of a change", folder.display());
            Failure::new(Kind::NoMatch, text)
        })?,
    };
    past.check("host", &past.header.host, &host)?;
    let count = past.tokens.len();
    past.tokens.retain(|token| !token.changes.is_empty());
    let Record { header, path, tokens, .. } = &past;
    let known: HashMap<&TokenId, &PastToken> = tokens.iter().map(|token| (&token.id, token)).collect();
    if known.is_empty() {
        let Header { command, at, .. } = header;
        return Err(Failure::usage(format!(
            "the last change, `ldtokens {command}` of {count} at {at}, can't be undone; {} shows what the tokens were, and \
             `ldtokens undo FILE` undoes an earlier change",
            path.display()
        )));
    }
    with_client(global, DryRun::Changes, async |session| {
        say::result(&format!("This undoes `ldtokens {}` of {} ({})", header.command, header.at, header.change));
        let items = tokens.iter().map(|token| {
            let name = token.was.get("name").and_then(Value::as_str).map(str::to_owned);
            Item::new(Target { id: token.id.clone(), name }, None)
        });
        let items = read_each(session, true, items.collect()).await?;
        let restored = |item: &Item, token: &Token| restored(known[&item.target.id], token);
        let change = |item: &Item, token: &mut Token| *token = restored(item, token).unwrap_or_else(|| token.clone());
        let mut plan = Plan::of_changes(&WORDS, items, change);
        let is_others = |item: &&Item| item.before.as_ref().is_some_and(|token| restored(item, token).is_none());
        let others: Vec<_> = plan.items.iter().filter(is_others).map(|item| item.target.to_string()).collect();
        if !others.is_empty() {
            plan.notes.push(format!("changed by someone else since, so left as they are: {}", fitting(&others, 100)));
        }
        plan.agree(session, arguments.confirm, false).await?;
        plan.items.retain(|item| item.before.is_some());
        if plan.items.is_empty() {
            // Another credential may see them, so the change still counts as not undone.
            let hint = "`ldtokens undo FILE` undoes an earlier change";
            return Err(Failure::new(Kind::NotFound, format!("nothing was restored; {hint} in {}", folder.display())));
        }
        let mut now = Header::new("undo", &header.change, &host);
        now.undoes = Some(path.clone());
        let has_changes = !session.is_dry_run && plan.changes_something();
        let record = if has_changes { Some(Record::begin(&folder, now, &plan.items)?) } else { None };
        let batch = Batch { session, words: &WORDS, record, in_turn: false };
        let (comment, is_quiet) = (Some("ldtokens undo"), global.verbose == 0);
        edit_each(&batch, &plan.items, comment, change, Printer::silent(), is_quiet).await?;
        if !session.is_dry_run {
            past.undone()?;
        }
        if let Some(record) = &batch.record {
            say::note(&format!("`ldtokens undo {}` takes this back", record.path.display()));
        }
        Ok(())
    })
    .await
}

/// The token as it was before the change. None if someone else has changed it since.
fn restored(past: &PastToken, token: &Token) -> Option<Token> {
    let mut now = json(token);
    for (name, pair) in &past.changes {
        let is = now.get(name).unwrap_or(&Value::Null);
        if *is == pair[0] {
            continue;
        }
        if *is != pair[1] {
            return None;
        }
        match (&pair[0], now.as_object_mut()?) {
            (Value::Null, now) => drop(now.remove(name)),
            (was, now) => drop(now.insert(name.clone(), was.clone())),
        }
    }
    serde_json::from_value(now).ok()
}

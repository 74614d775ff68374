//! The tokens that a command is to change: those that are named, all that match, or the rest of an earlier run.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use futures_util::{StreamExt, stream};
use ldtokens::{Error, Token, TokenId};

use crate::account::{Session, Settings};
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::terminal::{Failure, Kind, progress, say};
use crate::verbs::batch::{Batch, ends_batch};
use crate::verbs::filter::{Filter, nothing_matches};
use crate::verbs::inventory::warn_if_partial;
use crate::verbs::json;
use crate::verbs::plan::Plan;
use crate::verbs::record::{Header, Record};
use crate::verbs::targets::{self, Item, Target};

/// The kind of the folder of records.
pub(crate) const FOLDER: &str = "changes";

/// With more tokens than this, reading the list is faster than reading each.
const FEW: usize = 10;

/// The tokens of a command that changes them.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").args(["tokens", "all_matching", "resume"]).required(true))]
pub(crate) struct BulkArgs {
    /// Token IDs or names; - reads them from standard input, one per line
    #[arg(value_name = "ID|NAME", num_args(1..))]
    tokens: Vec<String>,

    #[command(flatten)]
    matching: MatchArgs,

    /// Continue an earlier run with the same changes: FILE is the file that it named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    resume: Option<PathBuf>,

    /// Take every token by its name, even one that looks like an ID
    #[arg(long)]
    by_name: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The tokens that match conditions.
#[derive(Args, Debug)]
pub(crate) struct MatchArgs {
    /// All tokens that match, of all members, e.g. name~test-. If repeated, all must match
    #[arg(long, value_name = "CONDITION", value_parser = Filter::new)]
    all_matching: Vec<Filter>,

    /// Fail if no token matches
    #[arg(long)]
    fail_if_none: bool,

    /// With --all-matching, fail if the credential may not see the tokens of all members
    #[arg(long, requires = "all_matching")]
    require_all: bool,
}

impl MatchArgs {
    /// Whether there is no condition.
    pub(crate) fn is_empty(&self) -> bool {
        self.all_matching.is_empty()
    }

    /// The tokens that match.
    pub(crate) async fn read(&self, session: &Session) -> Result<Vec<Token>, Failure> {
        let filters = Filter::resolved(session, self.all_matching.clone()).await?;
        let is_meant = |token: &Token| Filter::all_match(&filters, &json(token));
        let reading = targets::read_list(session, "looking for matches", is_meant);
        let (found, ()) = tokio::try_join!(reading, warn_if_partial(session, self.require_all))?;
        Ok(found)
    }

    /// Says that there is no token, and why if there is another reason than the arguments. It is an error if that was asked for.
    pub(crate) fn none(&self, reason: Option<&str>) -> Result<(), Failure> {
        let text = match (reason, &self.all_matching[..]) {
            (Some(reason), _) => reason.to_owned(),
            (None, []) => "standard input names no token: nothing to do".to_owned(),
            (None, filters) => nothing_matches(filters),
        };
        if self.fail_if_none {
            return Err(Failure::new(Kind::NoMatch, text));
        }
        say::note(&text);
        Ok(())
    }
}

/// The arguments, with what they refer to, read before anything is sent.
pub(crate) struct Bulk<'a> {
    arguments: &'a BulkArgs,
    words: Vec<String>,
    past: Option<Record>,
    /// Where records are.
    folder: Result<PathBuf, Failure>,
    header: Header,
}

impl BulkArgs {
    /// What the arguments name, for output: one token by itself, or any number of them.
    pub(crate) fn words(&self) -> &[String] {
        &self.tokens
    }

    /// Reads standard input and files. `change` says in words what `command` changes.
    pub(crate) fn read(&self, global: &GlobalArgs, command: &str, change: &str) -> Result<Bulk<'_>, Failure> {
        let settings = Settings::read(global)?;
        let header = Header::new(command, change, &settings.host_as_name());
        let past = self.resume.as_deref().map(Record::read).transpose()?;
        if let Some(past) = &past {
            let was = &past.header;
            past.check("command", &was.command, &header.command)?;
            past.check("change", &was.change, &header.change)?;
            past.check("host", &was.host, &header.host)?;
        }
        let words = targets::words(&self.tokens)?;
        Ok(Bulk { arguments: self, words, past, folder: settings.state_folder(None, FOLDER), header })
    }
}

impl Bulk<'_> {
    /// Whether the user has named one token, and so knows which one it is.
    fn names_one(&self) -> bool {
        self.past.is_none() && self.arguments.matching.is_empty() && self.words.len() == 1
    }

    /// Whether an earlier run is gone on with.
    pub(crate) fn is_resumed(&self) -> bool {
        self.past.is_some()
    }

    /// Finds the tokens and reads them.
    pub(crate) async fn find(&self, session: &Session, ignore_not_found: bool) -> Result<Vec<Item>, Failure> {
        let matching = &self.arguments.matching;
        let found = if let Some(past) = &self.past {
            past.left().map(|token| Item::new(Target { id: token.id.clone(), name: None }, None)).collect()
        } else if matching.is_empty() {
            targets::find_tokens(session, &self.words, self.arguments.by_name, ignore_not_found).await?
        } else {
            matching.read(session).await?.into_iter().map(Item::of).collect()
        };
        if found.is_empty() {
            matching.none(self.past.as_ref().map(|_| "all tokens of that run are done"))?;
        }
        let ignore_not_found = ignore_not_found || self.is_resumed();
        read_each(session, ignore_not_found, found).await
    }

    /// Shows the plan, asks, and writes down what the tokens are. After this, they may be changed. `in_turn` is one after the
    /// other.
    pub(crate) async fn begin<'a>(
        &self,
        session: &'a Session,
        plan: &Plan,
        in_turn: bool,
    ) -> Result<Batch<'a>, Failure> {
        plan.agree(session, self.arguments.confirm, self.names_one()).await?;
        Ok(Batch { session, words: plan.words, in_turn, record: self.record(session, plan)? })
    }

    /// Writes down what the tokens are, except in a dry run.
    fn record(&self, session: &Session, plan: &Plan) -> Result<Option<Record>, Failure> {
        if session.is_dry_run || !plan.changes_something() {
            return Ok(None);
        }
        if let Some(past) = &self.past {
            return past.resumed().map(Some);
        }
        match self.folder.clone().and_then(|folder| Record::begin(&folder, self.header.clone(), &plan.items)) {
            Ok(record) => Ok(Some(record)),
            Err(failure) if plan.words.lasting.is_none() && plan.items.len() > 1 => {
                Err(failure.within("nothing was changed, since it could not be undone"))
            }
            Err(failure) => {
                let what =
                    if plan.words.lasting.is_some() { "continued after an interruption" } else { "undone later" };
                say::note(&failure.within(format!("this can't be {what}")).to_string());
                Ok(None)
            }
        }
    }
}

/// Reads the tokens that were not read yet. Those that can't be read stay without; a single one is an error.
pub(crate) async fn read_each(
    session: &Session,
    ignore_not_found: bool,
    mut items: Vec<Item>,
) -> Result<Vec<Item>, Failure> {
    if items.iter().filter(|item| item.before.is_none()).count() > FEW {
        let missing: HashMap<TokenId, usize> =
            items.iter().enumerate().map(|(at, item)| (item.target.id.clone(), at)).collect();
        let is_meant = |token: &Token| missing.contains_key(token.id.as_str());
        for token in targets::read_list(session, "reading", is_meant).await? {
            let at = missing[token.id.as_str()];
            items[at] = Item::of(token);
        }
    }
    let total = items.len();
    let is_single = total == 1;
    let reading = items.into_iter().map(|item| async move {
        if item.before.is_some() {
            return Ok(item);
        }
        let problem = match session.client.get(&item.target.id).await {
            Ok(token) => return Ok(Item::of(token)),
            Err(Error::NotFound(_)) if !is_single || ignore_not_found => {
                "there is no such token, or it is not visible".to_owned()
            }
            Err(error) => match Failure::from(error) {
                failure if is_single || ends_batch(&failure) => return Err(failure.within(&item.target)),
                failure => failure.to_string(),
            },
        };
        Ok(Item { problem: Some(problem), ..item })
    });
    let mut reading = stream::iter(reading).buffered(session.client.concurrency());
    let mut read = Vec::new();
    while let Some(item) = session.interrupt.unless(reading.next()).await? {
        read.push(item?);
        if total > FEW {
            progress::show(&format!("reading: {} of {total}", read.len()));
        }
    }
    Ok(read)
}

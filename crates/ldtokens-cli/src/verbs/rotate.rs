//! `ldtokens rotate`: delivers and verifies new secrets before the old ones end.

pub(crate) mod file;
mod report;
mod selection;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, ValueHint};
use ldtokens::{CallerIdentity, DryRun, TokenId, UnixMillis};
use ldtokens_lifecycle::{Journal, Journals, Options, Report, Rotation, Step, Strategy};

use crate::account::connect::{Session, with_client};
use crate::account::credential::Source;
use crate::account::settings::Settings;
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::moment::{age, duration};
use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::{output, say};
use crate::verbs::batch::{Batch, together};
use crate::verbs::bulk::MatchArgs;
use crate::verbs::deliver::{Named, PlaceArgs, Places, failure};
use crate::verbs::names_one;
use crate::verbs::plan::{Plan, Words};
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::rotate::report::{print_plan, row, sentence, status, strategy_name};
use crate::verbs::rotate::selection::{find, has_come, is_due, waiting, waiting_journal};
use crate::verbs::targets::Item;

/// Of `--now` and an overlap of zero.
pub(crate) const AT_ONCE: Words = Words {
    verb: "Rotate",
    doing: "rotating",
    done: "rotated",
    unchanged: "were rotated before",
    warning: Some(["Its old secret stops working at once.", "Their old secrets stop working at once."]),
    lasting: Some("old secrets can't be restored"),
};

/// With an overlap.
const IN_TIME: Words =
    Words { warning: None, lasting: Some("old secrets end after the overlap, and can't be restored"), ..AT_ONCE };

const LONG_ABOUT: &str = "\
Give tokens new secrets, deliver them, check that what was delivered works, then let the old secrets expire.

Each step is in a journal, which has no secrets, before it is taken. If the command is stopped, at any moment, run it again: it \
goes on, and the old secret works until the new one is delivered.

--strategy reset gives the token a new secret; the old one works for the --overlap. --strategy replace creates a token with the \
same name, description, permissions, kind, API version and lifetime, and makes the old one expire after the overlap. Where it can't \
be made to, the same command, run again after the overlap, deletes it. If the response to a reset is lost, or the API does not \
reset tokens any more, the token is replaced.

To run the same command again is always safe: within the overlap it reports what is done.

The new secret can go to several places at once. If the credential in use is rotated, its own file is one of them.";

const EXAMPLES: &str = "\
Examples:
  ldtokens rotate 'Nightly export' --secret-to /etc/export/ld.secret
  ldtokens rotate 'Nightly export' --env-file .env:LD_ACCESS_TOKEN --overlap 7d
  ldtokens rotate CI --strategy replace --secret-to-command 'gh secret set LD_ACCESS_TOKEN'
  ldtokens rotate --all-matching name~export --older-than 60d --secret-to '/etc/ld/{name}.secret' --yes
  ldtokens rotate LEAKED --now --secret-to ld.secret
  ldtokens rotate --file rotations.yaml
  ldtokens rotate --status --file rotations.yaml
  ldtokens rotate --finish";

/// Give tokens new secrets, deliver them, then let the old secrets expire
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("which").args(["tokens", "all_matching", "finish", "file", "status"]).multiple(true).required(true))]
pub(crate) struct RotateArgs {
    /// Token IDs or names; - reads them from standard input
    #[arg(value_name = "ID|NAME", num_args(1..), conflicts_with = "all_matching")]
    tokens: Vec<String>,

    #[command(flatten)]
    matching: MatchArgs,

    /// Only tokens last rotated (or created) at least this long ago, e.g. 60d
    #[arg(long, value_name = "DURATION", value_parser = age)]
    older_than: Option<Duration>,

    /// Only delete replaced tokens whose overlap has ended
    #[arg(long, conflicts_with_all = ["tokens", "all_matching", "older_than", "fail_if_none"])]
    finish: bool,

    /// Rotate the due tokens of a YAML file, which `ldtokens schema rotations` describes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all =
            ["tokens", "all_matching", "fail_if_none", "finish", "older_than", "strategy", "overlap", "lifetime", "now"])]
    file: Option<PathBuf>,

    /// Show which rotations are in their overlap or unfinished, and with --older-than or --file which tokens are due
    #[arg(long, conflicts_with_all = ["finish", "strategy", "overlap", "lifetime", "now", "again", "mark_time"])]
    status: bool,

    /// reset: new secret, same token. replace: an identical new token [default: reset]
    #[arg(long, value_name = "STRATEGY", value_parser = strategy())]
    strategy: Option<Strategy>,

    /// How long the old secret keeps working; 0s is --now [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = age)]
    overlap: Option<Duration>,

    /// How long replacements work, e.g. 90d [default: as long as their predecessors]
    #[arg(long, value_name = "DURATION", value_parser = age)]
    lifetime: Option<Duration>,

    /// End the old secret at once, e.g. after a leak
    #[arg(long, conflicts_with = "overlap")]
    now: bool,

    /// Rotate again during the overlap of an earlier rotation, or continue with other destinations
    #[arg(long)]
    again: bool,

    /// Note the time of a reset in the token's description, for --older-than on other machines
    #[arg(long)]
    mark_time: bool,

    /// Where to keep the journals [env: LDTOKENS_STATE; default: your state folder]
    #[arg(long, value_name = "FOLDER")]
    state_folder: Option<PathBuf>,

    /// Wait this long after a lost response before the request is repeated
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20s", hide_short_help = true)]
    settle: Duration,

    #[command(flatten)]
    confirm: ConfirmArgs,

    #[command(flatten)]
    places: PlaceArgs,
}

/// Parses the name of a strategy.
fn strategy() -> impl TypedValueParser<Value = Strategy> {
    let names = [Strategy::Reset, Strategy::Replace].map(strategy_name);
    PossibleValuesParser::new(names).map(|name| if name == "replace" { Strategy::Replace } else { Strategy::Reset })
}

/// A token to be rotated, and how.
pub(crate) struct Task {
    pub(crate) item: Item,
    pub(crate) places: Rc<Places>,
    pub(crate) options: Options,
    /// When it is due, if that was said.
    pub(crate) age: Option<Duration>,
}

impl Task {
    /// What to do about a token that was replaced, and whose old one only has to end: the replacement, and whether that is due to be
    /// rotated in its turn.
    pub(crate) fn next(&self, session: &Session, known: &[Journal]) -> Option<(TokenId, bool)> {
        let journal = waiting_journal(known, &self.item.target.id)?;
        let now = UnixMillis::from(session.client.server_time());
        let due = journal.rotated_at.zip(self.age).map(|(rotated, age)| rotated.saturating_add(age));
        let id = journal.new_token_id().filter(|_| journal.overlap_end(now).is_none())?;
        Some((id.clone(), due.is_some_and(|due| has_come(due, now))))
    }

    /// The rotation of the token, or of its replacement.
    fn rotation(&self, session: &Session, caller: &CallerIdentity, id: &TokenId) -> Result<Rotation<'static>, Failure> {
        let named = Named { id: Some(id), name: self.item.target.name.as_deref() };
        let (destinations, options) = (self.places.of(named)?, self.options.clone());
        let rotation = Rotation::new(&session.client, id.clone(), destinations, options).caller(caller.clone());
        Ok(match &self.item.before {
            Some(token) if token.id == *id => rotation.known(token.clone()),
            _ => rotation,
        })
    }
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &RotateArgs) -> Result<(), Failure> {
    let format = global.format()?;
    if matches!(format, Format::Csv | Format::Value) {
        return Err(Failure::usage("`ldtokens rotate` supports --output table, json, ndjson and yaml"));
    }
    let settings = Settings::read(global)?;
    let journals = Journals::new(settings.state_folder(arguments.state_folder.as_deref(), "rotations")?);
    let file = arguments.file.as_deref().map(RotationsFile::read).transpose()?;
    let places = Places::read(global, &arguments.places)?;
    if !places.is_empty() && (file.is_some() || arguments.status) {
        return Err(Failure::usage(
            "--file says where new secrets go, and --status delivers none: give no destination",
        ));
    }
    if arguments.status {
        return status(global, arguments, &journals, file.as_ref(), format).await;
    }
    if places.print.is_some() {
        return Err(Failure::usage("--secret-to: what is printed can't be read back; give a file or a command"));
    }
    if arguments.lifetime.is_some() && arguments.strategy != Some(Strategy::Replace) {
        return Err(Failure::usage(
            "--lifetime needs --strategy replace: a reset does not change when a token expires",
        ));
    }
    let source = settings.credential.map(|source| source.value);
    with_client(global, DryRun::Changes, async |session| {
        let caller = session.interrupt.unless(session.client.whoami()).await??;
        session.note_own_token(&caller);
        let (known, unusable) = journals.all().map_err(|error| failure(error, None))?;
        let mut failures: Vec<Failure> = unusable.into_iter().map(|error| failure(error, None)).collect();
        if !arguments.finish {
            // A token whose journal it is has an error of its own.
            failures.drain(..).for_each(|failure| say::warning(&failure.to_string()));
        }
        let options = options(arguments);
        let mut is_said = arguments.finish;
        let mut tasks = match &file {
            Some(file) => {
                let with_own = |mut described: Places| {
                    described.creates = places.creates;
                    described.with_own(&caller, source.as_ref())
                };
                let (tasks, missing) = file.tasks(global, session, &known, &options, with_own).await?;
                failures.extend(missing);
                tasks
            }
            None => {
                let items = match arguments.finish {
                    true => waiting(&known, &caller),
                    false => {
                        let reads_each = arguments.older_than.is_some() || places.needs_name();
                        let found = find(arguments, session, &known, reads_each).await?;
                        is_said = found.is_none();
                        found.unwrap_or_default()
                    }
                };
                let places = Rc::new(places.with_own(&caller, source.as_ref()));
                let age = arguments.older_than;
                let task = |item| Task { item, places: places.clone(), options: options.clone(), age };
                items.into_iter().map(task).collect()
            }
        };
        tasks.retain(|task| task.age.is_none_or(|age| is_due(session, &task.item, &known, age)));
        if tasks.is_empty() && !is_said {
            say::result("no token needs to be rotated");
        }
        if file.is_none() {
            let is_rotated = |task: &&Task| waiting_journal(&known, &task.item.target.id).is_none();
            check(tasks.iter().filter(is_rotated), &caller, source.as_ref())?;
        } else {
            // As with a token that can't be found, the others are rotated.
            tasks.retain(|task| {
                let unusable = task.places.of((&task.item.target).into()).err();
                failures.extend(unusable.clone().map(|failure| failure.within(&task.item.target)));
                unusable.is_none()
            });
        }
        let is_some_done = !tasks.is_empty();
        let rotated = if session.is_dry_run {
            dry_run(session, &journals, &tasks, &known, &caller, format).await
        } else {
            let is_ending = |task: &Task| task.options.overlap == Some(Duration::ZERO);
            let is_named = names_one(&arguments.tokens);
            // What a file lists is agreed to, as is one token that is named. What matches has to be looked at.
            let is_agreed = is_named || file.is_some() || arguments.finish;
            let asked = tasks.iter().filter(|task| !is_agreed || is_ending(task));
            let items = asked.map(|task| Item::new(task.item.target.clone(), None)).collect();
            let words = if tasks.iter().any(is_ending) { &AT_ONCE } else { &IN_TIME };
            Plan { words, items, notes: Vec::new() }.agree(session, arguments.confirm, is_named).await?;
            // `--finish` does not rotate replacements in their turn.
            let known = if arguments.finish { &[] } else { &known[..] };
            rotate(session, &journals, tasks, known, &caller, format).await
        };
        match rotated {
            Ok(()) => together(&failures, is_some_done),
            Err(failure) => Err(failure.with_failed(&failures)),
        }
    })
    .await
}

/// Prints what would be done, and makes the checks that the rotations begin with.
async fn dry_run(
    session: &Session,
    journals: &Journals,
    tasks: &[Task],
    known: &[Journal],
    caller: &CallerIdentity,
    format: Format,
) -> Result<(), Failure> {
    print_plan(session, format, tasks, known)?;
    let mut refused = Vec::new();
    for task in tasks {
        let next = task.next(session, known).filter(|(_, is_due)| *is_due);
        let id = next.map_or_else(|| task.item.target.id.clone(), |(id, _)| id);
        let checking = task.rotation(session, caller, &id)?.check(journals);
        if let Err(error) = session.interrupt.unless(checking).await? {
            refused.push(failure(error, Some(&id)).within(format!("{} would not be rotated", task.item.target)));
        }
    }
    together(&refused, refused.len() < tasks.len())
}

/// Carries out the tasks. If manifests are printed, standard output is only for them.
async fn rotate(
    session: &Session,
    journals: &Journals,
    tasks: Vec<Task>,
    known: &[Journal],
    caller: &CallerIdentity,
    format: Format,
) -> Result<(), Failure> {
    let is_aside = tasks.iter().any(|task| task.places.prints_manifests());
    let (items, rows) = (tasks.iter().map(|task| task.item.clone()).collect::<Vec<_>>(), RefCell::new(Vec::new()));
    let work = async |item: &Item| {
        let id = &item.target.id;
        let task = tasks.iter().find(|task| task.item.target.id == *id).expect("each item is of a task");
        let mut result = task.rotation(session, caller, id)?.run(journals).await;
        if let (Ok(ended), Some((new, is_due))) = (&mut result, task.next(session, known))
            && ended.step == Step::Retired
            && (is_due || !ended.is_held)
        {
            ended.notes.drain(..).for_each(|note| say::warning(&format!("{id}: {note}")));
            result = task.rotation(session, caller, &new)?.run(journals).await;
        }
        let result = result.map_err(|error| failure(error, Some(id)));
        rows.borrow_mut().push(row(&item.target, result.as_ref()));
        let report = result?;
        let is_new = report.is_new;
        Ok((report, is_new))
    };
    let is_told = format == Format::Table || is_aside;
    let show = |item: &Item, (report, _): (Report, bool)| {
        for note in &report.notes {
            say::warning(&format!("{}: {note}", item.target.id));
        }
        session.say_done(!is_told, &sentence(&report));
        Ok(())
    };
    let batch = Batch { session, words: &AT_ONCE, record: None, in_turn: false };
    let result = batch.run(&items, work, show).await;
    match format {
        Format::Table => {}
        _ if is_aside => say::json(&rows.into_inner().into()),
        _ => output::value(format, &rows.into_inner())?,
    }
    result
}

/// Refuses destinations that can't hold the secrets of the tokens to be rotated, before anything is changed. They are the same for all.
fn check<'a>(
    mut tasks: impl Iterator<Item = &'a Task> + Clone,
    caller: &CallerIdentity,
    source: Option<&Source>,
) -> Result<(), Failure> {
    let Some(Task { places, .. }) = tasks.clone().next() else { return Ok(()) };
    places.check(tasks.clone().map(|task| (&task.item.target).into()))?;
    let has_none = |task: &&Task| places.is_empty() && !places.has_own(&task.item.target.id);
    let Some(Task { item, .. }) = tasks.find(has_none) else { return Ok(()) };
    let hint = match source {
        Some(source) if caller.token_id.as_ref() == Some(&item.target.id) => {
            format!(", so that {source} gives it next time")
        }
        _ => String::new(),
    };
    Err(Failure::usage(format!(
        "say where the new secret goes{hint}: --secret-to FILE, --env-file FILE:VARIABLE, --secret-to-command COMMAND, or \
         others in `ldtokens rotate --help`"
    )))
}

fn options(arguments: &RotateArgs) -> Options {
    Options {
        strategy: arguments.strategy,
        overlap: arguments.overlap.or(arguments.now.then_some(Duration::ZERO)),
        lifetime: arguments.lifetime,
        forced: arguments.again,
        overwrites: arguments.places.secret.overwrite,
        write_lag: arguments.settle,
        notes_time: arguments.mark_time,
        ..Options::default()
    }
}

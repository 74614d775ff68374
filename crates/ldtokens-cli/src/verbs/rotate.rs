//! `ldtokens rotate`: delivers and verifies new secrets before the old ones end.

pub(crate) mod file;
mod report;
mod selection;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, ValueHint};
use ldtokens::{CallerIdentity, DryRun, TokenId};
use ldtokens_lifecycle::{Journal, Journals, Options, Report, Rotation, Step, Strategy};

use crate::account::{Session, Settings, Source, with_client};
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::moment::{age, duration};
use crate::terminal::{Failure, Format, output, say};
use crate::verbs::batch::{Batch, together};
use crate::verbs::bulk::MatchArgs;
use crate::verbs::deliver::{PlaceArgs, Places, failure};
use crate::verbs::names_one;
use crate::verbs::plan::{Plan, Words};
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::rotate::report::{row, sentence};
use crate::verbs::targets::{Item, Target};

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
    #[arg(long, value_name = "STRATEGY", value_parser = PossibleValuesParser::new(["reset", "replace"])
        .map(|name| if name == "replace" { Strategy::Replace } else { Strategy::Reset }))]
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
    write_lag: Duration,

    #[command(flatten)]
    confirm: ConfirmArgs,

    #[command(flatten)]
    places: PlaceArgs,
}

/// A token to be rotated, and how.
pub(crate) struct Task {
    item: Item,
    places: Places,
    options: Options,
    /// When it is due, if that was said.
    age: Option<Duration>,
}

/// What there is at the start: the rotations that were begun, and who begins others.
pub(crate) struct Rotations<'a> {
    session: &'a Session,
    journals: Journals,
    known: Vec<Journal>,
    caller: CallerIdentity,
    /// The credential in use.
    source: Option<Source>,
    /// Whether replaced tokens are deleted, and nothing else is done.
    is_finish: bool,
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &RotateArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let settings = Settings::read(global)?;
    let journals = Journals::new(settings.state_folder(arguments.state_folder.as_deref(), "rotations")?);
    let file = arguments.file.as_deref().map(RotationsFile::read).transpose()?;
    let places = Places::read(global, &arguments.places)?;
    for (is_refused, why) in [
        (
            !places.is_empty() && (file.is_some() || arguments.status),
            "--file says where new secrets go, and --status delivers none: give no destination",
        ),
        (places.print.is_some(), "--secret-to: what is printed can't be read back; give a file or a command"),
        (
            arguments.lifetime.is_some() && arguments.strategy != Some(Strategy::Replace),
            "--lifetime needs --strategy replace: a reset does not change when a token expires",
        ),
    ] {
        if is_refused {
            return Err(Failure::usage(why));
        }
    }
    let held_back = if arguments.status { DryRun::Everything } else { DryRun::Changes };
    let source = settings.credential.map(|source| source.value);
    with_client(global, held_back, async |session| {
        let caller = session.interrupt.unless(session.client.whoami()).await??;
        session.note_own_token(&caller);
        let (known, unusable) = journals.all().map_err(|error| failure(error, None))?;
        let mut failures: Vec<Failure> = unusable.into_iter().map(|error| failure(error, None)).collect();
        if !arguments.finish && !arguments.status {
            // A token whose journal it is has an error of its own.
            failures.drain(..).for_each(|failure| say::warning(&failure.to_string()));
        }
        let is_finish = arguments.finish;
        let mut rotations = Rotations { session, journals, known, caller, source, is_finish };
        if arguments.status {
            let known = std::mem::take(&mut rotations.known);
            rotations.known = known.into_iter().filter(|journal| !rotations.is_others(journal)).collect();
        }
        let is_of_all = file.is_some() || arguments.tokens.is_empty() && arguments.matching.is_empty();
        let (mut tasks, missing) = match &file {
            Some(file) => file.tasks(&rotations, &options(arguments), &places).await?,
            None if arguments.status && is_of_all => Default::default(),
            None => (rotations.tasks(arguments, places).await?, Vec::new()),
        };
        failures.extend(missing);
        if arguments.status {
            return rotations.status(tasks, &failures, is_of_all, format).await;
        }
        let found = tasks.len();
        tasks.retain(|task| rotations.is_due(task));
        if tasks.is_empty() && found > 0 {
            say::result("no token needs to be rotated");
        }
        tasks.iter().try_for_each(|task| task.places.refuse_discarded(global))?;
        if file.is_some() {
            // As with a token that can't be found, the others are rotated.
            tasks.retain(|task| {
                let failure = task.places.of(&task.item.target).err().map(|failure| failure.within(&task.item.target));
                failures.extend(failure.clone());
                failure.is_none()
            });
        } else {
            rotations.check(&tasks)?;
        }
        if session.is_dry_run {
            return rotations.dry_run(&tasks, failures, format).await;
        }
        let is_ending = |task: &Task| task.options.overlap == Some(Duration::ZERO);
        let is_named = names_one(&arguments.tokens);
        // What a file lists is agreed to, as is one token that is named. What matches has to be looked at.
        let is_agreed = is_named || file.is_some() || arguments.finish;
        let asked = tasks.iter().filter(|task| !is_agreed || is_ending(task));
        let items = asked.map(|task| Item::new(task.item.target.clone(), None)).collect();
        let words = if tasks.iter().any(is_ending) { &AT_ONCE } else { &IN_TIME };
        Plan { words, items, notes: Vec::new() }.agree(session, arguments.confirm, is_named).await?;
        let rotated = rotations.rotate(&tasks, format).await;
        let is_some_done = rotated.is_ok() && !tasks.is_empty();
        failures.extend(rotated.err());
        together(&failures, is_some_done)
    })
    .await
}

impl Rotations<'_> {
    /// Whether it is known that the journal is another account's.
    fn is_others(&self, journal: &Journal) -> bool {
        journal.account_id.as_ref().zip(self.caller.account_id.as_ref()).is_some_and(|(account, own)| account != own)
    }

    /// The tokens that the arguments select, all in the same way.
    async fn tasks(&self, arguments: &RotateArgs, places: Places) -> Result<Vec<Task>, Failure> {
        let reads_each = arguments.status || arguments.older_than.is_some() || places.needs_name();
        let items = self.selected(arguments, reads_each).await?;
        let (places, options, age) = (self.with_own(places), options(arguments), arguments.older_than);
        let task = |item| Task { item, places: places.clone(), options: options.clone(), age };
        Ok(items.into_iter().map(task).collect())
    }

    /// The same places, and the file of the credential in use.
    fn with_own(&self, mut places: Places) -> Places {
        if let (Some(Source::File(path)), Some(id)) = (&self.source, &self.caller.token_id) {
            places.own = Some((id.clone(), path.clone()));
        }
        places
    }

    /// Refuses destinations that can't hold the secrets of the tokens to be rotated, before anything is changed. They are the same for
    /// all.
    fn check(&self, tasks: &[Task]) -> Result<(), Failure> {
        let Some(Task { places, .. }) = tasks.first() else { return Ok(()) };
        let targets = tasks.iter().map(|task| &task.item.target);
        let mut targets = targets.filter(|target| self.waiting(&target.id).is_none());
        places.check(targets.clone())?;
        let has_own = |target: &Target| places.own.as_ref().is_some_and(|(own, _)| *own == target.id);
        let needs_place = |target: &&Target| places.is_empty() && !has_own(target);
        let Some(target) = targets.find(needs_place) else { return Ok(()) };
        let hint = match &self.source {
            Some(source) if self.caller.token_id.as_ref() == Some(&target.id) => {
                format!(", so that {source} gives it next time")
            }
            _ => String::new(),
        };
        Err(Failure::usage(format!(
            "say where the new secret goes{hint}: --secret-to FILE, --env-file FILE:VARIABLE, --secret-to-command COMMAND, \
             or others in `ldtokens rotate --help`"
        )))
    }

    /// The rotation of the task's token, or of its replacement.
    fn rotation(&self, task: &Task, id: &TokenId) -> Result<Rotation<'static>, Failure> {
        let (target, options) = (&task.item.target, task.options.clone());
        let destinations = task.places.destinations(Some(id), target.name.as_deref())?;
        let rotation =
            Rotation::new(&self.session.client, id.clone(), destinations, options).caller(self.caller.clone());
        Ok(match &task.item.before {
            Some(token) if token.id == *id => rotation.known(token.clone()),
            _ => rotation,
        })
    }

    /// Prints what would be done, and makes the checks that the rotations begin with.
    async fn dry_run(&self, tasks: &[Task], mut failures: Vec<Failure>, format: Format) -> Result<(), Failure> {
        self.print_plan(tasks, format)?;
        let missing = failures.len();
        for task in tasks {
            let target = &task.item.target;
            let next = self.next(task).filter(|(_, is_due)| *is_due);
            let id = next.map_or(&target.id, |(id, _)| id);
            let checking = self.rotation(task, id)?.check(&self.journals);
            if let Err(error) = self.session.interrupt.unless(checking).await? {
                failures.push(failure(error, Some(id)).within(format!("{target} would not be rotated")));
            }
        }
        together(&failures, failures.len() - missing < tasks.len())
    }

    /// Carries out the tasks. If manifests are printed, standard output is only for them.
    async fn rotate(&self, tasks: &[Task], format: Format) -> Result<(), Failure> {
        let session = self.session;
        let is_aside = tasks.iter().any(|task| task.places.prints_manifests());
        let (items, rows) = (tasks.iter().map(|task| task.item.clone()).collect::<Vec<_>>(), RefCell::new(Vec::new()));
        let work = async |item: &Item| {
            let id = &item.target.id;
            let task = tasks.iter().find(|task| task.item.target.id == *id).expect("each item is of a task");
            let mut result = self.rotation(task, id)?.run(&self.journals).await;
            if let (Ok(ended), Some((new, is_due))) = (&mut result, self.next(task))
                && ended.journal.step == Step::Retired
                && (is_due || !ended.is_held)
            {
                ended.notes.drain(..).for_each(|note| say::warning(&format!("{id}: {note}")));
                result = self.rotation(task, new)?.run(&self.journals).await;
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
        let printed = match format {
            Format::Table => Ok(()),
            _ if is_aside => {
                say::json(&rows.into_inner().into());
                Ok(())
            }
            _ => output::value(format, &rows.into_inner()),
        };
        result.and(printed)
    }
}

fn options(arguments: &RotateArgs) -> Options {
    Options {
        strategy: arguments.strategy,
        overlap: arguments.overlap.or(arguments.now.then_some(Duration::ZERO)),
        lifetime: arguments.lifetime,
        forced: arguments.again,
        overwrites: arguments.places.secret.overwrite,
        write_lag: arguments.write_lag,
        notes_time: arguments.mark_time,
        ..Options::default()
    }
}

//! `ldtokens rotate`: delivers and verifies new secrets before the old ones end.

pub(crate) mod file;
pub(crate) mod result;
mod selection;
mod status;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, ValueHint};
use ldtokens::{CallerIdentity, DryRun};
use ldtokens_lifecycle::{Destination, Journal, Journals, Options, Rotation, Step, Strategy, rotate_all};
use tokio::sync::watch;

use crate::account::connect::{Session, with_client};
use crate::account::credential::Source;
use crate::account::settings::Settings;
use crate::arguments::{ConfirmArgs, GlobalArgs, some_path};
use crate::moment::{age, duration};
use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::progress;
use crate::verbs::deliver::{PlaceArgs, Places};
use crate::verbs::filter::Filter;
use crate::verbs::plan::confirm;
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::rotate::result::Results;
use crate::verbs::rotate::selection::{Selected, select, waiting};

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
  ldtokens rotate --all-matching name~export --older-than 60d --secret-to '/etc/ld/{name}.secret'
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
    #[arg(value_name = "ID|NAME", num_args(1..))]
    tokens: Vec<String>,

    /// Rotate all tokens that match, e.g. name~export. If repeated, all must match
    #[arg(long, value_name = "CONDITION", value_parser = Filter::new, conflicts_with = "tokens")]
    all_matching: Vec<Filter>,

    /// Only tokens last rotated (or created) at least this long ago, e.g. 60d
    #[arg(long, value_name = "DURATION", value_parser = age)]
    older_than: Option<Duration>,

    /// Only delete replaced tokens whose overlap has ended
    #[arg(long, conflicts_with_all = ["tokens", "all_matching", "older_than"])]
    finish: bool,

    /// Rotate the tokens of a YAML file that are due. It says how, and where their secrets go; `ldtokens schema rotations`
    #[arg(long, value_name = "FILE", value_parser = some_path(), value_hint = ValueHint::FilePath,
        conflicts_with_all = ["tokens", "all_matching", "finish", "older_than", "strategy", "overlap", "lifetime", "now"])]
    file: Option<PathBuf>,

    /// Show which rotations are in their overlap or unfinished, and with --older-than or --file which tokens are due
    #[arg(long, conflicts_with_all = ["finish", "strategy", "overlap", "lifetime", "now", "again", "mark_time"])]
    status: bool,

    /// reset: new secret, same token. replace: an identical new token [default: reset]
    #[arg(long, value_name = "STRATEGY", value_parser = strategy())]
    strategy: Option<Strategy>,

    /// How long the old secret keeps working [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    overlap: Option<Duration>,

    /// How long replacements work, e.g. 90d [default: as long as their predecessors]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lifetime: Option<Duration>,

    /// End the old secret at once, e.g. after a leak
    #[arg(long, conflicts_with = "overlap")]
    now: bool,

    /// Rotate although an earlier rotation is not over, e.g. within its overlap, or to other destinations
    #[arg(long)]
    again: bool,

    /// Note the time of a reset in the token's description, for --older-than on other machines
    #[arg(long)]
    mark_time: bool,

    /// Where to keep the journals [env: LDTOKENS_STATE; default: your state folder]
    #[arg(long, value_name = "FOLDER")]
    state_folder: Option<PathBuf>,

    /// How long a request whose response is lost may still be carried out; until then it is not repeated
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20s", hide_short_help = true)]
    settle: Duration,

    #[command(flatten)]
    confirm: ConfirmArgs,

    #[command(flatten)]
    places: PlaceArgs,
}

/// A strategy, as `--strategy` and reports name it.
pub(crate) fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Reset => "reset",
        Strategy::Replace => "replace",
    }
}

/// Parses the name of a strategy.
fn strategy() -> impl TypedValueParser<Value = Strategy> {
    let names = [Strategy::Reset, Strategy::Replace].map(strategy_name);
    PossibleValuesParser::new(names).map(|name| if name == "replace" { Strategy::Replace } else { Strategy::Reset })
}

/// A token to be rotated, and how.
pub(crate) struct Task {
    pub(crate) selected: Selected,
    pub(crate) destinations: Vec<Box<dyn Destination>>,
    pub(crate) strategy: Strategy,
    options: Options,
}

impl Task {
    fn new(selected: Selected, places: &Places, options: Options, strategy: Option<Strategy>) -> Result<Self, Failure> {
        let destinations = places.of(selected.named()).map_err(Failure::usage)?;
        Ok(Self { selected, destinations, strategy: strategy.unwrap_or(Strategy::Reset), options })
    }
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &RotateArgs) -> Result<(), Failure> {
    let format = result::format(global)?;
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
        return status::run(global, arguments, &journals, file.as_ref(), format).await;
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
        if let Some(file) = &file {
            let known = journals.all().map_err(|error| result::failure(error, None))?;
            let options = options(arguments);
            let (tasks, missing) = file
                .tasks(global, session, &known, &options, |places| places.with_own(&caller, source.as_ref()))
                .await?;
            let is_some_done = !tasks.is_empty();
            let rotated = match session.is_dry_run {
                true => result::print_plan(format, &tasks),
                false => rotate(session, &journals, tasks, file.prints_manifests(), &caller, format).await,
            };
            return file::with_missing(session, rotated, &missing, is_some_done);
        }
        let selected = match arguments.finish {
            true => waiting(session, &journals, &caller)?,
            false => select(arguments, session, &journals, places.needs_name()).await?,
        };
        let places = places.with_own(&caller, source.as_ref());
        check(&places, &selected, &caller, source.as_ref())?;
        let targets = selection::targets(&selected);
        let tasks = selected.into_iter();
        let tasks = tasks.map(|selected| Task::new(selected, &places, options(arguments), arguments.strategy));
        let tasks: Vec<Task> = tasks.collect::<Result<_, _>>()?;
        if session.is_dry_run {
            return result::print_plan(format, &tasks);
        }
        if arguments.now {
            confirm(arguments.confirm, session, &targets, async || {
                Ok(format!("Rotate {}? The old secrets stop working at once.", selection::named(&targets)))
            })
            .await?;
        }
        rotate(session, &journals, tasks, places.prints_manifests(), &caller, format).await
    })
    .await
}

/// Refuses destinations that can't hold the secrets of the `selected` tokens, before anything is changed.
fn check(
    places: &Places,
    selected: &[Selected],
    caller: &CallerIdentity,
    source: Option<&Source>,
) -> Result<(), Failure> {
    let rotated = selected.iter().filter(|selected| !selected.is_waiting);
    let without = rotated.clone().find(|selected| places.is_empty() && !places.has_own(&selected.id));
    if let Some(Selected { id, .. }) = without {
        let hint = match source {
            Some(source) if caller.token_id.as_ref() == Some(id) => format!(", so that {source} gives it next time"),
            _ => String::new(),
        };
        return Err(Failure::usage(format!(
            "say where the new secret goes{hint}: --secret-to FILE, --env-file FILE:VARIABLE, --secret-to-command \
             COMMAND, or others in `ldtokens rotate --help`"
        )));
    }
    places.check(rotated.map(Selected::named))
}

/// The tokens that have a secret which exists only in this process.
type AtStake = watch::Sender<BTreeSet<String>>;

/// Carries out the tasks. With `is_silent`, standard output is only for secrets.
async fn rotate(
    session: &Session,
    journals: &Journals,
    tasks: Vec<Task>,
    is_silent: bool,
    caller: &CallerIdentity,
    format: Format,
) -> Result<(), Failure> {
    let total = tasks.len();
    let names = tasks.iter().map(|task| (task.selected.id.clone(), task.selected.name.clone())).collect();
    let mut results = Results::new(format, is_silent, names);
    progress::show(&format!("rotating {total} tokens"));
    let at_stake = AtStake::default();
    let note = |journal: &Journal| {
        let is_at_stake = journal.attempts > 0 && journal.step < Step::Verified;
        at_stake.send_if_modified(|ids| match is_at_stake {
            true => ids.insert(journal.token_id.clone()),
            false => ids.remove(&journal.token_id),
        });
    };
    let mut rotations = Vec::with_capacity(total);
    for Task { selected, destinations, options, .. } in tasks {
        let rotation = Rotation::new(&session.client, selected.id, destinations, options);
        let rotation = rotation.caller(caller.clone()).on_step(note);
        rotations.push(match selected.token {
            Some(token) => rotation.known(*token),
            None => rotation,
        });
    }
    let at_once = session.client.concurrency();
    let work = rotate_all(rotations, journals, at_once, |id, result| {
        progress::clear();
        at_stake.send_if_modified(|ids| ids.remove(id.as_str()));
        let goes_on = results.add(session, id, result);
        progress::show(&format!("rotated {} of {total}", results.count()));
        if goes_on && !session.interrupt.is_wanted() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    // Between its response and its delivery a secret exists only in this process, so rotations that requested one finish.
    let interrupted = async {
        let _ = session.interrupt.unless(std::future::pending::<()>()).await;
        if !at_stake.borrow().is_empty() {
            session.note(
                "finishing rotations in progress; press Ctrl-C again to stop at once, and run the command again later",
            );
        }
        let _ = at_stake.subscribe().wait_for(BTreeSet::is_empty).await;
    };
    tokio::select! {
        () = work => {}
        () = interrupted => {}
    }
    progress::clear();
    results.end(session)
}

fn options(arguments: &RotateArgs) -> Options {
    let mut options = Options::default().settle(arguments.settle);
    if let Some(strategy) = arguments.strategy {
        options = options.strategy(strategy);
    }
    if let Some(overlap) = arguments.overlap.or(arguments.now.then_some(Duration::ZERO)) {
        options = options.overlap(overlap);
    }
    if let Some(lifetime) = arguments.lifetime {
        options = options.lifetime(lifetime);
    }
    if arguments.again {
        options = options.again();
    }
    if arguments.places.secret.overwrite {
        options = options.overwrite();
    }
    if arguments.mark_time {
        options = options.mark_time();
    }
    options
}

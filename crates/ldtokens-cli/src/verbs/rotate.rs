//! `ldtokens rotate`: delivers and verifies new secrets before the old ones end.

mod places;
mod result;
mod selection;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use ldtokens::{CallerIdentity, DryRun, TokenId};
use ldtokens_lifecycle::{Journals, Options, Rotation, Strategy, rotate_all};

use crate::account::connect::{Session, with_client};
use crate::account::settings::Settings;
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::files::state;
use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::progress;
use crate::verbs::ask::confirm;
use crate::verbs::filter::Filter;
use crate::verbs::moment::{age, duration};
use crate::verbs::rotate::places::{PlaceArgs, Places};
use crate::verbs::rotate::result::Results;
use crate::verbs::rotate::selection::{Selected, select, waiting};

const LONG_ABOUT: &str = "\
Give tokens new secrets, deliver them, check that what was delivered works, and then let the old ones end.

Each step is in a journal, which has no secrets, before it is taken. If the command is stopped, at any moment, run it again: it \
goes on, and the old secret works until the new one is delivered.

--strategy reset gives the token a new secret; the old one works for the --overlap. --strategy replace creates a token with the \
same name, description, permissions, kind and API version, and the same command, run again after the overlap, deletes the old \
one. If the response to a reset is lost, the token is replaced.

The new secret can go to several places at once. If the credential in use is rotated, its own file is one of them.";

const EXAMPLES: &str = "\
Examples:
  ldtokens rotate 'Nightly export' --secret-to /etc/export/ld.secret
  ldtokens rotate 'Nightly export' --env-file .env:LD_ACCESS_TOKEN --overlap 7d
  ldtokens rotate CI --strategy replace --secret-to-command 'gh secret set LD_ACCESS_TOKEN'
  ldtokens rotate --all-matching name~export --older-than 60d --secret-to '/etc/ld/{name}.secret'
  ldtokens rotate LEAKED --now --secret-to ld.secret
  ldtokens rotate --finish";

/// Give tokens new secrets, deliver them, and let the old ones end
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("which").args(["tokens", "all_matching", "finish"]).required(true))]
pub(crate) struct RotateArgs {
    /// Token IDs or names; - reads them from standard input
    #[arg(value_name = "ID|NAME", num_args(1..))]
    tokens: Vec<String>,

    /// Rotate all tokens that match, e.g. name~export. If repeated, all must match
    #[arg(long, value_name = "CONDITION", value_parser = Filter::new, conflicts_with = "tokens")]
    all_matching: Vec<Filter>,

    /// Skip tokens that were rotated, or else created, less long ago than this, e.g. 60d
    #[arg(long, value_name = "DURATION", value_parser = age)]
    older_than: Option<Duration>,

    /// Only delete replaced tokens whose overlap has ended
    #[arg(long, conflicts_with_all = ["tokens", "all_matching", "older_than"])]
    finish: bool,

    /// Reset the tokens, or replace each by one like it
    #[arg(long, value_name = "STRATEGY", value_parser = strategy(), default_value = "reset")]
    strategy: Strategy,

    /// How long the old secret keeps working
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "24h")]
    overlap: Duration,

    /// End the old secret at once, e.g. after a leak
    #[arg(long, conflicts_with = "overlap")]
    now: bool,

    /// Also reset within an earlier overlap, and overwrite files that hold another secret
    #[arg(long)]
    force: bool,

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

pub(crate) async fn run(global: &GlobalArgs, arguments: &RotateArgs) -> Result<(), Failure> {
    let format = result::format(global)?;
    let settings = Settings::read(global)?;
    let folder = state::folder(arguments.state_folder.as_deref(), &settings, "rotations")?;
    let journals = Journals::open(folder).map_err(|error| result::failure(error, None))?;
    let source = settings.credential.map(|source| source.value);
    with_client(global, DryRun::Changes, async |session| {
        let caller = session.interrupt.unless(session.client.whoami()).await??;
        session.note_own_token(&caller);
        let selected = match arguments.finish {
            true => waiting(&journals)?,
            false => select(arguments, session, &journals).await?,
        };
        let places = Places::read(&arguments.places, &caller, source.as_ref())?;
        if !arguments.finish {
            places.check(&selected, &caller, source.as_ref())?;
        }
        if session.is_dry_run {
            return result::print_plan(format, arguments.strategy, &selected, &places);
        }
        if arguments.now {
            let targets = selection::targets(&selected);
            confirm(arguments.confirm, session, &targets, async || {
                Ok(format!("Rotate {}? The old secrets stop working at once.", selection::named(&targets)))
            })
            .await?;
        }
        rotate(arguments, session, &journals, selected, &places, &caller, format).await
    })
    .await
}

async fn rotate(
    arguments: &RotateArgs,
    session: &Session,
    journals: &Journals,
    selected: Vec<Selected>,
    places: &Places,
    caller: &CallerIdentity,
    format: Format,
) -> Result<(), Failure> {
    let total = selected.len();
    let names: Vec<(TokenId, Option<String>)> =
        selected.iter().map(|selected| (selected.id.clone(), selected.name.clone())).collect();
    let mut results = Results::new(format, places.take_standard_output(), names);
    progress::show(&format!("rotating {total} tokens"));
    let options = options(arguments);
    let rotations = selected.into_iter().map(|selected| {
        let destinations = places.of(&selected);
        let rotation = Rotation::new(&session.client, selected.id, destinations, options.clone());
        let rotation = rotation.caller(caller.clone());
        match selected.token {
            Some(token) => rotation.known(*token),
            None => rotation,
        }
    });
    let at_once = session.client.concurrency();
    let work = rotate_all(rotations, journals, at_once, |id, result| {
        progress::clear();
        let goes_on = results.add(session, id, result);
        progress::show(&format!("rotated {} of {total}", results.count()));
        if goes_on && !session.interrupt.is_wanted() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    // Between its response and its delivery a secret exists only in this process, so rotations that were started finish.
    let interrupted = async {
        let _ = session.interrupt.unless(std::future::pending::<()>()).await;
        session.note(
            "finishing rotations in progress; press Ctrl-C again to stop at once, and run the command again later",
        );
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        () = interrupted => {}
    }
    progress::clear();
    results.end(session)
}

fn options(arguments: &RotateArgs) -> Options {
    let overlap = if arguments.now { Duration::ZERO } else { arguments.overlap };
    let mut options = Options::default().strategy(arguments.strategy).overlap(overlap).settle(arguments.settle);
    if arguments.force {
        options = options.force();
    }
    if arguments.mark_time {
        options = options.mark_time();
    }
    options
}

//! `ldtokens revoke`: finds the tokens of leaked secrets, and deletes or resets them.

mod report;
mod result;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use ldtokens::{DryRun, TokenId};
use ldtokens_lifecycle::{
    Destination, Finding, Journals, LeakedToken, Options, OtherKey, Outcome, Plan, Prepared, Remedy, Revocation,
    Revoked,
};

use crate::account::connect::{Session, with_client};
use crate::account::settings::Settings;
use crate::arguments::{ConfirmArgs, GlobalArgs, some_path};
use crate::terminal::failure::Failure;
use crate::terminal::output::format::Format;
use crate::terminal::output::write;
use crate::terminal::progress;
use crate::verbs::batch::common_kind;
use crate::verbs::deliver::{Named, PlaceArgs, Places, Print};
use crate::verbs::plan::confirm;
use crate::verbs::revoke::report::{Report, Row};
pub(crate) use crate::verbs::revoke::result::named;
use crate::verbs::revoke::result::{
    DEAD, NOT_A_SECRET, is_revoked, judged, notes, other_key, result, result_of, unproven, unproven_result,
};
use crate::verbs::secrets_given::{Given, several};
use crate::verbs::targets::{Target, enumerate};

/// The maximum number of tokens that a question names.
const NAMED: usize = 10;

/// Make leaked secrets useless: delete or reset their tokens
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct RevokeArgs {
    /// Read secrets from a file, one per line; - for standard input, which is the default. Can be repeated
    #[arg(long, value_name = "FILE", value_parser = some_path(), allow_hyphen_values = true)]
    secret_from: Vec<PathBuf>,

    /// Find secrets in a file of any kind, such as a log; - for standard input. Can be repeated
    #[arg(long, value_name = "FILE", value_parser = some_path(), allow_hyphen_values = true,
        long_help = "Find secrets in a file of any kind, such as a log, by their form: api- and a UUID. - is standard input. SDK \
            keys, mobile keys and Relay Proxy keys are named and left alone, since they are not access tokens. What is encoded as \
            base64 or with escapes, or compressed by gzip, is searched too; what can't be searched is named. Can be repeated.")]
    scan: Vec<PathBuf>,

    /// Rotate the tokens in place of deleting them, as by `ldtokens rotate --now`
    #[arg(long)]
    rotate: bool,

    /// Revoke this token also if a secret only has its last four characters, and does not say whose it is. Can be repeated
    #[arg(long, value_name = "ID")]
    id: Vec<TokenId>,

    #[command(flatten)]
    confirm: ConfirmArgs,

    #[command(flatten)]
    places: PlaceArgs,
}

const LONG_ABOUT: &str = "\
Make leaked secrets useless: delete their tokens, or with --rotate rotate them at once.

The secrets come from files or standard input, never from arguments. Each says by itself which token it belongs to. For one that does \
not, the tokens with its last four characters are shown, and nothing is done unless --id chooses one. What the credential may not \
do is tried with the leaked secret. A secret that does not work any more is reported as dead, which is a success. Several are done \
at a time, and the token of the credential in use comes last.

--dry-run prints what would be done.";

const EXAMPLES: &str = "\
Examples:
  ldtokens revoke --scan build.log
  git log -p --all | ldtokens revoke --scan - --yes
  ldtokens revoke --secret-from leaked.txt --rotate --secret-to '{id}.secret'";

pub(crate) async fn run(global: &GlobalArgs, arguments: RevokeArgs) -> Result<(), Failure> {
    let format = global.format()?;
    if format == Format::Value {
        return Err(Failure::usage("--output value is for tokens: use json or csv"));
    }
    let places = places(global, &arguments)?;
    let journals = match places {
        Some(_) => Some(Journals::new(Settings::read(global)?.state_folder(None, "rotations")?)),
        None => None,
    };
    let rotation = places.zip(journals);
    with_client(global, DryRun::Changes, async |session| {
        let given = several(&arguments.secret_from, &arguments.scan, session).await?;
        tell(session, &given);
        let ids = arguments.id.iter().cloned();
        progress::show(&format!("identifying {} secrets", given.secrets.len()));
        let planning = Revocation::new(&session.client, given.secrets.iter().cloned()).ids(ids).plan();
        let plan = session.interrupt.unless(planning).await??;
        progress::clear();
        if let Some((places, _)) = &rotation {
            let tokens = plan.tokens();
            places.check(tokens.iter().map(|token| named_token(token)))?;
        }
        if session.is_dry_run {
            show(&plan, &given.scan.other_keys, format, rotation.is_some())?;
            return given.all_searched();
        }
        let targets: Vec<Target> = plan.tokens().into_iter().map(target).collect();
        confirm(arguments.confirm, session, &targets, async || Ok(question(&plan, rotation.is_some()))).await?;
        let is_aside = rotation
            .as_ref()
            .is_some_and(|(places, _)| places.print == Some(Print::Alone) || places.prints_manifests());
        let report = Report::new(&plan, format, is_aside);
        carry_out(session, plan, &given.scan.other_keys, report, rotation).await?;
        given.all_searched()
    })
    .await
}

/// Where new secrets go, with `--rotate`.
fn places(global: &GlobalArgs, arguments: &RevokeArgs) -> Result<Option<Places>, Failure> {
    if arguments.rotate {
        return Places::for_people(global, &arguments.places, None).map(Some);
    }
    match Places::read(global, &arguments.places)?.is_empty() {
        false => Err(Failure::usage("--secret-to and the like need --rotate: a deleted token has no secret")),
        true => Ok(None),
    }
}

fn named_token(token: &LeakedToken) -> Named<'_> {
    Named { id: Some(&token.id), name: token.name.as_deref() }
}

/// Reports keys of other kinds, and that no secret was found.
fn tell(session: &Session, given: &Given) {
    for key in &given.scan.other_keys {
        session.warn(&format!(
            "{} that ends in {} was found: it is not an access token, and can only be reset where it was made, in \
             LaunchDarkly's settings",
            named(key.kind),
            key.last_four
        ));
    }
    if given.secrets.is_empty() {
        let searched = if given.unsearched.is_empty() { "" } else { " in what could be searched" };
        session.note(&format!("no secret was found{searched}: nothing to do"));
    }
}

pub(super) fn target(token: &LeakedToken) -> Target {
    Target { id: token.id.clone(), name: token.name.clone() }
}

fn question(plan: &Plan, is_rotated: bool) -> String {
    let tokens = plan.tokens();
    let mut names: Vec<String> = Vec::new();
    for token in tokens.iter().take(NAMED) {
        let by = if token.by_last_four { ", chosen by --id" } else { "" };
        names.push(format!("{}{by}", target(token)));
    }
    let which = enumerate(names, tokens.len());
    let verb = if is_rotated { "Rotate" } else { "Delete" };
    format!("{verb} {which}? Whatever uses the leaked secrets stops working at once.")
}

/// Prints the plan.
fn show(plan: &Plan, other_keys: &[OtherKey], format: Format, is_rotated: bool) -> Result<(), Failure> {
    let mut report = Report::new(plan, format, false);
    others(&mut report, other_keys)?;
    for leak in plan.leaks() {
        let (token, candidates) = match &leak.finding {
            Finding::Token(token) => (Some(token), &[][..]),
            Finding::Unproven { candidates, .. } => (None, &candidates[..]),
            _ => (None, &[][..]),
        };
        let (result, words) = match &leak.finding {
            Finding::Token(token) if is_rotated => ("would_be_rotated", format!("would be rotated{}", notes(token))),
            Finding::Token(token) => ("would_be_deleted", format!("would be deleted{}", notes(token))),
            Finding::Dead => ("dead", DEAD.to_owned()),
            Finding::Unproven { candidates, reason } => (unproven_result(candidates), unproven(candidates, reason)),
            Finding::NotASecret => ("not_a_secret", NOT_A_SECRET.to_owned()),
            Finding::OtherKey(kind) => (result_of(*kind), other_key(*kind)),
            Finding::Failed(error) => ("failed", error.to_string()),
            _ => ("failed", "not known".to_owned()),
        };
        let is_revoked = matches!(leak.finding, Finding::Dead);
        report.row(&Row { last_four: &leak.last_four, token, result, words, is_revoked, candidates })?;
    }
    report.end()
}

/// Prints the rows of keys that are not access tokens.
fn others(report: &mut Report, keys: &[OtherKey]) -> Result<(), Failure> {
    for key in keys {
        let (last_four, result, words) = (&*key.last_four, result_of(key.kind), other_key(key.kind));
        report.row(&Row { last_four, token: None, result, words, is_revoked: false, candidates: &[] })?;
    }
    Ok(())
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a new secret in its token's row of the report, or alone.
struct Printed {
    report: Arc<Mutex<Report>>,
    id: TokenId,
    print: Print,
}

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Printed")
    }
}

impl Destination for Printed {
    fn label(&self) -> String {
        "standard output".to_owned()
    }

    fn prepare(&self) -> Result<Prepared, String> {
        let (report, id, print) = (self.report.clone(), self.id.clone(), self.print);
        Ok(Prepared::new(move |secret, _| {
            let printed = match print {
                Print::Alone => write(&format!("{}\n", secret.expose())),
                Print::WithToken => lock(&report).with_secret(&id, secret),
            };
            match printed {
                Ok(true) => Ok(()),
                Ok(false) => Err("nobody reads standard output".to_owned()),
                Err(failure) => Err(failure.to_string()),
            }
        }))
    }
}

async fn carry_out(
    session: &Session,
    plan: Plan,
    other_keys: &[OtherKey],
    mut report: Report,
    rotation: Option<(Places, Journals)>,
) -> Result<(), Failure> {
    let count = plan.leaks().len();
    let printed = others(&mut report, other_keys);
    let report = Arc::new(Mutex::new(report));
    let destinations = |token: &LeakedToken| {
        let places = rotation.as_ref().map(|(places, _)| places);
        let mut destinations = places.map_or(Ok(Vec::new()), |places| places.of(named_token(token)))?;
        if let Some(print) = places.and_then(|places| places.print) {
            destinations.push(Box::new(Printed { report: report.clone(), id: token.id.clone(), print }));
        }
        Ok(destinations)
    };
    let mut options = Options::default();
    let remedy = match &rotation {
        Some((places, journals)) => {
            options = if places.overwrites { options.overwrite() } else { options };
            Remedy::Rotate { journals, options: &options, destinations: &destinations }
        }
        None => Remedy::Delete,
    };
    let mut summary = Summary { count, ..Summary::default() };
    let is_stopped = || session.interrupt.is_wanted();
    {
        let carrying = plan.carry_out(remedy, &is_stopped, |revoked| {
            summary.add(session, &mut lock(&report), revoked);
            progress::show(&format!("revoking: {} of {count} secrets", summary.seen));
        });
        tokio::pin!(carrying);
        if session.interrupt.unless(&mut carrying).await.is_err() {
            session.note("finishing requests in progress; press Ctrl-C again to stop at once");
            carrying.await;
        }
    }
    progress::clear();
    let printed = printed.and(lock(&report).end());
    summary.end(session, printed)
}

/// How many secrets were revoked, were dead before, and failed.
#[derive(Default)]
struct Summary {
    count: usize,
    seen: usize,
    revoked: usize,
    dead: usize,
    failed: Vec<Failure>,
    unprinted: Option<Failure>,
}

impl Summary {
    /// Prints and counts the outcome for secrets of one token.
    fn add(&mut self, session: &Session, report: &mut Report, revoked: Revoked) {
        let Revoked { last_fours, token, outcome, .. } = revoked;
        let is_revoked = is_revoked(&outcome);
        self.seen += last_fours.len();
        if is_revoked {
            self.revoked += last_fours.len();
        }
        if matches!(outcome, Outcome::Dead) {
            self.dead += last_fours.len();
        }
        let result = result(&outcome);
        let candidates = match &outcome {
            Outcome::Unproven { candidates, .. } => candidates.clone(),
            _ => Vec::new(),
        };
        let (words, failure) = judged(outcome, token.as_ref());
        for last_four in &last_fours {
            let row = Row {
                last_four,
                token: token.as_ref(),
                result,
                words: words.clone(),
                is_revoked,
                candidates: &candidates,
            };
            if let Err(failure) = report.row(&row) {
                self.unprinted.get_or_insert(failure);
            }
        }
        if let Some(failure) = failure {
            let failure = failure.within(format!("the secret that ends in {}", last_fours.join(", ")));
            // The failure of a single secret is the command's own.
            if self.count > 1 {
                session.say_error(&failure.to_string());
            }
            self.failed.push(failure);
        }
    }

    fn end(mut self, session: &Session, printed: Result<(), Failure>) -> Result<(), Failure> {
        let line = match self.dead {
            0 => format!("{} of {} secrets revoked", self.revoked, self.count),
            dead => format!("{} revoked, {dead} already dead", self.revoked.saturating_sub(dead)),
        };
        let kind = match &self.failed[..] {
            [] => {
                if self.count > 1 {
                    session.say(&line);
                }
                return self.unprinted.map_or(printed, Err);
            }
            [_] if self.count == 1 => return Err(self.failed.remove(0)),
            failures => common_kind(failures, self.revoked > 0, session.interrupt.is_wanted()),
        };
        let errors: Vec<_> = self.failed.iter().map(Failure::to_json).collect();
        Err(Failure::new(kind, line).with_details(serde_json::json!({ "failed": errors })))
    }
}

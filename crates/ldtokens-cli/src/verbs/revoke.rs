//! `ldtokens revoke`: finds the tokens of leaked secrets, and deletes or resets them.

mod report;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use ldtokens::{Client, DryRun, Secret, TokenId};
use ldtokens_lifecycle::{
    Destination, Error, Journal, Journals, KeyKind, LeakedToken, Metadata, Options, Reason, Report, Revocation,
    Revoked, Rotation,
};

use crate::account::{Settings, with_client};
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::terminal::{Failure, Format, Kind, progress, say, write};
use crate::verbs::batch::{Batch, together};
use crate::verbs::deliver::{PlaceArgs, Places, Print, failure};
use crate::verbs::plan::{Plan, Words};
use crate::verbs::revoke::report::{Outcome, Rows};
use crate::verbs::rotate::AT_ONCE;
use crate::verbs::secrets_given::several;
use crate::verbs::targets::{Item, Target};

/// A secret that leaked can be an old one, in its overlap. The token's current secret ends with it.
const WARNING: Option<[&str; 2]> = Some([
    "Whatever uses it stops working at once, whichever of its secrets it has.",
    "Whatever uses them stops working at once, whichever of their secrets it has.",
]);

const STILL_WORKS: &str =
    "STILL WORKS, though the API says that it was done: try again, and ask LaunchDarkly's support";

const UNVERIFIED: &str = "the token was deleted or rotated, but the API does not say whether the secret was its own and is dead: \
                          `ldtokens verify` tries the secret";

const DELETE: Words = Words {
    verb: "Delete",
    doing: "revoking",
    done: "deleted",
    unchanged: "were dead already",
    warning: WARNING,
    lasting: Some("deleted tokens can't be restored"),
};

const ROTATE: Words = Words { doing: "revoking", unchanged: "were dead already", warning: WARNING, ..AT_ONCE };

/// Make leaked secrets useless: delete or reset their tokens
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct RevokeArgs {
    /// Read secrets from a file, one per line; - for standard input, which is the default. Can be repeated
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    secret_from: Vec<PathBuf>,

    /// Find secrets in a file of any kind, such as a log; - for standard input. Can be repeated
    #[arg(
        long,
        value_name = "FILE",
        allow_hyphen_values = true,
        long_help = "Find secrets in a file of any kind, such as a log, by their form: api- and a UUID. - is standard input. SDK \
            keys, mobile keys and Relay Proxy keys are named and left alone, since they are not access tokens. What is encoded as \
            base64 or with escapes, or compressed by gzip, is searched too; what can't be searched is named. Can be repeated."
    )]
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

The secrets come from files or standard input, never from arguments. The API says which token a secret belongs to. If it does \
not, the tokens with its last four characters are shown, and nothing is done unless --id chooses one. If the credential lacks a \
permission, the leaked secret is used. A secret that does not work any more is reported as dead, which is a success. Several are done \
at a time, and the token of the credential in use comes last.

--dry-run prints what would be done.";

const EXAMPLES: &str = "\
Examples:
  ldtokens revoke --scan build.log
  git log -p --all | ldtokens revoke --scan - --yes
  ldtokens revoke --secret-from leaked.txt --rotate --secret-to '{id}.secret'";

pub(crate) async fn run(global: &GlobalArgs, arguments: RevokeArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let mut rotation = None;
    if arguments.rotate {
        let journals = Journals::new(Settings::read(global)?.state_folder(None, "rotations")?);
        let places = Places::for_people(global, &arguments.places, None)?;
        let known = journals.all().map(|(known, _)| known).unwrap_or_default();
        rotation = Some(InPlace { places, journals, known });
    } else if !Places::read(global, &arguments.places)?.is_empty() {
        return Err(Failure::usage("--secret-to and the like need --rotate: a deleted token has no secret"));
    }
    with_client(global, DryRun::Changes, async |session| {
        let given = several(&arguments.secret_from, &arguments.scan, session).await?;
        if given.secrets.is_empty() {
            let searched = if given.scan.unsearched.is_empty() { "" } else { " in what could be searched" };
            say::note(&format!("no secret was found{searched}: nothing to do"));
        }
        progress::show(&format!("identifying {} secrets", given.secrets.len()));
        let planning = Revocation::plan(&session.client, given.secrets.iter().cloned(), &arguments.id);
        let revocation = session.interrupt.unless(planning).await??;
        revocation.caller.iter().for_each(|caller| session.note_own_token(caller));
        progress::clear();
        let words = if rotation.is_some() { &ROTATE } else { &DELETE };
        let targets: Vec<Target> = revocation.tokens().into_iter().map(target).collect();
        let items = targets.iter().map(|target| Item::new(target.clone(), None)).collect();
        let chosen = revocation.tokens().into_iter().filter(|token| token.by_last_four).map(target);
        let note = |target| format!("{target} was chosen by --id: a secret has its last four characters");
        let plan = Plan { words, items, notes: chosen.map(note).collect() };
        let (mut is_aside, mut in_turn) = (false, false);
        if let Some(InPlace { places, .. }) = &rotation {
            places.check(targets.iter())?;
            is_aside = places.print == Some(Print::Alone) || places.prints_manifests();
            in_turn = places.print.is_some();
        }
        let mut rows = Rows::new(&revocation, format, is_aside && !session.is_dry_run)?;
        for key in &given.scan.other_keys {
            rows.print(&key.last_four, None, &Outcome::of_key(key.kind))?;
        }
        if !session.is_dry_run {
            plan.agree(session, arguments.confirm, false).await?;
        }
        let mut failures = Vec::new();
        for leak in &revocation.leaks {
            let token = leak.token();
            if token.is_some() && !session.is_dry_run {
                continue;
            }
            let mut outcome = Outcome::planned(&leak.finding, words);
            if let (Some(token), Some(rotation)) = (token, &rotation)
                && !rotation.was_replaced(&token.id)
                && let Err(failure) = rotation.places.prepare(session, Some(&token.id), token.name.as_deref()).await
            {
                outcome = Outcome::failed("not_prepared", failure);
            }
            rows.print(&leak.last_four, token, &outcome)?;
            let about = format!("the secret that ends in {}", leak.last_four);
            failures.extend(outcome.failure.map(|failure| failure.within(about)));
        }
        if session.is_dry_run {
            rows.finish()?;
            together(&failures, failures.len() < revocation.leaks.len())?;
        } else {
            let batch = Batch { session, words, record: None, in_turn };
            let rows = Arc::new(Mutex::new(rows));
            let done = revoke(&batch, &revocation, &plan.items, &rows, rotation.as_ref()).await;
            let mut rows = lock(&rows);
            let printed = rows.finish();
            if revocation.leaks.len() > 1 {
                say::result(&format!("{} ({})", rows.summary(), session.account));
            }
            failures.extend(done.err());
            together(&failures, rows.succeeded > 0)?;
            printed?;
        }
        given.all_searched()
    })
    .await
}

/// A kind of key, for programs and for people.
pub(crate) fn named(kind: KeyKind) -> [&'static str; 2] {
    match kind {
        KeyKind::Sdk => ["sdk_key", "an SDK key"],
        KeyKind::Mobile => ["mobile_key", "a mobile key"],
        KeyKind::Relay => ["relay_key", "a Relay Proxy key"],
        _ => ["other_key", "another kind of key"],
    }
}

fn target(token: &LeakedToken) -> Target {
    Target { id: token.id.clone(), name: token.name.clone() }
}

/// Prints a new secret at once: alone, or with its token, which is in its rows of the report if that is for programs.
struct Printed {
    rows: Arc<Mutex<Rows>>,
    target: Target,
    print: Print,
}

impl Destination for Printed {
    fn label(&self) -> String {
        "standard output".to_owned()
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> io::Result<()> {
        let outcome = Outcome { secret: Some(secret.clone()), ..Outcome::new("rotated", "rotated") };
        let mut rows = lock(&self.rows);
        let printed = match self.print {
            Print::Alone => write(&format!("{}\n", secret.expose())),
            Print::WithToken if rows.format == Format::Table => {
                write(&format!("The new secret of {}: {}\n", self.target, secret.expose()))
            }
            Print::WithToken => rows.print_token(&self.target.id, &outcome),
        };
        match printed {
            Ok(true) => Ok(()),
            Ok(false) => Err(io::Error::other("nobody reads standard output")),
            Err(failure) => Err(io::Error::other(failure.to_string())),
        }
    }
}

fn lock(rows: &Mutex<Rows>) -> MutexGuard<'_, Rows> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How tokens are rotated in place of being deleted.
struct InPlace {
    places: Places,
    journals: Journals,
    /// The journals as they were at the start.
    known: Vec<Journal>,
}

impl InPlace {
    /// Whether an earlier rotation has replaced the token, so that it only has to end.
    fn was_replaced(&self, id: &TokenId) -> bool {
        self.known.iter().any(|journal| journal.token_id == *id && journal.is_waiting())
    }
}

fn rotated(what: &str, report: &Report) -> Outcome {
    Outcome::new("rotated", format!("{what}; the new secret ends in {}", report.journal.last_four()))
}

/// Deletes or rotates the tokens, and prints what became of each secret as soon as it is known.
async fn revoke(
    batch: &Batch<'_>,
    revocation: &Revocation,
    items: &[Item],
    rows: &Arc<Mutex<Rows>>,
    rotation: Option<&InPlace>,
) -> Result<(), Failure> {
    let tokens = revocation.tokens();
    let work = async |item: &Item| {
        let id = &item.target.id;
        let token = tokens.iter().find(|token| token.id == *id).expect("each item is one of them");
        let end = async |client: Client| -> Result<_, Error> {
            let Some(rotation @ InPlace { places, journals, .. }) = rotation else {
                client.delete(id).await?;
                return Ok(Outcome::new("deleted", "deleted"));
            };
            let refused = |failure: Failure| Error::new(Reason::Unusable, failure.to_string());
            let mut destinations = places.of(&item.target).map_err(refused)?;
            if let Some(print) = places.print {
                destinations.push(Box::new(Printed { rows: rows.clone(), target: item.target.clone(), print }));
            }
            let is_replaced = rotation.was_replaced(id);
            let (overlap, overwrites) = (Some(Duration::ZERO), places.arguments.secret.overwrite);
            let options = Options { overlap, overwrites, forced: is_replaced, ..Options::default() };
            if is_replaced {
                // Programs use the secret of the replacement, if it is where it was delivered: then only the old one has to end.
                let ended = Rotation::new(&client, id.clone(), Vec::new(), options.clone()).run(journals).await;
                if !ended.as_ref().is_err_and(|error| error.reason == Reason::NotHeld) {
                    return Ok(rotated("ended, as it was rotated before", &ended?));
                }
            }
            let report = Rotation::new(&client, id.clone(), destinations, options).run(journals).await?;
            Ok(rotated("rotated", &report))
        };
        let outcome = match revocation.revoke(token, end).await {
            Ok(Revoked::Done(outcome)) => outcome,
            Ok(Revoked::Dead) => Outcome::dead(),
            Ok(Revoked::StillWorks) => Outcome::failed("still_works", Failure::other(STILL_WORKS)),
            Ok(_) => Outcome::failed("unverified", Failure::other(UNVERIFIED)),
            Err(error) if error.reason == Reason::NotDelivered => {
                let again = format!("{error}; run `ldtokens rotate {id}` with the same destinations to continue");
                let outcome = Outcome::failed("not_delivered", Failure::new(Kind::SecretNotDelivered, again));
                Outcome { is_revoked: revocation.is_dead(token).await, ..outcome }
            }
            Err(error) => {
                let is_unprepared = matches!(error.reason, Reason::Unusable | Reason::Occupied);
                let result = if is_unprepared { "not_prepared" } else { "failed" };
                Outcome::failed(result, failure(error, Some(id)))
            }
        };
        let printed = lock(rows).print_token(id, &outcome);
        match outcome.failure {
            Some(failure) => Err(failure),
            None => printed.map(|_| ((), outcome.result != "dead")).map_err(|failure| failure.after(outcome.words)),
        }
    };
    let done = batch.run(items, work, |_, _| Ok(())).await;
    let mut left = items.iter().map(|item| lock(rows).print_token(&item.target.id, &Outcome::not_tried()));
    done.and(left.try_for_each(|printed| printed.map(drop)))
}

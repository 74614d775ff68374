//! `ldtokens export`, `plan`, `apply` and `schema`: tokens as code.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ldtokens::{DryRun, Token};
use ldtokens_plan::{Account, Action, Applied, ApplyOptions, Export, Kind as Doing, Plan, PlanError, TokensFile};

use crate::account::{Session, with_client};
use crate::arguments::{ConfirmArgs, GlobalArgs};
use crate::files::text;
use crate::terminal::{Failure, Format, Kind, output, say, visible};
use crate::verbs::batch::common_kind;
use crate::verbs::deliver::Places;
use crate::verbs::filter::{Filter, nothing_matches};
use crate::verbs::inventory::{ToArgs, check_seen, json as json_of_file};
use crate::verbs::json;
use crate::verbs::plan::ask;
use crate::verbs::rotate::file::RotationsFile;
use crate::verbs::targets;

/// Write a file that describes tokens, to manage them as code with `plan` and `apply`
///
/// Secrets are not in it, and the API does not know where they are: add `destinations` to each token. `apply` manages only tokens with
/// the marker [ldtokens:KEY] at the end of their description. --adopt appends it; without --adopt nothing is changed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens export --all-matching name~svc- --to tokens.yaml
  ldtokens export --all-matching name~svc- --adopt --yes --to tokens.yaml")]
pub(crate) struct ExportArgs {
    /// Token IDs or names; - reads them from standard input, one per line
    #[arg(value_name = "ID|NAME", required_unless_present = "all_matching", conflicts_with = "all_matching")]
    tokens: Vec<String>,

    /// All tokens that match, of all members, e.g. name~svc-. If repeated, all must match
    #[arg(long, value_name = "CONDITION", value_parser = Filter::new)]
    all_matching: Vec<Filter>,

    /// Mark the tokens as managed: append [ldtokens:KEY] to their descriptions
    #[arg(long)]
    adopt: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,

    #[command(flatten)]
    to: ToArgs,

    /// With --to, replace a file that exists
    #[arg(long, requires = "to")]
    overwrite: bool,
}

/// Show what `apply` would change to make the account match a file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens plan tokens.yaml
  ldtokens plan tokens.yaml --fail-if-drift
  ldtokens plan tokens.yaml -o markdown --to plan.md
  ldtokens plan tokens.yaml -o json --to plan.json")]
pub(crate) struct PlanArgs {
    /// The file of tokens. Its relative paths are relative to its folder
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Exit with status 16 if the account differs from the file
    #[arg(long)]
    fail_if_drift: bool,

    #[command(flatten)]
    to: ToArgs,
}

/// Create, change, rotate and delete tokens to make the account match a file
///
/// It shows the plan and asks. A new secret always comes with a new token: it is delivered and tried before the old token gets an
/// expiry, the end of the overlap. You can stop it at any moment and run it again. There is no state file; tokens without the marker
/// [ldtokens:KEY] in their description are never changed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens apply tokens.yaml
  ldtokens apply tokens.yaml --prune --yes
  ldtokens apply tokens.yaml --plan plan.json --yes")]
pub(crate) struct ApplyArgs {
    /// The file of tokens. Its relative paths are relative to its folder
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only carry out this plan, of `ldtokens plan -o json`, and only if nothing changed since
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Delete managed tokens that are not in the file
    #[arg(long)]
    prune: bool,

    /// With --prune, delete even more than 30 % of the managed tokens
    #[arg(long, requires = "prune")]
    allow_many_deletions: bool,

    /// Also rotate, replace or delete the token that this command uses, or change its permissions
    #[arg(long)]
    allow_own_token: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// Print the JSON Schema of the file that `plan` and `apply` read, or that `rotate --file` reads
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// The file
    #[arg(value_name = "WHICH", value_enum, default_value_t)]
    which: Which,

    #[command(flatten)]
    to: ToArgs,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Which {
    #[default]
    Tokens,
    Rotations,
}

pub(crate) async fn export(global: &GlobalArgs, arguments: &ExportArgs) -> Result<(), Failure> {
    let words = targets::words(&arguments.tokens)?;
    with_client(global, DryRun::Changes, async |session| {
        if let Some(file) = arguments.to.to.as_deref().filter(|file| file.exists() && !arguments.overwrite) {
            let text =
                format!("{} exists, and its tokens may not be in the new one: --overwrite replaces it", file.display());
            return Err(Failure::usage(text));
        }
        let mut export = exported(session, &arguments.all_matching, &words).await?;
        for role in export.file.tokens.iter_mut().flat_map(|token| &mut token.custom_role_ids) {
            *role = session.custom_roles().await?.key(role).to_owned();
        }
        for left_out in &export.left_out {
            say::note(&format!("left out: {}", visible(left_out)));
        }
        if export.file.tokens.is_empty() {
            return Err(Failure::new(Kind::NoMatch, "all tokens were left out: nothing was written"));
        }
        let count = export.unmarked.len();
        let adopts = arguments.adopt && count > 0;
        if adopts {
            ask(arguments.confirm, session, async || Ok(format!("mark {count} tokens as managed?"))).await?;
        }
        // Before they are marked: `apply --prune` deletes marked tokens that are in no file.
        let is_read = arguments.to.write(&output::text(Format::Yaml, &export.file))?;
        if adopts {
            if !is_read {
                return Err(Failure::other("standard output is closed: no token was marked"));
            }
            let adopting = ldtokens_plan::adopt(&session.client, &export);
            let marked = session.interrupt.until_done(adopting).await?.map_err(|error| {
                Failure::from(error)
                    .within("not all tokens of the file were marked; export them again with --overwrite")
            })?;
            say::result(&format!("{}: {marked} of {count} tokens were marked", session.account));
        }
        say::note("add `destinations` to each token: without one, it can't be created or rotated");
        Ok(())
    })
    .await
}

async fn exported(session: &Session, filters: &[Filter], words: &[String]) -> Result<Export, Failure> {
    let filters = &Filter::resolved(session, filters.to_vec()).await?[..];
    let account = targets::read_list(session, "reading", |_| true).await?;
    if !filters.is_empty() {
        let own = session.own_token().await?;
        check_seen(account.iter().find(|token| Some(&token.id) == own), false)?;
    }
    let named = targets::of_words(words, &account, false, false)?;
    let is_meant = |token: &&Token| match filters {
        [] => named.iter().any(|item| item.target.id == token.id),
        _ => Filter::all_match(filters, &json(token)),
    };
    let tokens: Vec<_> = account.iter().filter(is_meant).collect();
    if tokens.is_empty() {
        return Err(Failure::new(Kind::NoMatch, nothing_matches(filters)));
    }
    Ok(ldtokens_plan::export(tokens, &account))
}

pub(crate) async fn plan(global: &GlobalArgs, arguments: &PlanArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let file = read(&arguments.file)?;
    with_client(global, DryRun::Everything, async |session| {
        let plan = new_plan(session, &file, |_| true).await?;
        let text = match format {
            Format::Markdown => plan.markdown(),
            Format::Table => plan.to_string().lines().map(|line| visible(line) + "\n").collect(),
            _ => output::text(format, &plan),
        };
        arguments.to.write(&text)?;
        if arguments.fail_if_drift && !plan.is_empty() {
            return Err(Failure::new(Kind::Drift, format!("the account differs from the file: {}", plan.summary())));
        }
        Ok(())
    })
    .await
}

pub(crate) async fn apply(global: &GlobalArgs, arguments: &ApplyArgs) -> Result<(), Failure> {
    let file = read(&arguments.file)?;
    let saved = arguments.plan.as_deref().map(|path| json_of_file(path, "a plan of `ldtokens plan -o json`"));
    let saved: Option<Plan> = saved.transpose()?;
    let &ApplyArgs { prune, allow_many_deletions: many_deletions, allow_own_token: own_token, .. } = arguments;
    let options = ApplyOptions { prune, many_deletions, own_token };
    if global.dry_run {
        return Err(Failure::usage("`ldtokens plan` shows what apply would do"));
    }
    for token in &file.tokens {
        Places::default().and_described(&token.destinations).refuse_discarded(global)?;
    }
    with_client(global, DryRun::Changes, async |session| {
        let plan = new_plan(session, &file, |action| options.allows(action)).await?;
        if saved.is_some_and(|saved| saved != plan) {
            return Err(failure(PlanError::Changed));
        }
        let mut shown = plan.clone();
        shown.actions.retain(|action| options.allows(action));
        shown.to_string().lines().for_each(|line| say::result(&visible(line)));
        note_skipped(&plan, options);
        if !shown.actions.is_empty() {
            ask(arguments.confirm, session, async || Ok("carry this out?".to_owned())).await?;
        }
        let say = |done: &Action| say::result(&format!("{}: {} done", visible(&done.key), done.kind));
        let applying = ldtokens_plan::apply(&session.client, &file, &plan, options, say);
        let applied = session.interrupt.until_done(applying).await?.map_err(failure)?;
        report(session, &plan, applied)
    })
    .await
}

/// No plan is made of a part of the tokens: what is not seen would be created again.
async fn new_plan(session: &Session, file: &TokensFile, is_meant: impl Fn(&Action) -> bool) -> Result<Plan, Failure> {
    let account = session.interrupt.unless(Account::read(&session.client, file)).await?.map_err(failure)?;
    let own = account.tokens.iter().find(|token| Some(&token.id) == account.caller.token_id.as_ref());
    check_seen(own, true).map_err(|failure| failure.within("no plan was made"))?;
    let plan = Plan::new(file, &account);
    let checking = ldtokens_plan::undeliverable(&session.client, file, &account, &plan);
    let undeliverable = session.interrupt.unless(checking).await?;
    for (action, error) in undeliverable.into_iter().filter(|(action, _)| is_meant(action)) {
        say::warning(&format!("{}: `apply` would fail here: {error}", visible(&action.key)));
    }
    Ok(plan)
}

/// Says what the options do not allow.
fn note_skipped(plan: &Plan, options: ApplyOptions) {
    let skipped = || plan.actions.iter().filter(|action| !options.allows(action));
    let left = skipped().filter(|skipped| skipped.kind == Doing::Delete && !skipped.is_own).count();
    if left > 0 {
        say::note(&format!("{left} managed tokens are not in the file: --prune deletes them"));
    }
    if skipped().any(|skipped| skipped.is_own) {
        say::note("the token that this command uses is left alone: --allow-own-token changes it too");
    }
}

fn report(session: &Session, plan: &Plan, applied: Applied) -> Result<(), Failure> {
    let failed = applied.failed.into_iter().map(|(action, error)| failure(error).within(visible(&action.key)));
    let problems = plan.problems.iter().map(|problem| Failure::new(Kind::Conflict, problem.as_str()));
    let failures: Vec<Failure> = failed.chain(problems).collect();
    let done = applied.done.len();
    match &failures[..] {
        [only] if done == 0 => return Err(only.clone()),
        [] if done > 0 => say::result(&format!("{}: {done} done", session.account)),
        [] => {}
        failures => {
            let text = format!("{done} done, {} failed; mend the cause and apply again", failures.len());
            let failure = Failure::new(common_kind(failures, done > 0), text);
            return Err(failure.within(&session.account).with_failed(failures));
        }
    }
    Ok(())
}

pub(crate) fn schema(arguments: &SchemaArgs) -> Result<(), Failure> {
    let schema = match arguments.which {
        Which::Tokens => TokensFile::json_schema(),
        Which::Rotations => RotationsFile::json_schema(),
    };
    arguments.to.write(&output::text(Format::Json, &schema)).map(|_| ())
}

/// Reads and checks a file of tokens.
fn read(path: &Path) -> Result<TokensFile, Failure> {
    let unusable = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
    let file: TokensFile = text::yaml_of_file(path).map_err(unusable)?;
    let file = file.relative_to(path.parent().unwrap_or(Path::new("")));
    file.check().map_err(|error| unusable(error.to_string()))?;
    Ok(file)
}

fn failure(error: PlanError) -> Failure {
    let text = error.to_string();
    match error {
        PlanError::Api(source) => source.into(),
        PlanError::Unreadable(source) => Failure::from(source).within(text),
        PlanError::Changed => Failure::new(Kind::Conflict, format!("{text}: make a new plan")),
        PlanError::ManyDeletions { .. } => Failure::usage(format!("{text}: --allow-many-deletions allows it")),
        PlanError::NotDelivered(_) => Failure::new(Kind::SecretNotDelivered, text),
        _ => Failure::usage(text),
    }
}

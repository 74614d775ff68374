//! `ldtokens list` and `get`: tokens as they arrive, or with all their fields.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ldtokens::{DryRun, UnixMillis};
use ldtokens_audit::Inventory;
use ldtokens_plan::is_id;
use serde_json::Value;

use crate::account::{Session, with_client};
use crate::arguments::{GlobalArgs, whole_number};
use crate::moment::{age, before, moment};
use crate::terminal::{Failure, Kind, PrintArgs, Printer, grouped, progress, say};
use crate::verbs::batch::Batch;
use crate::verbs::filter::{FORM, Filter, Order, nothing_matches};
use crate::verbs::inventory::{check_complete, saved, warn_if_partial};
use crate::verbs::plan::Words;
use crate::verbs::targets::{self, Item, PAGE};
use crate::verbs::{json, names_one, printer, show_keys, warn_if_closed};

/// List tokens
///
/// Your own and the account's service tokens, or with --show-all everyone's. Rows are printed as they arrive. With --sort, and in a
/// table that does not go to a terminal, they are printed once all are read.
#[derive(Args, Debug)]
#[command(
    visible_alias = "ls",
    after_help = "\
Examples:
  ldtokens list
  ldtokens list --show-all --filter role=admin --sort role,-lastUsed
  ldtokens list -a --unused-for 90d --columns _id,name,_member.email,lastUsed --output csv
  ldtokens list -a -q -f name~test- | ldtokens delete - --yes"
)]
pub(crate) struct ListArgs {
    /// Include the personal tokens of all members; needs the Admin role
    #[arg(long, short = 'a')]
    show_all: bool,

    /// List only tokens that match, e.g. role=admin, name~export, lastUsed=never. Can be repeated
    #[arg(long, short, value_name = "CONDITION", value_parser = Filter::new,
        long_help = format!("List only tokens that match. {FORM}. If repeated, all must match"))]
    filter: Vec<Filter>,

    /// List only tokens not used for this long, e.g. 90d; never used ones count from their creation
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    unused_for: Option<Duration>,

    /// List only tokens not used since, e.g. 2026-01-01; never used ones count from their creation
    #[arg(long, value_name = "TIMESTAMP", allow_hyphen_values = true, value_parser = moment)]
    last_used_before: Option<UnixMillis>,

    /// List only tokens created longer ago than this, e.g. 90d
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    older_than: Option<Duration>,

    /// List only tokens that expire within this time, e.g. 30d
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    expires_within: Option<Duration>,

    /// List only tokens that have expired
    #[arg(long, conflicts_with = "expires_within")]
    expired: bool,

    /// Sort by FIELD; -FIELD reverses. Several, comma-separated or repeated. Waits for all pages
    #[arg(long, value_name = "FIELD", value_delimiter = ',', allow_hyphen_values = true, value_parser = Order::new)]
    sort: Vec<Order>,

    /// Print at most N tokens
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole_number::<usize, 1>)]
    limit: Option<usize>,

    /// Fail if there is a token to list, for a check in CI; with --show-all, also if not all tokens can be seen
    #[arg(long)]
    fail_if_any: bool,

    /// Fail if there is no token to list
    #[arg(long, conflicts_with = "fail_if_any")]
    fail_if_none: bool,

    /// With --show-all, fail if the credential may not see the tokens of all members
    #[arg(long, requires = "show_all")]
    require_all: bool,

    /// List the tokens of a saved inventory, as of when it was taken
    #[arg(long, value_name = "FILE", conflicts_with = "show_all")]
    from: Option<PathBuf>,

    #[command(flatten)]
    print: PrintArgs,
}

/// Show one or more tokens
#[derive(Args, Debug)]
#[command(
    visible_alias = "show",
    after_help = "\
Examples:
  ldtokens get 61095542756dba551110ae21
  ldtokens get 'Nightly export' -o json
  ldtokens get 'Nightly export' --columns _id -o value"
)]
pub(crate) struct GetArgs {
    /// Token IDs or names; - reads IDs from standard input, one per line
    #[arg(value_name = "ID|NAME", num_args(1..), required = true)]
    tokens: Vec<String>,

    /// Take every token by its name, even one that looks like an ID
    #[arg(long)]
    by_name: bool,

    #[command(flatten)]
    print: PrintArgs,
}

pub(crate) async fn get(global: &GlobalArgs, arguments: GetArgs) -> Result<(), Failure> {
    let is_single = names_one(&arguments.tokens);
    let mut printer = printer(global, &arguments.print, is_single, is_single)?;
    let words = targets::words(&arguments.tokens)?;
    let is_for_people = printer.is_for_people();
    with_client(global, DryRun::Everything, async |session| {
        warn_if_closed();
        let items = targets::find_tokens(session, &words, arguments.by_name, false).await?;
        if items.is_empty() {
            say::note("standard input names no token: nothing to do");
        }
        let batch = Batch { session, words: &GET, record: None, in_turn: false };
        let work = async |item: &Item| {
            let mut token = match &item.before {
                Some(token) => json(token),
                None => json(&session.client.get(&item.target.id).await?),
            };
            if is_for_people {
                show_keys(session, &mut token).await?;
            }
            Ok((token, false))
        };
        let done = batch.run(&items, work, |_, (token, _)| printer.token(&token).map(|_| ())).await;
        printer.finish().and(done)
    })
    .await
}

const GET: Words = Words { verb: "", doing: "reading", done: "read", unchanged: "", warning: None, lasting: None };

pub(crate) async fn list(global: &GlobalArgs, arguments: ListArgs) -> Result<(), Failure> {
    if let Some(path) = &arguments.from {
        global.refuse_account("list --from")?;
        return list_saved(global, &arguments, &saved(path)?);
    }
    with_client(global, DryRun::Everything, async |session| {
        warn_if_closed();
        let ages = [arguments.unused_for, arguments.older_than, arguments.expires_within];
        if (arguments.expired || ages.iter().any(Option::is_some)) && !session.is_dry_run {
            // After a response, the API's time is known, to the second.
            session.own_token().await?;
        }
        let (api, here) = (UnixMillis::from(session.client.server_time()), UnixMillis::now());
        let now = if api.get().abs_diff(here.get()) < 2_000 { here } else { api };
        let filters = Filter::resolved(session, filters(&arguments, now)).await?;
        // That there is no such token is known only of a whole list.
        let requires_all = arguments.require_all || arguments.fail_if_any;
        let may_be_partial = arguments.show_all && !session.is_dry_run;
        if may_be_partial && requires_all {
            warn_if_partial(session, true).await?;
        }
        let check =
            async || if may_be_partial && !requires_all { warn_if_partial(session, false).await } else { Ok(()) };
        let listing = Listing::new(global, &arguments, &filters, arguments.show_all)?;
        let (found, ()) = tokio::try_join!(list_all(session, listing), check())?;
        check_count(&arguments, &filters, found)
    })
    .await
}

/// Prints the tokens, and returns how many match.
async fn list_all(session: &Session, mut listing: Listing<'_>) -> Result<Found, Failure> {
    let mut tokens = session.client.list().all_members(listing.arguments.show_all).stream();
    let mut seen = 0_u64;
    while let Some(token) = session.interrupt.unless(tokens.next()).await? {
        let mut token = json(&token?);
        seen += 1;
        if seen.is_multiple_of(PAGE) {
            progress::show(&format!("{seen} tokens read, {} found", listing.found.count));
        }
        if !Filter::all_match(listing.filters, &token) {
            continue;
        }
        if listing.printer.is_for_people() {
            show_keys(session, &mut token).await?;
        }
        if !listing.add(token)? {
            break;
        }
    }
    progress::clear();
    listing.finish()
}

/// Lists a saved inventory. That it is partial is an error, after its tokens are printed.
fn list_saved(global: &GlobalArgs, arguments: &ListArgs, inventory: &Inventory) -> Result<(), Failure> {
    let mut filters = filters(arguments, inventory.taken_at);
    let ids = inventory.custom_roles();
    let is_key = |role: &&mut String| !is_id(role) && !ids.contains(&role.as_str());
    if let Some(key) = filters.iter_mut().filter_map(Filter::custom_role).find(is_key) {
        let text = format!("an inventory has the IDs of custom roles, not their keys: give the ID of `{key}`");
        return Err(Failure::usage(text));
    }
    let mut listing = Listing::new(global, arguments, &filters, true)?;
    for token in inventory.tokens.iter().map(json) {
        if Filter::all_match(listing.filters, &token) && !listing.add(token)? {
            break;
        }
    }
    let found = listing.finish()?;
    check_complete(inventory)?;
    check_count(arguments, &filters, found)
}

/// How many tokens match.
#[derive(Default)]
struct Found {
    count: usize,
    /// Whether the rest was not looked at, since no more were wanted.
    is_minimum: bool,
}

/// The tokens that match, on their way to standard output.
struct Listing<'a> {
    arguments: &'a ListArgs,
    filters: &'a [Filter],
    printer: Printer,
    /// Those that are printed when all are known.
    unsorted: Vec<Value>,
    found: Found,
}

impl<'a> Listing<'a> {
    fn new(
        global: &GlobalArgs,
        arguments: &'a ListArgs,
        filters: &'a [Filter],
        is_wide: bool,
    ) -> Result<Self, Failure> {
        let printer = Printer::new(global.format()?, &arguments.print)?.wide(is_wide);
        Ok(Self { arguments, filters, printer, unsorted: Vec::new(), found: Found::default() })
    }

    /// Takes a token, and returns whether more are wanted.
    fn add(&mut self, token: Value) -> Result<bool, Failure> {
        self.found.count += 1;
        if self.arguments.sort.is_empty() {
            let is_read = self.printer.token(&token)?;
            self.found.is_minimum = !is_read || self.arguments.limit == Some(self.found.count);
        } else {
            self.unsorted.push(token);
        }
        Ok(!self.found.is_minimum)
    }

    /// Prints what is left, and returns how many there are.
    fn finish(mut self) -> Result<Found, Failure> {
        let orders = &self.arguments.sort;
        self.unsorted
            .sort_by(|a, b| orders.iter().map(|order| order.compare(a, b)).fold(Ordering::Equal, Ordering::then));
        for token in self.unsorted.iter().take(self.arguments.limit.unwrap_or(usize::MAX)) {
            self.printer.token(token)?;
        }
        self.printer.finish().map(|_| self.found)
    }
}

/// Says that there is no token, or an error if their number is one that fails.
fn check_count(arguments: &ListArgs, filters: &[Filter], found: Found) -> Result<(), Failure> {
    if found.count == 0 {
        let text = nothing_matches(filters);
        if arguments.fail_if_none {
            return Err(Failure::new(Kind::NoMatch, text));
        }
        say::note(&text);
    } else if arguments.fail_if_any {
        let at_least = if found.is_minimum { "at least " } else { "" };
        let matching = if found.count == 1 { "token matches" } else { "tokens match" };
        return Err(Failure::new(Kind::Matches, format!("{at_least}{} {matching}", grouped(found.count))));
    }
    Ok(())
}

/// All conditions that a token must match.
fn filters(arguments: &ListArgs, now: UnixMillis) -> Vec<Filter> {
    let unused = arguments.unused_for.map(|length| before(now, length));
    let unused = unused.into_iter().chain(arguments.last_used_before).map(Filter::not_used_since);
    let soon = arguments.expires_within.map(|length| now.saturating_add(length));
    let times = [
        arguments.older_than.map(|length| ("creationDate", "<", before(now, length))),
        soon.or(arguments.expired.then_some(now)).map(|end| ("expiry", "<", end)),
        soon.map(|_| ("expiry", ">=", now)),
    ];
    let times = times.into_iter().flatten().map(|(field, sign, moment)| Filter::of_time(field, sign, moment));
    arguments.filter.iter().cloned().chain(unused).chain(times).collect()
}

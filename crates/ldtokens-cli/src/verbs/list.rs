//! `ldtokens list`: lists tokens, as they arrive.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ldtokens::{DryRun, UnixMillis};
use ldtokens_audit::Inventory;
use serde_json::Value;

use crate::account::connect::{Session, with_client};
use crate::arguments::{GlobalArgs, some_path, whole_number};
use crate::moment::{age, before, moment};
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::output::printer::{PrintArgs, Printer};
use crate::terminal::progress;
use crate::verbs::filter::{FORM, Filter, nothing_matches};
use crate::verbs::inventory::{check_complete, saved};
use crate::verbs::order::Order;
use crate::verbs::targets::PAGE;
use crate::verbs::{json, warn_if_closed, whole};

/// List tokens
#[derive(Args, Debug)]
#[command(visible_alias = "ls", long_about = LONG_ABOUT, after_help = EXAMPLES)]
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
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole_number::<u64>(1..))]
    limit: Option<u64>,

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
    #[arg(long, value_name = "FILE", value_parser = some_path(), conflicts_with = "show_all")]
    from: Option<PathBuf>,

    #[command(flatten)]
    print: PrintArgs,
}

const LONG_ABOUT: &str = "\
List tokens: your own and the account's service tokens, or with --show-all everyone's.

Rows are printed as they arrive. With --sort, and in a table that does not go to a terminal, they are printed once all are read.";

const EXAMPLES: &str = "\
Examples:
  ldtokens list
  ldtokens list --show-all --filter role=admin --sort role,-lastUsed
  ldtokens list -a --unused-for 90d --columns _id,name,_member.email,lastUsed --output csv
  ldtokens list -a -q -f name~test- | ldtokens delete - --yes";

pub(crate) async fn run(global: &GlobalArgs, arguments: ListArgs) -> Result<(), Failure> {
    if let Some(path) = &arguments.from {
        global.refuse_account("list --from")?;
        return list_saved(global, &arguments, &saved(path)?);
    }
    with_client(global, DryRun::Everything, async |session| {
        warn_if_closed(session);
        list(global, &arguments, session).await
    })
    .await
}

/// All conditions that a token must match. The API's clock decides what has expired.
fn filters(arguments: &ListArgs, now: UnixMillis, expiring_from: UnixMillis) -> Vec<Filter> {
    let unused = arguments.unused_for.map(|length| before(now, length));
    let unused = unused.into_iter().chain(arguments.last_used_before).map(Filter::not_used_since);
    let created = arguments.older_than.map(|length| Filter::created_before(before(now, length)));
    let from = expiring_from;
    let expires = arguments.expires_within.map(|length| Filter::expires_within(from..from.saturating_add(length)));
    let expired = arguments.expired.then(|| Filter::expires_within(UnixMillis::new(1)..from));
    arguments.filter.iter().cloned().chain(unused).chain(created).chain(expires).chain(expired).collect()
}

async fn list(global: &GlobalArgs, arguments: &ListArgs, session: &Session) -> Result<(), Failure> {
    let filters = filters(arguments, UnixMillis::now(), session.client.server_time().into());
    // That there is no such token is known only of a whole list.
    let requires_all = arguments.require_all || arguments.fail_if_any && arguments.show_all && !session.is_dry_run;
    if requires_all {
        whole::check(session, true).await?;
    }
    let has_to_check = arguments.show_all && !requires_all && !session.is_dry_run;
    let check = async || if has_to_check { whole::check(session, false).await } else { Ok(()) };
    let (listed, ()) = tokio::try_join!(print_list(global, arguments, session, &filters), check())?;
    if listed == 0 && !arguments.fail_if_none {
        session.note(&nothing_matches(&filters));
    }
    check_count(arguments, &filters, listed)
}

/// An error if the number of tokens is one that fails.
fn check_count(arguments: &ListArgs, filters: &[Filter], count: usize) -> Result<(), Failure> {
    match count {
        0 if arguments.fail_if_none => Err(Failure::new(Kind::NoMatch, nothing_matches(filters))),
        1.. if arguments.fail_if_any => Err(Failure::new(Kind::Matches, found(count))),
        _ => Ok(()),
    }
}

fn found(count: usize) -> String {
    if count == 1 { "1 token matches".to_owned() } else { format!("{} tokens match", progress::grouped(count)) }
}

/// Prints the tokens, and returns how many there are.
async fn print_list(
    global: &GlobalArgs,
    arguments: &ListArgs,
    session: &Session,
    filters: &[Filter],
) -> Result<usize, Failure> {
    let orders = &arguments.sort;
    let is_sorted = !orders.is_empty();
    let limit = arguments.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut printer = Printer::new(global.format()?, &arguments.print)?.wide(arguments.show_all);

    let mut tokens = session.client.list().all_members(arguments.show_all).stream();
    let (mut seen, mut met) = (0_u64, 0);
    let mut sorted: Vec<Value> = Vec::new();
    while met < limit || is_sorted {
        let Some(token) = session.interrupt.unless(tokens.next()).await? else { break };
        let token = json(&token?);
        seen += 1;
        if seen.is_multiple_of(PAGE) {
            progress::show(&format!("{seen} tokens read, {met} found"));
        }
        if !filters.iter().all(|filter| filter.is_met_by(&token)) {
            continue;
        }
        met += 1;
        if is_sorted {
            sorted.push(token);
        } else if !printer.token(&token)? {
            return Ok(met);
        }
    }
    progress::clear();
    sort(&mut sorted, orders);
    for token in sorted.iter().take(limit) {
        printer.token(token)?;
    }
    printer.end().map(|_| met)
}

fn sort(tokens: &mut [Value], orders: &[Order]) {
    tokens.sort_by(|a, b| {
        let by_each = orders.iter().map(|order| order.compare(a, b));
        by_each.fold(Ordering::Equal, Ordering::then)
    });
}

/// Lists a saved inventory. That it is partial is an error, after its tokens are printed.
fn list_saved(global: &GlobalArgs, arguments: &ListArgs, inventory: &Inventory) -> Result<(), Failure> {
    let filters = filters(arguments, inventory.taken_at, inventory.taken_at);
    let mut printer = Printer::new(global.format()?, &arguments.print)?.wide(true);
    let tokens = inventory.tokens.iter().map(json);
    let mut tokens: Vec<Value> = tokens.filter(|token| filters.iter().all(|filter| filter.is_met_by(token))).collect();
    sort(&mut tokens, &arguments.sort);
    let limit = arguments.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for token in tokens.iter().take(limit) {
        printer.token(token)?;
    }
    printer.end()?;
    check_complete(inventory)?;
    check_count(arguments, &filters, tokens.len().min(limit))
}

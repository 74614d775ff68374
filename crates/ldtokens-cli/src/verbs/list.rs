//! `ldtokens list`: lists tokens, as they arrive.

use std::cmp::Ordering;
use std::time::Duration;

use clap::Args;
use ldtokens::{DryRun, UnixMillis};
use serde_json::Value;

use crate::account::connect::{Session, with_client};
use crate::arguments::{GlobalArgs, whole_number};
use crate::terminal::failure::Failure;
use crate::terminal::output::printer::{PrintArgs, Printer};
use crate::terminal::progress;
use crate::verbs::filter::{FORM, Filter};
use crate::verbs::moment::{age, before, moment};
use crate::verbs::order::Order;
use crate::verbs::targets::PAGE;
use crate::verbs::{json, warn_if_closed};

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

    /// Sort by FIELD; -FIELD reverses. Several, comma-separated or repeated. Waits for all pages
    #[arg(long, value_name = "FIELD", value_delimiter = ',', allow_hyphen_values = true, value_parser = Order::new)]
    sort: Vec<Order>,

    /// Print at most N tokens
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole_number::<u64>(1..))]
    limit: Option<u64>,

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
    with_client(global, DryRun::Everything, async |session| {
        warn_if_closed(session);
        list(global, &arguments, session).await
    })
    .await
}

/// All conditions that a token must match.
fn filters(arguments: &ListArgs) -> Vec<Filter> {
    let now = UnixMillis::now();
    let unused = arguments.unused_for.map(|length| before(now, length));
    let unused = unused.into_iter().chain(arguments.last_used_before).map(Filter::NotUsedSince);
    let created = arguments.older_than.map(|length| Filter::CreatedBefore(before(now, length)));
    arguments.filter.iter().cloned().chain(unused).chain(created).collect()
}

async fn list(global: &GlobalArgs, arguments: &ListArgs, session: &Session) -> Result<(), Failure> {
    let filters = filters(arguments);
    let orders = &arguments.sort;
    let is_sorted = !orders.is_empty();
    let limit = arguments.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut printer = Printer::new(global.format()?, &arguments.print)?.wide(arguments.show_all);

    let mut tokens = session.client.list().all_members(arguments.show_all).page_size(PAGE).stream();
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
            return Ok(());
        }
    }
    progress::clear();
    sorted.sort_by(|a, b| {
        let by_each = orders.iter().map(|order| order.compare(a, b));
        by_each.fold(Ordering::Equal, Ordering::then)
    });
    for token in sorted.iter().take(limit) {
        printer.token(token)?;
    }
    printer.end().map(|_| ())
}

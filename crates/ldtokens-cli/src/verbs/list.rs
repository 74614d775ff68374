//! `ldtokens list`: the tokens there are, as they come.

use std::cmp::Ordering;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use ldtokens::{DryRun, UnixMillis};
use serde_json::Value;

use crate::account::connect::{Session, with_client};
use crate::arguments::{printing, whole_number};
use crate::terminal::failure::Failure;
use crate::terminal::output::printer::Printer;
use crate::terminal::output::warn_if_closed;
use crate::terminal::progress;
use crate::verbs::filter::{FORM, Filter};
use crate::verbs::json;
use crate::verbs::moment::{before, duration, moment};
use crate::verbs::order::Order;
use crate::verbs::targets::PAGE;

pub(crate) fn command() -> Command {
    let command = Command::new("list")
        .about("List tokens")
        .visible_alias("ls")
        .long_about(
            "List tokens: your own and the account's service tokens, or with --show-all everyone's.\n\nRows are printed as they \
             arrive. With --sort, and in a table that does not go to a terminal, they are printed once all are read.",
        )
        .arg(
            Arg::new("show-all")
                .long("show-all")
                .short('a')
                .action(ArgAction::SetTrue)
                .help("Include the personal tokens of all members; needs the Admin role"),
        )
        .arg(
            Arg::new("filter")
                .long("filter")
                .short('f')
                .value_name("CONDITION")
                .action(ArgAction::Append)
                .value_parser(Filter::new)
                .help("List only tokens that match, e.g. role=admin, name~export, lastUsed=never. Can be repeated")
                .long_help(format!("List only tokens that match. {FORM}. If repeated, all must match")),
        )
        .arg(
            Arg::new("unused-for")
                .long("unused-for")
                .value_name("DURATION")
                .allow_hyphen_values(true)
                .value_parser(duration)
                .help("List only tokens not used for this long, e.g. 90d; never used ones count from their creation"),
        )
        .arg(
            Arg::new("last-used-before")
                .long("last-used-before")
                .value_name("TIMESTAMP")
                .allow_hyphen_values(true)
                .value_parser(moment)
                .help("List only tokens not used since, e.g. 2026-01-01; never used ones count from their creation"),
        )
        .arg(
            Arg::new("older-than")
                .long("older-than")
                .value_name("DURATION")
                .allow_hyphen_values(true)
                .value_parser(duration)
                .help("List only tokens created longer ago than this, e.g. 90d"),
        )
        .arg(
            Arg::new("sort")
                .long("sort")
                .value_name("FIELD")
                .action(ArgAction::Append)
                .value_delimiter(',')
                .allow_hyphen_values(true)
                .value_parser(Order::new)
                .help("Sort by FIELD; -FIELD reverses. Several, comma-separated or repeated. Waits for all pages"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .allow_hyphen_values(true)
                .value_parser(whole_number::<u64>(1..))
                .help("Print at most N tokens"),
        )
        .after_help(
            "Examples:\n  ldtokens list\n  ldtokens list --show-all --filter role=admin --sort role,-lastUsed\n  \
             ldtokens list -a --unused-for 90d --columns _id,name,_member.email,lastUsed --output csv\n  \
             ldtokens list -a -q -f name~test- | ldtokens delete - --yes",
        );
    printing(command)
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    with_client(arguments, DryRun::Everything, async |session| {
        warn_if_closed(session);
        list(arguments, session).await
    })
    .await
}

/// All that a token has to meet.
fn filters(arguments: &ArgMatches) -> Vec<Filter> {
    let now = UnixMillis::now();
    let ago = |flag: &str| arguments.get_one::<Duration>(flag).map(|length| before(now, *length));
    let since = arguments.get_one::<UnixMillis>("last-used-before").copied();
    let unused = ago("unused-for").into_iter().chain(since).map(Filter::NotUsedSince);
    let created = ago("older-than").map(Filter::CreatedBefore);
    arguments.get_many("filter").into_iter().flatten().cloned().chain(unused).chain(created).collect()
}

async fn list(arguments: &ArgMatches, session: &Session) -> Result<(), Failure> {
    let filters = filters(arguments);
    let orders: Vec<&Order> = arguments.get_many("sort").into_iter().flatten().collect();
    let is_sorted = !orders.is_empty();
    let limit =
        arguments.get_one::<u64>("limit").map_or(usize::MAX, |limit| usize::try_from(*limit).unwrap_or(usize::MAX));
    let mut printer = Printer::new(arguments)?;

    let mut tokens = session.client.list().all_members(arguments.get_flag("show-all")).page_size(PAGE).stream();
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

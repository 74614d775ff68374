//! `ldtokens list`: the tokens there are, as they come.

use std::io::IsTerminal;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use ldtokens::{DryRun, UnixMillis};
use serde_json::Value;

use crate::arguments::printing;
use crate::connect::{Session, with_client};
use crate::failure::Failure;
use crate::filter::{FORM, Filter, Order};
use crate::output::printer::Printer;
use crate::progress::Progress;
use crate::targets::PAGE;
use crate::verbs::json;

pub(crate) fn command() -> Command {
    let command = Command::new("list")
        .about("List tokens: your own and the service tokens, or everyone's")
        .arg(
            Arg::new("show-all")
                .long("show-all")
                .short('a')
                .action(ArgAction::SetTrue)
                .help("The personal tokens of all members too, which takes a credential with the Admin role"),
        )
        .arg(
            Arg::new("filter")
                .long("filter")
                .short('f')
                .value_name("CONDITION")
                .action(ArgAction::Append)
                .value_parser(|text: &str| Filter::new(text, UnixMillis::now()))
                .help("Only tokens of which this is true, as in role=admin, name~export, lastUsed<90d. May be given several times")
                .long_help(format!("Only tokens of which this is true. {FORM}. May be given several times: all must be true")),
        )
        .arg(
            Arg::new("sort")
                .long("sort")
                .value_name("FIELD")
                .allow_hyphen_values(true)
                .value_parser(Order::new)
                .help("By which field to sort, and with - before it the greatest first; nothing is printed until all is read"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("Print so many tokens at most"),
        )
        .after_help(
            "Examples:\n  ldtokens list\n  ldtokens list --show-all --filter role=admin --sort=-lastUsed\n  \
             ldtokens list -a -f 'lastUsed<90d' --columns _id,name,_member.email,lastUsed --output csv\n  \
             ldtokens list -a -q -f name~test- | ldtokens delete - --yes",
        );
    printing(command)
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    with_client(arguments, DryRun::Changes, async |session| list(arguments, session).await).await
}

async fn list(arguments: &ArgMatches, session: &Session) -> Result<(), Failure> {
    let filters: Vec<Filter> = arguments.get_many("filter").into_iter().flatten().cloned().collect();
    let order = arguments.get_one::<Order>("sort");
    let limit =
        arguments.get_one::<u64>("limit").map_or(usize::MAX, |limit| usize::try_from(*limit).unwrap_or(usize::MAX));
    let mut printer = Printer::new(arguments)?;
    let mut progress = Progress::new(order.is_some() || !std::io::stdout().is_terminal());

    let mut tokens = session.client.list().all_members(arguments.get_flag("show-all")).page_size(PAGE).stream();
    let (mut seen, mut met) = (0_u64, 0);
    let mut sorted: Vec<Value> = Vec::new();
    while met < limit || order.is_some() {
        let Some(token) = session.interrupt.unless(tokens.next()).await? else { break };
        let token = json(&token?);
        seen += 1;
        if seen.is_multiple_of(PAGE) {
            progress.show(&format!("{seen} tokens read"));
        }
        if !filters.iter().all(|filter| filter.is_met_by(&token)) {
            continue;
        }
        met += 1;
        if order.is_some() {
            sorted.push(token);
        } else if !printer.token(&token)? {
            return Ok(());
        }
    }
    drop(progress);
    if let Some(order) = order {
        sorted.sort_by(|a, b| order.compare(a, b));
        for token in sorted.iter().take(limit) {
            printer.token(token)?;
        }
    }
    printer.end().map(|_| ())
}

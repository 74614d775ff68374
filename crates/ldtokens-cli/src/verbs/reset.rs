//! `ldtokens reset`: replaces the secrets of tokens.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use clap::Args;
use ldtokens::{DryRun, Overlap, Token, UnixMillis};
use serde_json::Value;

use crate::account::{Session, with_client};
use crate::arguments::GlobalArgs;
use crate::moment::{age, date, moment};
use crate::terminal::{Failure, PrintArgs, say};
use crate::verbs::bulk::BulkArgs;
use crate::verbs::deliver::{PlaceArgs, Places, Print, to_get_another};
use crate::verbs::plan::{Plan, Words};
use crate::verbs::rotate::AT_ONCE;
use crate::verbs::targets::{Item, Target};
use crate::verbs::{json, names_one, print_issued, printer};

const KEEPING: Words = Words {
    verb: "Reset",
    doing: "resetting",
    done: "reset",
    unchanged: "",
    warning: None,
    lasting: Some("old secrets can't be restored"),
};

/// Without an overlap.
const ENDING: Words = Words { warning: AT_ONCE.warning, ..KEEPING };

/// Replace the secrets of tokens and deliver the new ones
///
/// Without --expires-in or --expires-at the old secret stops working at once, and you are asked to confirm. On a terminal the
/// new secret is printed. In a pipe, --secret-to or --secret-to-command must say where it goes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    bulk: BulkArgs,

    /// Keep the old secret working this long, e.g. 24h or 7d
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    expires_in: Option<Duration>,

    /// Keep the old secret working until this time, e.g. 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIMESTAMP", allow_hyphen_values = true, value_parser = moment, conflicts_with = "expires_in")]
    expires_at: Option<UnixMillis>,

    #[command(flatten)]
    places: PlaceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens reset 'Nightly export' --expires-in 24h --secret-to export.secret
  ldtokens reset ID1 ID2 --expires-in 7d --secret-to '{id}.secret'
  ldtokens reset Export --yes --secret-to-command 'vault kv put secret/ld token=-'";

pub(crate) async fn run(global: &GlobalArgs, arguments: ResetArgs) -> Result<(), Failure> {
    let places = Places::for_people(global, &arguments.places, Some(&arguments.print))?;
    let is_printed = places.print == Some(Print::WithToken);
    let is_single = names_one(arguments.bulk.words());
    let mut printer =
        printer(global, &arguments.print, is_single, is_single || is_printed)?.aside(places.prints_manifests());
    let overlap = overlap(&arguments)?;
    let bulk = arguments.bulk.read(global, "reset", &format!("old secrets: {overlap:?}"))?;
    with_client(global, DryRun::Changes, async |session| {
        let words = if overlap == Overlap::None { &ENDING } else { &KEEPING };
        let plan = Plan { words, items: bulk.find(session, false).await?, notes: Vec::new() };
        places.check(plan.items.iter().map(|item| &item.target))?;
        let has_roles = |item: &Item| item.before.as_ref().is_some_and(|token| !token.custom_role_ids.is_empty());
        if printer.is_for_people() && plan.items.iter().any(has_roles) {
            session.custom_roles().await?;
        }
        // A secret that is printed is printed with its token, before another is requested.
        let in_turn = places.print.is_some();
        let batch = bulk.begin(session, &plan, in_turn).await?;
        let is_quiet = arguments.print.quiet || !in_turn && plan.items.len() > 1 && global.verbose == 0;
        let printer_of_each = RefCell::new(&mut printer);
        let done = |item: &Item| format!("the token {} was reset", item.target.id);
        let work = async |item: &Item| {
            let id = &item.target.id;
            let delivery = places.prepare(session, Some(id), item.target.name.as_deref()).await?;
            let issued = session.client.reset(id, overlap).await?;
            let old = old_secret(overlap, session);
            let recovery = format!("{old}; {}", to_get_another(id));
            let print = |token: &Value| match in_turn {
                true => print_issued(&mut printer_of_each.borrow_mut(), session, token.clone()),
                false => Ok(true),
            };
            let place = delivery.deliver(json(&issued.details), &issued.secret, &done(item), &recovery, print).await;
            issued.warnings.iter().for_each(|warning| say::warning(warning));
            Ok(((issued.details, format!("{}; {old}", place?)), true))
        };
        let show = |item: &Item, ((token, said), _): ((Token, String), bool)| {
            if !in_turn {
                let printed = print_issued(&mut printer_of_each.borrow_mut(), session, json(&token));
                printed.map_err(|failure| failure.after(format!("{}, and its secret delivered", done(item))))?;
            }
            let target = Target { id: item.target.id.clone(), name: token.name };
            session.say_done(is_quiet, &format!("Reset {target}. {said}"));
            Ok(())
        };
        let result = batch.run(&plan.items, work, show).await;
        printer.finish().and(result)
    })
    .await
}

/// Says how long the old secret works, by the API's clock.
fn old_secret(overlap: Overlap, session: &Session) -> String {
    let until = match overlap {
        Overlap::None => return "the old one no longer works".to_owned(),
        Overlap::For(length) => UnixMillis::from(session.client.server_time()).saturating_add(length),
        Overlap::Until(moment) => UnixMillis::from(moment),
    };
    format!("the old one works until {}", date(until))
}

fn overlap(arguments: &ResetArgs) -> Result<Overlap, Failure> {
    if let Some(length) = arguments.expires_in {
        // A duration of zero ends the old secret at once, which needs confirmation.
        return Ok(if length.is_zero() { Overlap::None } else { Overlap::For(length) });
    }
    let Some(moment) = arguments.expires_at else { return Ok(Overlap::None) };
    let moment = moment.to_system_time();
    if moment <= SystemTime::now() {
        return Err(Failure::usage("--expires-at: this time has passed; leave it out to stop the old secret at once"));
    }
    Ok(Overlap::Until(moment))
}

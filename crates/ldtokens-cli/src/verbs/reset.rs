//! `ldtokens reset`: new secrets, with or without a time in which the old ones work too.

use std::time::{Duration, SystemTime};

use clap::{Arg, ArgMatches, Command};
use jiff::Timestamp;
use ldtokens::{DryRun, Overlap, UnixMillis};

use crate::arguments::{duration, printing, secret_to, yes};
use crate::ask::confirm;
use crate::batch::{Deed, each};
use crate::connect::with_client;
use crate::deliver::Destination;
use crate::failure::Failure;
use crate::targets;
use crate::verbs::Printing;
use crate::verbs::issue::hand_out;

const DEED: Deed = Deed { doing: "resetting", done: "reset", changes: true };

pub(crate) fn command() -> Command {
    let command = Command::new("reset")
        .about("Give tokens new secrets, and deliver those; for a while the old ones can work too")
        .long_about(
            "Give tokens new secrets, and deliver those.\n\nWithout --expires-in or --expires-at the old secret stops working \
             at once, and you are asked before. On a terminal the new secret is shown. In a pipe say where it goes.",
        )
        .arg(targets::argument())
        .arg(
            Arg::new("expires-in")
                .long("expires-in")
                .value_name("TIME")
                .value_parser(duration)
                .help("How long the old secret works on, as in 24h or 7d"),
        )
        .arg(
            Arg::new("expires-at")
                .long("expires-at")
                .value_name("MOMENT")
                .conflicts_with("expires-in")
                .value_parser(|text: &str| text.parse::<Timestamp>().map_err(|_| "a moment reads like 2026-01-31T12:00:00Z"))
                .help("Until when the old secret works, as in 2026-01-31T12:00:00Z"),
        )
        .arg(yes())
        .after_help(
            "Examples:\n  ldtokens reset 'Nightly export' --expires-in 24h --secret-to export.secret\n  \
             ldtokens reset ID1 ID2 --expires-in 7d --secret-to '{id}.secret'",
        );
    printing(secret_to(command))
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let mut printing = Printing::new(arguments)?;
    let destination = Destination::for_people(arguments)?;
    let overlap = overlap(arguments)?;
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let targets = targets::find(session, &words).await?;
        destination.check_for(targets.len())?;
        if overlap == Overlap::None {
            confirm(arguments, session, async || {
                Ok(format!("Reset {}? Its old secret stops working at once.", targets::named(session, &targets).await?))
            })
            .await?;
        }
        let done = each(session, &targets, &DEED, async |target| {
            let id = &target.id;
            let delivery = destination.prepare(Some(id))?;
            let issued = session.client.reset(id, overlap).await?;
            for warning in &issued.warnings {
                session.say(warning);
            }
            hand_out(&issued, delivery, &mut printing, |reason| {
                let old = if overlap == Overlap::None { "has stopped working" } else { "works on for the time given" };
                format!(
                    "the token {id} was reset, and its old secret {old}, but the new one could not be delivered: {reason}; if \
                     it is lost, `ldtokens reset {id} --yes --secret-to FILE` gives another"
                )
            })
        })
        .await;
        printing.end().and(done)
    })
    .await
}

fn overlap(arguments: &ArgMatches) -> Result<Overlap, Failure> {
    if let Some(length) = arguments.get_one::<Duration>("expires-in") {
        return Ok(Overlap::For(*length));
    }
    let Some(moment) = arguments.get_one::<Timestamp>("expires-at") else { return Ok(Overlap::None) };
    let moment = UnixMillis::new(moment.as_millisecond()).to_system_time();
    if moment <= SystemTime::now() {
        return Err(Failure::usage(
            "--expires-at: the moment has passed; leave it out for the old secret to stop at once",
        ));
    }
    Ok(Overlap::Until(moment))
}

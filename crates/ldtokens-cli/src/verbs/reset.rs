//! `ldtokens reset`: new secrets, with or without a time in which the old ones work too.

use std::time::{Duration, SystemTime};

use clap::{Arg, ArgMatches, Command};
use ldtokens::{DryRun, Overlap, UnixMillis};

use crate::account::connect::with_client;
use crate::arguments::{printing, secret_to, yes};
use crate::terminal::failure::Failure;
use crate::terminal::output::age::date;
use crate::verbs::Printing;
use crate::verbs::ask::confirm;
use crate::verbs::batch::{Labels, each};
use crate::verbs::deliver::Destination;
use crate::verbs::issue::hand_out;
use crate::verbs::moment::{duration, moment};
use crate::verbs::own::own_last;
use crate::verbs::targets::{self, Target};

const LABELS: Labels = Labels { doing: "resetting", done: "reset", changes: true };

pub(crate) fn command() -> Command {
    let command = Command::new("reset")
        .about("Replace the secrets of tokens and deliver the new ones")
        .long_about(
            "Replace the secrets of tokens and deliver the new ones.\n\nWithout --expires-in or --expires-at the old secret \
             stops working at once, and you are asked to confirm. On a terminal the new secret is printed. In a pipe, \
             --secret-to or --secret-to-command must say where it goes.",
        )
        .args(targets::arguments())
        .arg(
            Arg::new("expires-in")
                .long("expires-in")
                .value_name("DURATION")
                .allow_hyphen_values(true)
                .value_parser(duration)
                .help("Keep the old secret working this long, e.g. 24h or 7d"),
        )
        .arg(
            Arg::new("expires-at")
                .long("expires-at")
                .value_name("TIMESTAMP")
                .conflicts_with("expires-in")
                .allow_hyphen_values(true)
                .value_parser(moment)
                .help("Keep the old secret working until this time, e.g. 2026-01-31 or 2026-01-31T12:00:00Z"),
        )
        .arg(yes())
        .after_help(
            "Examples:\n  ldtokens reset 'Nightly export' --expires-in 24h --secret-to export.secret\n  \
             ldtokens reset ID1 ID2 --expires-in 7d --secret-to '{id}.secret'\n  \
             ldtokens reset Export --yes --secret-to-command 'vault kv put secret/ld token=-'",
        );
    printing(secret_to(command))
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let destination = Destination::for_people(arguments)?;
    let mut printing = Printing::with_secrets(arguments, matches!(destination, Destination::Stdout))?;
    let overlap = overlap(arguments)?;
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let mut targets = targets::find(arguments, session, &words).await?;
        own_last(session, &mut targets).await?;
        destination.check_for(targets.len())?;
        if overlap == Overlap::None {
            confirm(arguments, session, &targets, async || {
                let named = targets::named(arguments, session, &targets).await?;
                let old = if targets.len() == 1 { "Its old secret stops" } else { "Their old secrets stop" };
                Ok(format!("Reset {named}? {old} working at once."))
            })
            .await?;
        }
        let done = each(session, &targets, &LABELS, async |target| {
            let id = &target.id;
            let delivery = destination.prepare(Some(id))?;
            let issued = session.client.reset(id, overlap).await?;
            let place = hand_out(session, &issued, delivery, &mut printing, &format!("the token {id} was reset"), |reason| {
                let old = if overlap == Overlap::None { "has stopped working" } else { "still works for the time given" };
                format!(
                    "the token {id} was reset and its old secret {old}, but the new one could not be delivered: {reason}; to \
                     get another run `ldtokens reset {id} --yes --secret-to FILE`"
                )
            })?;
            let target = Target { id: id.clone(), name: issued.details.name.clone() };
            session.say_done(&format!("Reset {target}. {place}; {}", old_secret(overlap)));
            Ok(())
        })
        .await;
        printing.end().and(done)
    })
    .await
}

/// What becomes of the old secret.
fn old_secret(overlap: Overlap) -> String {
    let until = match overlap {
        Overlap::None => return "the old one no longer works".to_owned(),
        Overlap::For(length) => UnixMillis::now().saturating_add(length),
        Overlap::Until(moment) => UnixMillis::from(moment),
    };
    format!("the old one works until {}", date(until))
}

fn overlap(arguments: &ArgMatches) -> Result<Overlap, Failure> {
    if let Some(length) = arguments.get_one::<Duration>("expires-in") {
        // Not at all is at once, which is asked about.
        return Ok(if length.is_zero() { Overlap::None } else { Overlap::For(*length) });
    }
    let Some(moment) = arguments.get_one::<UnixMillis>("expires-at") else { return Ok(Overlap::None) };
    let moment = moment.to_system_time();
    if moment <= SystemTime::now() {
        return Err(Failure::usage("--expires-at: this time has passed; leave it out to stop the old secret at once"));
    }
    Ok(Overlap::Until(moment))
}

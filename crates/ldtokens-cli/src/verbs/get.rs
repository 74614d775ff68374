//! `ldtokens get`: some tokens, whole.

use clap::{ArgMatches, Command};
use ldtokens::DryRun;

use crate::account::connect::with_client;
use crate::arguments::printing;
use crate::terminal::failure::Failure;
use crate::terminal::output::warn_if_closed;
use crate::verbs::batch::{Labels, each};
use crate::verbs::targets;
use crate::verbs::{Printing, json};

const LABELS: Labels = Labels { doing: "reading", done: "read", changes: false };

pub(crate) fn command() -> Command {
    let command = Command::new("get")
        .about("Show one or more tokens")
        .visible_alias("show")
        .args(targets::arguments())
        .after_help(
            "Examples:\n  ldtokens get 61095542756dba551110ae21\n  ldtokens get 'Nightly export' -o json\n  \
         ldtokens get 'Nightly export' --columns _id -o value",
        );
    printing(command)
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let mut printing = Printing::new(arguments)?;
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Everything, async |session| {
        warn_if_closed(session);
        let targets = targets::find(arguments, session, &words).await?;
        let done = each(session, &targets, &LABELS, async |target| {
            printing.token(&json(&session.client.get(&target.id).await?))?;
            Ok(())
        })
        .await;
        printing.end().and(done)
    })
    .await
}

//! `ldtokens delete`: tokens whose secrets are to work no more.

use clap::{ArgMatches, Command};
use ldtokens::DryRun;

use crate::arguments::{quiet, yes};
use crate::ask::confirm;
use crate::batch::{Deed, each};
use crate::connect::with_client;
use crate::failure::Failure;
use crate::output::print;
use crate::targets;

const DEED: Deed = Deed { doing: "deleting", done: "deleted", changes: true };

pub(crate) fn command() -> Command {
    Command::new("delete")
        .about("Delete tokens; their secrets stop working at once")
        .visible_alias("rm")
        .arg(targets::argument())
        .arg(yes())
        .arg(quiet("Print only the IDs of deleted tokens, one per line"))
        .after_help("Examples:\n  ldtokens delete 'Nightly export'\n  ldtokens list -a -q -f name~test- | ldtokens delete - --yes")
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let targets = targets::find(session, &words).await?;
        confirm(arguments, session, async || {
            Ok(format!(
                "Delete {}? {} working at once.",
                targets::named(session, &targets).await?,
                match targets.len() {
                    1 => "Whatever uses it stops",
                    _ => "Whatever uses them stops",
                }
            ))
        })
        .await?;
        each(session, &targets, &DEED, async |target| {
            session.client.delete(&target.id).await?;
            if arguments.get_flag("quiet") {
                print(target.id.as_str())?;
            }
            session.say_done(&format!("Deleted {target}"));
            Ok(())
        })
        .await
    })
    .await
}

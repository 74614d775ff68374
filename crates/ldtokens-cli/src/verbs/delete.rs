//! `ldtokens delete`: tokens whose secrets are to work no more.

use clap::{ArgMatches, Command};
use ldtokens::{DryRun, Error};

use crate::account::connect::with_client;
use crate::arguments::{quiet, yes};
use crate::terminal::failure::Failure;
use crate::terminal::output::print;
use crate::verbs::ask::confirm;
use crate::verbs::batch::{Labels, each};
use crate::verbs::own::own_last;
use crate::verbs::targets;

const LABELS: Labels = Labels { doing: "deleting", done: "deleted", changes: true };

pub(crate) fn command() -> Command {
    Command::new("delete")
        .about("Delete tokens; their secrets stop working at once")
        .visible_alias("rm")
        .args(targets::arguments())
        .arg(targets::ignore_not_found())
        .arg(yes())
        .arg(quiet("Print only the IDs of deleted tokens, one per line"))
        .after_help("Examples:\n  ldtokens delete 'Nightly export'\n  ldtokens list -a -q -f name~test- | ldtokens delete - --yes")
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let mut targets = targets::find(arguments, session, &words).await?;
        own_last(session, &mut targets).await?;
        confirm(arguments, session, &targets, async || {
            Ok(format!(
                "Delete {}? {} working at once.",
                targets::named(arguments, session, &targets).await?,
                match targets.len() {
                    1 => "Whatever uses it stops",
                    _ => "Whatever uses them stops",
                }
            ))
        })
        .await?;
        each(session, &targets, &LABELS, async |target| {
            match session.client.delete(&target.id).await {
                Err(Error::NotFound(_)) if targets::ignores_not_found(arguments) => return Ok(()),
                result => result?,
            }
            if arguments.get_flag("quiet") {
                print(target.id.as_str()).map_err(|failure| failure.after(format!("{target} was deleted")))?;
            }
            session.say_done(&format!("Deleted {target}"));
            Ok(())
        })
        .await
    })
    .await
}

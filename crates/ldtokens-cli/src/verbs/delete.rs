//! `ldtokens delete`: tokens whose secrets are to work no more.

use clap::{ArgMatches, Command};
use ldtokens::DryRun;

use crate::arguments::{quiet, yes};
use crate::ask::confirm;
use crate::batch::{Deed, each};
use crate::connect::with_client;
use crate::failure::Failure;
use crate::output::print;
use crate::own::{note, own_last};
use crate::targets;

const DEED: Deed = Deed { doing: "deleting", done: "deleted", changes: true };

pub(crate) fn command() -> Command {
    Command::new("delete")
        .about("Delete tokens; their secrets stop working at once")
        .arg(targets::argument())
        .arg(yes())
        .arg(quiet("Print the IDs of those that were deleted, a line each"))
        .after_help("Examples:\n  ldtokens delete 'Nightly export'\n  ldtokens list -a -q -f name~test- | ldtokens delete - --yes")
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let mut targets = targets::find(session, &words).await?;
        let has_own = own_last(session, &mut targets).await?;
        confirm(arguments, session, async || {
            let named = targets::named(session, &targets).await?;
            Ok(format!("Delete {named}? Whatever uses it stops working at once.{}", note(has_own)))
        })
        .await?;
        each(session, &targets, &DEED, async |target| {
            session.client.delete(&target.id).await?;
            if arguments.get_flag("quiet") {
                print(target.id.as_str())?;
            }
            Ok(())
        })
        .await
    })
    .await
}

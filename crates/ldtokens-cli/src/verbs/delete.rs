//! `ldtokens delete`: tokens whose secrets are to work no more.

use clap::{ArgMatches, Command};
use ldtokens::DryRun;

use crate::arguments::{quiet, yes};
use crate::ask::confirm;
use crate::batch::{Deed, each};
use crate::connect::{Session, with_client};
use crate::failure::Failure;
use crate::output::print;
use crate::targets::{self, Target};

const DEED: Deed = Deed { doing: "deleting", done: "deleted", changes: true };

/// How many tokens a question names.
const NAMED: usize = 5;

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
        let targets = targets::find(session, &words).await?;
        confirm(arguments, session, async || {
            Ok(format!("Delete {}? Whatever uses it stops working at once.", named(session, &targets).await?))
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

/// The tokens as a question names them, for which some may have to be read.
pub(crate) async fn named(session: &Session, targets: &[Target]) -> Result<String, Failure> {
    let mut names = Vec::new();
    for target in targets.iter().take(NAMED) {
        let mut target = target.clone();
        if target.name.is_none() {
            target.name = session.interrupt.unless(session.client.get(&target.id)).await??.name;
        }
        names.push(target.to_string());
    }
    if targets.len() > NAMED {
        names.push(format!("{} more", targets.len() - NAMED));
    }
    Ok(match targets.len() {
        1 => format!("the token {}", names.concat()),
        count => format!("these {count} tokens: {}", names.join(", ")),
    })
}

//! `ldtokens delete`: deletes tokens.

use clap::Args;
use ldtokens::{DryRun, Error};

use crate::account::connect::with_client;
use crate::arguments::{ConfirmArgs, GlobalArgs, LAST, OUTPUT};
use crate::terminal::failure::Failure;
use crate::terminal::output::print;
use crate::verbs::ask::confirm;
use crate::verbs::batch::{Labels, each};
use crate::verbs::own::own_last;
use crate::verbs::targets::{self, TargetArgs};

const LABELS: Labels = Labels { doing: "deleting", done: "deleted", changes: true };

/// Delete tokens; their secrets stop working at once
#[derive(Args, Debug)]
#[command(visible_alias = "rm", after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Succeed if a token does not exist
    #[arg(long)]
    ignore_not_found: bool,

    #[command(flatten)]
    confirm: ConfirmArgs,

    /// Print only the IDs of deleted tokens, one per line
    #[arg(long, short, help_heading = OUTPUT, display_order = LAST + 3)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens delete 'Nightly export'
  ldtokens list -a -q -f name~test- | ldtokens delete - --yes";

pub(crate) async fn run(global: &GlobalArgs, arguments: DeleteArgs) -> Result<(), Failure> {
    let named = TargetArgs { ignore_not_found: arguments.ignore_not_found, ..arguments.targets };
    let words = targets::words(&named.tokens)?;
    with_client(global, DryRun::Changes, async |session| {
        let mut targets = targets::find(&named, session, &words).await?;
        own_last(session, &mut targets).await?;
        confirm(arguments.confirm, session, &targets, async || {
            Ok(format!(
                "Delete {}? {} working at once.",
                targets::named(&named, session, &targets).await?,
                match targets.len() {
                    1 => "Whatever uses it stops",
                    _ => "Whatever uses them stops",
                }
            ))
        })
        .await?;
        each(session, &targets, &LABELS, async |target| {
            match session.client.delete(&target.id).await {
                Err(Error::NotFound(_)) if arguments.ignore_not_found => return Ok(()),
                result => result?,
            }
            if arguments.quiet {
                print(target.id.as_str()).map_err(|failure| failure.after(format!("{target} was deleted")))?;
            }
            session.say_done(arguments.quiet, &format!("Deleted {target}"));
            Ok(())
        })
        .await
    })
    .await
}

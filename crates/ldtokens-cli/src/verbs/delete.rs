//! `ldtokens delete`: deletes tokens.

use clap::Args;
use ldtokens::{DryRun, Error};

use crate::account::connect::with_client;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::output::{LAST, OUTPUT, print};
use crate::verbs::batch::{Batch, Labels};
use crate::verbs::bulk::BulkArgs;
use crate::verbs::plan::{Item, Plan, Words};

const WORDS: Words<'static> = Words {
    verb: "Delete",
    labels: &Labels { doing: "deleting", done: "deleted", unchanged: "did not exist", changes: true },
    warning: Some(["Whatever uses it stops working at once.", "Whatever uses them stops working at once."]),
    lasting: Some("deleted tokens can't be restored"),
};

/// Delete tokens; their secrets stop working at once
#[derive(Args, Debug)]
#[command(visible_alias = "rm", after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    bulk: BulkArgs,

    /// Succeed if a token does not exist
    #[arg(long)]
    ignore_not_found: bool,

    /// Print only the IDs of deleted tokens, one per line
    #[arg(long, short, help_heading = OUTPUT, display_order = LAST + 3)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens delete 'Nightly export'
  ldtokens delete --all-matching name~test- --all-matching lastUsed=never
  ldtokens list -a -q --unused-for 90d | ldtokens delete -";

pub(crate) async fn run(global: &GlobalArgs, arguments: DeleteArgs) -> Result<(), Failure> {
    let bulk = arguments.bulk.read(global, "delete", "")?;
    with_client(global, DryRun::Changes, async |session| {
        let items = bulk.find(session, arguments.ignore_not_found).await?;
        let plan = Plan { words: &WORDS, items, notes: Vec::new() };
        plan.agree(session, arguments.bulk.confirm, bulk.names_one()).await?;
        let record = bulk.record(session, &plan)?;
        let batch = Batch { session, labels: WORDS.labels, record, in_turn: false };
        let work = async |item: &Item| match session.client.delete(&item.target.id).await {
            Err(Error::NotFound(_)) if arguments.ignore_not_found || bulk.is_resumed() => Ok(((), false)),
            result => Ok((result?, true)),
        };
        let is_quiet = arguments.quiet || plan.items.len() > 1 && global.verbose == 0;
        let show = |item: &Item, ((), is_deleted)| {
            let target = &item.target;
            if is_deleted && arguments.quiet {
                print(target.id.as_str()).map_err(|failure| failure.after(format!("{target} was deleted")))?;
            }
            if is_deleted {
                session.say_done(is_quiet, &format!("Deleted {target}"));
            }
            Ok(())
        };
        batch.run(&plan.items, work, show).await
    })
    .await
}

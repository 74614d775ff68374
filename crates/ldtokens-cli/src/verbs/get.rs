//! `ldtokens get`: shows tokens with all their fields.

use clap::Args;
use ldtokens::DryRun;

use crate::account::connect::with_client;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::output::printer::PrintArgs;
use crate::verbs::batch::{Batch, Labels};
use crate::verbs::targets::{self, Target, TargetArgs};
use crate::verbs::{Printing, json, warn_if_closed};

const LABELS: Labels = Labels { doing: "reading", done: "read", unchanged: "", changes: false };

/// Show one or more tokens
#[derive(Args, Debug)]
#[command(visible_alias = "show", after_help = EXAMPLES)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    print: PrintArgs,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens get 61095542756dba551110ae21
  ldtokens get 'Nightly export' -o json
  ldtokens get 'Nightly export' --columns _id -o value";

pub(crate) async fn run(global: &GlobalArgs, arguments: GetArgs) -> Result<(), Failure> {
    let mut printing = Printing::new(global, &arguments.print, &arguments.targets.tokens)?;
    let words = targets::words(&arguments.targets.tokens)?;
    with_client(global, DryRun::Everything, async |session| {
        warn_if_closed(session);
        let targets = targets::find(&arguments.targets, session, &words).await?;
        let batch = Batch { session, labels: &LABELS, record: None, in_turn: false };
        let work = async |target: &Target| Ok((session.client.get(&target.id).await?, false));
        let done = batch.run(&targets, work, |_, (token, _)| printing.token(&json(&token)).map(|_| ())).await;
        printing.end().and(done)
    })
    .await
}

//! `ldtokens update`: changes names, descriptions and permissions.

use std::cell::Cell;

use clap::{ArgGroup, Args};
use ldtokens::{DryRun, Error, Token};

use crate::account::connect::with_client;
use crate::arguments::{GlobalArgs, TextArgs, some_text};
use crate::terminal::failure::Failure;
use crate::terminal::output::printer::PrintArgs;
use crate::verbs::batch::{Labels, each};
use crate::verbs::own::own_last;
use crate::verbs::permissions::PermissionArgs;
use crate::verbs::targets::{self, Target, TargetArgs};
use crate::verbs::{Printing, json};

const LABELS: Labels = Labels { doing: "updating", done: "updated", changes: true };

/// Change the name, description or permissions of tokens
///
/// Each token is read first and only the differences are sent. If someone else changes the token in the meantime, the update
/// starts over, so no change is lost.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("changes").multiple(true).required(true)
    .args(["name", "description", "no_description", "role", "custom_role", "policy"]))]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    targets: TargetArgs,

    #[command(flatten)]
    texts: TextArgs,

    /// Remove the description
    #[arg(long, conflicts_with = "description")]
    no_description: bool,

    /// Add a comment to the audit log
    #[arg(long, value_name = "TEXT", value_parser = some_text, allow_hyphen_values = true)]
    comment: Option<String>,

    #[command(flatten)]
    permissions: PermissionArgs,

    #[command(flatten)]
    print: PrintArgs,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens update 'Nightly export' --name Export
  ldtokens update 61095542756dba551110ae21 --role reader
  ldtokens update Export --custom-role ops --comment 'Needs releases'";

pub(crate) async fn run(global: &GlobalArgs, arguments: UpdateArgs) -> Result<(), Failure> {
    let mut printing = Printing::new(global, &arguments.print, &arguments.targets.tokens)?;
    let permissions = arguments.permissions.read()?;
    let is_changed = Cell::new(false);
    let change = |token: &mut Token| -> Result<(), Error> {
        let before = token.clone();
        if let Some(name) = &arguments.texts.name {
            token.name = Some(name.clone());
        }
        if let Some(description) = &arguments.texts.description {
            token.description = Some(description.clone());
        }
        if arguments.no_description {
            token.description = None;
        }
        if let Some(permissions) = &permissions {
            permissions.apply_to(token);
        }
        is_changed.set(*token != before);
        Ok(())
    };
    let words = targets::words(&arguments.targets.tokens)?;
    with_client(global, DryRun::Changes, async |session| {
        let mut targets = targets::find(&arguments.targets, session, &words).await?;
        own_last(session, &mut targets).await?;
        let done = each(session, &targets, &LABELS, async |target| {
            let token = session.client.try_edit(&target.id, arguments.comment.as_deref(), change).await?;
            if session.is_dry_run {
                session.note(&format!("{target}: nothing would change"));
                return Ok(());
            }
            let printed = printing.token(&json(&token));
            printed.map_err(|failure| failure.after(format!("{target} was updated")))?;
            let target = Target { id: target.id.clone(), name: token.name.clone() };
            session.say_done(
                arguments.print.quiet,
                &match is_changed.get() {
                    true => format!("Updated {target}"),
                    false => format!("No change to {target}: it already has these values"),
                },
            );
            Ok(())
        })
        .await;
        printing.end().and(done)
    })
    .await
}

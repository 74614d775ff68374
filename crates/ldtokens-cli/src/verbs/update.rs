//! `ldtokens update`: other names, descriptions and permissions.

use std::cell::Cell;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use ldtokens::{DryRun, Error, Token};

use crate::account::connect::with_client;
use crate::arguments::{printing, some_description, some_text};
use crate::terminal::failure::Failure;
use crate::verbs::batch::{Labels, each};
use crate::verbs::own::own_last;
use crate::verbs::permissions;
use crate::verbs::targets::{self, Target};
use crate::verbs::{Printing, json};

const LABELS: Labels = Labels { doing: "updating", done: "updated", changes: true };

pub(crate) fn command() -> Command {
    let command = Command::new("update")
        .about("Change the name, description or permissions of tokens")
        .long_about(
            "Change the name, description or permissions of tokens.\n\nEach token is read first and only the differences are \
             sent. If someone else changes the token in the meantime, the update starts over, so no change is lost.",
        )
        .args(targets::arguments())
        .arg(
            Arg::new("name")
                .long("name")
                .short('n')
                .value_name("NAME")
                .value_parser(some_text)
                .allow_hyphen_values(true)
                .help("Set the name"),
        )
        .arg(
            Arg::new("description")
                .long("description")
                .value_name("TEXT")
                .value_parser(some_description)
                .allow_hyphen_values(true)
                .help("Set the description"),
        )
        .arg(
            Arg::new("no-description")
                .long("no-description")
                .action(ArgAction::SetTrue)
                .conflicts_with("description")
                .help("Remove the description"),
        )
        .arg(
            Arg::new("comment")
                .long("comment")
                .value_name("TEXT")
                .value_parser(some_text)
                .allow_hyphen_values(true)
                .help("Add a comment to the audit log"),
        )
        .after_help(
            "Examples:\n  ldtokens update 'Nightly export' --name Export\n  ldtokens update 61095542756dba551110ae21 --role reader\n  \
             ldtokens update Export --custom-role ops --comment 'Needs releases'",
        );
    let changes = ArgGroup::new("changes").multiple(true).required(true);
    let changes = changes.args(["name", "description", "no-description", "role", "custom-role", "policy"]);
    printing(permissions::arguments(command, false).group(changes))
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let mut printing = Printing::new(arguments)?;
    let permissions = permissions::given(arguments)?;
    let is_changed = Cell::new(false);
    let change = |token: &mut Token| -> Result<(), Error> {
        let before = token.clone();
        if let Some(name) = arguments.get_one::<String>("name") {
            token.name = Some(name.clone());
        }
        if let Some(description) = arguments.get_one::<String>("description") {
            token.description = Some(description.clone());
        }
        if arguments.get_flag("no-description") {
            token.description = None;
        }
        if let Some(permissions) = &permissions {
            permissions.apply_to(token);
        }
        is_changed.set(*token != before);
        Ok(())
    };
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let mut targets = targets::find(arguments, session, &words).await?;
        own_last(session, &mut targets).await?;
        let done = each(session, &targets, &LABELS, async |target| {
            let comment = arguments.get_one::<String>("comment").map(String::as_str);
            let token = session.client.try_edit(&target.id, comment, change).await?;
            if session.is_dry_run {
                session.note(&format!("{target}: nothing would change"));
                return Ok(());
            }
            let printed = printing.token(&json(&token));
            printed.map_err(|failure| failure.after(format!("{target} was updated")))?;
            let target = Target { id: target.id.clone(), name: token.name.clone() };
            session.say_done(&match is_changed.get() {
                true => format!("Updated {target}"),
                false => format!("No change to {target}: it is like that already"),
            });
            Ok(())
        })
        .await;
        printing.end().and(done)
    })
    .await
}

//! `ldtokens update`: other names, descriptions and permissions.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use ldtokens::{DryRun, Token};

use crate::arguments::printing;
use crate::batch::{Deed, each};
use crate::connect::with_client;
use crate::failure::Failure;
use crate::permissions;
use crate::targets;
use crate::verbs::{Printing, json};

const DEED: Deed = Deed { doing: "updating", done: "updated", changes: true };

pub(crate) fn command() -> Command {
    let command = Command::new("update")
        .about("Change the name, the description or the permissions of tokens")
        .long_about(
            "Change the name, the description or the permissions of tokens.\n\nEach token is read first, and only what differs \
             is written, with a test that nobody changed it meanwhile; if someone did it starts over.",
        )
        .arg(targets::argument())
        .arg(Arg::new("name").long("name").short('n').value_name("NAME").help("A new name"))
        .arg(Arg::new("description").long("description").value_name("TEXT").help("A new description"))
        .arg(
            Arg::new("no-description")
                .long("no-description")
                .action(ArgAction::SetTrue)
                .conflicts_with("description")
                .help("No description any more"),
        )
        .arg(Arg::new("comment").long("comment").value_name("TEXT").help("Why, for the audit log"))
        .after_help(
            "Examples:\n  ldtokens update 'Nightly export' --name Export\n  ldtokens update 61095542756dba551110ae21 --role reader",
        );
    let changes = ArgGroup::new("changes").multiple(true).required(true);
    let changes = changes.args(["name", "description", "no-description", "role", "custom-role", "policy"]);
    printing(permissions::arguments(command, false).group(changes))
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let mut printing = Printing::new(arguments)?;
    let permissions = permissions::given(arguments)?;
    let change = |token: &mut Token| {
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
    };
    let words = targets::words(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let targets = targets::find(session, &words).await?;
        let done = each(session, &targets, &DEED, async |target| {
            let token = match arguments.get_one::<String>("comment") {
                Some(comment) => session.client.edit_with_comment(&target.id, comment, change).await?,
                None => session.client.edit(&target.id, change).await?,
            };
            printing.token(&json(&token))?;
            Ok(())
        })
        .await;
        printing.end().and(done)
    })
    .await
}

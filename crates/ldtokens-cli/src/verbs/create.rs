//! `ldtokens create`: a new token.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use ldtokens::{ApiVersion, DryRun, NewToken};

use crate::account::connect::with_client;
use crate::arguments::{printing, secret_to, some_description, some_text};
use crate::terminal::failure::Failure;
use crate::verbs::Printing;
use crate::verbs::deliver::Destination;
use crate::verbs::issue::hand_out;
use crate::verbs::permissions;
use crate::verbs::targets::Target;

pub(crate) fn command() -> Command {
    let command = Command::new("create")
        .about("Create a token and deliver its secret, which is shown only once")
        .long_about(
            "Create a token and deliver its secret, which is shown only once.\n\nOn a terminal the secret is printed. In a \
             pipe, --secret-to or --secret-to-command must say where it goes. If the response is lost, another token is \
             created, and you get its secret; a token that the lost request may have created is named on standard error, \
             for you to delete.",
        )
        .arg(
            Arg::new("name")
                .long("name")
                .short('n')
                .value_name("NAME")
                .value_parser(some_text)
                .allow_hyphen_values(true)
                .help("Name of the token"),
        )
        .arg(
            Arg::new("description")
                .long("description")
                .value_name("TEXT")
                .value_parser(some_description)
                .allow_hyphen_values(true)
                .help("Description, e.g. what the token is for"),
        )
        .arg(
            Arg::new("service")
                .long("service")
                .action(ArgAction::SetTrue)
                .help("Create a service token, which outlives the member who creates it; can't be changed later"),
        )
        .arg(
            Arg::new("default-api-version")
                .long("default-api-version")
                .value_name("VERSION")
                .value_parser(value_parser!(ApiVersion))
                .help("API version for requests with this token that name none; can't be changed later"),
        )
        .after_help(
            "Examples:\n  ldtokens create --name 'Nightly export' --role reader --service\n  \
             ldtokens create -n deploy --custom-role release-managers --secret-to deploy.secret\n  \
             ldtokens create -n ci --policy policy.json --secret-to-command 'vault kv put secret/ld token=-'",
        );
    printing(secret_to(permissions::arguments(command, true)))
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let mut printing = Printing::for_new(arguments)?;
    let destination = Destination::for_people(arguments)?;
    let new_token = new_token(arguments)?;
    with_client(arguments, DryRun::Changes, async |session| {
        let create = session.client.create_or_recover(&new_token);
        if session.is_dry_run {
            return Err(create.await.map_or_else(Failure::from, |_| unreachable!("it is not sent")));
        }
        let delivery = destination.prepare(None)?;
        let issued = session.interrupt.until_done(create).await??;
        let id = &issued.id;
        let delivered = hand_out(session, &issued, delivery, &mut printing, &format!("the token {id} was created"), |reason| {
            format!(
                "the token {id} was created, but its secret could not be delivered: {reason}; to get a new secret run \
                 `ldtokens reset {id} --yes --secret-to FILE`, to remove the token `ldtokens delete {id}`"
            )
        });
        // The secret comes first.
        if let Some(clean_up) = &issued.clean_up {
            let left = session.client.clean_up(clean_up).await;
            if !left.is_empty() {
                session.warn(&left.to_string());
            }
        }
        let place = delivered?;
        printing
            .end()
            .map_err(|failure| failure.after(format!("the token {id} was created, and its secret delivered")))?;
        let target = Target { id: id.clone(), name: issued.details.name.clone() };
        session.say_done(&format!("Created {target}. {place}"));
        Ok(())
    })
    .await
}

fn new_token(arguments: &ArgMatches) -> Result<NewToken, Failure> {
    let permissions = permissions::given(arguments)?.expect("clap requires one");
    let mut new_token = NewToken::new(permissions);
    if let Some(name) = arguments.get_one::<String>("name") {
        new_token = new_token.name(name);
    }
    if let Some(description) = arguments.get_one::<String>("description") {
        new_token = new_token.description(description);
    }
    if arguments.get_flag("service") {
        new_token = new_token.service();
    }
    if let Some(version) = arguments.get_one::<ApiVersion>("default-api-version") {
        new_token = new_token.default_api_version(*version);
    }
    Ok(new_token)
}

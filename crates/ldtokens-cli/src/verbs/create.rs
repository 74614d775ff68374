//! `ldtokens create`: creates a token.

use clap::Args;
use ldtokens::{ApiVersion, DryRun, Error, NewToken, Permissions};
use serde_json::Value;

use crate::account::with_client;
use crate::arguments::{ExpiryArgs, GlobalArgs, TextArgs};
use crate::terminal::{Failure, PrintArgs, say};
use crate::verbs::deliver::{PlaceArgs, Places, to_get_another};
use crate::verbs::permissions::{PermissionArgs, RolesBy, with_roles};
use crate::verbs::targets::Target;
use crate::verbs::{json, print_issued, printer};

/// Create a token and deliver its secret, which is shown only once
///
/// On a terminal the secret is printed. In a pipe, --secret-to or --secret-to-command must say where it goes. If the response is
/// lost, another token is created, and you get its secret; a token that the lost request may have created is named on standard
/// error, for you to delete.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    texts: TextArgs,

    /// Create a service token, which outlives the member who creates it; can't be changed later
    #[arg(long)]
    service: bool,

    /// Default API version of requests with this token; can't be changed later
    #[arg(long, value_name = "VERSION")]
    default_api_version: Option<ApiVersion>,

    #[command(flatten)]
    expiry: ExpiryArgs,

    #[command(flatten)]
    permissions: PermissionArgs,

    #[command(flatten)]
    places: PlaceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

const EXAMPLES: &str = "\
Examples:
  ldtokens create --name 'Nightly export' --role reader --service
  ldtokens create -n deploy --custom-role release-managers --secret-to deploy.secret
  ldtokens create -n trial --role writer --expires-in 90d
  ldtokens create -n ci --policy policy.json --secret-to-command 'vault kv put secret/ld token=-'";

pub(crate) async fn run(global: &GlobalArgs, arguments: CreateArgs) -> Result<(), Failure> {
    let places = Places::for_people(global, &arguments.places, Some(&arguments.print))?;
    let mut printer = printer(global, &arguments.print, true, true)?.aside(places.prints_manifests());
    let permissions = arguments.permissions.read()?.expect("clap requires one");
    arguments.expiry.check()?;
    with_client(global, DryRun::Changes, async |session| {
        if printer.is_for_people() && matches!(permissions, Permissions::CustomRoles(_)) {
            session.custom_roles().await?;
        }
        let new_token = new_token(&arguments, with_roles(session, permissions, RolesBy::Key).await?);
        if arguments.expiry.expires_in.is_some() {
            // After a response, the time is the API's.
            session.own_token().await?;
        }
        let name = arguments.texts.name.as_deref();
        let delivery = places.prepare(session, None, name).await?;
        if session.is_dry_run {
            let created = session.client.create(&new_token).await;
            return Err(created.map_or_else(Failure::from, |_| unreachable!("it is not sent")));
        }
        let mut delivered = None;
        let create = session.client.create_or_recover(&new_token, async |issued| -> Result<(), Error> {
            let id = &issued.id;
            let done = format!("the token {id} was created");
            let recovery = format!("{}, to remove the token `ldtokens delete {id}`", to_get_another(id));
            let print = |token: &Value| print_issued(&mut printer, session, token.clone());
            delivered = Some(delivery.deliver(json(&issued.details), &issued.secret, &done, &recovery, print).await);
            Ok(())
        });
        let issued = session.interrupt.until_done(create).await??;
        let id = &issued.id;
        issued.warnings.iter().for_each(|warning| say::warning(warning));
        let place = delivered.expect("a token that was created is delivered")?;
        printer
            .finish()
            .map_err(|failure| failure.after(format!("the token {id} was created, and its secret delivered")))?;
        let target = Target { id: id.clone(), name: issued.details.name.clone() };
        session.say_done(arguments.print.quiet, &format!("Created {target}. {place}"));
        Ok(())
    })
    .await
}

fn new_token(arguments: &CreateArgs, permissions: Permissions) -> NewToken {
    let mut new_token = NewToken::new(permissions);
    if let Some(name) = &arguments.texts.name {
        new_token = new_token.name(name);
    }
    if let Some(description) = &arguments.texts.description {
        new_token = new_token.description(description);
    }
    if arguments.service {
        new_token = new_token.service();
    }
    if let Some(version) = arguments.default_api_version {
        new_token = new_token.default_api_version(version);
    }
    match (arguments.expiry.expires_in, arguments.expiry.expires_at) {
        (Some(lifetime), _) => new_token = new_token.expires_in(lifetime),
        (None, Some(end)) => new_token = new_token.expires_at(end),
        (None, None) => {}
    }
    new_token
}

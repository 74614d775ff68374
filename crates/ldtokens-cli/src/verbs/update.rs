//! `ldtokens update` and `delete`: changes names, descriptions, permissions and expiries, or ends tokens.

use std::cell::Cell;

use clap::{ArgGroup, Args};
use ldtokens::{DryRun, Error, Permissions, Token, UnixMillis};
use ldtokens_plan::Marker;
use serde_json::Value;

use crate::account::with_client;
use crate::arguments::{ExpiryArgs, GlobalArgs, TextArgs, some_text};
use crate::moment::date;
use crate::terminal::{Failure, Format, LAST, OUTPUT, PrintArgs, Printer, print, say};
use crate::verbs::batch::Batch;
use crate::verbs::bulk::BulkArgs;
use crate::verbs::permissions::{PermissionArgs, RolesBy, with_roles};
use crate::verbs::plan::{Plan, Words};
use crate::verbs::targets::Item;
use crate::verbs::{json, names_one, printer, show_keys};

const UPDATE: Words = Words {
    verb: "Update",
    doing: "updating",
    done: "updated",
    unchanged: "have these values already",
    warning: None,
    lasting: None,
};

/// Change the name, description, permissions or expiry of tokens
///
/// Each token is read first and only the differences are sent. If someone else changes the token in the meantime, the update
/// starts over, so no change is lost. Several tokens are changed only after a plan and a question, and the permissions or expiry of
/// the token in use only after a question; `ldtokens undo` can restore them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens update 'Nightly export' --name Export
  ldtokens update 61095542756dba551110ae21 --role reader
  ldtokens update Export --custom-role ops --comment 'Needs releases'")]
#[command(group = ArgGroup::new("changes").multiple(true).required(true)
    .args(["name", "description", "no_description", "role", "custom_role", "policy", "expires_in", "expires_at", "no_expiry"]))]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    bulk: BulkArgs,

    #[command(flatten)]
    texts: TextArgs,

    /// Remove the description
    #[arg(long, conflicts_with = "description")]
    no_description: bool,

    #[command(flatten)]
    expiry: ExpiryArgs,

    /// Let the token never expire
    #[arg(long, conflicts_with = "expiry")]
    no_expiry: bool,

    /// Add a comment to the audit log
    #[arg(long, value_name = "TEXT", value_parser = some_text, allow_hyphen_values = true)]
    comment: Option<String>,

    #[command(flatten)]
    permissions: PermissionArgs,

    #[command(flatten)]
    print: PrintArgs,
}

pub(crate) async fn update(global: &GlobalArgs, arguments: UpdateArgs) -> Result<(), Failure> {
    let is_single = names_one(arguments.bulk.words());
    let mut printer = printer(global, &arguments.print, is_single, is_single)?;
    let permissions = arguments.permissions.read()?;
    arguments.expiry.check()?;
    let bulk = arguments.bulk.read(global, "update", &in_words(&arguments, permissions.as_ref()))?;
    with_client(global, DryRun::Changes, async |session| {
        let permissions = match permissions {
            Some(permissions) => Some(with_roles(session, permissions, RolesBy::Id).await?),
            None => None,
        };
        let items = bulk.find(session, false).await?;
        // After a response, the time is the API's.
        let expiry = arguments.expiry.moment(session.client.server_time().into());
        let change = |_: &Item, token: &mut Token| change_to(token, &arguments, permissions.as_ref(), expiry);
        let plan = Plan::of_changes(&UPDATE, items, change);
        for (marker, name) in plan.items.iter().filter_map(lost_marker) {
            say::warning(&format!(
                "without {marker} in its description, `ldtokens apply` does not know {name} any more"
            ));
        }
        let batch = bulk.begin(session, &plan, false).await?;
        let is_batch = plan.items.len() != 1;
        let is_asked = arguments.print.quiet || arguments.print.columns.is_some() || global.output.is_some();
        if is_batch && global.verbose == 0 && !is_asked && global.format()? == Format::Table {
            // A table of them is more lines than anyone reads.
            printer = Printer::silent();
        }
        let is_quiet = arguments.print.quiet || is_batch && global.verbose == 0;
        edit_each(&batch, &plan.items, arguments.comment.as_deref(), change, printer, is_quiet).await
    })
    .await
}

/// The marker of a token that is managed as code, if the change removes it, and the token.
fn lost_marker(item: &Item) -> Option<(String, String)> {
    let (_, left) = Marker::of(item.after.as_ref()?);
    let lost = Marker::of(item.before.as_ref()?).1.into_iter().find(|marker| !left.contains(marker))?;
    Some((lost.append_to(""), item.target.to_string()))
}

/// What the arguments change, in words.
fn in_words(arguments: &UpdateArgs, permissions: Option<&Permissions>) -> String {
    let UpdateArgs { texts, expiry, .. } = arguments;
    let words = [
        texts.name.as_ref().map(|name| format!("name {name}")),
        texts.description.as_ref().map(|description| format!("description {description}")),
        arguments.no_description.then(|| "no description".to_owned()),
        permissions.map(|permissions| match permissions {
            Permissions::Role(role) => format!("role {role}"),
            Permissions::CustomRoles(keys) => format!("custom roles {}", keys.join(", ")),
            Permissions::Inline(policy) => {
                format!("policy {}", serde_json::to_string(&policy.to_wire()).expect("a policy is JSON"))
            }
            _ => unreachable!("no option has others"),
        }),
        expiry.expires_in.map(|length| match length.as_secs() {
            seconds if seconds.is_multiple_of(86_400) => format!("expires in {}d", seconds / 86_400),
            seconds => format!("expires in {seconds}s"),
        }),
        expiry.expires_at.map(|moment| format!("expires at {}", date(moment))),
        arguments.no_expiry.then(|| "no expiry".to_owned()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn change_to(token: &mut Token, arguments: &UpdateArgs, permissions: Option<&Permissions>, expiry: Option<UnixMillis>) {
    let texts = &arguments.texts;
    token.name = texts.name.clone().or_else(|| token.name.take());
    let description = texts.description.clone().or_else(|| token.description.take());
    token.description = description.filter(|_| !arguments.no_description);
    if let Some(permissions) = permissions {
        permissions.apply_to(token);
    }
    if expiry.is_some() || arguments.no_expiry {
        token.expiry = expiry;
    }
}

/// Changes each token by `change`, and prints it.
pub(crate) async fn edit_each(
    batch: &Batch<'_>,
    items: &[Item],
    comment: Option<&str>,
    change: impl Fn(&Item, &mut Token),
    mut printer: Printer,
    is_quiet: bool,
) -> Result<(), Failure> {
    let (session, done, is_for_people) = (batch.session, batch.words.done, printer.is_for_people());
    let work = async |item: &Item| {
        let is_changed = Cell::new(false);
        let edit = |token: &mut Token| -> Result<(), Error> {
            let before = token.clone();
            change(item, token);
            is_changed.set(*token != before);
            Ok(())
        };
        let token = match &item.before {
            Some(token) if item.is_unchanged() => token.clone(),
            _ => session.client.try_edit(&item.target.id, comment, edit).await?,
        };
        let mut wanted = token.clone();
        change(item, &mut wanted);
        // The API ignores properties that it does not know (fact 20).
        if wanted.expiry != token.expiry {
            let is = token.expiry.map_or("never".to_owned(), |at| format!("at {}", date(at)));
            return Err(Failure::other(format!("the response does not show the new expiry: the token expires {is}")));
        }
        if let Some(record) = &batch.record {
            record.became(item, &token);
        }
        let mut shown = json(&token);
        if is_for_people {
            show_keys(session, &mut shown).await?;
        }
        Ok(((token, shown), is_changed.get()))
    };
    let is_single = items.len() == 1;
    let show = |item: &Item, ((token, shown), is_changed): ((Token, Value), bool)| {
        if session.is_dry_run {
            if is_single {
                say::note(&format!("{}: nothing would change", item.target));
            }
            return Ok(());
        }
        let printed = printer.token(&shown);
        printed.map_err(|failure| failure.after(format!("{} was {done}", item.target)))?;
        let target = Item::of(token).target;
        session.say_done(
            is_quiet,
            &match is_changed {
                true => format!("{}{} {target}", done[..1].to_uppercase(), &done[1..]),
                false => format!("No change to {target}: it already has these values"),
            },
        );
        Ok(())
    };
    let result = batch.run(items, work, show).await;
    printer.finish().and(result)
}

const DELETE: Words = Words {
    verb: "Delete",
    doing: "deleting",
    done: "deleted",
    unchanged: "did not exist",
    warning: Some(["Whatever uses it stops working at once.", "Whatever uses them stops working at once."]),
    lasting: Some("deleted tokens can't be restored"),
};

/// Delete tokens; their secrets stop working at once
#[derive(Args, Debug)]
#[command(
    visible_alias = "rm",
    after_help = "\
Examples:
  ldtokens delete 'Nightly export'
  ldtokens delete --all-matching name~test- --all-matching lastUsed=never
  ldtokens list -a -q --unused-for 90d | ldtokens delete -"
)]
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

pub(crate) async fn delete(global: &GlobalArgs, arguments: DeleteArgs) -> Result<(), Failure> {
    let bulk = arguments.bulk.read(global, "delete", "")?;
    with_client(global, DryRun::Changes, async |session| {
        let items = bulk.find(session, arguments.ignore_not_found).await?;
        let plan = Plan { words: &DELETE, items, notes: Vec::new() };
        let batch = bulk.begin(session, &plan, false).await?;
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

//! `ldtokens inventory`: saves the list of tokens, without secrets. `audit` and `diff` read it.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use ldtokens::raw::reqwest::Method;
use ldtokens::{DryRun, Error, Operation, Token, TokenId, UnixMillis};
use ldtokens_audit::{Inventory, Scope};
use ldtokens_plan::CustomRoles;
use serde::de::DeserializeOwned;

use crate::account::{Session, with_client};
use crate::arguments::GlobalArgs;
use crate::files::{self, text};
use crate::terminal::{Failure, Format, Kind, has_secret, output, redacted, say, write};
use crate::verbs::targets::read_all;

/// The maximum size of a file that is read. 10,000 tokens are about 8 MB.
const MAX_SIZE: u64 = 1024 * 1024 * 1024;

/// Save the list of tokens, without secrets, for `audit`, `diff` and `list`
///
/// It is JSON, with the tokens of all members and the time by the API's clock. Of each secret it has only the last four characters.
///
/// What can't be read or seen is noted in it, and the exit status is 10. So `ldtokens audit --from FILE` never passes on a part of
/// the tokens.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ldtokens inventory --to 2026-11.json
  ldtokens diff 2026-10.json 2026-11.json
  ldtokens audit --from 2026-11.json -o html --to audit.html
  ldtokens list --from 2026-11.json --filter role=admin")]
pub(crate) struct InventoryArgs {
    #[command(flatten)]
    scope: ScopeArgs,

    #[command(flatten)]
    to: ToArgs,
}

/// Which tokens are meant.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ScopeArgs {
    /// Only the tokens that a credential without the Admin role can see: its member's own, and the service tokens
    #[arg(long)]
    visible_only: bool,
}

/// Where the output goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ToArgs {
    /// Write to a file instead of standard output. It is replaced in one step, unless it is a mount point
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

pub(crate) async fn run(global: &GlobalArgs, arguments: &InventoryArgs) -> Result<(), Failure> {
    with_client(global, DryRun::Everything, async |session| {
        let inventory = gather(session, arguments.scope).await?;
        let is_read = arguments.to.write(&output::text(Format::Json, &inventory))?;
        if let Some(file) = arguments.to.to.as_ref().filter(|_| is_read) {
            say::result(&format!("saved {} tokens to {}", inventory.tokens.len(), file.display()));
        }
        check_complete(&inventory)
    })
    .await
}

/// Reads the tokens of the account, and notes what can't be read or seen.
pub(crate) async fn gather(session: &Session, scope: ScopeArgs) -> Result<Inventory, Failure> {
    let (mut tokens, errors) = read_all(session, !scope.visible_only, "reading", |_| true).await?;
    for text in tokens.iter_mut().flat_map(|token| [&mut token.name, &mut token.description]).flatten() {
        if has_secret(text) {
            *text = redacted(text);
        }
    }
    let scope = if scope.visible_only { Scope::OneMember } else { Scope::AllMembers };
    let now = UnixMillis::from(session.client.server_time());
    let mut inventory = Inventory::new(now, scope, tokens);
    errors.iter().for_each(|error| inventory.add_error(error));
    inventory.host = Some(session.host.clone());
    let caller = session.interrupt.unless(session.client.whoami()).await?;
    inventory.seen_by(caller.ok().as_ref());
    look_up_roles(session, &mut inventory).await?;
    Ok(inventory)
}

/// Finds the custom roles of tokens that the account does not have. A list may leave out what the credential may not see, so those
/// that are not in it are asked for.
async fn look_up_roles(session: &Session, inventory: &mut Inventory) -> Result<(), Failure> {
    let roles: Vec<String> = inventory.custom_roles().into_iter().map(str::to_owned).collect();
    let known = if roles.is_empty() { &CustomRoles::default() } else { session.custom_roles().await? };
    for role in roles.into_iter().filter(|role| !known.has(role)) {
        // A role's key or ID is a segment of a path, as a token's ID is.
        let Ok(segment) = TokenId::new(role.as_str()) else {
            inventory.unknown_roles.push(role);
            continue;
        };
        let path = format!("/roles/{}", segment.to_path_segment());
        let request = session.client.request(Operation::Other("getCustomRole"), Method::GET, &path);
        match session.interrupt.unless(request.send()).await? {
            Ok(_) => {}
            // A 404 without the API's code is of a proxy or the like.
            Err(Error::NotFound(api)) if !api.code.is_empty() => inventory.unknown_roles.push(role),
            Err(error) => inventory.add_gap(format!("The custom role {role} could not be read: {error}")),
        }
    }
    Ok(())
}

/// An error if something was not read or seen.
pub(crate) fn check_complete(inventory: &Inventory) -> Result<(), Failure> {
    let Some(gap) = inventory.gaps.first() else { return Ok(()) };
    let more = match inventory.gaps.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Err(Failure::new(Kind::PartialFailure, format!("not everything was read or seen: {}{more}", gap.reason)))
}

/// Warns if the credential can't see the tokens of all members, or if that is not known: the API shows it some, and does not say so.
/// With `require_all` it is an error.
pub(crate) async fn warn_if_partial(session: &Session, require_all: bool) -> Result<(), Failure> {
    let own = match session.own_token().await? {
        Some(id) => session.interrupt.unless(session.client.get(id)).await?.ok(),
        None => None,
    };
    check_seen(own.as_ref(), require_all)
}

/// The same, of the credential's token, if that could be read.
pub(crate) fn check_seen(own: Option<&Token>, require_all: bool) -> Result<(), Failure> {
    let text = match own {
        Some(own) if ldtokens_audit::sees_all(own) => return Ok(()),
        Some(own) => {
            let personal = if own.service_token == Some(true) { "" } else { ", and this member's own" };
            format!(
                "not all tokens are seen: the credential has no Admin role, so there are only service tokens{personal}"
            )
        }
        None => "it is not known whether all tokens are seen: that takes a credential with the Admin role".to_owned(),
    };
    if require_all {
        return Err(Failure::new(Kind::Forbidden, text));
    }
    say::warning(&text);
    Ok(())
}

/// Reads a saved inventory.
pub(crate) fn saved(path: &Path) -> Result<Inventory, Failure> {
    json(path, "an inventory that `ldtokens inventory` saved")
}

/// Reads a JSON file, which should be `what`.
pub(crate) fn json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let text = text::of_file(path, MAX_SIZE).map_err(|reason| Failure::usage(reason).within(path.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::usage(format!("{}: not {what}: it can't be read at line {line}, column {column}", path.display()))
    })
}

impl ToArgs {
    /// Returns whether the output is still read.
    pub(crate) fn write(&self, text: &str) -> Result<bool, Failure> {
        match &self.to {
            None => write(text),
            Some(file) => match files::replace(file, text, false) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
                Err(error) => Err(Failure::other(format!("can't write {}: {error}", file.display()))),
            },
        }
    }
}

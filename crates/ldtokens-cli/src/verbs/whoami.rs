//! `ldtokens whoami`: shows which token the credential is.

use clap::Args;
use ldtokens::{DryRun, UnixMillis};
use ldtokens_lifecycle::{Verified, describe};
use serde_json::Value;

use crate::account::connect::with_client;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::output::age::date;
use crate::terminal::output::columns::aligned;
use crate::terminal::output::field::{access, plain, spaced};
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::record;
use crate::terminal::output::{self, print, write};
use crate::verbs::json as token_json;

/// Show which token the credential is
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct WhoamiArgs {}

const LONG_ABOUT: &str = "\
Show which token the credential is: its name, ID and kind, its member and its account, and, if it may read its own token, what it \
may do and until when. Any valid credential may ask. The exit status is 3 if the credential is invalid.";

const EXAMPLES: &str = "\
Examples:
  ldtokens whoami
  ldtokens whoami -o json
  ldtokens whoami --profile work";

pub(crate) async fn run(global: &GlobalArgs) -> Result<(), Failure> {
    let format = global.format()?;
    if format == Format::Value {
        return Err(Failure::usage(
            "--output value needs --columns, which `ldtokens whoami` does not have: use json or csv",
        ));
    }
    with_client(global, DryRun::Everything, async |session| {
        let verified = session.interrupt.unless(describe(&session.client)).await??;
        show(&json(&verified), format)
    })
    .await
}

/// The caller's identity, with the token's access, its member's role, and when it expires.
fn json(verified: &Verified) -> Value {
    let mut json = serde_json::to_value(&verified.identity).expect("it is JSON");
    if let Some(token) = &verified.token {
        json["access"] = access(&token_json(token)).into();
        // A personal token can't do more than its member.
        let member = token.member.as_ref().filter(|_| token.service_token != Some(true));
        if let Some(role) = member.and_then(|member| member.role.as_ref()) {
            json["memberRole"] = role.to_string().into();
        }
    }
    if let Some(end) = verified.expires_at {
        json["expiresAt"] = date(UnixMillis::from(end)).into();
    }
    json
}

fn show(json: &Value, format: Format) -> Result<(), Failure> {
    match format {
        Format::Table => print(&aligned(&rows(json))),
        Format::Csv | Format::Value => {
            let fields = json.as_object().into_iter().flatten();
            let (names, values): (Vec<_>, Vec<_>) = fields.map(|(name, value)| (name.clone(), plain(value))).unzip();
            write(&(record(names.into_iter())? + &record(values.into_iter())?)).map(|_| ())
        }
        Format::Json | Format::Ndjson | Format::Yaml => output::value(format, json),
    }
}

/// Rows for a table: first the properties that have their own titles, then all others.
fn rows(json: &Value) -> Vec<Vec<String>> {
    let known = [
        ("tokenName", "name"),
        ("tokenId", "id"),
        ("serviceToken", "kind"),
        ("access", "access"),
        ("memberRole", "member role"),
        ("memberId", "member id"),
        ("accountId", "account id"),
    ];
    let text = |name: &str, value: &Value| match (name, value.as_bool()) {
        ("serviceToken", Some(true)) => "service".to_owned(),
        ("serviceToken", Some(false)) => "personal".to_owned(),
        _ => plain(value),
    };
    let first = known.iter().filter_map(|(name, title)| Some(vec![(*title).to_owned(), text(name, json.get(*name)?)]));
    let rest = json.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !known.iter().any(|(known, _)| known == name));
    first.chain(rest.map(|(name, value)| vec![spaced(name), text(name, value)])).collect()
}

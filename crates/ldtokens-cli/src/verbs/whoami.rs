//! `ldtokens whoami`: shows which token the credential is.

use clap::Args;
use ldtokens::DryRun;
use ldtokens_lifecycle::{Verified, describe};
use serde_json::Value;

use crate::account::connect::with_client;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::output::age::date;
use crate::terminal::output::columns::aligned;
use crate::terminal::output::field::{NEVER, access, plain, spaced};
use crate::terminal::output::format::Format;
use crate::terminal::output::{self, print};
use crate::verbs::json as token_json;
use crate::verbs::verify::expires_at;

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
    if let Some(end) = expires_at(verified) {
        json["expiresAt"] = date(end).into();
    }
    json
}

fn show(json: &Value, format: Format) -> Result<(), Failure> {
    match format {
        Format::Table => print(&aligned(&rows(json))),
        _ => output::value(format, json),
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
        ("expiresAt", "expires"),
        ("memberId", "member id"),
        ("accountId", "account id"),
    ];
    let text = |name: &str, value: &Value| match (name, value.as_bool()) {
        ("serviceToken", Some(true)) => "service".to_owned(),
        ("serviceToken", Some(false)) => "personal".to_owned(),
        ("expiresAt", _) if value.is_null() => NEVER.to_owned(),
        _ => plain(value),
    };
    let first = known.iter().filter_map(|(name, title)| {
        let value = json.get(*name).or((*name == "expiresAt").then_some(&Value::Null))?;
        Some(vec![(*title).to_owned(), text(name, value)])
    });
    let rest = json.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !known.iter().any(|(known, _)| known == name));
    first.chain(rest.map(|(name, value)| vec![spaced(name), text(name, value)])).collect()
}

//! `ldtokens verify` and `whoami`: whether a secret, or the credential, works, which token it belongs to, and what it may do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ldtokens::{DryRun, Role, Secret, Token, UnixMillis};
use ldtokens_lifecycle::{KeyKind, Verified, describe};
use serde_json::{Value, json};

use crate::account::{Session, with_client};
use crate::arguments::GlobalArgs;
use crate::moment::{age, date};
use crate::terminal::{
    Failure, Format, Kind, LAST, NEVER, OUTPUT, access, aligned, details, has_secret, output, plain, print, say, spaced,
};
use crate::verbs::secrets_given::one;
use crate::verbs::{json as token_json, revoke, show_keys};

/// Check whether a secret works, and show its token
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// Read the secret from a file; - for standard input, which is the default
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    secret_from: Option<PathBuf>,

    /// Exit with status 14 if the secret works now but expires within this time, e.g. 14d
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = age)]
    expires_within: Option<Duration>,

    /// Print nothing; only the exit status says whether the secret works
    #[arg(long, short, help_heading = OUTPUT, display_order = LAST + 3)]
    quiet: bool,
}

const LONG_ABOUT: &str = "\
Check whether a secret works, and show which token it belongs to, what it may do and, as far as the API says, until when. Only the \
secret itself is used, so no other credential is needed.

The exit status is 0 if it works, 3 if it does not, and 9 if this is unknown, for instance without a connection. With \
--expires-within it is 14 if the secret works and ends too soon, or is the old secret of a token that was reset.";

const EXAMPLES: &str = "\
Examples:
  ldtokens verify --secret-from export.secret
  op read op://Work/LaunchDarkly/token | ldtokens verify
  ldtokens verify -q --secret-from export.secret --expires-within 14d
  ldtokens verify -q --secret-from export.secret || ldtokens rotate Export --secret-to export.secret";

pub(crate) async fn verify(global: &GlobalArgs, arguments: VerifyArgs) -> Result<(), Failure> {
    let format = global.format()?;
    let is_quiet = arguments.quiet;
    with_client(global, None::<DryRun>, async |session| {
        let secret = one(arguments.secret_from.as_deref(), session).await?;
        match session.interrupt.unless(ldtokens_lifecycle::verify(&session.client, &secret)).await? {
            Ok(Some(verified)) => {
                if !is_quiet {
                    show(&secret, &verified, format)?;
                }
                let now = UnixMillis::from(session.client.server_time());
                match arguments.expires_within.map(|length| now.saturating_add(length)) {
                    Some(end) if ends_by(&verified, end) => Err(Failure::new(
                        Kind::ExpiresSoon,
                        format!("the secret works{}, which is too soon", until(&verified)),
                    )),
                    _ => Ok(()),
                }
            }
            Ok(_) => {
                if !is_quiet && format != Format::Table {
                    output::value(format, &json!({ "works": false, "lastFour": secret.last_four() }))?;
                }
                Err(does_not_work(session, &secret))
            }
            Err(ldtokens::Error::Config(_)) => Err(does_not_work(session, &secret)),
            Err(error) => {
                let error = Failure::from(error);
                Err(Failure::new(Kind::Transport, format!("can't tell whether the secret works: {error}")))
            }
        }
    })
    .await
}

fn does_not_work(session: &Session, secret: &Secret) -> Failure {
    let hint = match KeyKind::of(secret.expose()) {
        Some(kind) => format!("it is {}, and not an access token", revoke::named(kind)[1]),
        None if has_secret(secret.expose()) => {
            "its token was deleted or reset, or belongs to another host (--host)".to_owned()
        }
        None => "it does not look like the secret of an access token, which is api- and a UUID".to_owned(),
    };
    let text = format!("the secret does not work on {}: {hint}", session.host);
    Failure::new(Kind::NotAuthenticated, text)
}

fn show(secret: &Secret, verified: &Verified, format: Format) -> Result<(), Failure> {
    if format != Format::Table {
        return output::value(
            format,
            &json!({
                "works": true,
                "lastFour": secret.last_four(),
                "isFormer": verified.is_former,
                "expiresAt": expires_at(verified).map(date),
                "identity": verified.identity,
                "token": verified.token.as_ref().map(token_json),
            }),
        );
    }
    match &verified.token {
        Some(token) => print(&details(&token_json(token)))?,
        None => print(&aligned(&rows(&described(verified))))?,
    }
    say::result(&format!("The secret that ends in {} works{}", secret.last_four(), until(verified)));
    if verified.token.is_none() {
        say::note("the secret may not read its own token, so what else it may do is not known");
    }
    if let Some(role) = verified.token.as_ref().and_then(member_role) {
        say::note(&format!("a personal token can't do more than its member, whose role is {role}"));
    }
    Ok(())
}

/// Whether it ends by then, as far as is known. A former secret ends with its overlap.
fn ends_by(verified: &Verified, end: UnixMillis) -> bool {
    verified.is_former == Some(true) || expires_at(verified).is_some_and(|expires| expires <= end)
}

/// When the secret's token expires, if the API says so.
fn expires_at(verified: &Verified) -> Option<UnixMillis> {
    verified.identity.expires_at.or(verified.token.as_ref()?.expiry)
}

/// How long the secret works, as far as it is known.
fn until(verified: &Verified) -> String {
    match (expires_at(verified), verified.is_former) {
        (Some(end), _) => format!(" until {}", date(end)),
        (None, Some(true)) => {
            ", but it is the old secret of a token that was reset: it works until the overlap ends, and the API does not say \
             when that is"
                .to_owned()
        }
        (None, _) => ", and never expires as far as the API says".to_owned(),
    }
}

/// Show which token the credential is
#[derive(Args, Debug)]
#[command(long_about = ABOUT_WHOAMI, after_help = WHOAMI_EXAMPLES)]
pub(crate) struct WhoamiArgs {}

const ABOUT_WHOAMI: &str = "\
Show which token the credential is: its name, ID and kind, its member and its account, and, if it may read its own token, what it \
may do and until when. Any valid credential may ask. The exit status is 3 if the credential is invalid.";

const WHOAMI_EXAMPLES: &str = "\
Examples:
  ldtokens whoami
  ldtokens whoami -o json
  ldtokens whoami --profile work";

pub(crate) async fn whoami(global: &GlobalArgs) -> Result<(), Failure> {
    let format = global.format()?;
    with_client(global, DryRun::Everything, async |session| {
        let verified = session.interrupt.unless(describe(&session.client)).await??;
        let mut json = described(&verified);
        if let (Format::Table, Some(token)) = (format, &verified.token) {
            let mut token = token_json(token);
            show_keys(session, &mut token).await?;
            json["access"] = access(&token).into();
        }
        match format {
            Format::Table => print(&aligned(&rows(&json))),
            _ => output::value(format, &json),
        }
    })
    .await
}

/// The role of a personal token's member, which the token can't do more than.
fn member_role(token: &Token) -> Option<&Role> {
    token.member.as_ref().filter(|_| token.service_token != Some(true))?.role.as_ref()
}

/// The caller's identity, with the token's access, its member's role, and when it expires.
fn described(verified: &Verified) -> Value {
    let mut json = serde_json::to_value(&verified.identity).expect("it is JSON");
    if let Some(token) = &verified.token {
        json["access"] = access(&token_json(token)).into();
        if let Some(role) = member_role(token) {
            json["memberRole"] = role.to_string().into();
        }
    }
    if let Some(end) = expires_at(verified) {
        json["expiresAt"] = date(end).into();
    }
    json
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
    let mut left = json.as_object().cloned().unwrap_or_default();
    left.entry("expiresAt").or_insert_with(|| NEVER.into());
    if let Some(is_service) = left.get("serviceToken").and_then(Value::as_bool) {
        left.insert("serviceToken".to_owned(), if is_service { "service" } else { "personal" }.into());
    }
    let first = known.iter().filter_map(|(name, title)| Some(vec![(*title).to_owned(), plain(&left.remove(*name)?)]));
    let mut rows: Vec<_> = first.collect();
    rows.extend(left.iter().map(|(name, value)| vec![spaced(name), plain(value)]));
    rows
}

//! `ldtokens whoami`: which token the credential is.

use clap::{ArgMatches, Command};
use ldtokens::{CallerIdentity, DryRun};
use serde_json::Value;

use crate::connect::with_client;
use crate::failure::Failure;
use crate::output::columns::aligned;
use crate::output::field::{plain, spaced};
use crate::output::format::Format;
use crate::output::printer::record;
use crate::output::visible::{self, pretty_json};
use crate::output::yaml::yaml;
use crate::output::{print, write};

pub(crate) fn command() -> Command {
    Command::new("whoami")
        .about("Show which token the credential is")
        .long_about(
            "Show which token the credential is: its name, ID and kind, its member and its account. Any valid credential may \
             ask. The exit status is 3 if the credential is invalid.",
        )
        .after_help("Examples:\n  ldtokens whoami\n  ldtokens whoami -o json\n  ldtokens whoami --profile work")
}

pub(crate) async fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let format = Format::asked(arguments)?;
    if format == Format::Value {
        return Err(Failure::usage(
            "--output value needs --columns, which `ldtokens whoami` does not have: use json or csv",
        ));
    }
    with_client(arguments, DryRun::Everything, async |session| {
        let identity = session.interrupt.unless(session.client.whoami()).await??;
        show(&identity, format)
    })
    .await
}

fn show(identity: &CallerIdentity, format: Format) -> Result<(), Failure> {
    let json = serde_json::to_value(identity).expect("it is JSON");
    match format {
        Format::Table => print(&aligned(&rows(&json))),
        Format::Json => print(&pretty_json(&json)),
        Format::Ndjson => print(&visible::json(&json)),
        Format::Yaml => write(&yaml(&json)).map(|_| ()),
        Format::Csv | Format::Value => {
            let fields = json.as_object().into_iter().flatten();
            let (names, values): (Vec<_>, Vec<_>) = fields.map(|(name, value)| (name.clone(), plain(value))).unzip();
            write(&(record(names.into_iter())? + &record(values.into_iter())?)).map(|_| ())
        }
    }
}

/// What there is of it, by the names that tokens have elsewhere, and then what else the API says.
fn rows(json: &Value) -> Vec<Vec<String>> {
    let known = [
        ("tokenName", "name"),
        ("tokenId", "id"),
        ("serviceToken", "kind"),
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

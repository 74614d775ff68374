//! `ldtokens config`: what applies, and why. It takes no credential and sends nothing.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::local;
use crate::output::columns::aligned;
use crate::output::format::Format;
use crate::output::print;
use crate::output::visible::pretty_json;
use crate::output::yaml::yaml;
use crate::settings::Settings;

pub(crate) fn command() -> Command {
    Command::new("config")
        .about("Show the active account and where each setting comes from")
        .long_about(
            "Show the active account and where each setting comes from. No secret is read or shown, and no request is sent.\n\n\
             The configuration file holds profiles, but no secrets:\n\n  \
             default: work\n  \
             profiles:\n    \
             work:\n      \
             region: eu                        # us, eu or federal, or host: URL\n      \
             token-command: op read op://Work/LaunchDarkly/token\n    \
             ci:\n      \
             token-variable: LD_CI_TOKEN       # or token-file: ~/.secrets/launchdarkly\n    \
             play:\n      \
             local: true                       # the local LaunchDarkly of --local\n\n\
             Flags override a profile named by --profile, which overrides the environment, which overrides the default \
             profile. The host and the credential come from the same place, so that no account's secret is sent to another \
             account's host. Only a named profile without a credential takes the one from the environment.",
        )
}

pub(crate) fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    let settings = Settings::read(arguments)?;
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String, because: Option<String>| rows.push((name.to_owned(), value, because));
    let (is_there, path) = (settings.config_file.is_file(), settings.config_file.display());
    row("configuration file", format!("{path}{}", if is_there { "" } else { " (does not exist)" }), None);
    match &settings.profile {
        Some(profile) => row("profile", profile.value.clone(), Some(profile.because.to_string())),
        None => row("profile", "none".to_owned(), None),
    }
    match &settings.host {
        Some(host) => row("host", host.value.clone(), Some(host.because.to_string())),
        None => row("host", format!("local, kept in {}", local::store()?.display()), None),
    }
    match &settings.credential {
        Some(source) => row("credential", source.value.to_string(), Some(source.because.to_string())),
        None => row("credential", "none: set LD_ACCESS_TOKEN, or use --token-file or --profile".to_owned(), None),
    }
    for passed_over in settings.passed_over() {
        row("not used", passed_over, None);
    }
    match Format::asked(arguments)? {
        Format::Table => {
            let rows = rows.into_iter().map(|(name, value, because)| {
                vec![name, value, because.map(|because| format!("({because})")).unwrap_or_default()]
            });
            print(&aligned(&rows.collect::<Vec<_>>()))
        }
        format => {
            let settings: Vec<Value> = rows
                .into_iter()
                .map(|(name, value, because)| json!({ "setting": name, "value": value, "because": because }))
                .collect();
            match format {
                Format::Yaml => print(yaml(&Value::from(settings)).trim_end()),
                _ => print(&pretty_json(&settings)),
            }
        }
    }
}

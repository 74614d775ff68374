//! `ldtokens config`: shows the settings in use and edits profiles. It reads no secret and sends no request.

use clap::{Args, Subcommand};
use ldtokens::CREDENTIAL_VARIABLES;
use serde_json::json;

use crate::account::{ConfigFile, Origin, Profile, RegionName, Settings, Source, edit_config, first_set, local_store};
use crate::arguments::{GlobalArgs, some_text};
use crate::terminal::{Failure, Format, output, say};

/// Show the active account and where each setting comes from
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    action: Option<ConfigAction>,
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// List the profiles of the configuration file
    #[command(visible_alias = "ls")]
    List,
    /// Set the profile to use when none is named
    Use(NameArgs),
    Set(SetArgs),
    /// Remove a profile
    #[command(visible_alias = "remove")]
    Rm(NameArgs),
}

#[derive(Args, Debug)]
struct NameArgs {
    /// Name of the profile
    #[arg(value_name = "PROFILE", value_parser = some_text)]
    profile_name: String,
}

/// Create a profile, or change one
///
/// Give where its account is, with --region, --host or --local, and where its credential comes from, with --token-command,
/// --token-file or --token-variable. What is not given stays as it is, and so do comments in the file.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
struct SetArgs {
    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    region: RegionArgs,

    /// Read the credential from an environment variable
    #[arg(long, value_name = "VARIABLE", value_parser = some_text)]
    token_variable: Option<String>,
}

/// The LaunchDarkly instance of a profile.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RegionArgs {
    /// LaunchDarkly instance of the account
    #[arg(long, value_name = "REGION", conflicts_with = "host")]
    region: Option<RegionName>,
}

const LONG_ABOUT: &str = "\
Show the active account and where each setting comes from. No secret is read or shown, and no request is sent.

The configuration file holds profiles, but no secrets:

  default: work
  profiles:
    work:
      region: eu                        # us, eu or federal, or host: URL
      token-command: op read op://Work/LaunchDarkly/token
    ci:
      token-variable: LD_CI_TOKEN       # or token-file: ~/.secrets/launchdarkly
    play:
      local: true                       # the local LaunchDarkly of --local

Flags override a profile named by --profile or LDTOKENS_PROFILE, which overrides the environment, which overrides the default profile. \
The host and the credential come from the same place, so that no account's secret is sent to another account's host. Only a named \
profile without a credential takes the one from the environment. If two sources other than flags name different accounts, what \
changes something is refused.";

const EXAMPLES: &str = "\
Examples:
  ldtokens config set work --region eu --token-command 'op read op://Work/LaunchDarkly/token'
  ldtokens config set ci --token-variable LD_CI_TOKEN";

pub(crate) fn run(global: &GlobalArgs, arguments: ConfigArgs) -> Result<(), Failure> {
    global.refuse(&["dry-run"])?;
    match arguments.action {
        Some(ConfigAction::List) => list(global),
        Some(ConfigAction::Use(name)) => use_profile(&name.profile_name),
        Some(ConfigAction::Set(arguments)) => set(global, &arguments),
        Some(ConfigAction::Rm(name)) => remove(&name.profile_name),
        None => show(global),
    }
}

fn list(global: &GlobalArgs) -> Result<(), Failure> {
    let config = ConfigFile::read()?;
    let format = global.format()?;
    if config.profiles.is_empty() && format == Format::Table {
        say::note(&format!("{} has no profiles; `ldtokens login` creates one", config.path.display()));
    }
    let row = |(name, profile): (&String, &Profile)| {
        let host = if profile.local { "local".to_owned() } else { profile.url() };
        let source = profile.source().map_or_else(|| "the environment".to_owned(), |source| source.to_string());
        let is_default = config.default.as_ref() == Some(name);
        let object = json!({ "profile": name, "default": is_default, "host": host, "credential": source });
        (vec![if is_default { "*" } else { "" }.to_owned(), name.clone(), host, source], object)
    };
    let rows = config.profiles.iter().map(row).collect();
    output::rows(format, &["", "PROFILE", "HOST", "CREDENTIAL"], rows)
}

fn use_profile(name: &str) -> Result<(), Failure> {
    edit_config(|config| {
        config.profile(name)?;
        config.default = Some(name.to_owned());
        Ok(())
    })?;
    say::result(&format!("The default profile is now {name}"));
    note_credential(name);
    Ok(())
}

/// Says that the environment's credential is used, and not that of the profile.
pub(crate) fn note_credential(profile: &str) {
    if let Some((variable, _)) = first_set(CREDENTIAL_VARIABLES) {
        say::note(&format!("{variable} is set, and is used in its place: unset it, or give --profile {profile}"));
    }
}

fn remove(name: &str) -> Result<(), Failure> {
    let mut source = None;
    edit_config(|config| {
        source = config.profile(name)?.source();
        config.profiles.remove(name);
        Ok(())
    })?;
    let kept = match source {
        Some(Source::Local) | None => String::new(),
        Some(source) => format!("; its credential stays where it is, in {source}"),
    };
    say::result(&format!("Removed the profile {name}{kept}"));
    Ok(())
}

fn set(global: &GlobalArgs, arguments: &SetArgs) -> Result<(), Failure> {
    global.refuse(&["profile", "token-stdin"])?;
    let name = &arguments.name.profile_name;
    let mut done = "Created";
    edit_config(|config| {
        let mut profile = config.profiles.get(name).cloned().unwrap_or_default();
        target(global, arguments.region, &mut profile);
        source(global, arguments, &mut profile)?;
        let before = config.profiles.insert(name.clone(), profile);
        if before.is_some() {
            done = "Changed";
        }
        let what = "--region, --host, --local, --token-command, --token-file or --token-variable";
        let is_same = before.as_ref() == config.profiles.get(name);
        if is_same { Err(Failure::usage(format!("nothing to change: give {what}"))) } else { Ok(()) }
    })?;
    say::result(&format!("{done} the profile {name}; use it with --profile {name}, or `ldtokens config use {name}`"));
    Ok(())
}

/// Sets the host or region of the profile, if one was given.
pub(crate) fn target(global: &GlobalArgs, region: RegionArgs, profile: &mut Profile) {
    if global.host.is_some() || region.region.is_some() || global.local {
        (profile.host, profile.region, profile.local) = (global.host.clone(), region.region, false);
    }
}

/// Sets the profile's source of the credential, if one was given.
fn source(global: &GlobalArgs, arguments: &SetArgs, profile: &mut Profile) -> Result<(), Failure> {
    let (variable, mut file) = (arguments.token_variable.clone(), global.token_file.clone());
    let (command, local) = (global.token_command.clone(), global.local);
    if let Some(file) = file.as_mut().filter(|file| !file.starts_with("~")) {
        // Commands run in other folders.
        *file = std::path::absolute(&file).map_err(|error| Failure::usage(format!("--token-file: {error}")))?;
    }
    if variable.is_some() || file.is_some() || command.is_some() || local {
        (profile.token_variable, profile.token_file, profile.token_command, profile.local) =
            (variable, file, command, local);
    }
    Ok(())
}

fn show(global: &GlobalArgs) -> Result<(), Failure> {
    let settings = Settings::read(global)?;
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String, origin: Option<&Origin>| {
        let object = json!({ "setting": name, "value": value, "because": origin.map(ToString::to_string) });
        let because = origin.map_or_else(String::new, |origin| format!("({origin})"));
        rows.push((vec![name.to_owned(), value, because], object));
    };
    let (is_there, path) = (settings.config.path.is_file(), settings.config.path.display());
    row("configuration file", format!("{path}{}", if is_there { "" } else { " (does not exist)" }), None);
    match &settings.profile {
        Some(profile) => row("profile", profile.value.clone(), Some(&profile.origin)),
        None => row("profile", "none".to_owned(), None),
    }
    match &settings.host {
        Some(host) => row("host", host.value.clone(), Some(&host.origin)),
        None => row("host", format!("local, kept in {}", local_store()?.display()), None),
    }
    match &settings.credential {
        Some(source) => row("credential", source.value.to_string(), Some(&source.origin)),
        None => row("credential", "none: set LD_ACCESS_TOKEN, or use --token-file or --profile".to_owned(), None),
    }
    let unused = settings.config.skipped.clone().into_iter().chain(settings.unused_settings());
    unused.for_each(|setting| row("not used", setting, None));
    if let Some(conflict) = settings.conflict() {
        let todo = "unset one of them, or choose the account with a flag, to change something";
        row("conflict", format!("{conflict}: {todo}"), None);
    }
    output::rows(global.format()?, &[], rows)
}

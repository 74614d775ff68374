//! `ldtokens login`: stores the credential in a keychain, and creates a profile that reads it from there.

use std::io::{IsTerminal, stdin};
use std::path::Path;

use clap::Args;
use ldtokens::{Error, HOST_VARIABLES, Secret};

use crate::account::{
    ConfigFile, IN_USE, InUse, Keychain, MAX_SIZE, Profile, Source, client_builder, edit_config, first_set,
    host_as_name, is_same_host,
};
use crate::arguments::GlobalArgs;
use crate::files::text;
use crate::terminal::{Failure, Interrupt, Kind, has_secret, say};
use crate::verbs::config::{RegionArgs, note_credential, target};

/// Store the credential in a keychain and create a profile that uses it
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct LoginArgs {
    /// Name of the profile
    #[arg(value_name = "PROFILE", default_value = "default", value_parser = profile_name)]
    profile_name: String,

    /// Program that keeps the secret [default: the first of these that is installed]
    #[arg(long, value_name = "PROGRAM", value_parser = Keychain::ALL.map(|known| known.program))]
    with: Option<String>,

    #[command(flatten)]
    region: RegionArgs,
}

const LONG_ABOUT: &str = "\
Store the credential in a keychain and create a profile that uses it.

The secret is typed without being shown, or read from standard input. It is tried once and then passed to a program that you have: \
secret-tool (the desktop's keyring), security (the macOS keychain), pass or op (1Password). The profile holds only the command that \
prints it.";

const EXAMPLES: &str = "\
Examples:
  ldtokens login
  ldtokens login work --region eu --with pass
  op read op://Work/LaunchDarkly/token | ldtokens login ci --with secret-tool";

/// Checks the name of a profile, which becomes part of a shell command.
fn profile_name(text: &str) -> Result<String, String> {
    let is_fit = !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter));
    if is_fit { Ok(text.to_owned()) } else { Err("use letters, digits, and . _ -".to_owned()) }
}

pub(crate) async fn run(global: &GlobalArgs, arguments: LoginArgs) -> Result<(), Failure> {
    global.refuse(&["profile", "local", "token-file", "token-command", "dry-run"])?;
    let name = &arguments.profile_name;
    let keychain = Keychain::chosen(arguments.with.as_deref())?;
    let config = ConfigFile::read_to_edit()?;
    let mut profile = config.profiles.get(name).cloned().unwrap_or_default();
    if profile.local {
        return Err(Failure::usage(format!("the profile {name} is the local LaunchDarkly, which needs no credential")));
    }
    target(global, arguments.region, &mut profile);
    profile.check().map_err(Failure::usage)?;
    let host = profile.url();
    if let (Some((variable, other)), true) =
        (first_set(HOST_VARIABLES), profile.host.is_none() && profile.region.is_none())
        && !is_same_host(&other, &host)
    {
        let problem =
            format!("{variable} is {other}, but the profile {name} would use {host}: give --host or --region");
        return Err(Failure::usage(problem));
    }

    let interrupt = Interrupt::listen(&host, global.verbose > 0)?;
    let secret = secret(&interrupt, &host).await?;
    let _ =
        IN_USE.set(InUse { command: global.command.clone(), source: None, host: host.clone(), likely_mistake: None });
    check(&secret, global, &host, &interrupt).await?;
    let key = key(name, &host, &config.path);
    let (profile_name, program) = (name.clone(), keychain.program);
    let stored = interrupt.blocking(move || store(keychain, &key, &secret, profile_name, profile)).await;
    let line = format!("interrupted; {program} may have stored the secret, and the profile may use it");
    let profile = stored.map_err(|_| Failure::new(Kind::Interrupted, line))??;
    say::result(&format!("Stored the secret for {host} with {program}, for the profile {profile}"));
    note_credential(name);
    Ok(())
}

/// Stores the secret, reads it again, and makes a profile that uses it. Returns its name, and how to use it.
fn store(
    keychain: Keychain,
    key: &str,
    secret: &Secret,
    name: String,
    mut profile: Profile,
) -> Result<String, Failure> {
    keychain.store(key, secret)?;
    let command = keychain.lookup(key);
    if Source::Command(command.clone()).take()? != *secret {
        return Err(Failure::other(format!(
            "{} returned a different secret than the one stored; remove the other entry with this name",
            keychain.program
        )));
    }
    (profile.token_variable, profile.token_file, profile.token_command) = (None, None, Some(command));
    let mut said = name.clone();
    edit_config(|config| {
        if config.default.is_some() {
            said += &format!("; use it with --profile {name}");
        }
        config.default.get_or_insert_with(|| name.clone());
        config.profiles.insert(name, profile);
        Ok(())
    })?;
    Ok(said)
}

/// The name of the keychain's entry, for a shell command: one for each profile, host and configuration file.
fn key(profile: &str, host: &str, config: &Path) -> String {
    let config = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
    // FNV-1a: it tells files apart, and stays the same from one release to the next.
    let hash = config
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    format!("{profile}@{}-{hash:08x}", host_as_name(host))
}

/// Reads the secret from the terminal or from a pipe.
async fn secret(interrupt: &Interrupt, host: &str) -> Result<Secret, Failure> {
    let question = format!("Secret of an access token for {host} (not shown): ");
    let read = || match stdin().is_terminal() {
        true => stdin().lines().next().unwrap_or(Ok(String::new())).map_err(|error| error.to_string()),
        false => text::read(stdin(), MAX_SIZE),
    };
    let text = interrupt.typed_or_piped(&question, read).await?;
    let unusable = |reason: &str| Failure::new(Kind::NotAuthenticated, format!("can't read the secret: {reason}"));
    let text = text.map_err(|reason| unusable(&reason))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(unusable("nothing was given"));
    }
    if !has_secret(secret) {
        say::warning("this does not look like the secret of an access token, which begins with api-");
    }
    Ok(Secret::new(secret))
}

/// Checks once whether the secret works. It need not have any permission.
async fn check(secret: &Secret, global: &GlobalArgs, host: &str, interrupt: &Interrupt) -> Result<(), Failure> {
    let client = client_builder(secret.clone(), host, global).build()?;
    match interrupt.unless(client.list().limit(1).send()).await? {
        Ok(_) | Err(Error::Forbidden(_)) => Ok(()),
        Err(Error::Unauthorized(_)) => Err(Failure::new(
            Kind::NotAuthenticated,
            format!("this secret does not work on {host}; nothing was stored"),
        )),
        Err(error) => Err(error.into()),
    }
}
